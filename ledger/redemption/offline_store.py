"""SQL of checkouts without a connection: what they take along, and what was not counted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from ledger.kernel.canonical import Json
from ledger.kernel.transaction import Work
from ledger.redemption.offline_text import ListedCode
from ledger.redemption.tables import (
    code_conflicts,
    code_listings,
    code_uses,
    codes,
    redemptions,
)

LISTED_MAX: Final = 10_000
"""So many codes in a list, those that end first."""


@dataclass(frozen=True, slots=True)
class Conflict:
    """A use that was not counted as it was stated, and why; never the code itself."""

    conflict_id: UUID
    source: str
    code_digest: bytes | None
    order_number: str
    reason: str
    content: Json
    used_at: datetime
    recorded_at: datetime


def live_codes(work: Work, source: str) -> list[ListedCode]:
    """A shop's codes that are held, unused and not over; from now on they are listed."""
    query = (
        sa.select(
            codes.c.code_id,
            codes.c.digest,
            codes.c.products,
            codes.c.expires_at,
            redemptions.c.discount_minor,
            redemptions.c.currency,
            redemptions.c.order_number,
        )
        .join(redemptions, redemptions.c.redemption_id == codes.c.redemption_id)
        .outerjoin(code_uses, code_uses.c.code_id == codes.c.code_id)
        .where(
            redemptions.c.order_source == source,
            redemptions.c.state == "held",
            codes.c.expires_at > work.now,
            code_uses.c.code_id.is_(None),
        )
        .order_by(codes.c.expires_at, codes.c.code_id)
        .limit(LISTED_MAX)
    )
    rows = work.connection.execute(query).all()
    _list(work, [row.code_id for row in rows])
    return [
        ListedCode(
            digest=bytes(row.digest),
            discount_minor=row.discount_minor,
            currency=row.currency,
            products=tuple(row.products or ()),
            order=row.order_number if row.products is None else None,
            expires_at=row.expires_at,
        )
        for row in rows
    ]


def _list(work: Work, code_ids: Sequence[UUID]) -> None:
    if code_ids:
        fresh = pg.insert(code_listings).on_conflict_do_nothing()
        stated = [{"code_id": each, "listed_at": work.now} for each in code_ids]
        work.connection.execute(fresh, stated)


def captured_minor(work: Work, redemption_id: UUID) -> int:
    """What a redemption took off, in minor units."""
    query = sa.select(redemptions.c.captured_minor).where(
        redemptions.c.redemption_id == redemption_id
    )
    return work.connection.execute(query).scalar_one() or 0


def insert_conflict(work: Work, conflict: Conflict) -> None:
    """Keep what could not be counted; the same use brought again is kept once."""
    work.connection.execute(
        pg.insert(code_conflicts)
        .values(
            conflict_id=conflict.conflict_id,
            source=conflict.source,
            code_digest=conflict.code_digest,
            order_number=conflict.order_number,
            reason=conflict.reason,
            content=conflict.content,
            used_at=conflict.used_at,
            recorded_at=conflict.recorded_at,
        )
        .on_conflict_do_nothing()
    )


def conflicts(work: Work, *, source: str | None, before: UUID | None, limit: int) -> list[Conflict]:
    """Conflicts of a shop, or of all, newest first."""
    query = sa.select(code_conflicts).order_by(code_conflicts.c.conflict_id.desc()).limit(limit)
    if source is not None:
        query = query.where(code_conflicts.c.source == source)
    if before is not None:
        query = query.where(code_conflicts.c.conflict_id < before)
    return [_conflict(row) for row in work.connection.execute(query)]


def _conflict(row: sa.Row[Any]) -> Conflict:
    return Conflict(
        conflict_id=row.conflict_id,
        source=row.source,
        code_digest=None if row.code_digest is None else bytes(row.code_digest),
        order_number=row.order_number,
        reason=row.reason,
        content=row.content,
        used_at=row.used_at,
        recorded_at=row.recorded_at,
    )
