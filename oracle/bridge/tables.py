"""Tables of the bridge: requests, batches, references, redemptions, stops and resets."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from ledger.kernel.transaction import metadata

bridge_batches = sa.Table(
    "bridge_batches",
    metadata,
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

bridge_requests = sa.Table(
    "bridge_requests",
    metadata,
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

bridge_foreign_batches = sa.Table(
    "bridge_foreign_batches",
    metadata,
    sa.Column("chain_key", sa.Integer, sa.ForeignKey("chains.chain_key"), primary_key=True),
    sa.Column("sequence", sa.BigInteger, primary_key=True),
    sa.Column("records_hash", pg.BYTEA, nullable=False),
    sa.Column("points", sa.BigInteger, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("acknowledged_by", sa.Uuid, sa.ForeignKey("members.member_id"), nullable=False),
    sa.Column("acknowledged_at", sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint(
        "state IN ('committed', 'executed', 'vetoed', 'expired')", name="state_is_known"
    ),
    sa.CheckConstraint("octet_length(records_hash) = 32", name="hash_is_32_bytes"),
    sa.CheckConstraint("points > 0", name="points_are_positive"),
)
"""Batches of somebody else with the poster's key, once an admin has looked at them."""

bridge_references = sa.Table(
    "bridge_references",
    metadata,
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

bridge_redemptions = sa.Table(
    "bridge_redemptions",
    metadata,
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

bridge_redemption_gaps = sa.Table(
    "bridge_redemption_gaps",
    metadata,
    sa.Column("gap_id", sa.Uuid, primary_key=True),
    sa.Column("chain_key", sa.Integer, sa.ForeignKey("chains.chain_key"), nullable=False),
    sa.Column("sequence_from", sa.BigInteger, nullable=False),
    sa.Column("sequence_to", sa.BigInteger, nullable=False),
    sa.Column("points", sa.BigInteger, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("proposed_by", sa.Uuid, sa.ForeignKey("members.member_id"), nullable=False),
    sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("withdrawn_at", sa.DateTime(timezone=True)),
    sa.Column("confirmed_by", sa.Uuid, sa.ForeignKey("members.member_id")),
    sa.Column("confirmed_at", sa.DateTime(timezone=True)),
    sa.CheckConstraint("0 < sequence_from AND sequence_from <= sequence_to", name="is_a_range"),
    sa.CheckConstraint("points >= 0", name="points_are_not_negative"),
    sa.CheckConstraint("confirmed_by <> proposed_by", name="two_persons"),
    sa.CheckConstraint(
        "(confirmed_by IS NULL) = (confirmed_at IS NULL) "
        "AND (confirmed_at IS NULL OR withdrawn_at IS NULL)",
        name="open_withdrawn_or_confirmed",
    ),
    sa.Index(
        "ix_bridge_redemption_gaps_one_open",
        "chain_key",
        unique=True,
        postgresql_where=sa.text("confirmed_at IS NULL AND withdrawn_at IS NULL"),
    ),
    sa.Index(
        "ix_bridge_redemption_gaps_one_confirmed",
        "chain_key",
        "sequence_from",
        unique=True,
        postgresql_where=sa.text("confirmed_at IS NOT NULL"),
    ),
)
"""Burns that were never read, once two admins have looked at what is missing."""

bridge_stops = sa.Table(
    "bridge_stops",
    metadata,
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

chain_resets = sa.Table(
    "chain_resets",
    metadata,
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

chain_reset_confirmations = sa.Table(
    "chain_reset_confirmations",
    metadata,
    sa.Column("reset_id", sa.Uuid, sa.ForeignKey("chain_resets.reset_id"), primary_key=True),
    sa.Column("member_id", sa.Uuid, sa.ForeignKey("members.member_id"), primary_key=True),
    sa.Column("content_digest", pg.BYTEA, nullable=False),
    sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("octet_length(content_digest) = 32", name="digest_is_sha256"),
)
"""Append-only: the primary key makes two rows two persons."""
