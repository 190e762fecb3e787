"""The dry run: a file held against what is here. Writes nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from ledger.grants import service as grants
from ledger.grants.imports import paying_store, store
from ledger.grants.imports.errors import BadImport, ImportThresholdReached
from ledger.grants.imports.faults import FAULTS_MAX, Fault
from ledger.grants.imports.model import Effect, FileLine, ProposeImport, confirmation, mark_of
from ledger.grants.imports.rows import parse_file
from ledger.grants.model import REASON_LENGTH_MAX
from ledger.kernel.clock import Instant
from ledger.kernel.ids import format_id
from ledger.kernel.transaction import Work
from ledger.kernel.units import Points, sum_points
from ledger.members import service as members
from ledger.members import store as members_store
from ledger.members.model import IdentityKey
from ledger.preview.money import rates_of
from ledger.programme import service as programmes
from ledger.programme.service import NoProgrammeInForce

_ZERO: Final = Points(0)


@dataclass(frozen=True, slots=True)
class Known:
    """Who of a file is known here: references by identity, and the member of each line.

    ``named`` has the members whom lines name or whose identities they name, ``active`` who stands
    for each of those, if that one is active.
    """

    references: Mapping[IdentityKey, UUID]
    named: Mapping[int, UUID]
    active: Mapping[UUID, UUID]

    def person(self, line: FileLine) -> UUID | None:
        """The active member whom a line reaches today."""
        member = self.named.get(line.number)
        return None if member is None else self.active.get(member)

    def reference(self, line: FileLine) -> UUID | None:
        """The random id under which a line's identity or member is known."""
        return line.who if isinstance(line.who, UUID) else self.references.get(line.who)


def preview(work: Work, command: ProposeImport) -> Effect:
    """What proposing a file would mean.

    Raises:
        NotAnAdmin: only admins import.
        BadImport: with everything that is wrong with the file, line by line.
        UnknownBudget, BudgetExceeded: it cannot be paid from this budget.
        ImportThresholdReached: nor by a single admin today.
    """
    return effect_of(work, command, read(work, command))


def read(work: Work, command: ProposeImport) -> tuple[FileLine, ...]:
    """The file's lines, before anything is locked.

    Raises:
        NotAnAdmin: only admins import.
        BadImport: the reason or the file cannot be read.
    """
    members.require_admin(work, command.created_by)
    if not 0 < len(command.reason.strip()) <= REASON_LENGTH_MAX:
        raise BadImport([Fault(0, "reason")])
    return parse_file(command.content, work.now.date())


def effect_of(work: Work, command: ProposeImport, lines: Sequence[FileLine]) -> Effect:
    """As :func:`preview`, of lines that were read."""
    known = _known(work, lines)
    faults = [*_who_faults(lines, known, command.created_by), *_double_faults(work, lines, known)]
    if faults:
        raise BadImport(sorted(faults, key=lambda fault: fault.line)[:FAULTS_MAX])
    points = sum_points(line.points for line in lines)
    budget = grants.budget_with(work, command.budget_id, points)
    persons_needed, payable_from = carefulness(work, command, points)
    waiting = [line for line in lines if known.person(line) is None]
    return Effect(
        line_count=len(lines),
        points=points,
        members_known=len({known.person(line) for line in lines} - {None}),
        identities_unknown=len({line.who for line in waiting}),
        points_waiting=sum_points(line.points for line in waiting),
        by_expiry=_by_expiry(lines),
        liability_minor=_liability(work, points),
        budget_left=budget.left - points,
        persons_needed=persons_needed,
        payable_from=payable_from,
        file_digest=hashlib.sha256(command.content).digest(),
        confirm=confirmation(command),
    )


def carefulness(work: Work, command: ProposeImport, points: Points) -> tuple[int, datetime | None]:
    """How many persons an import needs, and from when it is payable if one of them is missing.

    Above the threshold a third person, or where a school has two admins only, a delay with a public
    notice; a single admin brings along up to the threshold, with that delay.

    Raises:
        ImportThresholdReached: a single admin, and more than that within 24 hours.
    """
    policy = command.policy
    over = grants.over_threshold(work, {command.created_by}, points, policy)
    admins = members_store.count_admins(work)
    needed = 3 if over else 2
    delay: timedelta | None = policy.single_admin_delay
    if admins >= needed or delay is None:
        return needed, None
    if admins == 1 and over:
        limit = policy.third_person_above.amount
        raise ImportThresholdReached(
            f"A single admin brings at most {limit} points along within 24 hours.", limit=limit
        )
    return admins, work.now + delay


def _known(work: Work, lines: Sequence[FileLine]) -> Known:
    keys = sorted({line.who for line in lines if not isinstance(line.who, UUID)})
    references = members_store.references_by_key(work, keys) if keys else {}
    owners = members_store.members_by_reference(work, references.values())
    named: dict[int, UUID] = {}
    for line in lines:
        if isinstance(line.who, UUID):
            named[line.number] = line.who
        elif references.get(line.who) in owners:
            named[line.number] = owners[references[line.who]]
    return Known(references, named, paying_store.active_persons(work, set(named.values())))


def _who_faults(lines: Sequence[FileLine], known: Known, proposer: UUID) -> Iterator[Fault]:
    first: dict[tuple[object, str], int] = {}
    for line in lines:
        member = known.named.get(line.number)
        person = known.person(line)
        if member is not None and person is None:
            yield Fault(line.number, "not_active", format_id("mem", member))
        elif person == proposer:
            yield Fault(line.number, "oneself")
        before = first.setdefault((person or line.who, line.reference), line.number)
        if before != line.number:
            yield Fault(line.number, "twice", str(before))


def _double_faults(work: Work, lines: Sequence[FileLine], known: Known) -> Iterator[Fault]:
    """Lines whose person and reference an import that counts has already."""
    of_person = store.identities_of(work, set(known.active.values()))
    line_by_mark: dict[bytes, FileLine] = {}
    for line in lines:
        person = known.person(line)
        ids = {known.reference(line), known.named.get(line.number), person}
        if person is not None:
            ids.update(of_person.get(person, ()))
        for each in ids - {None}:
            assert each is not None, "removed above"
            line_by_mark[mark_of(each, line.reference)] = line
    for mark, (import_id, number) in store.marked_before(work, line_by_mark).items():
        yield Fault(line_by_mark[mark].number, "before", f"{format_id('imp', import_id)}/{number}")


def _by_expiry(lines: Sequence[FileLine]) -> dict[str | None, Points]:
    sums: dict[str | None, Points] = {}
    for line in lines:
        month = None if line.expires_on is None else line.expires_on.isoformat()[:7]
        sums[month] = sums.get(month, _ZERO) + line.points
    return dict(sorted(sums.items(), key=lambda pair: (pair[0] is None, pair[0] or "")))


def _liability(work: Work, points: Points) -> dict[str, int]:
    try:
        programme = programmes.in_force(work, work.now).programme
    except NoProgrammeInForce:
        return {}
    worth = rates_of(programme, Instant.of(work.now)).worth(points.amount)
    return {currency: int(str(minor)) for currency, minor in worth.items()}
