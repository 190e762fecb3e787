"""What the school set, and when. They equal migration 0006; a test compares them."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa

from ledger.kernel.transaction import metadata

_MOMENT: Final = sa.DateTime(timezone=True)

programme_switches = sa.Table(
    "programme_switches",
    metadata,
    sa.Column("change_id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
    sa.Column("switch", sa.Text, nullable=False),
    sa.Column("is_on", sa.Boolean, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("changed_by", sa.Text, nullable=False),
    sa.Column("changed_at", _MOMENT, nullable=False),
    sa.CheckConstraint("switch IN ('earning', 'redeeming', 'bridging')", name="switch_is_known"),
    sa.CheckConstraint("reason <> ''", name="has_a_reason"),
    sa.Index("ix_programme_switches_switch", "switch", "change_id"),
)
"""Append-only: the newest row of a switch says how it stands; without one it is on."""

discount_ceilings = sa.Table(
    "discount_ceilings",
    metadata,
    sa.Column("change_id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
    sa.Column("currency", sa.Text, nullable=False),
    sa.Column("month_minor", sa.BigInteger),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("changed_by", sa.Text, nullable=False),
    sa.Column("changed_at", _MOMENT, nullable=False),
    sa.CheckConstraint("currency ~ '^[A-Z]{3}$'", name="currency_is_iso"),
    sa.CheckConstraint("month_minor >= 0", name="ceiling_not_negative"),
    sa.CheckConstraint("reason <> ''", name="has_a_reason"),
    sa.Index("ix_discount_ceilings_currency", "currency", "change_id"),
)
"""Append-only: the newest row of a currency is its monthly ceiling; null or none is no ceiling."""
