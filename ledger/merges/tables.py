"""What was proposed and decided about who is one person. Append-only; the words stand apart."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from ledger.kernel.transaction import metadata

_MOMENT: Final = sa.DateTime(timezone=True)

member_merges = sa.Table(
    "member_merges",
    metadata,
    sa.Column("merge_id", sa.Uuid, primary_key=True),
    sa.Column("survivor", sa.Uuid, sa.ForeignKey("members.member_id"), nullable=False),
    sa.Column("absorbed", sa.Uuid, sa.ForeignKey("members.member_id"), nullable=False),
    sa.Column("undoes", sa.Uuid, sa.ForeignKey("member_merges.merge_id")),
    sa.Column("proposed_by", sa.Uuid, sa.ForeignKey("members.member_id"), nullable=False),
    sa.Column("proposed_at", _MOMENT, nullable=False),
    sa.Column("reason_digest", pg.BYTEA, nullable=False),
    sa.Column("content_digest", pg.BYTEA, nullable=False),
    sa.CheckConstraint("survivor <> absorbed", name="two_members"),
    sa.CheckConstraint("proposed_by NOT IN (survivor, absorbed)", name="not_by_oneself"),
    sa.CheckConstraint(
        "octet_length(reason_digest) = 32 AND octet_length(content_digest) = 32",
        name="digests_are_sha256",
    ),
    sa.Index("ix_member_merges_absorbed", "absorbed"),
)
"""A merge, or with ``undoes`` the split of one."""

member_merge_decisions = sa.Table(
    "member_merge_decisions",
    metadata,
    sa.Column("merge_id", sa.Uuid, sa.ForeignKey("member_merges.merge_id"), primary_key=True),
    sa.Column("decision", sa.Text, nullable=False),
    sa.Column("content_digest", pg.BYTEA, nullable=False),
    sa.Column("decided_by", sa.Uuid, sa.ForeignKey("members.member_id"), nullable=False),
    sa.Column("decided_at", _MOMENT, nullable=False),
    sa.CheckConstraint(
        "decision IN ('approved', 'rejected', 'withdrawn')", name="decision_is_known"
    ),
    sa.CheckConstraint("octet_length(content_digest) = 32", name="digest_is_sha256"),
)
"""Once for each; that two persons stand behind an approval is looked at by ``ledger verify``."""

member_merge_identities = sa.Table(
    "member_merge_identities",
    metadata,
    sa.Column("merge_id", sa.Uuid, sa.ForeignKey("member_merges.merge_id"), primary_key=True),
    sa.Column("reference", sa.Uuid, sa.ForeignKey("identities.reference"), primary_key=True),
)
"""Which identities went over with a merge, or back with a split."""

member_merge_entries = sa.Table(
    "member_merge_entries",
    metadata,
    sa.Column("entry_id", sa.Uuid, primary_key=True),
    sa.Column("merge_id", sa.Uuid, sa.ForeignKey("member_merges.merge_id"), nullable=False),
    sa.Index("ix_member_merge_entries_merge_id", "merge_id"),
)
"""The entries by which points and debt changed hands; none if there were none."""

member_merge_words = sa.Table(
    "member_merge_words",
    metadata,
    sa.Column("merge_id", sa.Uuid, sa.ForeignKey("member_merges.merge_id"), primary_key=True),
    sa.Column("reason", sa.Text, nullable=False),
)
"""Why, as it was said; goes with the person."""
