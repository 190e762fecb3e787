"""Permits that were asked for; an erasure blanks them. It equals the migrations."""

from __future__ import annotations

import sqlalchemy as sa

from ledger.kernel.transaction import metadata

permits = sa.Table(
    "permits",
    metadata,
    sa.Column("permit_id", sa.Uuid, primary_key=True),
    sa.Column("chain_key", sa.Integer, sa.ForeignKey("chains.chain_key"), nullable=False),
    sa.Column("member_id", sa.Uuid, sa.ForeignKey("members.member_id"), nullable=False),
    sa.Column("owner_address", sa.Text, nullable=False),
    sa.Column("spender_address", sa.Text, nullable=False),
    sa.Column("units", sa.Numeric(78, 0), nullable=False),
    sa.Column("nonce", sa.Numeric(78, 0), nullable=False),
    sa.Column("intent_key", sa.Text, nullable=False, unique=True),
    sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
    sa.Index("ix_permits_member_id", "member_id", "received_at"),
)
