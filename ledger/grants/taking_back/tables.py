"""Tables of grants taken back. They equal the migrations; a test compares them."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from ledger.kernel.transaction import metadata

_MOMENT: Final = sa.DateTime(timezone=True)

grant_take_backs = sa.Table(
    "grant_take_backs",
    metadata,
    sa.Column("take_back_id", sa.Uuid, primary_key=True),
    sa.Column("grant_id", sa.Uuid, sa.ForeignKey("grants.grant_id"), nullable=False),
    sa.Column("asked_by", sa.Uuid, sa.ForeignKey("members.member_id"), nullable=False),
    sa.Column("asked_at", _MOMENT, nullable=False),
    sa.Column("due_from", _MOMENT),
    sa.Column("reason_digest", pg.BYTEA, nullable=False),
    sa.Column("content_digest", pg.BYTEA, nullable=False),
    sa.CheckConstraint("due_from > asked_at", name="due_after_it_was_asked_for"),
    sa.CheckConstraint(
        "octet_length(reason_digest) = 32 AND octet_length(content_digest) = 32",
        name="digests_are_sha256",
    ),
    sa.Index("ix_grant_take_backs_grant_id", "grant_id"),
)
"""Append-only. ``due_from`` is set where a delay stands for a second person."""

grant_take_back_decisions = sa.Table(
    "grant_take_back_decisions",
    metadata,
    sa.Column(
        "take_back_id", sa.Uuid, sa.ForeignKey("grant_take_backs.take_back_id"), primary_key=True
    ),
    sa.Column("decision", sa.Text, nullable=False),
    sa.Column("content_digest", pg.BYTEA, nullable=False),
    sa.Column("decided_by", sa.Uuid, sa.ForeignKey("members.member_id"), nullable=False),
    sa.Column("decided_at", _MOMENT, nullable=False),
    sa.CheckConstraint(
        "decision IN ('approved', 'rejected', 'withdrawn')", name="decision_is_known"
    ),
    sa.CheckConstraint("octet_length(content_digest) = 32", name="digest_is_sha256"),
)
"""Append-only, once for each."""

grant_take_back_reasons = sa.Table(
    "grant_take_back_reasons",
    metadata,
    sa.Column(
        "take_back_id", sa.Uuid, sa.ForeignKey("grant_take_backs.take_back_id"), primary_key=True
    ),
    sa.Column("reason", sa.Text, nullable=False),
)
"""Erasable: people write names into reasons. Its digest stays."""
