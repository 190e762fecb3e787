"""How much of what a grant or an import gave is gone for good, and is not taken a second time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from uuid import UUID

import sqlalchemy as sa

from ledger.inactivity.tables import inactivity_decays
from ledger.kernel.transaction import Work
from ledger.kernel.units import Points, sum_points
from ledger.lots.model import ZERO, Cause
from ledger.lots.tables import lots, vesting_decisions
from ledger.members.persons.store import PERSON, persons_of
from ledger.members.tables import members


def gone_by_person(work: Work, cause: Cause) -> dict[UUID, Points]:
    """How much of a cause's lots is gone for good, by whoever stands for their members now.

    Cancelled, as their condition did not hold, or decayed while their member was away.
    """
    taken = sa.union_all(
        sa.select(vesting_decisions.c.lot_id, vesting_decisions.c.cancelled.label("points")),
        sa.select(inactivity_decays.c.lot_id, inactivity_decays.c.points),
    ).subquery()
    query = (
        sa.select(PERSON.label("person"), sa.func.sum(taken.c.points).label("gone"))
        .select_from(lots)
        .join(members, members.c.member_id == lots.c.member_id)
        .join(taken, taken.c.lot_id == lots.c.lot_id)
        .where(lots.c.cause_kind == cause.kind, lots.c.cause_id == cause.cause_id)
        .group_by(PERSON)
    )
    return {row.person: Points(int(row.gone)) for row in work.connection.execute(query)}


def all_gone(work: Work, cause: Cause, missing: Iterable[Points]) -> bool:
    """Whether lines of so much may well have brought nothing that was left to take.

    Of all members together: two of them may have become one since, or two again.
    """
    return sum_points(missing) <= sum_points(gone_by_person(work, cause).values())


def gone_of_lines(
    work: Work,
    cause: Cause,
    lines: Sequence[tuple[UUID, Points]],
    brought_later: Callable[[], Mapping[UUID, Points]] = dict,
) -> list[Points]:
    """How much of what each line (member, points) brought is gone, and need not be taken back.

    All of a person's lots of the cause answer for all of their lines. What is gone is of the last
    ones, so each part of the work counts the same, whatever parts there were before it;
    ``brought_later`` says what lines after these brought, by member.
    """
    gone = gone_by_person(work, cause)
    if not gone:
        return [ZERO] * len(lines)
    brought = brought_later()
    persons = persons_of(work, {member_id for member_id, _ in lines} | set(brought))
    later: dict[UUID, Points] = {}
    for member_id, points in brought.items():
        person = persons[member_id]
        later[person] = later.get(person, ZERO) + points
    found = []
    for member_id, points in reversed(lines):
        person = persons[member_id]
        beyond, mine = later.get(person, ZERO), gone.get(person, ZERO)
        found.append(min(points, mine - min(mine, beyond)))
        later[person] = beyond + points
    return found[::-1]
