"""Purchases between members. They equal the migrations; a test compares them."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from ledger.kernel.transaction import metadata

_MOMENT: Final = sa.DateTime(timezone=True)
_CODE: Final = sa.Text(collation="C")

purchases = sa.Table(
    "purchases",
    metadata,
    sa.Column("purchase_id", sa.Uuid, primary_key=True),
    sa.Column("source", _CODE, sa.ForeignKey("sources.uri"), nullable=False),
    sa.Column("number", _CODE, nullable=False),
    sa.Column("digest", pg.BYTEA, nullable=False),
    sa.Column("buyer_id", sa.Uuid, sa.ForeignKey("members.member_id"), nullable=False),
    sa.Column("rule", sa.Text, nullable=False),
    sa.Column("points", sa.BigInteger, nullable=False),
    sa.Column("shares", pg.JSONB, nullable=False),
    sa.Column("programme_hash", pg.BYTEA, nullable=False),
    sa.Column("hold_id", sa.Uuid, sa.ForeignKey("holds.hold_id"), nullable=False, unique=True),
    sa.Column("made_at", _MOMENT, nullable=False),
    sa.Column("refund_until", _MOMENT, nullable=False),
    sa.Column("returned_at", _MOMENT),
    sa.UniqueConstraint("source", "number"),
    sa.CheckConstraint("octet_length(digest) = 32", name="digest_is_sha256"),
    sa.CheckConstraint("octet_length(programme_hash) = 32", name="hash_is_sha256"),
    sa.CheckConstraint("points > 0", name="costs_something"),
    sa.CheckConstraint("returned_at BETWEEN made_at AND refund_until", name="returned_in_time"),
    sa.Index("ix_purchases_buyer_id", "buyer_id", "purchase_id"),
)
"""One row per purchase; only ``returned_at`` is ever written later, once."""
