"""Orders, redemptions, refunds; switches and ceilings of the school."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

from api.migrations import guards

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_MOMENT: Final = sa.DateTime(timezone=True)
_CODE: Final = sa.Text(collation="C")


def upgrade() -> None:
    _create_redemptions()
    _create_settings()
    for table in ("orders", "refunds", "programme_switches", "discount_ceilings"):
        guards.refuse_changes(op, table)


def _create_redemptions() -> None:
    op.create_table(
        "orders",
        sa.Column("order_id", sa.Uuid, primary_key=True),
        sa.Column("source", _CODE, sa.ForeignKey("sources.uri"), nullable=False),
        sa.Column("number", _CODE, nullable=False),
        sa.Column("digest", pg.BYTEA, nullable=False),
        sa.Column("member_id", sa.Uuid, sa.ForeignKey("members.member_id"), nullable=False),
        sa.Column("currency", sa.Text, nullable=False),
        sa.Column("net_minor", sa.BigInteger, nullable=False),
        sa.Column("content", pg.JSONB, nullable=False),
        sa.Column("recorded_at", _MOMENT, nullable=False),
        sa.UniqueConstraint("source", "number", "digest", "member_id"),
        sa.CheckConstraint("octet_length(digest) = 32", name="digest_is_sha256"),
        sa.CheckConstraint("net_minor >= 0", name="net_not_negative"),
    )
    op.create_table(
        "redemptions",
        sa.Column("redemption_id", sa.Uuid, primary_key=True),
        sa.Column("order_id", sa.Uuid, sa.ForeignKey("orders.order_id"), nullable=False),
        sa.Column("order_source", _CODE, nullable=False),
        sa.Column("order_number", _CODE, nullable=False),
        sa.Column("member_id", sa.Uuid, sa.ForeignKey("members.member_id"), nullable=False),
        sa.Column("hold_id", sa.Uuid, sa.ForeignKey("holds.hold_id"), nullable=False, unique=True),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("programme_hash", pg.BYTEA, nullable=False),
        sa.Column("rate", sa.Text, nullable=False),
        sa.Column("currency", sa.Text, nullable=False),
        sa.Column("net_minor", sa.BigInteger, nullable=False),
        sa.Column("discount_minor", sa.BigInteger, nullable=False),
        sa.Column("points", sa.BigInteger, nullable=False),
        sa.Column("refund_grace", sa.Interval, nullable=False),
        sa.Column("quote", pg.JSONB, nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("expires_at", _MOMENT, nullable=False),
        sa.Column("captured_minor", sa.BigInteger, nullable=False),
        sa.Column("captured_points", sa.BigInteger, nullable=False),
        sa.Column("paid_minor", sa.BigInteger, nullable=False),
        sa.Column("expired_points", sa.BigInteger, nullable=False),
        sa.Column("refunded_minor", sa.BigInteger, nullable=False),
        sa.Column("returned_minor", sa.BigInteger, nullable=False),
        sa.Column("returned_points", sa.BigInteger, nullable=False),
        sa.Column("captured_at", _MOMENT),
        sa.Column("closed_at", _MOMENT),
        sa.CheckConstraint(
            "state IN ('held', 'captured', 'partially_refunded', 'refunded', "
            "'released', 'expired')",
            name="state_is_known",
        ),
        sa.CheckConstraint(
            "discount_minor BETWEEN 1 AND net_minor AND points > 0", name="holds_something"
        ),
        sa.CheckConstraint(
            "captured_minor BETWEEN 0 AND discount_minor "
            "AND captured_points BETWEEN 0 AND points "
            "AND expired_points BETWEEN 0 AND points - captured_points "
            "AND paid_minor BETWEEN 0 AND net_minor - captured_minor",
            name="captured_within_hold",
        ),
        sa.CheckConstraint(
            "(state IN ('captured', 'partially_refunded', 'refunded')) = (captured_at IS NOT NULL) "
            "AND (captured_at IS NOT NULL) = (captured_minor > 0) "
            "AND (captured_at IS NOT NULL) = (captured_points > 0) "
            "AND (captured_at IS NOT NULL OR paid_minor = 0)",
            name="captured_once",
        ),
        sa.CheckConstraint(
            "(state IN ('released', 'expired')) = (closed_at IS NOT NULL)", name="closed_is_dated"
        ),
        sa.CheckConstraint(
            "refunded_minor BETWEEN 0 AND "
            "CASE WHEN paid_minor > 0 THEN paid_minor ELSE captured_minor END "
            "AND returned_minor BETWEEN 0 AND captured_minor "
            "AND returned_points BETWEEN 0 AND captured_points",
            name="refunded_within_paid",
        ),
        sa.CheckConstraint(
            "CASE state WHEN 'refunded' THEN returned_points = captured_points "
            "WHEN 'partially_refunded' THEN refunded_minor > 0 "
            "ELSE refunded_minor = 0 AND returned_points = 0 AND returned_minor = 0 END",
            name="refunds_fit_state",
        ),
        sa.CheckConstraint("expires_at > created_at", name="lives_for_a_while"),
        sa.CheckConstraint("octet_length(programme_hash) = 32", name="hash_is_sha256"),
        sa.Index(
            "ux_redemptions_order",
            "order_source",
            "order_number",
            unique=True,
            postgresql_where=sa.text("state NOT IN ('released', 'expired')"),
        ),
    )
    op.create_index("ix_redemptions_member_id", "redemptions", ["member_id", "redemption_id"])
    op.create_index("ix_redemptions_created_at", "redemptions", ["created_at"])
    op.create_index(
        "ix_redemptions_due",
        "redemptions",
        ["expires_at"],
        postgresql_where=sa.text("state = 'held'"),
    )
    op.create_table(
        "refunds",
        sa.Column("refund_id", sa.Uuid, primary_key=True),
        sa.Column(
            "redemption_id", sa.Uuid, sa.ForeignKey("redemptions.redemption_id"), nullable=False
        ),
        sa.Column("source_refund_id", _CODE, nullable=False),
        sa.Column("amount_minor", sa.BigInteger, nullable=False),
        sa.Column("refunded_minor", sa.BigInteger, nullable=False),
        sa.Column("points", sa.BigInteger, nullable=False),
        sa.Column("debt_paid", sa.BigInteger, nullable=False),
        sa.Column("entry_id", sa.Uuid),
        sa.Column("recorded_at", _MOMENT, nullable=False),
        sa.UniqueConstraint("redemption_id", "source_refund_id"),
        sa.UniqueConstraint("redemption_id", "refunded_minor"),
        sa.CheckConstraint(
            "amount_minor > 0 AND refunded_minor >= amount_minor AND points >= 0 "
            "AND debt_paid BETWEEN 0 AND points",
            name="amounts",
        ),
        sa.CheckConstraint("(points > 0) = (entry_id IS NOT NULL)", name="entry_moves_points"),
    )


def _create_settings() -> None:
    op.create_table(
        "programme_switches",
        sa.Column("change_id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("switch", sa.Text, nullable=False),
        sa.Column("is_on", sa.Boolean, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("changed_by", sa.Text, nullable=False),
        sa.Column("changed_at", _MOMENT, nullable=False),
        sa.CheckConstraint(
            "switch IN ('earning', 'redeeming', 'bridging')", name="switch_is_known"
        ),
        sa.CheckConstraint("reason <> ''", name="has_a_reason"),
    )
    op.create_index("ix_programme_switches_switch", "programme_switches", ["switch", "change_id"])
    op.create_table(
        "discount_ceilings",
        sa.Column("change_id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("currency", sa.Text, nullable=False),
        sa.Column("month_minor", sa.BigInteger),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("changed_by", sa.Text, nullable=False),
        sa.Column("changed_at", _MOMENT, nullable=False),
        sa.CheckConstraint("currency ~ '^[A-Z]{3}$'", name="currency_is_iso"),
        sa.CheckConstraint("month_minor >= 0", name="ceiling_not_negative"),
        sa.CheckConstraint("reason <> ''", name="has_a_reason"),
    )
    op.create_index("ix_discount_ceilings_currency", "discount_ceilings", ["currency", "change_id"])
