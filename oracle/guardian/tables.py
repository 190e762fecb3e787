"""Why a guardian or a watcher stopped something, in its own signed words. Append-only."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from ledger.kernel.transaction import metadata

guardian_reasons = sa.Table(
    "guardian_reasons",
    metadata,
    sa.Column("chain_key", sa.Integer, sa.ForeignKey("chains.chain_key"), primary_key=True),
    sa.Column("transaction_hash", pg.BYTEA, primary_key=True),
    sa.Column("account", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("signature", pg.BYTEA, nullable=False),
    sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("octet_length(transaction_hash) = 32", name="transaction_is_32_bytes"),
    sa.CheckConstraint("octet_length(signature) = 65", name="signature_is_65_bytes"),
    sa.CheckConstraint("reason <> ''", name="reason_is_stated"),
)
"""Words about an act on a public chain, by an account and of no member; the chain tells the act."""
