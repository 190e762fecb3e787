"""Statements over the days that brought points."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

import sqlalchemy as sa

from ledger.emission.tables import emissions
from ledger.kernel.transaction import Work


@dataclass(frozen=True, slots=True)
class EmittedDay:
    """A local day's points, by which version, in which entry."""

    day: date
    programme_hash: bytes
    points: int
    entry_id: UUID


def last_day(work: Work) -> date | None:
    """The last day that brought points."""
    return work.connection.execute(sa.select(sa.func.max(emissions.c.emission_date))).scalar()


def insert_days(work: Work, days: Sequence[EmittedDay]) -> None:
    """Store days that bring points now."""
    if days:
        work.connection.execute(
            emissions.insert(),
            [
                {
                    "emission_date": each.day,
                    "programme_hash": each.programme_hash,
                    "points": each.points,
                    "entry_id": each.entry_id,
                    "recorded_at": work.now,
                }
                for each in days
            ],
        )


def days(work: Work) -> Iterator[EmittedDay]:
    """Every day that brought points, in order."""
    for row in work.connection.execute(sa.select(emissions).order_by(emissions.c.emission_date)):
        yield EmittedDay(row.emission_date, bytes(row.programme_hash), row.points, row.entry_id)


def unnamed_entries(work: Work) -> list[UUID]:
    """Entries of emission that no day names, the first."""
    query = sa.text(
        "SELECT entry_id FROM transfers WHERE kind = 'emission' AND line = 1 AND NOT EXISTS "
        "(SELECT FROM emissions WHERE emissions.entry_id = transfers.entry_id) "
        "ORDER BY sequence LIMIT 1"
    )
    return list(work.connection.execute(query).scalars())
