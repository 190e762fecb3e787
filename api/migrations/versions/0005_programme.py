"""Programme versions and their activations; awards and their revisions."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

from api.migrations import guards

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def _time(name: str, *, unique: bool | None = None) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=False, unique=unique)


def _programme_hash() -> sa.Column[object]:
    reference = sa.ForeignKey("programmes.programme_hash")
    return sa.Column("programme_hash", pg.BYTEA, reference, nullable=False)


def _member(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.Uuid, sa.ForeignKey("members.member_id"), nullable=False)


def upgrade() -> None:
    _programmes()
    _awards()
    for table in (
        "programmes",
        "programme_changes",
        "programme_decisions",
        "programme_activations",
        "period_closes",
        "awards",
        "award_revisions",
    ):
        guards.refuse_changes(op, table)


def _programmes() -> None:
    op.create_table(
        "programmes",
        sa.Column("programme_hash", pg.BYTEA, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("version", sa.Text, nullable=False),
        sa.Column("source_text", sa.Text, nullable=False),
        sa.Column("canonical", sa.Text, nullable=False),
        _time("stored_at"),
        sa.Column("stored_by", sa.Text, nullable=False),
        sa.CheckConstraint("octet_length(programme_hash) = 32", name="hash_is_sha256"),
    )
    op.create_table(
        "programme_changes",
        sa.Column("change_id", sa.Uuid, primary_key=True),
        _programme_hash(),
        _time("effective_at"),
        sa.Column("mode", sa.Text, nullable=False),
        sa.Column("content_hash", pg.BYTEA, nullable=False),
        _member("proposed_by"),
        _time("proposed_at"),
        sa.CheckConstraint("mode IN ('forward')", name="mode_is_known"),
        sa.CheckConstraint("octet_length(content_hash) = 32", name="hash_is_sha256"),
    )
    op.create_table(
        "programme_decisions",
        sa.Column(
            "change_id", sa.Uuid, sa.ForeignKey("programme_changes.change_id"), primary_key=True
        ),
        _member("decided_by"),
        sa.Column("decision", sa.Text, nullable=False),
        sa.Column("content_hash", pg.BYTEA, nullable=False),
        _time("decided_at"),
        sa.CheckConstraint("decision IN ('approved', 'rejected')", name="decision_is_known"),
    )
    op.create_table(
        "programme_activations",
        sa.Column("activation_id", sa.Uuid, primary_key=True),
        _programme_hash(),
        _time("effective_at", unique=True),
        sa.Column("mode", sa.Text, nullable=False),
        sa.Column("cause", pg.JSONB, nullable=False),
        _time("recorded_at"),
        sa.CheckConstraint("mode IN ('forward')", name="mode_is_known"),
    )
    op.create_table(
        "period_closes",
        sa.Column("closed_until", sa.DateTime(timezone=True), primary_key=True),
        _time("recorded_at"),
    )


def _awards() -> None:
    op.create_table(
        "awards",
        sa.Column("award_id", sa.Uuid, primary_key=True),
        _member("member_id"),
        sa.Column("rule_id", sa.Text, nullable=False),
        sa.Column("event_id", sa.Uuid, sa.ForeignKey("events.event_id")),
        sa.Column("period", sa.Text),
        _time("earned_at"),
        _time("created_at"),
        sa.CheckConstraint("(event_id IS NULL) <> (period IS NULL)", name="one_cause"),
    )
    op.create_index(
        "uq_awards_event",
        "awards",
        ["member_id", "rule_id", "event_id"],
        unique=True,
        postgresql_where=sa.text("event_id IS NOT NULL"),
    )
    op.create_index(
        "uq_awards_period",
        "awards",
        ["member_id", "rule_id", "period"],
        unique=True,
        postgresql_where=sa.text("period IS NOT NULL"),
    )
    op.create_table(
        "award_revisions",
        sa.Column("award_id", sa.Uuid, sa.ForeignKey("awards.award_id"), primary_key=True),
        sa.Column("revision", sa.Integer, primary_key=True),
        sa.Column("points", sa.BigInteger, nullable=False),
        sa.Column("excess", sa.BigInteger, nullable=False),
        sa.Column("receipt", pg.JSONB, nullable=False),
        sa.Column("entry_id", sa.Uuid),
        _time("recorded_at"),
        sa.CheckConstraint("points >= 0 AND excess >= 0", name="worth_is_not_negative"),
    )
