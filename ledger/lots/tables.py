"""Tables of lots and holds. They equal the migrations; a test compares them."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from ledger.kernel.transaction import metadata

_MOMENT: Final = sa.DateTime(timezone=True)

lots = sa.Table(
    "lots",
    metadata,
    sa.Column("lot_id", sa.Uuid, primary_key=True),
    sa.Column("member_id", sa.Uuid, sa.ForeignKey("members.member_id"), nullable=False),
    sa.Column("granted", sa.BigInteger, nullable=False),
    sa.Column("activates_at", _MOMENT, nullable=False),
    sa.Column("expires_at", _MOMENT),
    sa.Column("cause_kind", sa.Text, nullable=False),
    sa.Column("cause_id", sa.Text, nullable=False),
    sa.Column("continues", sa.Uuid, sa.ForeignKey("lots.lot_id")),
    sa.Column("cites", sa.Uuid, sa.ForeignKey("lots.lot_id")),
    sa.Column("entry_id", sa.Uuid, nullable=False),
    sa.Column("created_at", _MOMENT, nullable=False),
    sa.CheckConstraint("granted > 0", name="granted_is_positive"),
    sa.CheckConstraint("expires_at > activates_at", name="lives_for_a_while"),
    sa.Index("ix_lots_member_id", "member_id"),
    sa.Index("ix_lots_activates_at", "activates_at"),
    sa.Index(
        "ix_lots_expires_at", "expires_at", postgresql_where=sa.text("expires_at IS NOT NULL")
    ),
)
"""The terms of a lot never change, and are in the cause of the entry that granted it."""

vestings = sa.Table(
    "vestings",
    metadata,
    sa.Column("lot_id", sa.Uuid, sa.ForeignKey("lots.lot_id"), primary_key=True),
    sa.Column("member_id", sa.Uuid, sa.ForeignKey("members.member_id"), nullable=False),
    sa.Column("matures_at", _MOMENT, nullable=False),
    sa.Column("condition", pg.JSONB, nullable=False),
    sa.Column("to_rewards", sa.Boolean, nullable=False),
    sa.Index("ix_vestings_matures_at", "matures_at"),
)
"""Append-only: lots that activate only if a condition holds; as the granting entry states."""

vesting_decisions = sa.Table(
    "vesting_decisions",
    metadata,
    sa.Column("lot_id", sa.Uuid, sa.ForeignKey("vestings.lot_id"), primary_key=True),
    sa.Column("holds", sa.Boolean, nullable=False),
    sa.Column("basis", pg.JSONB, nullable=False),
    sa.Column("cancelled", sa.BigInteger, nullable=False),
    sa.Column("entry_id", sa.Uuid),
    sa.Column("recorded_at", _MOMENT, nullable=False),
    sa.CheckConstraint(
        "cancelled >= 0 AND (cancelled > 0) = (entry_id IS NOT NULL) "
        "AND (cancelled = 0 OR NOT holds)",
        name="cancelled_by_an_entry",
    ),
)
"""Append-only: what was found when they matured, once; never looked at again."""

holds = sa.Table(
    "holds",
    metadata,
    sa.Column("hold_id", sa.Uuid, primary_key=True),
    sa.Column("member_id", sa.Uuid, sa.ForeignKey("members.member_id"), nullable=False),
    sa.Column("purpose", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("amount", sa.BigInteger, nullable=False),
    sa.Column("captured", sa.BigInteger, nullable=False),
    sa.Column("gone_on_to_expired", sa.BigInteger, nullable=False),
    sa.Column("placed_at", _MOMENT, nullable=False),
    sa.Column("expires_at", _MOMENT, nullable=False),
    sa.Column("resolved_at", _MOMENT),
    sa.Column("entry_id", sa.Uuid, nullable=False),
    sa.Column("resolution_entry_id", sa.Uuid),
    sa.CheckConstraint(
        "purpose IN ('redemption', 'bridge', 'purchase', 'goods', 'stake')",
        name="purpose_is_known",
    ),
    sa.CheckConstraint(
        "state IN ('held', 'captured', 'released', 'expired')", name="state_is_known"
    ),
    sa.CheckConstraint("amount > 0", name="amount_is_positive"),
    sa.CheckConstraint(
        "captured BETWEEN 0 AND amount AND (captured > 0) = (state = 'captured')",
        name="captured_within_amount",
    ),
    sa.CheckConstraint(
        "gone_on_to_expired BETWEEN 0 AND amount - captured", name="expired_within_rest"
    ),
    sa.CheckConstraint(
        "(state = 'held') = (resolved_at IS NULL) "
        "AND num_nulls(resolved_at, resolution_entry_id) IN (0, 2)",
        name="resolution_is_whole",
    ),
    sa.Index("ix_holds_member_id", "member_id"),
    sa.Index("ix_holds_due", "expires_at", postgresql_where=sa.text("state = 'held'")),
)
"""A hold resolves once; its amounts are postings, its parts below."""

hold_parts = sa.Table(
    "hold_parts",
    metadata,
    sa.Column("hold_id", sa.Uuid, sa.ForeignKey("holds.hold_id"), primary_key=True),
    sa.Column("lot_id", sa.Uuid, sa.ForeignKey("lots.lot_id"), primary_key=True),
    sa.Column("amount", sa.BigInteger, nullable=False),
    sa.Column("captured", sa.BigInteger, nullable=False),
    sa.CheckConstraint("amount > 0", name="amount_is_positive"),
    sa.CheckConstraint("captured BETWEEN 0 AND amount", name="captured_within_amount"),
)
"""What a hold took from each lot, and how much of that was captured."""

hold_returns = sa.Table(
    "hold_returns",
    metadata,
    sa.Column("return_id", sa.Uuid, primary_key=True),
    sa.Column("hold_id", sa.Uuid, primary_key=True),
    sa.Column("lot_id", sa.Uuid, primary_key=True),
    sa.Column("to_lot_id", sa.Uuid, sa.ForeignKey("lots.lot_id"), nullable=False),
    sa.Column("amount", sa.BigInteger, nullable=False),
    sa.Column("entry_id", sa.Uuid, nullable=False),
    sa.ForeignKeyConstraint(["hold_id", "lot_id"], ["hold_parts.hold_id", "hold_parts.lot_id"]),
    sa.CheckConstraint("amount > 0", name="amount_is_positive"),
    sa.Index("ix_hold_returns_hold_id", "hold_id"),
)
"""Append-only: captured points that came back (refunds, tokens), and to which lot."""
