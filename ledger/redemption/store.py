"""SQL of redemptions: orders, redemptions and refunds."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa

from ledger.kernel.canonical import Json
from ledger.kernel.transaction import Work
from ledger.kernel.units import Points
from ledger.lots.model import HoldPurpose
from ledger.lots.tables import holds
from ledger.members.persons.store import of_person
from ledger.redemption.lines import (
    RedeemedLine,
    capture_spread,
    held_lines,
    lines_from,
    lines_json,
)
from ledger.redemption.model import Redemption, RedemptionState, RefundedBy
from ledger.redemption.quotes import line_from
from ledger.redemption.tables import orders, redemptions, refunds

_GIVEN_BACK: Final = (RedemptionState.RELEASED, RedemptionState.EXPIRED)


@dataclass(frozen=True, slots=True)
class StoredOrder:
    """An order as it is kept: without the buyer's identity."""

    source: str
    number: str
    digest: bytes
    member_id: UUID
    currency: str
    net_minor: int
    content: Json


@dataclass(frozen=True, slots=True)
class StoredRefund:
    """One refund that was made; ``lines`` is the money by line, if it was stated so."""

    refund_id: UUID
    redemption_id: UUID
    source_refund_id: str
    amount_minor: int
    refunded_minor: int
    points: Points
    debt_paid: Points
    entry_id: UUID | None
    recorded_at: datetime
    lines: Mapping[str, int] | None = None


def keep_order(work: Work, order: StoredOrder) -> UUID:
    """The id of this order, written down unless it is already."""
    same = (
        orders.c.source == order.source,
        orders.c.number == order.number,
        orders.c.digest == order.digest,
        orders.c.member_id == order.member_id,
    )
    known = work.connection.execute(sa.select(orders.c.order_id).where(*same)).scalar()
    if known is not None:
        return UUID(str(known))
    order_id = work.ids.new(work.now)
    work.connection.execute(
        orders.insert().values(
            order_id=order_id,
            source=order.source,
            number=order.number,
            digest=order.digest,
            member_id=order.member_id,
            currency=order.currency,
            net_minor=order.net_minor,
            content=order.content,
            recorded_at=work.now,
        )
    )
    return order_id


def order_digest(work: Work, redemption_id: UUID) -> bytes:
    """The digest of the order that a redemption was held on."""
    query = (
        sa.select(orders.c.digest)
        .join(redemptions, redemptions.c.order_id == orders.c.order_id)
        .where(redemptions.c.redemption_id == redemption_id)
    )
    return bytes(work.connection.execute(query).scalar_one())


def insert(work: Work, redemption: Redemption, order_id: UUID, quote: Json) -> None:
    """Write a fresh redemption down."""
    work.connection.execute(
        redemptions.insert().values(order_id=order_id, quote=quote, **_columns(redemption))
    )


def update(work: Work, redemption: Redemption) -> None:
    """Write down where a redemption stands now, and of a code which order it is used on."""
    columns = _columns(redemption)
    changing = {
        name: columns[name]
        for name in (
            "state",
            "order_number",
            "net_minor",
            "captured_minor",
            "captured_points",
            "paid_minor",
            "expired_points",
            "refunded_minor",
            "returned_minor",
            "returned_points",
            "captured_at",
            "closed_at",
            "refunded_by",
            "lines",
        )
    }
    work.connection.execute(
        redemptions.update()
        .where(redemptions.c.redemption_id == redemption.redemption_id)
        .values(changing)
    )


def lock(work: Work, redemption_id: UUID) -> Redemption | None:
    """The redemption, locked until the transaction ends; ``None`` if there is none."""
    return _one(work, _query().where(_id(redemption_id)).with_for_update())


def find(work: Work, redemption_id: UUID) -> Redemption | None:
    """The redemption; ``None`` if there is none."""
    return _one(work, _query().where(_id(redemption_id)))


def find_live_of_order(work: Work, source: str, number: str) -> Redemption | None:
    """The redemption that holds or has spent points on this order; ``None`` if none does."""
    return _one(
        work,
        _query().where(
            redemptions.c.order_source == source,
            redemptions.c.order_number == number,
            redemptions.c.state.not_in(_GIVEN_BACK),
        ),
    )


def list_redemptions(
    work: Work,
    *,
    member_id: UUID | None,
    order_source: str | None,
    order_number: str | None,
    after: UUID | None,
    limit: int,
) -> list[Redemption]:
    """Redemptions newest first, of one member, one source or one order if named."""
    query = _query().order_by(redemptions.c.redemption_id.desc()).limit(limit)
    if member_id is not None:
        query = query.where(of_person(redemptions.c.member_id, member_id))
    if order_source is not None:
        query = query.where(redemptions.c.order_source == order_source)
    if order_number is not None:
        query = query.where(redemptions.c.order_number == order_number)
    if after is not None:
        query = query.where(redemptions.c.redemption_id < after)
    return [_redemption(row) for row in work.connection.execute(query).mappings()]


def due_for_expiry(work: Work, limit: int) -> list[UUID]:
    """Holds whose time is over and that nobody resolved, oldest first."""
    query = (
        sa.select(redemptions.c.redemption_id)
        .where(redemptions.c.state == RedemptionState.HELD, redemptions.c.expires_at <= work.now)
        .order_by(redemptions.c.expires_at, redemptions.c.redemption_id)
        .limit(limit)
    )
    return list(work.connection.execute(query).scalars())


def points_of_member(work: Work, member_id: UUID, since: datetime) -> Points:
    """Points that a member's redemptions made since then hold or have spent."""
    total = work.connection.execute(
        sa.select(
            sa.func.coalesce(sa.func.sum(_live(redemptions.c.points, _POINTS_SPENT)), 0)
        ).where(of_person(redemptions.c.member_id, member_id), redemptions.c.created_at >= since)
    ).scalar_one()
    return Points(int(total))


def discounts_of_school(work: Work, currency: str, since: datetime) -> int:
    """Minor units of discount that redemptions made since then hold or have given."""
    total = work.connection.execute(
        sa.select(
            sa.func.coalesce(sa.func.sum(_live(redemptions.c.discount_minor, _MONEY_SPENT)), 0)
        ).where(redemptions.c.currency == currency, redemptions.c.created_at >= since)
    ).scalar_one()
    return int(total)


def insert_refund(work: Work, refund: StoredRefund) -> None:
    """Write one refund down."""
    work.connection.execute(
        refunds.insert().values(
            refund_id=refund.refund_id,
            redemption_id=refund.redemption_id,
            source_refund_id=refund.source_refund_id,
            amount_minor=refund.amount_minor,
            refunded_minor=refund.refunded_minor,
            points=refund.points.amount,
            debt_paid=refund.debt_paid.amount,
            entry_id=refund.entry_id,
            recorded_at=refund.recorded_at,
            lines=None if refund.lines is None else dict(refund.lines),
        )
    )


def find_refund(work: Work, redemption_id: UUID, source_refund_id: str) -> StoredRefund | None:
    """The refund that the source gave this id; ``None`` if it did not."""
    found = _refunds(
        work,
        sa.and_(
            refunds.c.redemption_id == redemption_id,
            refunds.c.source_refund_id == source_refund_id,
        ),
    )
    return found[0] if found else None


def refunds_of(work: Work, redemption_id: UUID) -> list[StoredRefund]:
    """Every refund of a redemption, in the order they were made."""
    return _refunds(work, refunds.c.redemption_id == redemption_id)


def page_with_quotes(work: Work, after: UUID, limit: int) -> list[tuple[Redemption, Json]]:
    """The next redemptions by id, each with the quote it was made of."""
    query = (
        _query()
        .where(redemptions.c.redemption_id > after)
        .order_by(redemptions.c.redemption_id)
        .limit(limit)
    )
    rows = work.connection.execute(query).mappings()
    return [(_redemption(row), row["quote"]) for row in rows]


def refunds_by_redemption(
    work: Work, redemption_ids: Collection[UUID]
) -> dict[UUID, list[StoredRefund]]:
    """The refunds of these redemptions, each in the order they were made."""
    found: dict[UUID, list[StoredRefund]] = {}
    for refund in _refunds(work, refunds.c.redemption_id.in_(redemption_ids)):
        found.setdefault(refund.redemption_id, []).append(refund)
    return found


def holds_without_redemption(work: Work) -> list[UUID]:
    """A hold for redeeming that no redemption names, if there is one."""
    query = (
        sa.select(holds.c.hold_id)
        .where(holds.c.purpose == HoldPurpose.REDEMPTION, ~sa.exists().where(_of_hold()))
        .order_by(holds.c.hold_id)
        .limit(1)
    )
    return list(work.connection.execute(query).scalars())


def _of_hold() -> sa.ColumnElement[bool]:
    return redemptions.c.hold_id == holds.c.hold_id


_POINTS_SPENT: Final = redemptions.c.captured_points - redemptions.c.returned_points
_MONEY_SPENT: Final = redemptions.c.captured_minor - redemptions.c.returned_minor


def _live(held: sa.ColumnElement[int], spent: sa.ColumnElement[int]) -> sa.ColumnElement[int]:
    """What counts towards a limit: all of a hold, of a capture what was not refunded."""
    return sa.case(
        (redemptions.c.state == RedemptionState.HELD, held),
        (redemptions.c.state.in_(_GIVEN_BACK), 0),
        else_=spent,
    )


def _id(redemption_id: UUID) -> sa.ColumnElement[bool]:
    return redemptions.c.redemption_id == redemption_id


def _query() -> sa.Select[Any]:
    return sa.select(redemptions)


def _one(work: Work, query: sa.Select[Any]) -> Redemption | None:
    row = work.connection.execute(query).mappings().one_or_none()
    return None if row is None else _redemption(row)


def _redemption(row: sa.RowMapping) -> Redemption:
    return Redemption(
        redemption_id=row["redemption_id"],
        member_id=row["member_id"],
        hold_id=row["hold_id"],
        order_source=row["order_source"],
        order_number=row["order_number"],
        state=RedemptionState(row["state"]),
        programme_hash=bytes(row["programme_hash"]),
        rate=row["rate"],
        currency=row["currency"],
        net_minor=row["net_minor"],
        discount_minor=row["discount_minor"],
        points=Points(row["points"]),
        refund_grace=row["refund_grace"],
        created_at=row["created_at"],
        expires_at=row["expires_at"],
        captured_minor=row["captured_minor"],
        captured_points=Points(row["captured_points"]),
        paid_minor=row["paid_minor"],
        expired_points=Points(row["expired_points"]),
        refunded_minor=row["refunded_minor"],
        returned_minor=row["returned_minor"],
        returned_points=Points(row["returned_points"]),
        captured_at=row["captured_at"],
        closed_at=row["closed_at"],
        refunded_by=None if row["refunded_by"] is None else RefundedBy(row["refunded_by"]),
        lines=_lines(row),
    )


def _lines(row: sa.RowMapping) -> tuple[RedeemedLine, ...]:
    """As they were written; of an older redemption, and of a hold, as the quote comes to them."""
    if row["lines"] is not None:
        return lines_from(row["lines"])
    quoted = tuple(line_from(line) for line in row["quote"]["lines"])
    held = held_lines(quoted, Fraction(row["rate"]))
    if row["captured_minor"]:
        return capture_spread(held, row["captured_minor"], row["paid_minor"])
    return held


def _columns(redemption: Redemption) -> dict[str, Any]:
    return {
        "redemption_id": redemption.redemption_id,
        "order_source": redemption.order_source,
        "order_number": redemption.order_number,
        "member_id": redemption.member_id,
        "hold_id": redemption.hold_id,
        "state": redemption.state,
        "programme_hash": redemption.programme_hash,
        "rate": redemption.rate,
        "currency": redemption.currency,
        "net_minor": redemption.net_minor,
        "discount_minor": redemption.discount_minor,
        "points": redemption.points.amount,
        "refund_grace": redemption.refund_grace,
        "created_at": redemption.created_at,
        "expires_at": redemption.expires_at,
        "captured_minor": redemption.captured_minor,
        "captured_points": redemption.captured_points.amount,
        "paid_minor": redemption.paid_minor,
        "expired_points": redemption.expired_points.amount,
        "refunded_minor": redemption.refunded_minor,
        "returned_minor": redemption.returned_minor,
        "returned_points": redemption.returned_points.amount,
        "captured_at": redemption.captured_at,
        "closed_at": redemption.closed_at,
        "refunded_by": redemption.refunded_by,
        "lines": None if redemption.captured_at is None else lines_json(redemption.lines),
    }


def _refunds(work: Work, condition: sa.ColumnElement[bool]) -> list[StoredRefund]:
    query = sa.select(refunds).where(condition).order_by(refunds.c.refunded_minor)
    rows: Sequence[sa.RowMapping] = work.connection.execute(query).mappings().all()
    return [
        StoredRefund(
            refund_id=row["refund_id"],
            redemption_id=row["redemption_id"],
            source_refund_id=row["source_refund_id"],
            amount_minor=row["amount_minor"],
            refunded_minor=row["refunded_minor"],
            points=Points(row["points"]),
            debt_paid=Points(row["debt_paid"]),
            entry_id=row["entry_id"],
            recorded_at=row["recorded_at"],
            lines=row["lines"],
        )
        for row in rows
    ]
