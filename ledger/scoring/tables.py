"""What was awarded for what: one row per cause, rule and beneficiary, and its revisions.

``awards`` names the thing that can be paid for; ``award_revisions`` says, append-only, what it has
been worth since when and which journal entry brought the difference. The award's present worth is
its last revision. ``scoring_checkpoints`` only saves work: every row may be dropped at any time.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from ledger.kernel.transaction import metadata

awards = sa.Table(
    "awards",
    metadata,
    sa.Column("award_id", sa.Uuid, primary_key=True),
    sa.Column("member_id", sa.Uuid, sa.ForeignKey("members.member_id"), nullable=False),
    sa.Column("rule_id", sa.Text, nullable=False),
    sa.Column("event_id", sa.Uuid, sa.ForeignKey("events.event_id")),
    sa.Column("period", sa.Text),
    sa.Column("earned_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("(event_id IS NULL) <> (period IS NULL)", name="one_cause"),
    sa.Index(
        "uq_awards_event",
        "member_id",
        "rule_id",
        "event_id",
        unique=True,
        postgresql_where=sa.text("event_id IS NOT NULL"),
    ),
    sa.Index(
        "uq_awards_period",
        "member_id",
        "rule_id",
        "period",
        unique=True,
        postgresql_where=sa.text("period IS NOT NULL"),
    ),
    sa.Index("ix_awards_earned_at", "member_id", "earned_at"),
)

award_revisions = sa.Table(
    "award_revisions",
    metadata,
    sa.Column("award_id", sa.Uuid, sa.ForeignKey("awards.award_id"), primary_key=True),
    sa.Column("revision", sa.Integer, primary_key=True),
    sa.Column("points", sa.BigInteger, nullable=False),
    sa.Column("excess", sa.BigInteger, nullable=False),
    sa.Column("receipt", pg.JSONB, nullable=False),
    sa.Column("entry_id", sa.Uuid),
    sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("points >= 0 AND excess >= 0", name="worth_is_not_negative"),
)

scoring_checkpoints = sa.Table(
    "scoring_checkpoints",
    metadata,
    sa.Column("member_id", sa.Uuid, sa.ForeignKey("members.member_id"), primary_key=True),
    sa.Column("plan_digest", pg.BYTEA, nullable=False),
    sa.Column("position_seconds", sa.BigInteger, nullable=False),
    sa.Column("position_fraction", sa.Text(collation="C"), nullable=False),
    sa.Column("position_source", sa.Text(collation="C"), nullable=False),
    sa.Column("position_id", sa.Text(collation="C"), nullable=False),
    sa.Column("horizon", sa.DateTime(timezone=True), nullable=False),
    sa.Column("kept_events", pg.ARRAY(sa.Uuid), nullable=False),
    sa.Column("first_after", sa.Uuid, nullable=False),
    sa.Column("states", sa.Text, nullable=False),
    sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("octet_length(plan_digest) = 32", name="digest_is_sha256"),
)
