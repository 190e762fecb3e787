"""Orders by their hash, and what became of each mandate, attempt by attempt. Append-only."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from ledger.kernel.transaction import metadata

mandate_orders = sa.Table(
    "mandate_orders",
    metadata,
    sa.Column("order_hash", pg.BYTEA, primary_key=True),
    sa.Column("document", pg.JSONB, nullable=False),
    sa.Column("stored_at", sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("length(order_hash) = 32", name="hash_is_sha256"),
)

mandate_results = sa.Table(
    "mandate_results",
    metadata,
    sa.Column("chain_key", sa.Integer, sa.ForeignKey("chains.chain_key"), primary_key=True),
    sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("attempt", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("order_hash", pg.BYTEA, nullable=False),
    sa.Column("points", sa.BigInteger, nullable=False),
    sa.Column("pool", pg.BYTEA),
    sa.Column("transaction_hash", pg.BYTEA, nullable=False),
    sa.Column("mined_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("outcome", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("kind IN ('spending', 'budget', 'text')", name="kind_is_known"),
    sa.CheckConstraint("(kind = 'spending') = (pool IS NOT NULL)", name="spending_has_a_pool"),
    sa.CheckConstraint("(kind = 'text') = (points = 0)", name="a_text_costs_nothing"),
    sa.CheckConstraint(
        "outcome IN ('done', 'document_missing', 'refused')", name="outcome_is_known"
    ),
    sa.CheckConstraint("(outcome = 'done') = (reason = '')", name="what_was_not_done_says_why"),
)
