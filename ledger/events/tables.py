"""Sources and what they stated. Facts are append-only and name nobody; bodies can be erased.

Text that decides order or identity is collated "C", so that it compares by Unicode code points.
``events.subject_reference`` repeats the participant of role ``subject``, which is what is checked
against ``identities``: one look-up an event less where most events are written.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from ledger.kernel.transaction import metadata

sources = sa.Table(
    "sources",
    metadata,
    sa.Column("source_id", sa.Uuid, primary_key=True),
    sa.Column("uri", sa.Text(collation="C"), nullable=False, unique=True),
    sa.Column("name", sa.Text(collation="C"), nullable=False, unique=True),
    sa.Column("profile", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("authority", pg.JSONB, nullable=False),
    sa.Column("lateness_days", sa.Integer, nullable=False),
    sa.Column("hourly_budget", sa.Integer, nullable=False),
    sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("state IN ('active', 'suspended')", name="state_is_known"),
    sa.CheckConstraint("lateness_days >= 0", name="lateness_not_negative"),
    sa.CheckConstraint("hourly_budget > 0", name="budget_positive"),
)

source_changes = sa.Table(
    "source_changes",
    metadata,
    sa.Column("change_id", sa.Uuid, primary_key=True),
    sa.Column("name", sa.Text(collation="C"), nullable=False),
    sa.Column("content", pg.JSONB, nullable=False),
    sa.Column("content_digest", pg.BYTEA, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("proposed_by", sa.Text, nullable=False),
    sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("decided_by", sa.Text),
    sa.Column("decided_at", sa.DateTime(timezone=True)),
    sa.CheckConstraint("state IN ('draft', 'approved', 'rejected')", name="state_is_known"),
    sa.CheckConstraint("num_nulls(decided_by, decided_at) IN (0, 2)", name="decision_is_whole"),
    sa.CheckConstraint("(state = 'draft') = (decided_by IS NULL)", name="decision_has_a_person"),
    sa.CheckConstraint("state <> 'approved' OR decided_by <> proposed_by", name="two_persons"),
    sa.CheckConstraint("octet_length(content_digest) = 32", name="digest_is_sha256"),
)

source_credentials = sa.Table(
    "source_credentials",
    metadata,
    sa.Column("credential_id", sa.Uuid, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("source", sa.Text(collation="C"), sa.ForeignKey("sources.uri"), nullable=False),
    sa.Column("content", pg.JSONB, nullable=False),
    sa.Column("content_digest", pg.BYTEA, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("inherited", sa.Boolean, nullable=False),
    sa.Column("proposed_by", sa.Uuid, sa.ForeignKey("members.member_id")),
    sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("announced_until", sa.DateTime(timezone=True)),
    sa.Column("decided_by", sa.Uuid, sa.ForeignKey("members.member_id")),
    sa.Column("decided_at", sa.DateTime(timezone=True)),
    sa.CheckConstraint("kind IN ('secret', 'key', 'origin')", name="kind_is_known"),
    sa.CheckConstraint("state IN ('draft', 'approved', 'rejected')", name="state_is_known"),
    sa.CheckConstraint("(state = 'draft') = (decided_at IS NULL)", name="decision_has_a_time"),
    sa.CheckConstraint(
        "inherited OR (proposed_by IS NOT NULL AND (state = 'draft') = (decided_by IS NULL))",
        name="decision_has_a_person",
    ),
    sa.CheckConstraint(
        "state <> 'approved' OR inherited OR decided_by <> proposed_by "
        "OR COALESCE(decided_at >= announced_until, false)",
        name="two_persons_or_a_notice",
    ),
    sa.CheckConstraint("octet_length(content_digest) = 32", name="digest_is_sha256"),
)

source_acts = sa.Table(
    "source_acts",
    metadata,
    sa.Column("act_id", sa.Uuid, primary_key=True),
    sa.Column("source", sa.Text(collation="C"), sa.ForeignKey("sources.uri"), nullable=False),
    sa.Column("act", sa.Text, nullable=False),
    sa.Column("done_by", sa.Uuid, sa.ForeignKey("members.member_id")),
    sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("act IN ('suspended', 'secrets_ended')", name="act_is_known"),
)

source_secrets = sa.Table(
    "source_secrets",
    metadata,
    sa.Column(
        "secret_id",
        sa.Uuid,
        sa.ForeignKey("source_credentials.credential_id"),
        primary_key=True,
    ),
    sa.Column("source_id", sa.Uuid, sa.ForeignKey("sources.source_id"), nullable=False),
    sa.Column("sealed", pg.BYTEA, nullable=False),
    sa.Column("issued_by", sa.Uuid, sa.ForeignKey("members.member_id")),
    sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("expires_at", sa.DateTime(timezone=True)),
    sa.Index("ix_source_secrets_source_id", "source_id"),
)

source_hours = sa.Table(
    "source_hours",
    metadata,
    sa.Column("source", sa.Text(collation="C"), sa.ForeignKey("sources.uri"), primary_key=True),
    sa.Column("hour", sa.DateTime(timezone=True), primary_key=True),
    sa.Column("accepted", sa.Integer, nullable=False),
    sa.Column("last_received_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("newest_occurred_at", sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("accepted > 0", name="accepted_positive"),
)

events = sa.Table(
    "events",
    metadata,
    sa.Column("event_id", sa.Uuid, primary_key=True),
    sa.Column("source", sa.Text(collation="C"), sa.ForeignKey("sources.uri"), nullable=False),
    sa.Column("source_event_id", sa.Text(collation="C"), nullable=False),
    sa.Column("type", sa.Text(collation="C"), nullable=False),
    sa.Column("recognised", sa.Boolean, nullable=False),
    sa.Column("subject_reference", sa.Uuid),
    sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("occurred_fraction", sa.Text(collation="C"), nullable=False),
    sa.Column("data", pg.JSONB, nullable=False),
    sa.Column("content_digest", pg.BYTEA, nullable=False),
    sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
    sa.UniqueConstraint("source", "source_event_id"),
    sa.CheckConstraint("recognised OR data = '{}'", name="unknown_types_keep_no_data"),
    sa.CheckConstraint("occurred_fraction ~ '^([0-9]*[1-9])?$'", name="fraction_has_no_tail"),
    sa.CheckConstraint("octet_length(content_digest) = 32", name="digest_is_sha256"),
    sa.Index("ix_events_unrecognised", "type", postgresql_where=sa.text("NOT recognised")),
)

event_participants = sa.Table(
    "event_participants",
    metadata,
    sa.Column("event_id", sa.Uuid, sa.ForeignKey("events.event_id"), primary_key=True),
    sa.Column("role", sa.Text(collation="C"), primary_key=True),
    sa.Column("reference", sa.Uuid, sa.ForeignKey("identities.reference"), nullable=False),
    sa.Index("ix_event_participants_reference", "reference", "event_id"),
)

retractions = sa.Table(
    "retractions",
    metadata,
    sa.Column("source", sa.Text(collation="C"), sa.ForeignKey("sources.uri"), primary_key=True),
    sa.Column("source_event_id", sa.Text(collation="C"), primary_key=True),
    sa.Column("retracted_by", sa.Text(collation="C"), nullable=False),
    sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
)

event_conflicts = sa.Table(
    "event_conflicts",
    metadata,
    sa.Column("conflict_id", sa.Uuid, primary_key=True),
    sa.Column("source", sa.Text(collation="C"), sa.ForeignKey("sources.uri"), nullable=False),
    sa.Column("source_event_id", sa.Text(collation="C"), nullable=False),
    sa.Column("type", sa.Text(collation="C"), nullable=False),
    sa.Column("content_digest", pg.BYTEA, nullable=False),
    sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
    sa.UniqueConstraint("source", "source_event_id", "content_digest"),
    sa.CheckConstraint("octet_length(content_digest) = 32", name="digest_is_sha256"),
)

event_bodies = sa.Table(
    "event_bodies",
    metadata,
    sa.Column("event_id", sa.Uuid, sa.ForeignKey("events.event_id"), primary_key=True),
    sa.Column("body", pg.BYTEA, nullable=False),
)

deliveries = sa.Table(
    "deliveries",
    metadata,
    sa.Column("delivery_id", sa.Uuid, primary_key=True),
    sa.Column("source", sa.Text(collation="C"), sa.ForeignKey("sources.uri"), nullable=False),
    sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("outcome", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("body_digest", pg.BYTEA),
    sa.CheckConstraint("outcome IN ('ignored', 'refused')", name="outcome_is_known"),
    sa.CheckConstraint("octet_length(body_digest) = 32", name="digest_is_sha256"),
    sa.Index("ix_deliveries_source", "source", "delivery_id"),
)

refused_requests = sa.Table(
    "refused_requests",
    metadata,
    sa.Column("refusal_id", sa.Uuid, primary_key=True),
    sa.Column("source", sa.Text(collation="C"), sa.ForeignKey("sources.uri")),
    sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("door", sa.Text, nullable=False),
    sa.Column("status", sa.Integer, nullable=False),
    sa.Column("code", sa.Text, nullable=False),
    sa.Column("reason", sa.Text),
    sa.Column("detail", pg.JSONB, nullable=False),
    sa.Column("body_bytes", sa.Integer),
    sa.Column("body_start", sa.Text),
    sa.CheckConstraint("body_start ~ '^[0-9a-f]{4}$'", name="body_start_is_short"),
    sa.Index("ix_refused_requests_source", "source", "refusal_id"),
    sa.Index("ix_refused_requests_received_at", "received_at"),
)
