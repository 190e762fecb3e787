"""Orders, redemptions and refunds. They equal the migrations; a test compares them.

Nothing here names a person: of an order the buyer's identity is not kept, only the member.
"""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from ledger.kernel.transaction import metadata

_MOMENT: Final = sa.DateTime(timezone=True)
_CODE: Final = sa.Text(collation="C")

orders = sa.Table(
    "orders",
    metadata,
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
"""Append-only: an order as it was when points were held on it, once per content."""

redemptions = sa.Table(
    "redemptions",
    metadata,
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
    sa.Column("refunded_by", sa.Text),
    sa.Column("lines", pg.JSONB(none_as_null=True)),
    sa.CheckConstraint(
        "state IN ('held', 'captured', 'partially_refunded', 'refunded', 'released', 'expired')",
        name="state_is_known",
    ),
    sa.CheckConstraint(
        "discount_minor > 0 AND points > 0 AND (discount_minor <= net_minor OR captured_minor > 0)",
        name="holds_something",
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
        "CASE WHEN refunded_by = 'lines' THEN paid_minor + captured_minor "
        "WHEN paid_minor > 0 THEN paid_minor ELSE captured_minor END "
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
    sa.CheckConstraint(
        "coalesce(refunded_by IN ('sum', 'lines'), refunded_minor = 0)",
        name="refunds_are_counted_one_way",
    ),
    sa.CheckConstraint("lines IS NULL OR captured_at IS NOT NULL", name="lines_when_captured"),
    sa.CheckConstraint("expires_at > created_at", name="lives_for_a_while"),
    sa.CheckConstraint("octet_length(programme_hash) = 32", name="hash_is_sha256"),
    sa.Index(
        "ux_redemptions_order",
        "order_source",
        "order_number",
        unique=True,
        postgresql_where=sa.text("state NOT IN ('released', 'expired')"),
    ),
    sa.Index("ix_redemptions_member_id", "member_id", "redemption_id"),
    sa.Index("ix_redemptions_created_at", "created_at"),
    sa.Index("ix_redemptions_due", "expires_at", postgresql_where=sa.text("state = 'held'")),
)
"""One row per hold on an order. An order carries one redemption that is not given back."""

refunds = sa.Table(
    "refunds",
    metadata,
    sa.Column("refund_id", sa.Uuid, primary_key=True),
    sa.Column("redemption_id", sa.Uuid, sa.ForeignKey("redemptions.redemption_id"), nullable=False),
    sa.Column("source_refund_id", _CODE, nullable=False),
    sa.Column("amount_minor", sa.BigInteger, nullable=False),
    sa.Column("refunded_minor", sa.BigInteger, nullable=False),
    sa.Column("points", sa.BigInteger, nullable=False),
    sa.Column("debt_paid", sa.BigInteger, nullable=False),
    sa.Column("entry_id", sa.Uuid),
    sa.Column("recorded_at", _MOMENT, nullable=False),
    sa.Column("lines", pg.JSONB(none_as_null=True)),
    sa.UniqueConstraint("redemption_id", "source_refund_id"),
    sa.UniqueConstraint("redemption_id", "refunded_minor"),
    sa.CheckConstraint(
        "amount_minor > 0 AND refunded_minor >= amount_minor AND points >= 0 "
        "AND debt_paid BETWEEN 0 AND points",
        name="amounts",
    ),
    sa.CheckConstraint("(points > 0) = (entry_id IS NOT NULL)", name="entry_moves_points"),
)
"""Append-only. ``entry_id`` is absent where the money was too little to bring a point back."""

codes = sa.Table(
    "redemption_codes",
    metadata,
    sa.Column("code_id", sa.Uuid, primary_key=True),
    sa.Column(
        "redemption_id",
        sa.Uuid,
        sa.ForeignKey("redemptions.redemption_id"),
        nullable=False,
        unique=True,
    ),
    sa.Column("digest", pg.BYTEA, nullable=False, unique=True),
    sa.Column("products", pg.JSONB(none_as_null=True)),
    sa.Column("expires_at", _MOMENT, nullable=False),
    sa.Column("issued_at", _MOMENT, nullable=False),
    sa.CheckConstraint("octet_length(digest) = 32", name="digest_is_sha256"),
    sa.CheckConstraint("expires_at > issued_at", name="lives_for_a_while"),
)
"""Append-only: single-use codes, of each only a digest. ``products`` absent: for its own order."""

code_uses = sa.Table(
    "redemption_code_uses",
    metadata,
    sa.Column("code_id", sa.Uuid, sa.ForeignKey("redemption_codes.code_id"), primary_key=True),
    sa.Column("order_number", _CODE, nullable=False),
    sa.Column("net_minor", sa.BigInteger, nullable=False),
    sa.Column("content", pg.JSONB(none_as_null=True)),
    sa.Column("used_at", _MOMENT, nullable=False),
)
"""Append-only: what each code was used for; a code has one use by its key."""

code_listings = sa.Table(
    "redemption_code_listings",
    metadata,
    sa.Column("code_id", sa.Uuid, sa.ForeignKey("redemption_codes.code_id"), primary_key=True),
    sa.Column("listed_at", _MOMENT, nullable=False),
)
"""Append-only: codes that a till without a connection may honour from a list."""

code_conflicts = sa.Table(
    "redemption_code_conflicts",
    metadata,
    sa.Column("conflict_id", sa.Uuid, primary_key=True),
    sa.Column("source", _CODE, sa.ForeignKey("sources.uri"), nullable=False),
    sa.Column("code_digest", pg.BYTEA),
    sa.Column("order_number", _CODE, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("content", pg.JSONB, nullable=False),
    sa.Column("used_at", _MOMENT, nullable=False),
    sa.Column("recorded_at", _MOMENT, nullable=False),
    sa.UniqueConstraint(
        "source", "order_number", "code_digest", "reason", postgresql_nulls_not_distinct=True
    ),
    sa.CheckConstraint("octet_length(code_digest) = 32", name="digest_is_sha256"),
)
"""Append-only: uses at a till without a connection that could not be counted as stated."""
