"""What brought people and how far they came; webhooks by which a CRM is told of it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0063"
down_revision = "0061"
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "funnel_touches",
        sa.Column("touch_id", sa.Uuid, primary_key=True),
        sa.Column("visitor_digest", pg.BYTEA),
        sa.Column("member_id", sa.Uuid, sa.ForeignKey("members.member_id")),
        sa.Column("is_first", sa.Boolean, nullable=False),
        sa.Column("touched_at", _TIME, nullable=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("source", "medium", "campaign")),
        sa.UniqueConstraint("visitor_digest", "is_first"),
        sa.CheckConstraint("visitor_digest IS NULL OR member_id IS NULL", name="of_one_at_most"),
        sa.CheckConstraint(
            "is_first OR num_nonnulls(visitor_digest, member_id) = 1", name="nobodys_is_the_first"
        ),
        sa.CheckConstraint("octet_length(visitor_digest) = 32", name="digest_is_sha256"),
        sa.CheckConstraint(
            "length(source) BETWEEN 1 AND 64 AND length(medium) BETWEEN 1 AND 64 "
            "AND length(campaign) <= 64",
            name="words_are_short",
        ),
    )
    op.create_index(
        "ix_funnel_touches_member_id",
        "funnel_touches",
        ["member_id"],
        postgresql_where=sa.text("member_id IS NOT NULL"),
    )
    op.create_index("ix_funnel_touches_touched_at", "funnel_touches", ["touched_at"])
    op.create_table(
        "funnel_stages",
        sa.Column("event_id", sa.Uuid, primary_key=True),
        sa.Column("member_id", sa.Uuid, sa.ForeignKey("members.member_id"), nullable=False),
        sa.Column("stage", sa.Text, nullable=False),
        sa.Column("reached_at", _TIME, nullable=False),
        sa.Column("recorded_at", _TIME, nullable=False),
        sa.UniqueConstraint("member_id", "stage"),
        sa.CheckConstraint(
            "stage IN ('first_visit', 'sign_up', 'activation', 'first_earn', 'first_redemption', "
            "'purchase', 'bridge', 'vote')",
            name="stage_is_known",
        ),
    )
    _create_hooks()


def _create_hooks() -> None:
    op.create_table(
        "outgoing_hooks",
        sa.Column("hook_id", sa.Uuid, primary_key=True),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("sealed", pg.BYTEA, nullable=False),
        sa.Column("content_digest", pg.BYTEA, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("proposed_by", sa.Uuid, sa.ForeignKey("members.member_id"), nullable=False),
        sa.Column("proposed_at", _TIME, nullable=False),
        sa.Column("approved_by", sa.Uuid, sa.ForeignKey("members.member_id")),
        sa.Column("approved_at", _TIME),
        sa.Column("ended_by", sa.Uuid, sa.ForeignKey("members.member_id")),
        sa.Column("ended_at", _TIME),
        sa.CheckConstraint("state IN ('draft', 'live', 'paused', 'ended')", name="state_is_known"),
        sa.CheckConstraint("length(url) BETWEEN 10 AND 500", name="url_is_short"),
        sa.CheckConstraint("num_nulls(approved_by, approved_at) IN (0, 2)", name="approval_whole"),
        sa.CheckConstraint("approved_by <> proposed_by", name="two_persons"),
        sa.CheckConstraint(
            "state NOT IN ('live', 'paused') OR approved_by IS NOT NULL", name="live_is_approved"
        ),
        sa.CheckConstraint("(state = 'ended') = (ended_at IS NOT NULL)", name="end_is_dated"),
        sa.CheckConstraint("num_nulls(ended_by, ended_at) IN (0, 2)", name="end_is_whole"),
        sa.CheckConstraint("octet_length(content_digest) = 32", name="digest_is_sha256"),
    )
    op.create_table(
        "outgoing_deliveries",
        sa.Column("delivery_id", sa.Uuid, primary_key=True),
        sa.Column("hook_id", sa.Uuid, sa.ForeignKey("outgoing_hooks.hook_id"), nullable=False),
        sa.Column("member_id", sa.Uuid, sa.ForeignKey("members.member_id"), nullable=False),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("due_at", _TIME),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("last_status", sa.Integer),
        sa.Column("last_failure", sa.Text),
        sa.Column("delivered_at", _TIME),
        sa.CheckConstraint("attempts >= 0", name="attempts_counted"),
        sa.CheckConstraint("delivered_at IS NULL OR due_at IS NULL", name="delivered_is_done"),
    )
    op.create_index(
        "ix_outgoing_deliveries_due",
        "outgoing_deliveries",
        ["hook_id", "due_at"],
        postgresql_where=sa.text("due_at IS NOT NULL"),
    )
    op.create_index(
        "ix_outgoing_deliveries_hook_id", "outgoing_deliveries", ["hook_id", "delivery_id"]
    )
    op.create_index("ix_outgoing_deliveries_member_id", "outgoing_deliveries", ["member_id"])
