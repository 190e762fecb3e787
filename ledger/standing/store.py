"""Statements over the levels that were kept."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from ledger.kernel.transaction import Work
from ledger.standing.tables import member_levels


@dataclass(frozen=True, slots=True)
class KeptLevel:
    """A level that a member reached; ``None`` where none was left."""

    member_id: UUID
    number: int
    level_id: str | None
    standing: int
    programme_hash: bytes
    reached_at: datetime
    recorded_at: datetime


def levels_of(work: Work, member_id: UUID, limit: int | None = None) -> list[KeptLevel]:
    """What was kept of a member, newest first."""
    query = (
        sa.select(member_levels)
        .where(member_levels.c.member_id == member_id)
        .order_by(member_levels.c.number.desc())
        .limit(limit)
    )
    return [
        KeptLevel(
            member_id=row.member_id,
            number=row.number,
            level_id=row.level_id,
            standing=row.standing,
            programme_hash=bytes(row.programme_hash),
            reached_at=row.reached_at,
            recorded_at=row.recorded_at,
        )
        for row in work.connection.execute(query)
    ]


def insert(work: Work, kept: KeptLevel) -> None:
    """Keep a level."""
    work.connection.execute(
        member_levels.insert().values(
            member_id=kept.member_id,
            number=kept.number,
            level_id=kept.level_id,
            standing=kept.standing,
            programme_hash=kept.programme_hash,
            reached_at=kept.reached_at,
            recorded_at=kept.recorded_at,
        )
    )


def out_of_order(work: Work) -> Iterator[tuple[UUID, int]]:
    """Rows that do not follow the one before: a gap in the numbers, or the same level again."""
    before = sa.over(
        sa.func.lag(member_levels.c.number),
        partition_by=member_levels.c.member_id,
        order_by=member_levels.c.number,
    )
    level_before = sa.over(
        sa.func.lag(member_levels.c.level_id),
        partition_by=member_levels.c.member_id,
        order_by=member_levels.c.number,
    )
    rows = sa.select(
        member_levels.c.member_id,
        member_levels.c.number,
        member_levels.c.level_id,
        before.label("before"),
        level_before.label("level_before"),
    ).subquery()
    query = (
        sa.select(rows.c.member_id, rows.c.number)
        .where(
            (rows.c.number != sa.func.coalesce(rows.c.before, 0) + 1)
            | sa.not_(rows.c.level_id.is_distinct_from(rows.c.level_before))
        )
        .order_by(rows.c.member_id, rows.c.number)
    )
    for row in work.connection.execute(query):
        yield row.member_id, row.number
