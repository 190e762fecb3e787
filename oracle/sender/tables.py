"""Tables of the sender: intents, the nonces they hold, the bytes signed for them."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from ledger.kernel.transaction import metadata

intents = sa.Table(
    "intents",
    metadata,
    sa.Column("intent_id", sa.Uuid, primary_key=True),
    sa.Column("chain_key", sa.Integer, sa.ForeignKey("chains.chain_key"), nullable=False),
    sa.Column("key", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("role", sa.Text, nullable=False),
    sa.Column("to_address", sa.Text, nullable=False),
    sa.Column("calldata", pg.BYTEA, nullable=False),
    sa.Column("value_wei", sa.Numeric(78, 0), nullable=False),
    sa.Column("gas_limit", sa.Integer, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("mined_transaction_hash", pg.BYTEA),
    sa.Column("mined_block_number", sa.BigInteger),
    sa.Column("mined_block_hash", pg.BYTEA),
    sa.Column("succeeded", sa.Boolean),
    sa.Column("failure", sa.Text),
    sa.Column("refusal", sa.Text),
    sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
    sa.UniqueConstraint("chain_key", "key"),
    sa.CheckConstraint(
        "state IN ('queued','reserved','signed','broadcast','mined','finalized','failed')",
        name="state_is_known",
    ),
    sa.CheckConstraint("gas_limit BETWEEN 21000 AND 16777216", name="gas_limit_in_bounds"),
    sa.CheckConstraint("(state = 'failed') = (failure IS NOT NULL)", name="failure_says_why"),
    sa.CheckConstraint(
        "state NOT IN ('mined', 'finalized') OR (mined_transaction_hash IS NOT NULL AND "
        "mined_block_number IS NOT NULL AND mined_block_hash IS NOT NULL AND "
        "succeeded IS NOT NULL)",
        name="mined_says_where",
    ),
    sa.Index(
        "ix_intents_open",
        "chain_key",
        "role",
        "created_at",
        postgresql_where=sa.text("state NOT IN ('finalized', 'failed')"),
    ),
)

intent_nonces = sa.Table(
    "intent_nonces",
    metadata,
    sa.Column("chain_key", sa.Integer, sa.ForeignKey("chains.chain_key"), primary_key=True),
    sa.Column("sender", sa.Text, primary_key=True),
    sa.Column("nonce", sa.BigInteger, primary_key=True),
    sa.Column("intent_id", sa.Uuid, sa.ForeignKey("intents.intent_id"), nullable=False),
    sa.Column("reserved_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("lost_at", sa.DateTime(timezone=True)),
    sa.Index(
        "ix_intent_nonces_one_held",
        "intent_id",
        unique=True,
        postgresql_where=sa.text("lost_at IS NULL"),
    ),
)

intent_transactions = sa.Table(
    "intent_transactions",
    metadata,
    sa.Column("intent_id", sa.Uuid, sa.ForeignKey("intents.intent_id"), primary_key=True),
    sa.Column("nonce", sa.BigInteger, primary_key=True),
    sa.Column("number", sa.SmallInteger, primary_key=True),
    sa.Column("transaction_hash", pg.BYTEA, nullable=False),
    sa.Column("raw", pg.BYTEA, nullable=False),
    sa.Column("max_fee_wei", sa.Numeric(78, 0), nullable=False),
    sa.Column("priority_fee_wei", sa.Numeric(78, 0), nullable=False),
    sa.Column("signed_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("broadcast_at", sa.DateTime(timezone=True)),
    sa.Column("replaced_at", sa.DateTime(timezone=True)),
    sa.CheckConstraint("octet_length(transaction_hash) = 32", name="hash_is_32_bytes"),
)
"""Keyed by place and not by hash: a local chain made anew may see the very same bytes again."""
