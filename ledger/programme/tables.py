"""Stored programme versions, the activations proposed and approved, and the activations in force.

All of them are append-only: a version is immutable, an activation is a fact.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from ledger.kernel.transaction import metadata

programmes = sa.Table(
    "programmes",
    metadata,
    sa.Column("programme_hash", pg.BYTEA, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("version", sa.Text, nullable=False),
    sa.Column("source_text", sa.Text, nullable=False),
    sa.Column("canonical", sa.Text, nullable=False),
    sa.Column("stored_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("stored_by", sa.Text, nullable=False),
    sa.CheckConstraint("octet_length(programme_hash) = 32", name="hash_is_sha256"),
)

programme_changes = sa.Table(
    "programme_changes",
    metadata,
    sa.Column("change_id", sa.Uuid, primary_key=True),
    sa.Column(
        "programme_hash", pg.BYTEA, sa.ForeignKey("programmes.programme_hash"), nullable=False
    ),
    sa.Column("effective_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("mode", sa.Text, nullable=False),
    sa.Column("content_hash", pg.BYTEA, nullable=False),
    sa.Column("proposed_by", sa.Uuid, sa.ForeignKey("members.member_id"), nullable=False),
    sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("mode IN ('forward', 'restatement', 'top_up')", name="mode_is_known"),
    sa.CheckConstraint("octet_length(content_hash) = 32", name="hash_is_sha256"),
)

programme_decisions = sa.Table(
    "programme_decisions",
    metadata,
    sa.Column("change_id", sa.Uuid, sa.ForeignKey("programme_changes.change_id"), primary_key=True),
    sa.Column("decided_by", sa.Uuid, sa.ForeignKey("members.member_id"), nullable=False),
    sa.Column("decision", sa.Text, nullable=False),
    sa.Column("content_hash", pg.BYTEA, nullable=False),
    sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("decision IN ('approved', 'rejected')", name="decision_is_known"),
)

programme_consents = sa.Table(
    "programme_consents",
    metadata,
    sa.Column("change_id", sa.Uuid, sa.ForeignKey("programme_changes.change_id"), primary_key=True),
    sa.Column("consented_by", sa.Uuid, sa.ForeignKey("members.member_id"), nullable=False),
    sa.Column("preview_digest", pg.BYTEA, nullable=False),
    sa.Column("consented_at", sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("octet_length(preview_digest) = 32", name="digest_is_sha256"),
)
"""Append-only: who agreed, having seen which preview, that a version is to reach back."""

programme_previews = sa.Table(
    "programme_previews",
    metadata,
    sa.Column("preview_id", sa.Uuid, primary_key=True),
    sa.Column(
        "programme_hash", pg.BYTEA, sa.ForeignKey("programmes.programme_hash"), nullable=False
    ),
    sa.Column("effective_at", sa.DateTime(timezone=True)),
    sa.Column("mode", sa.Text, nullable=False),
    sa.Column("requested_by", sa.Uuid, sa.ForeignKey("members.member_id"), nullable=False),
    sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("members_done", sa.Integer, nullable=False),
    sa.Column("members_in_all", sa.Integer, nullable=False),
    sa.Column("finished_at", sa.DateTime(timezone=True)),
    sa.Column("result", pg.BYTEA),
    sa.Column("digest", pg.BYTEA),
    sa.Column("failure", sa.Text),
    sa.CheckConstraint("mode IN ('forward', 'restatement', 'top_up')", name="mode_is_known"),
    sa.CheckConstraint("octet_length(digest) = 32", name="digest_is_sha256"),
    sa.CheckConstraint("(result IS NULL) = (digest IS NULL)", name="result_has_a_digest"),
    sa.CheckConstraint(
        "(finished_at IS NULL) = (num_nonnulls(result, failure) = 0)", name="finished_with_an_end"
    ),
)
"""What a proposed activation would do, worked out by a worker; may be deleted at any time."""

programme_activations = sa.Table(
    "programme_activations",
    metadata,
    sa.Column("activation_id", sa.Uuid, primary_key=True),
    sa.Column("number", sa.BigInteger, sa.Identity(always=True), nullable=False, unique=True),
    sa.Column(
        "programme_hash", pg.BYTEA, sa.ForeignKey("programmes.programme_hash"), nullable=False
    ),
    sa.Column("effective_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("mode", sa.Text, nullable=False),
    sa.Column("cause", pg.JSONB, nullable=False),
    sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("mode IN ('forward', 'restatement', 'top_up')", name="mode_is_known"),
)

period_closes = sa.Table(
    "period_closes",
    metadata,
    sa.Column("closed_until", sa.DateTime(timezone=True), primary_key=True),
    sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
)
