"""Putting programmes in force beside the main one, and what a member has under them."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from itertools import groupby
from uuid import UUID

from ledger.events import service as events
from ledger.events import store as events_store
from ledger.kernel.clock import Instant
from ledger.kernel.ids import format_id
from ledger.kernel.transaction import Work
from ledger.members import service as members
from ledger.members.roles.words import require_word
from ledger.programme import service as programmes
from ledger.programme.model_unit import POINTS_UNIT
from ledger.readiness.service import released_facts
from ledger.scoring.entitlements.service import scoring_fact
from ledger.scoring.model import Activation
from ledger.scoring.plan import Plan
from ledger.scoring.project import project_member
from ledger.standing.model import level, merit_of, standing
from ledger.units import store
from ledger.units.model import (
    ApproveUnit,
    CloseUnit,
    NotBeside,
    ProposeUnit,
    UnitChange,
    UnitChangeDecided,
    UnitNeedsAnotherPerson,
    UnitStanding,
    UnknownUnitChange,
)


def propose_unit(work: Work, command: ProposeUnit) -> UnitChange:
    """Ask that a version come into force in its unit.

    Raises:
        NotAnAdmin: of whoever proposes.
        UnknownProgramme: no such version is stored.
        NotBeside: it is of the unit ``points``.
    """
    members.require_admin(work, command.proposed_by)
    stored = programmes.require_programme(work, command.programme_hash)
    programme = programmes.read_programme(stored.source_text)
    if programme.unit == POINTS_UNIT:
        raise NotBeside("This programme awards points: activate it as the programme in force.")
    change = UnitChange(
        work.ids.new(work.now),
        programme.unit,
        command.programme_hash,
        stored.source_text,
        command.proposed_by,
        command.effective_at,
        approved_by=None,
    )
    store.insert_change(work, change)
    return change


def approve_unit(work: Work, command: ApproveUnit) -> UnitChange:
    """Put it in force: the first of a unit as proposed, every later one not before now.

    Raises:
        NotAnAdmin: of whoever approves.
        UnknownUnitChange: nothing of this id, or another version, was proposed.
        UnitNeedsAnotherPerson: the proposer approves their own.
        UnitChangeDecided: it was approved or closed before.
        WordCountsNoLonger: who proposed it is no admin any more.
    """
    members.require_admin(work, command.approved_by)
    change = store.lock_change(work, command.change_id)
    if change is None or change.programme_hash != command.programme_hash:
        raise UnknownUnitChange("There is no such proposal.")
    if change.proposed_by == command.approved_by:
        raise UnitNeedsAnotherPerson("You proposed this; another admin has to approve it.")
    _refuse_decided(change)
    require_word(work, change.proposed_by)
    effective_at = change.effective_at
    if store.in_force(work, change.unit):
        effective_at = max(effective_at, work.now)
    store.insert_approval(work, change.change_id, effective_at, command.approved_by)
    approved = store.lock_change(work, change.change_id)
    assert approved is not None, "locked above"
    return approved


def close_unit(work: Work, command: CloseUnit) -> UnitChange:
    """Withdraw one's own proposal, or reject another's; it never comes into force.

    Raises:
        NotAnAdmin: of whoever closes it.
        UnknownUnitChange: nothing of this id was proposed.
        UnitChangeDecided: it was approved or closed before.
    """
    members.require_admin(work, command.closed_by)
    change = store.lock_change(work, command.change_id)
    if change is None:
        raise UnknownUnitChange("There is no such proposal.")
    _refuse_decided(change)
    store.insert_closure(work, change.change_id, command.closed_by)
    return replace(change, closed_by=command.closed_by)


def _refuse_decided(change: UnitChange) -> None:
    if change.approved_by is not None:
        raise UnitChangeDecided("This was approved before.")
    if change.closed_by is not None:
        own = change.closed_by == change.proposed_by
        raise UnitChangeDecided(f"This was {'withdrawn' if own else 'rejected'} before.")


def units_of(work: Work, member_id: UUID) -> list[UnitStanding]:
    """What a member has in every unit beside points, by unit.

    Raises:
        UnknownMember: there is none of this id.
    """
    members.require_member(work, member_id)
    in_force = store.in_force(work)
    if not in_force:
        return []
    facts = released_facts(work, events_store.facts_of_member(work, member_id))
    resolved = {
        format_id("idn", reference): str(member)
        for reference, member in events.members_of_facts(work, facts).items()
    }
    stated = [scoring_fact(fact) for fact in facts]
    now = Instant.of(work.now)
    found = []
    for unit, changes in groupby(in_force, key=lambda change: change.unit):
        versions = tuple((each.source_text, Instant.of(each.effective_at)) for each in changes)
        awards = project_member(
            str(member_id), stated, _plan(versions), closed_until=now, resolve=resolved
        )
        programme = programmes.read_programme(versions[-1][0])
        stood = standing([merit_of(each) for each in awards], programme.standing)
        reached = level(stood.points, programme.levels)
        found.append(UnitStanding(unit, programme, stood, reached, awards))
    return found


@lru_cache(maxsize=8)
def _plan(versions: tuple[tuple[str, Instant], ...]) -> Plan:
    return Plan([Activation(programmes.read_programme(text), since) for text, since in versions])
