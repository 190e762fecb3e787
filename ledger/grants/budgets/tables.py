"""Tables of budgets that were asked for. They equal the migrations; a test compares them."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from ledger.kernel.transaction import metadata

_MOMENT: Final = sa.DateTime(timezone=True)

budget_proposals = sa.Table(
    "budget_proposals",
    metadata,
    sa.Column("budget_id", sa.Uuid, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("amount", sa.BigInteger, nullable=False),
    sa.Column("proposed_by", sa.Uuid, sa.ForeignKey("members.member_id"), nullable=False),
    sa.Column("proposed_at", _MOMENT, nullable=False),
    sa.Column("open_from", _MOMENT),
    sa.Column("content_digest", pg.BYTEA, nullable=False),
    sa.CheckConstraint("amount > 0", name="amount_is_positive"),
    sa.CheckConstraint("open_from >= proposed_at", name="opens_after_it_was_asked_for"),
    sa.CheckConstraint("octet_length(content_digest) = 32", name="digest_is_sha256"),
)
"""Append-only. ``open_from`` is set where a public notice stands for a second person."""

budget_decisions = sa.Table(
    "budget_decisions",
    metadata,
    sa.Column("budget_id", sa.Uuid, sa.ForeignKey("budget_proposals.budget_id"), primary_key=True),
    sa.Column("decision", sa.Text, nullable=False),
    sa.Column("content_digest", pg.BYTEA, nullable=False),
    sa.Column("decided_by", sa.Uuid, sa.ForeignKey("members.member_id")),
    sa.Column("decided_at", _MOMENT, nullable=False),
    sa.Column("vote", pg.JSONB(none_as_null=True)),
    sa.CheckConstraint(
        "num_nonnulls(decided_by, vote) = 1 AND (vote IS NULL OR decision = 'approved')",
        name="somebody_decided",
    ),
    sa.CheckConstraint(
        "decision IN ('approved', 'rejected', 'withdrawn')", name="decision_is_known"
    ),
    sa.CheckConstraint("octet_length(content_digest) = 32", name="digest_is_sha256"),
)
"""Append-only, once for each; without an approval ``budgets`` has no row of this id."""
