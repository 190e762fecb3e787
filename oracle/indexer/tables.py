"""Tables of the indexer: which chain this is, how far it is read, what was read."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from ledger.kernel.transaction import metadata

chains = sa.Table(
    "chains",
    metadata,
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

chain_checkpoints = sa.Table(
    "chain_checkpoints",
    metadata,
    sa.Column("chain_key", sa.Integer, sa.ForeignKey("chains.chain_key"), primary_key=True),
    sa.Column("block_number", sa.BigInteger, nullable=False),
    sa.Column("block_hash", pg.BYTEA, nullable=False),
    sa.Column("block_number_final", sa.BigInteger, nullable=False),
    sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("octet_length(block_hash) = 32", name="block_hash_is_32_bytes"),
    sa.CheckConstraint("block_number_final <= block_number", name="final_is_read"),
)

chain_blocks = sa.Table(
    "chain_blocks",
    metadata,
    sa.Column("chain_key", sa.Integer, sa.ForeignKey("chains.chain_key"), primary_key=True),
    sa.Column("block_number", sa.BigInteger, primary_key=True),
    sa.Column("block_hash", pg.BYTEA, nullable=False),
    sa.Column("parent_hash", pg.BYTEA, nullable=False),
    sa.Column("block_time", sa.DateTime(timezone=True), nullable=False),
    sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("octet_length(block_hash) = 32", name="block_hash_is_32_bytes"),
)

chain_events = sa.Table(
    "chain_events",
    metadata,
    sa.Column("chain_key", sa.Integer, sa.ForeignKey("chains.chain_key"), primary_key=True),
    sa.Column("block_hash", pg.BYTEA, primary_key=True),
    sa.Column("log_index", sa.Integer, primary_key=True),
    sa.Column("block_number", sa.BigInteger, nullable=False),
    sa.Column("block_time", sa.DateTime(timezone=True), nullable=False),
    sa.Column("transaction_hash", pg.BYTEA, nullable=False),
    sa.Column("contract", sa.Text, nullable=False),
    sa.Column("address", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("topics", pg.BYTEA, nullable=False),
    sa.Column("payload", pg.BYTEA, nullable=False),
    sa.Column("handled_at", sa.DateTime(timezone=True)),
    sa.CheckConstraint("octet_length(block_hash) = 32", name="block_hash_is_32_bytes"),
    sa.CheckConstraint("octet_length(topics) % 32 = 0", name="topics_are_32_bytes_each"),
    sa.Index(
        "ix_chain_events_waiting",
        "chain_key",
        "block_number",
        "log_index",
        postgresql_where=sa.text("handled_at IS NULL"),
    ),
    sa.Index("ix_chain_events_by_name", "chain_key", "contract", "name", "block_number"),
)
