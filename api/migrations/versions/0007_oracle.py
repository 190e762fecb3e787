"""Tables of oracle."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def _indexer() -> None:
    op.create_table(
        "chains",
        sa.Column("chain_key", sa.Integer, sa.Identity(always=True), primary_key=True),
        sa.Column("chain_id", sa.BigInteger, nullable=False),
        sa.Column("genesis_hash", pg.BYTEA, nullable=False),
        sa.Column("bridge_address", sa.Text, nullable=False),
        sa.Column("bridge_code_hash", pg.BYTEA, nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True)),
        sa.CheckConstraint("octet_length(genesis_hash) = 32", name="genesis_is_32_bytes"),
        sa.CheckConstraint("octet_length(bridge_code_hash) = 32", name="code_hash_is_32_bytes"),
        sa.Index(
            "ix_chains_one_in_use",
            sa.text("(retired_at IS NULL)"),
            unique=True,
            postgresql_where=sa.text("retired_at IS NULL"),
        ),
    )
    op.create_table(
        "chain_checkpoints",
        sa.Column("chain_key", sa.Integer, sa.ForeignKey("chains.chain_key"), primary_key=True),
        sa.Column("block_number", sa.BigInteger, nullable=False),
        sa.Column("block_hash", pg.BYTEA, nullable=False),
        sa.Column("block_number_final", sa.BigInteger, nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("octet_length(block_hash) = 32", name="block_hash_is_32_bytes"),
        sa.CheckConstraint("block_number_final <= block_number", name="final_is_read"),
    )
    op.create_table(
        "chain_blocks",
        sa.Column("chain_key", sa.Integer, sa.ForeignKey("chains.chain_key"), primary_key=True),
        sa.Column("block_number", sa.BigInteger, primary_key=True),
        sa.Column("block_hash", pg.BYTEA, nullable=False),
        sa.Column("parent_hash", pg.BYTEA, nullable=False),
        sa.Column("block_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("octet_length(block_hash) = 32", name="block_hash_is_32_bytes"),
    )
    op.create_table(
        "chain_events",
        sa.Column("chain_key", sa.Integer, sa.ForeignKey("chains.chain_key"), primary_key=True),
        sa.Column("block_hash", pg.BYTEA, primary_key=True),
        sa.Column("log_index", sa.Integer, primary_key=True),
        sa.Column("block_number", sa.BigInteger, nullable=False),
        sa.Column("block_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("transaction_hash", pg.BYTEA, nullable=False),
        sa.Column("contract", sa.Text, nullable=False),
        sa.Column("address", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("arguments", pg.JSONB, nullable=False),
        sa.Column("handled_at", sa.DateTime(timezone=True)),
        sa.CheckConstraint("octet_length(block_hash) = 32", name="block_hash_is_32_bytes"),
        sa.Index(
            "ix_chain_events_waiting",
            "chain_key",
            "block_number",
            "log_index",
            postgresql_where=sa.text("handled_at IS NULL"),
        ),
        sa.Index("ix_chain_events_by_name", "chain_key", "contract", "name", "block_number"),
    )


def _sender() -> None:
    op.create_table(
        "intents",
        sa.Column("intent_id", pg.UUID(as_uuid=True), primary_key=True),
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
            "state IN ('queued', 'reserved', 'signed', 'broadcast', 'mined', 'finalized', 'failed')",
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
    op.create_table(
        "intent_nonces",
        sa.Column("chain_key", sa.Integer, sa.ForeignKey("chains.chain_key"), primary_key=True),
        sa.Column("sender", sa.Text, primary_key=True),
        sa.Column("nonce", sa.BigInteger, primary_key=True),
        sa.Column(
            "intent_id", pg.UUID(as_uuid=True), sa.ForeignKey("intents.intent_id"), nullable=False
        ),
        sa.Column("reserved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lost_at", sa.DateTime(timezone=True)),
        sa.Index(
            "ix_intent_nonces_one_held",
            "intent_id",
            unique=True,
            postgresql_where=sa.text("lost_at IS NULL"),
        ),
    )
    op.create_table(
        "intent_transactions",
        sa.Column("transaction_hash", pg.BYTEA, primary_key=True),
        sa.Column(
            "intent_id", pg.UUID(as_uuid=True), sa.ForeignKey("intents.intent_id"), nullable=False
        ),
        sa.Column("nonce", sa.BigInteger, nullable=False),
        sa.Column("number", sa.SmallInteger, nullable=False),
        sa.Column("raw", pg.BYTEA, nullable=False),
        sa.Column("max_fee_wei", sa.Numeric(78, 0), nullable=False),
        sa.Column("priority_fee_wei", sa.Numeric(78, 0), nullable=False),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("broadcast_at", sa.DateTime(timezone=True)),
        sa.Column("replaced_at", sa.DateTime(timezone=True)),
        sa.UniqueConstraint("intent_id", "nonce", "number"),
        sa.CheckConstraint("octet_length(transaction_hash) = 32", name="hash_is_32_bytes"),
    )


def upgrade() -> None:
    _indexer()
    _sender()
