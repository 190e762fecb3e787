"""Tables of oracle."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

from api.migrations import guards

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


def _sender() -> None:
    op.create_table(
        "intents",
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
    op.create_table(
        "intent_nonces",
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
    op.create_table(
        "intent_transactions",
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


def _bridge() -> None:
    op.create_table(
        "bridge_batches",
        sa.Column("batch_id", sa.Uuid, primary_key=True),
        sa.Column("chain_key", sa.Integer, sa.ForeignKey("chains.chain_key"), nullable=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("records", pg.BYTEA, nullable=False),
        sa.Column("records_hash", pg.BYTEA, nullable=False),
        sa.Column("points", sa.BigInteger, nullable=False),
        sa.Column("ledger_position", sa.BigInteger, nullable=False),
        sa.Column("escrowed_points", sa.BigInteger, nullable=False),
        sa.Column("executable_at", sa.DateTime(timezone=True)),
        sa.Column("expires_at", sa.DateTime(timezone=True)),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True)),
        sa.CheckConstraint(
            "state IN ('committing', 'committed', 'executed', 'vetoed', 'expired', 'refused')",
            name="state_is_known",
        ),
        sa.CheckConstraint("points > 0", name="points_are_positive"),
        sa.CheckConstraint("octet_length(records) BETWEEN 26 AND 13000", name="records_within_500"),
        sa.CheckConstraint("octet_length(records) % 26 = 0", name="records_are_whole"),
        sa.CheckConstraint("octet_length(records_hash) = 32", name="hash_is_32_bytes"),
        sa.Index(
            "ix_bridge_batches_one_of_a_sequence",
            "chain_key",
            "sequence",
            unique=True,
            postgresql_where=sa.text("state <> 'refused'"),
        ),
    )
    op.create_table(
        "bridge_requests",
        sa.Column("request_id", sa.Uuid, primary_key=True),
        sa.Column("chain_key", sa.Integer, sa.ForeignKey("chains.chain_key"), nullable=False),
        sa.Column("member_id", sa.Uuid, sa.ForeignKey("members.member_id"), nullable=False),
        sa.Column("wallet", sa.Text, nullable=False),
        sa.Column("points", sa.BigInteger, nullable=False),
        sa.Column("salt", pg.BYTEA, nullable=False),
        sa.Column("entry_id", sa.Uuid, nullable=False, unique=True),
        sa.Column("journal_sequence", sa.BigInteger, nullable=False, unique=True),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("batch_id", sa.Uuid, sa.ForeignKey("bridge_batches.batch_id")),
        sa.Column("return_reason", sa.Text),
        sa.Column("return_entry_id", sa.Uuid),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True)),
        sa.CheckConstraint(
            "state IN ('escrowed', 'batched', 'minted', 'returned')", name="state_is_known"
        ),
        sa.CheckConstraint("points > 0", name="points_are_positive"),
        sa.CheckConstraint(
            "state NOT IN ('batched', 'minted') OR batch_id IS NOT NULL", name="batched_has_batch"
        ),
        sa.CheckConstraint(
            "(state = 'returned') = (return_reason IS NOT NULL AND return_entry_id IS NOT NULL)",
            name="returned_says_why",
        ),
        sa.Index("ix_bridge_requests_member_id", "member_id", "request_id"),
        sa.Index("ix_bridge_requests_batch_id", "batch_id"),
        sa.Index(
            "ix_bridge_requests_waiting",
            "chain_key",
            "journal_sequence",
            postgresql_where=sa.text("state IN ('escrowed', 'batched')"),
        ),
    )
    op.create_table(
        "bridge_references",
        sa.Column("reference", pg.BYTEA, primary_key=True),
        sa.Column("chain_key", sa.Integer, sa.ForeignKey("chains.chain_key"), nullable=False),
        sa.Column("member_id", sa.Uuid, sa.ForeignKey("members.member_id"), nullable=False),
        sa.Column("holder", sa.Text, nullable=False),
        sa.Column("points", sa.BigInteger, nullable=False),
        sa.Column("holder_nonce", sa.BigInteger, nullable=False),
        sa.Column("deadline", sa.BigInteger, nullable=False),
        sa.Column("relay_key", sa.Text),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("octet_length(reference) = 32", name="reference_is_32_bytes"),
        sa.CheckConstraint("points > 0", name="points_are_positive"),
        sa.Index("ix_bridge_references_member_id", "member_id", "created_at"),
    )
    op.create_table(
        "bridge_redemptions",
        sa.Column("chain_key", sa.Integer, sa.ForeignKey("chains.chain_key"), primary_key=True),
        sa.Column("sequence", sa.BigInteger, primary_key=True),
        sa.Column("bridge_address", sa.Text, nullable=False),
        sa.Column("reference", pg.BYTEA, nullable=False),
        sa.Column("holder", sa.Text, nullable=False),
        sa.Column("points", sa.BigInteger, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("parked_reason", sa.Text),
        sa.Column("member_id", sa.Uuid, sa.ForeignKey("members.member_id")),
        sa.Column("entry_id", sa.Uuid, unique=True),
        sa.Column("block_number", sa.BigInteger, nullable=False),
        sa.Column("transaction_hash", pg.BYTEA, nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("sequence > 0", name="sequence_is_positive"),
        sa.CheckConstraint("points > 0", name="points_are_positive"),
        sa.CheckConstraint(
            "CASE state WHEN 'credited' THEN entry_id IS NOT NULL AND member_id IS NOT NULL "
            "AND parked_reason IS NULL WHEN 'parked' THEN entry_id IS NULL "
            "AND parked_reason IS NOT NULL ELSE false END",
            name="credited_or_parked",
        ),
        sa.Index(
            "ix_bridge_redemptions_one_of_a_reference",
            "reference",
            unique=True,
            postgresql_where=sa.text("state = 'credited'"),
        ),
        sa.Index("ix_bridge_redemptions_member_id", "member_id"),
    )
    op.create_table(
        "bridge_stops",
        sa.Column("stop_id", sa.Uuid, primary_key=True),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("message", sa.Text, nullable=False),
        sa.Column("stopped_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lifted_at", sa.DateTime(timezone=True)),
        sa.Column("lifted_by", sa.Uuid, sa.ForeignKey("members.member_id")),
        sa.Index(
            "ix_bridge_stops_one_of_a_reason",
            "reason",
            unique=True,
            postgresql_where=sa.text("lifted_at IS NULL"),
        ),
    )
    op.create_table(
        "chain_resets",
        sa.Column("reset_id", sa.Uuid, primary_key=True),
        sa.Column("chain_key", sa.Integer, sa.ForeignKey("chains.chain_key"), nullable=False),
        sa.Column("content", pg.JSONB, nullable=False),
        sa.Column("content_digest", pg.BYTEA, nullable=False),
        sa.Column("prepared_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True)),
        sa.CheckConstraint("octet_length(content_digest) = 32", name="digest_is_sha256"),
        sa.Index(
            "ix_chain_resets_one_open",
            "chain_key",
            unique=True,
            postgresql_where=sa.text("finished_at IS NULL"),
        ),
    )
    op.create_table(
        "chain_reset_confirmations",
        sa.Column("reset_id", sa.Uuid, sa.ForeignKey("chain_resets.reset_id"), primary_key=True),
        sa.Column("member_id", sa.Uuid, sa.ForeignKey("members.member_id"), primary_key=True),
        sa.Column("content_digest", pg.BYTEA, nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("octet_length(content_digest) = 32", name="digest_is_sha256"),
    )


def upgrade() -> None:
    _indexer()
    _sender()
    _bridge()
    guards.refuse_changes(op, "chain_reset_confirmations")
