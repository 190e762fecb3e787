"""Putting points on a project, and letting go of them at any time.

A stake is a hold: what is held neither redeems nor leaves for tokens nor is held twice, because the
ledger holds a point once. Nothing is spent; what is let go of returns to its lots.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from governance.acting import lock_acting
from governance.projects import lookup
from governance.staking import store
from governance.staking.model import (
    PREFIX,
    STAKE_LIFE,
    STAKES_MAX,
    BadStake,
    NotStakeable,
    Priority,
    TooManyStakes,
    UnknownStake,
    ranking,
)
from ledger.inactivity import service as inactivity
from ledger.journal import service as journal
from ledger.journal.model import AMOUNT_MAX
from ledger.kernel.canonical import Json
from ledger.kernel.ids import format_id
from ledger.kernel.transaction import Work
from ledger.kernel.units import Points
from ledger.lots import service as lots
from ledger.lots.model import Hold, HoldPurpose, HoldState, PlaceHold, ReleaseHold
from ledger.members.persons import store as persons


@dataclass(frozen=True, slots=True)
class PlaceStake:
    """Put points on a project."""

    member_id: UUID
    project_id: UUID
    points: Points


@dataclass(frozen=True, slots=True)
class ReleaseStake:
    """Let go of a stake of one's own."""

    stake_id: UUID
    member_id: UUID


@dataclass(frozen=True, slots=True)
class LetGo:
    """Let go of a stake that must not go on."""

    stake_id: UUID


def place(work: Work, command: PlaceStake) -> Hold:
    """Hold points on a project that is proposed or under way.

    Raises:
        BadStake: no points.
        UnknownProject, NotStakeable: no such project, or one that has ended.
        TooManyStakes: others of the member's are open.
        InsufficientPoints: too few are available; while points are owed, none are.
        UnknownMember, MemberNotActive: the member takes no part.
    """
    if not 0 < command.points.amount <= AMOUNT_MAX:
        raise BadStake("A stake is of one point or more.", field="points")
    lock_acting(work, command.member_id)
    journal.lock_head(work)
    project = lookup.find(work, command.project_id)
    if project.state.value not in store.OPEN_PROJECTS:
        raise NotStakeable(f"This project is {project.state}.", state=project.state.value)
    if store.count_open(work, command.member_id) >= STAKES_MAX:
        raise TooManyStakes(f"{STAKES_MAX} stakes of yours are open.", limit=STAKES_MAX)
    hold = lots.place_hold(
        work,
        PlaceHold(
            hold_id=work.ids.new(work.now),
            member_id=command.member_id,
            amount=command.points,
            purpose=HoldPurpose.STAKE,
            at=work.now,
            expires_at=work.now + STAKE_LIFE,
            why=_why(command.project_id),
        ),
    )
    store.insert(work, hold.hold_id, command.project_id)
    return hold


def release(work: Work, command: ReleaseStake) -> Hold:
    """Let go: the points are back at once. One that has ended answers as it is.

    Raises:
        UnknownStake: no such stake of this member's.
    """
    journal.lock_head(work)
    project_id = store.project_of(work, command.stake_id)
    if project_id is None:
        raise _unknown(command.stake_id)
    hold = lots.hold(work, command.stake_id)
    if persons.person_of(work, hold.member_id) != persons.person_of(work, command.member_id):
        raise _unknown(command.stake_id)
    if hold.state is not HoldState.HELD:
        return hold
    return lots.release_hold(work, ReleaseHold(hold.hold_id, work.now, why=_why(project_id)))


def let_go(work: Work, command: LetGo) -> bool:
    """End a stake whose project has ended, or whose member left, owes points or is away.

    Debt is paid from what comes back; a member who was warned of decay has it where decay looks.
    Whether it was ended.
    """
    journal.lock_head(work)
    after = UUID(int=command.stake_id.int - 1)
    found = store.to_let_go(work, after, 1)
    if not found or found[0].hold_id != command.stake_id:
        return False
    if found[0].because == "absence" and not _is_away(work, found[0].member_id):
        return False
    why = {**_why(found[0].project_id), "because": found[0].because}
    lots.release_hold(work, ReleaseHold(command.stake_id, work.now, why=why))
    return True


def priorities(work: Work) -> list[Priority]:
    """Projects by weight now, the heaviest first; those without a stake are not among them."""
    return ranking(store.open_stakes(work), work.now)


def _is_away(work: Work, member_id: UUID) -> bool:
    return inactivity.warned_absence(work, member_id) is not None


def _why(project_id: UUID) -> dict[str, Json]:
    return {"project": str(project_id)}


def _unknown(stake_id: UUID) -> UnknownStake:
    return UnknownStake("There is no such stake.", stake=format_id(PREFIX, stake_id))
