"""Hooks and what is delivered to them. They equal the migrations; a test compares them."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from ledger.kernel.transaction import metadata

_MOMENT: Final = sa.DateTime(timezone=True)

outgoing_hooks = sa.Table(
    "outgoing_hooks",
    metadata,
    sa.Column("hook_id", sa.Uuid, primary_key=True),
    sa.Column("url", sa.Text, nullable=False),
    sa.Column("sealed", pg.BYTEA, nullable=False),
    sa.Column("content_digest", pg.BYTEA, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("proposed_by", sa.Uuid, sa.ForeignKey("members.member_id"), nullable=False),
    sa.Column("proposed_at", _MOMENT, nullable=False),
    sa.Column("approved_by", sa.Uuid, sa.ForeignKey("members.member_id")),
    sa.Column("approved_at", _MOMENT),
    sa.Column("ended_by", sa.Uuid, sa.ForeignKey("members.member_id")),
    sa.Column("ended_at", _MOMENT),
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

outgoing_deliveries = sa.Table(
    "outgoing_deliveries",
    metadata,
    sa.Column("delivery_id", sa.Uuid, primary_key=True),
    sa.Column("hook_id", sa.Uuid, sa.ForeignKey("outgoing_hooks.hook_id"), nullable=False),
    sa.Column("member_id", sa.Uuid, sa.ForeignKey("members.member_id"), nullable=False),
    sa.Column("type", sa.Text, nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("created_at", _MOMENT, nullable=False),
    sa.Column("due_at", _MOMENT),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("last_status", sa.Integer),
    sa.Column("last_failure", sa.Text),
    sa.Column("delivered_at", _MOMENT),
    sa.CheckConstraint("attempts >= 0", name="attempts_counted"),
    sa.CheckConstraint("delivered_at IS NULL OR due_at IS NULL", name="delivered_is_done"),
    sa.Index(
        "ix_outgoing_deliveries_due",
        "hook_id",
        "due_at",
        postgresql_where=sa.text("due_at IS NOT NULL"),
    ),
    sa.Index("ix_outgoing_deliveries_hook_id", "hook_id", "delivery_id"),
    sa.Index("ix_outgoing_deliveries_member_id", "member_id"),
)
"""One row a message and hook. ``due_at`` absent: delivered, or given up."""
