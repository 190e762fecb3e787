"""Goods, how they were changed, and orders. They equal the migrations; a test compares them."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from ledger.kernel.transaction import metadata

_MOMENT: Final = sa.DateTime(timezone=True)


def _member(name: str, *, nullable: bool = False) -> sa.Column[object]:
    reference = sa.ForeignKey("members.member_id")
    return sa.Column(name, sa.Uuid, reference, nullable=nullable)


goods = sa.Table(
    "goods",
    metadata,
    sa.Column("good_id", sa.Uuid, primary_key=True),
    *(
        sa.Column(name, sa.Text, nullable=False)
        for name in ("name_en", "name_ru", "text_en", "text_ru")
    ),
    sa.Column("price", sa.BigInteger, nullable=False),
    sa.Column("per_member", sa.Integer),
    sa.Column("is_offered", sa.Boolean, nullable=False),
    sa.Column("stock", sa.Integer, nullable=False),
    sa.Column("created_at", _MOMENT, nullable=False),
    sa.CheckConstraint("stock >= 0", name="stock_not_negative"),
    sa.CheckConstraint("price > 0 AND per_member > 0", name="counted"),
)
"""``stock`` is what is on the shelf: what came, less what is ordered or handed out."""

good_changes = sa.Table(
    "good_changes",
    metadata,
    sa.Column("change_id", sa.Uuid, primary_key=True),
    sa.Column("good_id", sa.Uuid, sa.ForeignKey("goods.good_id"), nullable=False),
    sa.Column("terms", pg.JSONB),
    sa.Column("stock_change", sa.Integer, nullable=False),
    _member("changed_by"),
    sa.Column("changed_at", _MOMENT, nullable=False),
    sa.Index("ix_good_changes_good_id", "good_id", "change_id"),
)
"""Append-only: new terms, or goods that came onto the shelf or left it by hand."""

good_orders = sa.Table(
    "good_orders",
    metadata,
    sa.Column("order_id", sa.Uuid, primary_key=True),
    sa.Column("good_id", sa.Uuid, sa.ForeignKey("goods.good_id"), nullable=False),
    _member("member_id"),
    sa.Column("quantity", sa.Integer, nullable=False),
    sa.Column("price", sa.BigInteger, nullable=False),
    sa.Column("hold_id", sa.Uuid, sa.ForeignKey("holds.hold_id"), nullable=False, unique=True),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("ordered_at", _MOMENT, nullable=False),
    _member("ended_by", nullable=True),
    sa.Column("ended_at", _MOMENT),
    _member("refunded_by", nullable=True),
    sa.Column("refunded_at", _MOMENT),
    sa.CheckConstraint("quantity > 0 AND price > 0", name="costs_something"),
    sa.CheckConstraint(
        "state IN ('ordered', 'fulfilled', 'cancelled', 'lapsed', 'refunded')",
        name="state_is_known",
    ),
    sa.CheckConstraint("(state = 'ordered') = (ended_at IS NULL)", name="end_is_dated"),
    sa.CheckConstraint(
        "num_nulls(refunded_by, refunded_at) = CASE state WHEN 'refunded' THEN 0 ELSE 2 END",
        name="refund_is_whole",
    ),
    sa.Index("ix_good_orders_good_id", "good_id", "state"),
    sa.Index("ix_good_orders_member_id", "member_id", "order_id"),
    sa.Index("ix_good_orders_open", "ordered_at", postgresql_where=sa.text("state = 'ordered'")),
)

good_order_notes = sa.Table(
    "good_order_notes",
    metadata,
    sa.Column("order_id", sa.Uuid, sa.ForeignKey("good_orders.order_id"), primary_key=True),
    sa.Column("note", sa.Text, nullable=False),
)
"""What the buyer wrote; deleted with the buyer."""
