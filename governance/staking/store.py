"""SQL of stakes: holds with a project."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, NamedTuple
from uuid import UUID

import sqlalchemy as sa

from governance.projects.tables import projects
from governance.staking.model import Stake, StakedPart
from governance.staking.tables import stakes
from ledger.kernel.transaction import Work
from ledger.kernel.units import Points
from ledger.lots.model import HoldState
from ledger.lots.tables import hold_parts, holds, lots
from ledger.members.persons.store import of_person

OPEN_PROJECTS: Final = ("proposed", "funded")
_LET_GO: Final = """
    SELECT h.hold_id, s.project_id, person.member_id, CASE
        WHEN p.state NOT IN ('proposed', 'funded') THEN 'project_ended'
        WHEN person.status <> 'active' THEN 'member_not_active'
        WHEN coalesce(debt.balance, 0) < 0 THEN 'debt_open'
        ELSE 'absence' END AS because
    FROM holds AS h
    JOIN stakes AS s USING (hold_id)
    JOIN projects AS p USING (project_id)
    JOIN members AS m ON m.member_id = h.member_id
    JOIN members AS person ON person.member_id = coalesce(m.merged_into, m.member_id)
    LEFT JOIN accounts AS debt ON debt.owner = person.member_id AND debt.kind = 'debt'
    WHERE h.state = 'held' AND h.purpose = 'stake' AND h.hold_id > :after
    AND (p.state NOT IN ('proposed', 'funded') OR person.status <> 'active' OR debt.balance < 0
        OR EXISTS (SELECT FROM inactivity_warnings AS w WHERE w.member_id = person.member_id))
    ORDER BY h.hold_id LIMIT :limit
"""


class LetGo(NamedTuple):
    """An open stake that may have to end, and why. ``absence`` is still to be looked at."""

    hold_id: UUID
    project_id: UUID
    member_id: UUID
    because: str


class StakeRow(NamedTuple):
    """A stake as stored beside what its hold's entry states."""

    hold_id: UUID
    project_id: UUID | None
    purpose: str | None
    cause: str | None


def insert(work: Work, hold_id: UUID, project_id: UUID) -> None:
    """Say on which project a hold is."""
    work.connection.execute(stakes.insert().values(hold_id=hold_id, project_id=project_id))


def project_of(work: Work, hold_id: UUID) -> UUID | None:
    """The project that a stake is on."""
    query = sa.select(stakes.c.project_id).where(stakes.c.hold_id == hold_id)
    return work.connection.execute(query).scalar_one_or_none()


def count_open(work: Work, member_id: UUID) -> int:
    """How many open stakes a person has."""
    query = (
        sa.select(sa.func.count())
        .select_from(stakes.join(holds, holds.c.hold_id == stakes.c.hold_id))
        .where(of_person(holds.c.member_id, member_id), holds.c.state == HoldState.HELD.value)
    )
    return int(work.connection.execute(query).scalar_one())


def open_stakes(work: Work, *, member_id: UUID | None = None) -> list[Stake]:
    """Every open stake that counts now, oldest first; of one person if named."""
    query = (
        sa.select(
            stakes,
            holds.c.member_id,
            holds.c.placed_at,
            holds.c.expires_at.label("ends_at"),
            hold_parts.c.amount,
            lots.c.expires_at,
        )
        .select_from(
            stakes.join(holds, holds.c.hold_id == stakes.c.hold_id)
            .join(projects, projects.c.project_id == stakes.c.project_id)
            .join(hold_parts, hold_parts.c.hold_id == stakes.c.hold_id)
            .join(lots, lots.c.lot_id == hold_parts.c.lot_id)
        )
        .where(
            holds.c.state == HoldState.HELD.value,
            holds.c.expires_at > work.now,
            projects.c.state.in_(OPEN_PROJECTS),
        )
        .order_by(stakes.c.hold_id, lots.c.expires_at.nulls_last(), lots.c.lot_id)
    )
    if member_id is not None:
        query = query.where(of_person(holds.c.member_id, member_id))
    found: dict[UUID, Stake] = {}
    for row in work.connection.execute(query):
        part = StakedPart(Points(row.amount), row.expires_at)
        before = found.get(row.hold_id)
        parts = (part,) if before is None else (*before.parts, part)
        found[row.hold_id] = _stake(row, parts)
    return list(found.values())


def to_let_go(work: Work, after: UUID, limit: int) -> list[LetGo]:
    """The next open stakes that may have to end."""
    rows = work.connection.execute(sa.text(_LET_GO), {"after": after, "limit": limit})
    return [LetGo(*row) for row in rows]


def stake_rows(work: Work) -> Iterator[StakeRow]:
    """Every stake, and every hold that is one without a row."""
    query = sa.text(
        "SELECT coalesce(s.hold_id, h.hold_id), s.project_id, h.purpose, t.cause "
        "FROM stakes AS s FULL JOIN holds AS h ON h.hold_id = s.hold_id "
        "LEFT JOIN transfers AS t ON t.entry_id = h.entry_id AND t.line = 1 "
        "WHERE s.hold_id IS NOT NULL OR h.purpose = 'stake' ORDER BY 1"
    )
    return (StakeRow(*row) for row in work.connection.execute(query))


def _stake(row: sa.Row[Any], parts: tuple[StakedPart, ...]) -> Stake:
    return Stake(row.hold_id, row.project_id, row.member_id, row.placed_at, row.ends_at, parts)
