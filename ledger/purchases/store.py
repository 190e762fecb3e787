"""SQL of purchases between members."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from ledger.kernel.transaction import Work
from ledger.kernel.units import Points
from ledger.lots.model import HoldPurpose
from ledger.lots.tables import holds
from ledger.members.persons.store import of_person
from ledger.purchases.model import Purchase, share_from
from ledger.purchases.tables import purchases


def insert(work: Work, purchase: Purchase) -> None:
    """Write a fresh purchase down."""
    work.connection.execute(
        purchases.insert().values(
            purchase_id=purchase.purchase_id,
            source=purchase.source,
            number=purchase.number,
            digest=purchase.digest,
            buyer_id=purchase.buyer_id,
            rule=purchase.rule,
            points=purchase.points.amount,
            shares=[share.to_json() for share in purchase.shares],
            programme_hash=purchase.programme_hash,
            hold_id=purchase.hold_id,
            made_at=purchase.made_at,
            refund_until=purchase.refund_until,
        )
    )


def mark_returned(work: Work, purchase_id: UUID, at: datetime) -> None:
    """Write down that a purchase was taken back."""
    work.connection.execute(
        purchases.update().where(purchases.c.purchase_id == purchase_id).values(returned_at=at)
    )


def find(work: Work, purchase_id: UUID) -> Purchase | None:
    """The purchase of this id."""
    return _one(work, purchases.c.purchase_id == purchase_id)


def find_by_number(work: Work, source: str, number: str) -> Purchase | None:
    """The purchase that a source gave this number."""
    return _one(work, sa.and_(purchases.c.source == source, purchases.c.number == number))


def bought_since(work: Work, member_id: UUID, since: datetime) -> tuple[int, Points]:
    """How often and for how many points a member has bought; what was taken back counts not."""
    row = work.connection.execute(
        sa.select(
            sa.func.count(), sa.func.coalesce(sa.func.sum(purchases.c.points), 0).label("points")
        ).where(
            of_person(purchases.c.buyer_id, member_id),
            purchases.c.made_at >= since,
            purchases.c.returned_at.is_(None),
        )
    ).one()
    return int(row[0]), Points(int(row.points))


def list_purchases(
    work: Work,
    *,
    buyer_id: UUID | None,
    source: str | None,
    after: UUID | None,
    limit: int,
) -> list[Purchase]:
    """Purchases newest first, of one buyer or one source if named."""
    query = sa.select(purchases).order_by(purchases.c.purchase_id.desc()).limit(limit)
    if buyer_id is not None:
        query = query.where(of_person(purchases.c.buyer_id, buyer_id))
    if source is not None:
        query = query.where(purchases.c.source == source)
    if after is not None:
        query = query.where(purchases.c.purchase_id < after)
    return [_purchase(row) for row in work.connection.execute(query)]


def purchases_after(work: Work, after: UUID, limit: int) -> list[Purchase]:
    """The next purchases by id."""
    query = (
        sa.select(purchases)
        .where(purchases.c.purchase_id > after)
        .order_by(purchases.c.purchase_id)
        .limit(limit)
    )
    return [_purchase(row) for row in work.connection.execute(query)]


def strays(work: Work) -> list[tuple[str, str]]:
    """What belongs to purchases and to none: (table, key) of a hold or an entry, the first."""
    hold = (
        sa.select(holds.c.hold_id)
        .where(
            holds.c.purpose == HoldPurpose.PURCHASE,
            holds.c.hold_id.not_in(sa.select(purchases.c.hold_id)),
        )
        .order_by(holds.c.hold_id)
        .limit(1)
    )
    found = [("holds", str(each)) for each in work.connection.execute(hold).scalars()]
    query = sa.text(
        "SELECT entry_id FROM transfers WHERE kind IN ('split', 'split_return') AND line = 1 "
        "AND coalesce(cause::jsonb #>> '{why,purchase}', '') NOT IN "
        "(SELECT purchase_id::text FROM purchases) ORDER BY sequence LIMIT 1"
    )
    entries = work.connection.execute(query).scalars()
    return found + [("transfers", f"of entry {each}") for each in entries]


def _one(work: Work, condition: sa.ColumnElement[bool]) -> Purchase | None:
    row = work.connection.execute(sa.select(purchases).where(condition)).one_or_none()
    return None if row is None else _purchase(row)


def _purchase(row: sa.Row[Any]) -> Purchase:
    return Purchase(
        purchase_id=row.purchase_id,
        source=row.source,
        number=row.number,
        digest=bytes(row.digest),
        buyer_id=row.buyer_id,
        rule=row.rule,
        points=Points(row.points),
        shares=tuple(share_from(each) for each in row.shares),
        programme_hash=bytes(row.programme_hash),
        hold_id=row.hold_id,
        made_at=row.made_at,
        refund_until=row.refund_until,
        returned_at=row.returned_at,
    )
