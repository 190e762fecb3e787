"""Forgetting a person everywhere, after saying what nobody can make the chain forget.

    told = what goes, what stays on chain ──confirm (digest of what was told)──▶ one transaction
                                                             │
                          .vklad/erasures.jsonl ◀── line of random ids, after the commit

The list survives a restore of the database: whatever starts here then makes an older backup forget
again (:func:`forget_again`). It names members and identities by random ids, which say nothing
without that backup.
"""

from __future__ import annotations

import logging
import os
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import UUID

from api import funnel
from api.auth import store as auth_store
from api.embedding import store as embedding
from api.supervisor.state import StateFolder
from governance import forgetting_store as votes
from governance.goods import store as goods
from governance.memorandum import register_store as memorandum
from governance.polls import ballots_store as polls
from governance.projects import store as projects
from governance.reminders import store as reminders
from ledger.consents import store as consents
from ledger.events.erasure import erase_member, forget_unlinked
from ledger.kernel.canonical import Json, digest
from ledger.kernel.errors import ErrorKind, VkladError
from ledger.kernel.ids import format_id
from ledger.kernel.transaction import Database, Work, execute
from ledger.members import service as members
from ledger.members import store as members_store
from ledger.members.blocks import store as blocks
from ledger.members.erasures import store as erasures
from ledger.members.erasures.model import Erasure, RequestedBy, from_lines, to_line
from ledger.members.model import MemberStatus, UnknownMember
from ledger.members.persons import store as persons
from ledger.merges import store as merges
from ledger.quarantine import store as quarantine
from ledger.referral import store as referral
from ledger.thanks import store as thanks
from ledger.wallets import store as wallets_store
from oracle.bridge import forgetting_store as bridge

LIST_NAME: Final = "erasures.jsonl"
LOG: Final = logging.getLogger(__name__)

FORGETTING: Final[tuple[Callable[[Work, UUID], object], ...]] = (
    blocks.forget,
    consents.forget,
    quarantine.forget,
    merges.forget,
    bridge.forget,
    thanks.forget,
    referral.forget,
    votes.forget,
    polls.forget,
    memorandum.forget,
    projects.forget,
    goods.forget,
    reminders.forget,
    auth_store.forget_member,
    embedding.forget_member,
    funnel.forget,
)
"""Rooms above the ledger that hold words about persons: a literal list; each forgets its own."""


class ErasureNotYet(VkladError):
    """Something of the member's is on its way to the chain; it has to arrive first."""

    code = "erasure_not_yet"
    kind = ErrorKind.CONFLICT


class ErasureNotConfirmed(VkladError):
    """What stays was not confirmed as it is now."""

    code = "erasure_not_confirmed"
    kind = ErrorKind.CONFLICT


@dataclass(frozen=True, slots=True)
class Told:
    """What a person is told before being forgotten.

    ``on_chain`` counts what the chain keeps for ever under the ``wallets``; ``waits`` what has to
    settle first.
    """

    member_id: UUID
    wallets: tuple[str, ...]
    on_chain: dict[str, int]
    waits: int

    @property
    def stays(self) -> bool:
        """Whether anything stays on chain."""
        return any(self.on_chain.values())

    def to_json(self) -> dict[str, Json]:
        """As it is shown."""
        return {
            "member": format_id("mem", self.member_id),
            "wallets": list(self.wallets),
            "stays_on_chain": dict(self.on_chain),
            "waits_for": self.waits,
        }

    @property
    def confirm(self) -> str:
        """What confirms exactly this."""
        return digest(self.to_json()).hex()


@dataclass(frozen=True, slots=True)
class EraseMember:
    """Forget a member who, or for whom somebody, has read what stays; ``confirm`` says so."""

    member_id: UUID
    confirm: str
    requested_by: RequestedBy


def tell(work: Work, member_id: UUID) -> Told:
    """What goes and what stays; of merged members it is the whole person's.

    Raises:
        UnknownMember: no such member.
    """
    members.require_member(work, member_id)
    person = persons.person_of(work, member_id)
    mine = persons.members_of(work, person)
    on_chain: Counter[str] = Counter()
    for each in mine:
        on_chain.update({**bridge.on_chain(work, each), **votes.on_chain(work, each)})
    return Told(
        person,
        tuple(sorted({one for each in mine for one in wallets_store.addresses_ever(work, each)})),
        dict(on_chain),
        _in_flight(work, mine),
    )


def erase(work: Work, command: EraseMember) -> None:
    """Forget a member in every room.

    Raises:
        UnknownMember: no such member.
        ErasureNotYet: something is on its way to the chain.
        ErasureNotConfirmed: not of what is told now.
        TooFewAdmins: an admin without whom too few remain.
    """
    told = tell(work, command.member_id)
    if told.confirm != command.confirm:
        raise ErasureNotConfirmed(
            "What stays on chain has to be read and confirmed first.", confirm=told.confirm
        )
    _erase(work, persons.members_of(work, told.member_id), command.requested_by)


def erase_and_list(database: Database, state: StateFolder, command: EraseMember) -> None:
    """As :func:`erase`; then the list outside the database has it too."""
    execute(database, erase, command)
    write_list(database, state)


def reapply(database: Database, listed: Iterable[Erasure]) -> tuple[int, int]:
    """Forget everybody on a list again, after a restore; how many members, and lone identities.

    Raises:
        ErasureNotYet: something of a member's is on its way to the chain; those before are done.
    """
    again = alone = 0
    for each in _listed(list(listed)):
        known, lone = execute(database, _reapply_one, each)
        again += known
        alone += lone
    return again, alone


def remembered(database: Database, state: StateFolder) -> list[Erasure]:
    """Who is on the list outside the database and not in the one inside: a backup was restored.

    Raises:
        ErasureListMalformed: of a line of the file.
    """
    path = state.path / LIST_NAME
    listed = list(from_lines(path.read_text("utf-8").splitlines())) if path.exists() else []
    if not listed:
        return []
    with database.read() as work:
        known = {each.member_id for each in erasures.all_erasures(work)}
    return [each for each in listed if each.member_id not in known]


def forget_again(database: Database, state: StateFolder) -> str | None:
    """Make a restored backup forget whom the list names; what to tell the operator, if anything.

    Done by whatever starts, side by side too: each erasure waits for the lock on who is who. Who
    has points on their way to the chain is left for later, since they arrive only while we run.

    Raises:
        ErasureListMalformed: of a line of the file; nobody is forgotten then.
    """
    again, waiting = 0, 0
    wanted = remembered(database, state)
    for each in _listed(wanted):
        try:
            again += any(execute(database, _reapply_one, each))
        except ErasureNotYet:
            waiting += 1
    told = []
    if again:
        told.append(f"A restored backup knew {again} members who were erased: erased again.")
    if waiting:
        told.append(
            f"{waiting} members on the list of erasures have something on its way to the chain. "
            f"When it has arrived: vklad members reapply-erasures {state.path / LIST_NAME}"
        )
    for line in told:
        LOG.warning(line)
    return " ".join(told) or None


def write_list(database: Database, state: StateFolder) -> Path:
    """Bring the list in the state folder up to date. Only ever appended to."""
    path = state.path / LIST_NAME
    with database.read() as work:
        wanted = [to_line(erasure) for erasure in erasures.all_erasures(work)]
    with path.open("a+", encoding="utf-8") as file:
        path.chmod(0o600)
        file.seek(0)
        known = set(file.read().splitlines())
        file.writelines(f"{line}\n" for line in wanted if line not in known)
        file.flush()
        os.fsync(file.fileno())
    return path


@dataclass(frozen=True, slots=True)
class _Listed:
    """An erasure, and everybody who is on the list with it."""

    erasure: Erasure
    everybody: frozenset[UUID]


def _listed(erasures: Sequence[Erasure]) -> list[_Listed]:
    everybody = frozenset(each.member_id for each in erasures)
    return [_Listed(each, everybody) for each in erasures]


def _reapply_one(work: Work, listed: _Listed) -> tuple[int, int]:
    """Erase whom the list names. Others whom the backup takes for the same person stay."""
    erasure = listed.erasure
    members_store.lock_membership(work)
    try:
        told = tell(work, erasure.member_id)
    except UnknownMember:
        erasures.insert_erasure(work, erasure)
        return 0, forget_unlinked(work, erasure.references)
    with_name = members.require_member(work, erasure.member_id)
    again = int(with_name.status is not MemberStatus.ERASED)
    person = persons.members_of(work, told.member_id)
    _erase(work, [each for each in person if each in listed.everybody], "list")
    return again, forget_unlinked(work, erasure.references)


def _erase(work: Work, mine: Sequence[UUID], requested_by: RequestedBy) -> None:
    for each in mine:
        erase_member(work, each, requested_by)  # Locks the member: nothing begins now.
    waits = _in_flight(work, mine)
    if waits:
        raise ErasureNotYet(
            "Points or a ballot are on their way to the chain. Try again when they arrived.",
            waits_for=waits,
        )
    for forget in FORGETTING:
        for each in mine:
            forget(work, each)


def _in_flight(work: Work, mine: Sequence[UUID]) -> int:
    return sum(bridge.in_flight(work, each) + votes.in_flight(work, each) for each in mine)
