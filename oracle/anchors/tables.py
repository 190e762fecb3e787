"""Heads that the chain holds for good. Append-only."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from ledger.kernel.transaction import metadata

log_anchors = sa.Table(
    "log_anchors",
    metadata,
    sa.Column("chain_key", sa.Integer, sa.ForeignKey("chains.chain_key"), primary_key=True),
    sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("tree_size", sa.BigInteger, nullable=False),
    sa.Column("root", pg.BYTEA, nullable=False),
    sa.Column("block_number", sa.BigInteger, nullable=False),
    sa.Column("transaction_hash", pg.BYTEA, nullable=False),
    sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("number > 0 AND tree_size > 0", name="counts_from_one"),
    sa.CheckConstraint("octet_length(root) = 32", name="root_is_sha256"),
)
"""A copy of the contract's: what it says is read anew when the ledger is verified."""
