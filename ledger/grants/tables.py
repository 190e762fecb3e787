"""Tables of budgets and grants. They equal the migrations; a test compares them."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from ledger.grants.budgets.tables import budget_decisions
from ledger.kernel.transaction import metadata

_MOMENT: Final = sa.DateTime(timezone=True)

budgets = sa.Table(
    "budgets",
    metadata,
    sa.Column("budget_id", sa.Uuid, sa.ForeignKey(budget_decisions.c.budget_id), primary_key=True),
    sa.Column("name", sa.Text, nullable=False, unique=True),
    sa.Column("amount", sa.BigInteger, nullable=False),
    sa.Column("opened_by", sa.Uuid, sa.ForeignKey("members.member_id"), nullable=False),
    sa.Column("opened_at", _MOMENT, nullable=False),
    sa.Column("content_digest", pg.BYTEA, nullable=False),
    sa.CheckConstraint("amount > 0", name="amount_is_positive"),
    sa.CheckConstraint("octet_length(content_digest) = 32", name="digest_is_sha256"),
)
"""Append-only: open budgets. What has been paid of one is the sum of its paid grants."""

grants = sa.Table(
    "grants",
    metadata,
    sa.Column("grant_id", sa.Uuid, primary_key=True),
    sa.Column("budget_id", sa.Uuid, sa.ForeignKey("budgets.budget_id"), nullable=False),
    sa.Column("created_by", sa.Uuid, sa.ForeignKey("members.member_id"), nullable=False),
    sa.Column("created_at", _MOMENT, nullable=False),
    sa.Column("activates_at", _MOMENT),
    sa.Column("expires_at", _MOMENT),
    sa.Column("points", sa.BigInteger, nullable=False),
    sa.Column("reason_digest", pg.BYTEA, nullable=False),
    sa.Column("content_digest", pg.BYTEA, nullable=False),
    sa.Column("persons_needed", sa.SmallInteger, nullable=False),
    sa.Column("payable_from", _MOMENT),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("closed_by", sa.Uuid, sa.ForeignKey("members.member_id")),
    sa.Column("closed_at", _MOMENT),
    sa.Column("vesting", pg.JSONB(none_as_null=True)),
    sa.CheckConstraint(
        "state IN ('proposed', 'paid', 'rejected', 'withdrawn', 'taking_back', 'taken_back')",
        name="state_is_known",
    ),
    sa.CheckConstraint("points > 0", name="points_are_positive"),
    sa.CheckConstraint("persons_needed BETWEEN 1 AND 3", name="persons_needed_is_stated"),
    sa.CheckConstraint(
        "(persons_needed = 1) = (payable_from IS NOT NULL)", name="one_person_only_with_delay"
    ),
    sa.CheckConstraint(
        "num_nulls(closed_by, closed_at) = CASE state WHEN 'proposed' THEN 2 ELSE 0 END",
        name="closing_is_whole",
    ),
    sa.CheckConstraint(
        "octet_length(reason_digest) = 32 AND octet_length(content_digest) = 32",
        name="digests_are_sha256",
    ),
    sa.CheckConstraint(
        "vesting IS NULL OR (jsonb_typeof(vesting) = 'object' AND activates_at IS NULL)",
        name="vesting_says_when",
    ),
    sa.Index("ix_grants_budget_id", "budget_id"),
    sa.Index("ix_grants_created_by", "created_by", "created_at"),
    sa.Index("ix_grants_open", "created_at", postgresql_where=sa.text("state = 'proposed'")),
)
"""Only ``state`` and how it was closed ever change. ``content_digest`` covers the exact content.

``vesting``: the terms of its kind, as they were when it was proposed.
"""

grant_lines = sa.Table(
    "grant_lines",
    metadata,
    sa.Column("grant_id", sa.Uuid, sa.ForeignKey("grants.grant_id"), primary_key=True),
    sa.Column("line", sa.Integer, primary_key=True),
    sa.Column("member_id", sa.Uuid, sa.ForeignKey("members.member_id"), nullable=False),
    sa.Column("points", sa.BigInteger, nullable=False),
    sa.UniqueConstraint("grant_id", "member_id"),
    sa.CheckConstraint("points > 0", name="points_are_positive"),
)
"""Append-only: who gets what."""

grant_reasons = sa.Table(
    "grant_reasons",
    metadata,
    sa.Column("grant_id", sa.Uuid, sa.ForeignKey("grants.grant_id"), primary_key=True),
    sa.Column("reason", sa.Text, nullable=False),
)
"""Erasable: people write names into reasons. Its digest stays in the grant."""

grant_approvals = sa.Table(
    "grant_approvals",
    metadata,
    sa.Column("grant_id", sa.Uuid, sa.ForeignKey("grants.grant_id"), primary_key=True),
    sa.Column("person_id", sa.Uuid, sa.ForeignKey("members.member_id"), primary_key=True),
    sa.Column("content_digest", pg.BYTEA, nullable=False),
    sa.Column("approved_at", _MOMENT, nullable=False),
    sa.CheckConstraint("octet_length(content_digest) = 32", name="digest_is_sha256"),
)
"""Append-only: the persons who stand for a grant, its creator first."""
