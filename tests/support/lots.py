"""Members with lots, and a clock that stands still."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import sqlalchemy as sa

from ledger.journal.model import EntryKind
from ledger.kernel.transaction import Database, execute
from ledger.kernel.units import Points
from ledger.lots import service
from ledger.lots.model import Cause, GrantLot, HoldPurpose, Lot, PlaceHold, Summary

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
DAY = timedelta(days=1)
ANNA = UUID(int=0xA)
BORIS = UUID(int=0xB)


class AtClock:
    """It is always ``AT``."""

    def now(self) -> datetime:
        return AT


def add_members(database: Database, *members: UUID) -> None:
    with database.engine.begin() as connection:
        for member in members:
            connection.execute(
                sa.text("INSERT INTO members VALUES (:id, 'active', 'en', now())"), {"id": member}
            )


def a_lot(
    key: str, amount: int, *, member: UUID = ANNA, days: int | None = 365, wait: int = 0
) -> GrantLot:
    activates_at = AT + wait * DAY
    return GrantLot(
        member_id=member,
        amount=Points(amount),
        kind=EntryKind.GRANT,
        key=(key,),
        effective_at=AT,
        activates_at=activates_at,
        expires_at=None if days is None else activates_at + days * DAY,
        cause=Cause("test", key),
        why={"note": key},
    )


def grant(database: Database, *commands: GrantLot) -> list[Lot]:
    return execute(database, service.grant_lots, list(commands))


def a_hold(number: int, amount: int, *, at: datetime = AT, member: UUID = ANNA) -> PlaceHold:
    return PlaceHold(
        hold_id=UUID(int=number),
        member_id=member,
        amount=Points(amount),
        purpose=HoldPurpose.REDEMPTION,
        at=at,
        expires_at=at + timedelta(hours=1),
    )


def summary(database: Database, member: UUID = ANNA, at: datetime = AT) -> Summary:
    with database.read() as work:
        return service.summary(work, member, at)


def buckets(database: Database, member: UUID = ANNA, at: datetime = AT) -> tuple[int, ...]:
    """Pending, available, held, debt."""
    s = summary(database, member, at)
    return (s.pending.amount, s.available.amount, s.held.amount, s.debt.amount)
