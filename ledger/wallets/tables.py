"""Linked wallets. A row is written when linked and closed once, when unlinked."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from ledger.kernel.transaction import metadata

wallets = sa.Table(
    "wallets",
    metadata,
    sa.Column("wallet_id", sa.Uuid, primary_key=True),
    sa.Column("member_id", sa.Uuid, sa.ForeignKey("members.member_id"), nullable=False),
    sa.Column("address", sa.Text(collation="C"), nullable=False),
    sa.Column("proof_digest", pg.BYTEA, nullable=False),
    sa.Column("linked_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("unlinked_at", sa.DateTime(timezone=True)),
    sa.CheckConstraint("address ~ '^0x[0-9a-f]{40}$'", name="address_is_lower_hex"),
    sa.CheckConstraint("octet_length(proof_digest) = 32", name="digest_is_sha256"),
    sa.CheckConstraint("unlinked_at >= linked_at", name="unlinked_later"),
    sa.Index(
        "uq_wallets_active_member",
        "member_id",
        unique=True,
        postgresql_where=sa.text("unlinked_at IS NULL"),
    ),
    sa.Index(
        "uq_wallets_active_address",
        "address",
        unique=True,
        postgresql_where=sa.text("unlinked_at IS NULL"),
    ),
)
