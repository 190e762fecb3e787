"""SQL of goods and their orders."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from governance.goods.model import TAKES_STOCK, Good, GoodOrder, OrderState, Terms
from governance.goods.tables import good_changes, good_order_notes, good_orders, goods
from ledger.kernel.transaction import Work
from ledger.kernel.units import Points
from ledger.lots.model import HoldPurpose
from ledger.lots.tables import holds
from ledger.members.persons.store import of_person
from ledger.members.tables import members


def insert_good(work: Work, good: Good, by: UUID) -> None:
    """Keep a new good, and what came onto the shelf with it."""
    terms = _terms_row(good.terms)
    work.connection.execute(
        goods.insert().values(
            good_id=good.good_id, stock=good.stock, created_at=good.created_at, **terms
        )
    )
    _insert_change(work, good.good_id, good.terms, good.stock, by)


def update_terms(work: Work, good_id: UUID, terms: Terms, by: UUID) -> None:
    """Store new terms, and who stated them."""
    work.connection.execute(
        goods.update().where(goods.c.good_id == good_id).values(**_terms_row(terms))
    )
    _insert_change(work, good_id, terms, 0, by)


def add_stock(work: Work, good_id: UUID, change: int, by: UUID) -> None:
    """Store that goods came onto the shelf, or left it by hand."""
    move_stock(work, good_id, change)
    _insert_change(work, good_id, None, change, by)


def move_stock(work: Work, good_id: UUID, change: int) -> None:
    """Change what is on the shelf; the database refuses less than nothing."""
    work.connection.execute(
        goods.update().where(goods.c.good_id == good_id).values(stock=goods.c.stock + change)
    )


def find_good(work: Work, good_id: UUID) -> Good | None:
    """A good as it is."""
    query = sa.select(goods).where(goods.c.good_id == good_id)
    row = work.connection.execute(query).one_or_none()
    return None if row is None else _good(row)


def list_goods(work: Work, *, offered_only: bool) -> list[Good]:
    """The catalogue, in the order in which it grew."""
    query = sa.select(goods).order_by(goods.c.good_id)
    if offered_only:
        query = query.where(goods.c.is_offered)
    return [_good(row) for row in work.connection.execute(query)]


def insert_order(work: Work, order: GoodOrder) -> None:
    """Keep a fresh order; its note apart."""
    work.connection.execute(
        good_orders.insert().values(
            order_id=order.order_id,
            good_id=order.good_id,
            member_id=order.member_id,
            quantity=order.quantity,
            price=order.price.amount,
            hold_id=order.hold_id,
            state=order.state.value,
            ordered_at=order.ordered_at,
        )
    )
    if order.note is not None:
        work.connection.execute(
            good_order_notes.insert().values(order_id=order.order_id, note=order.note)
        )


def update_order(work: Work, order: GoodOrder) -> None:
    """Store how an order ended."""
    work.connection.execute(
        good_orders.update()
        .where(good_orders.c.order_id == order.order_id)
        .values(
            state=order.state.value,
            ended_by=order.ended_by,
            ended_at=order.ended_at,
            refunded_by=order.refunded_by,
            refunded_at=order.refunded_at,
        )
    )


def find_order(work: Work, order_id: UUID) -> GoodOrder | None:
    """An order as it is."""
    row = work.connection.execute(_orders().where(good_orders.c.order_id == order_id)).one_or_none()
    return None if row is None else _order(row)


def list_orders(
    work: Work,
    *,
    member_id: UUID | None,
    states: Collection[OrderState],
    before: UUID | None,
    limit: int,
) -> list[GoodOrder]:
    """Orders in these states newest first, of one person if named."""
    query = _orders().where(good_orders.c.state.in_([state.value for state in states]))
    if member_id is not None:
        query = query.where(of_person(good_orders.c.member_id, member_id))
    if before is not None:
        query = query.where(good_orders.c.order_id < before)
    query = query.order_by(good_orders.c.order_id.desc()).limit(limit)
    return [_order(row) for row in work.connection.execute(query)]


def taken_by(work: Work, good_id: UUID, member_id: UUID) -> int:
    """How many of a good a person has ordered or got."""
    query = sa.select(sa.func.coalesce(sa.func.sum(good_orders.c.quantity), 0)).where(
        good_orders.c.good_id == good_id,
        of_person(good_orders.c.member_id, member_id),
        good_orders.c.state.in_([state.value for state in TAKES_STOCK]),
    )
    return int(work.connection.execute(query).scalar_one())


def due(work: Work, ordered_until: datetime, limit: int) -> list[UUID]:
    """Open orders whose time limit has passed, or whose buyer is erased; oldest first."""
    query = (
        sa.select(good_orders.c.order_id)
        .join(members, members.c.member_id == good_orders.c.member_id)
        .where(
            good_orders.c.state == OrderState.ORDERED.value,
            sa.or_(good_orders.c.ordered_at <= ordered_until, members.c.status == "erased"),
        )
        .order_by(good_orders.c.ordered_at, good_orders.c.order_id)
        .limit(limit)
    )
    return list(work.connection.execute(query).scalars())


def forget(work: Work, member_id: UUID) -> None:
    """Delete what a member wrote to orders."""
    mine = sa.select(good_orders.c.order_id).where(good_orders.c.member_id == member_id)
    work.connection.execute(good_order_notes.delete().where(good_order_notes.c.order_id.in_(mine)))


def orders_after(work: Work, after: UUID, limit: int) -> list[GoodOrder]:
    """The next orders by id."""
    query = _orders().where(good_orders.c.order_id > after)
    rows = work.connection.execute(query.order_by(good_orders.c.order_id).limit(limit))
    return [_order(row) for row in rows]


def _insert_change(
    work: Work, good_id: UUID, terms: Terms | None, stock_change: int, by: UUID
) -> None:
    work.connection.execute(
        good_changes.insert().values(
            change_id=work.ids.new(work.now),
            good_id=good_id,
            terms=sa.null() if terms is None else terms.to_json(),
            stock_change=stock_change,
            changed_by=by,
            changed_at=work.now,
        )
    )


def _terms_row(terms: Terms) -> dict[str, Any]:
    return {
        "name_en": terms.name_en,
        "name_ru": terms.name_ru,
        "text_en": terms.text_en,
        "text_ru": terms.text_ru,
        "price": terms.price.amount,
        "per_member": terms.per_member,
        "is_offered": terms.is_offered,
    }


def _good(row: sa.Row[Any]) -> Good:
    terms = Terms(
        name_en=row.name_en,
        name_ru=row.name_ru,
        text_en=row.text_en,
        text_ru=row.text_ru,
        price=Points(row.price),
        per_member=row.per_member,
        is_offered=row.is_offered,
    )
    return Good(row.good_id, terms, row.stock, row.created_at)


def _orders() -> sa.Select[Any]:
    return sa.select(good_orders, good_order_notes.c.note).outerjoin(
        good_order_notes, good_order_notes.c.order_id == good_orders.c.order_id
    )


def _order(row: sa.Row[Any]) -> GoodOrder:
    return GoodOrder(
        order_id=row.order_id,
        good_id=row.good_id,
        member_id=row.member_id,
        quantity=row.quantity,
        price=Points(row.price),
        hold_id=row.hold_id,
        state=OrderState(row.state),
        ordered_at=row.ordered_at,
        ended_by=row.ended_by,
        ended_at=row.ended_at,
        refunded_by=row.refunded_by,
        refunded_at=row.refunded_at,
        note=row.note,
    )


def stock_rows(work: Work) -> list[tuple[UUID, int, int]]:
    """Good, what its row says is on the shelf, and what its changes and orders come to."""
    came = sa.select(sa.func.coalesce(sa.func.sum(good_changes.c.stock_change), 0)).where(
        good_changes.c.good_id == goods.c.good_id
    )
    gone = sa.select(sa.func.coalesce(sa.func.sum(good_orders.c.quantity), 0)).where(
        good_orders.c.good_id == goods.c.good_id,
        good_orders.c.state.in_([state.value for state in TAKES_STOCK]),
    )
    query = sa.select(
        goods.c.good_id, goods.c.stock, (came.scalar_subquery() - gone.scalar_subquery())
    ).order_by(goods.c.good_id)
    return [(row[0], row[1], int(row[2])) for row in work.connection.execute(query)]


def newest_terms(work: Work) -> dict[UUID, dict[str, Any]]:
    """Good → its last stated terms, as they were kept."""
    query = (
        sa.select(good_changes.c.good_id, good_changes.c.terms)
        .where(good_changes.c.terms.is_not(None))
        .ext(pg.distinct_on(good_changes.c.good_id))
        .order_by(good_changes.c.good_id, good_changes.c.change_id.desc())
    )
    return {row.good_id: row.terms for row in work.connection.execute(query)}


def holds_without_order(work: Work) -> list[UUID]:
    """Holds for goods that no order names, the first."""
    query = (
        sa.select(holds.c.hold_id)
        .where(
            holds.c.purpose == HoldPurpose.GOODS.value,
            holds.c.hold_id.not_in(sa.select(good_orders.c.hold_id)),
        )
        .order_by(holds.c.hold_id)
        .limit(1)
    )
    return list(work.connection.execute(query).scalars())
