"""Who is one person with whom: merges and splits of members, append-only, the words apart."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

from api.migrations.guards import refuse_changes

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("members", sa.Column("merged_into", sa.Uuid, sa.ForeignKey("members.member_id")))
    op.drop_constraint("status_is_known", "members", type_="check")
    for name, condition in (
        ("status_is_known", "status IN ('active', 'blocked', 'erased', 'merged')"),
        ("merged_into_another", "merged_into <> member_id"),
        (
            "merged_says_into_whom",
            (
                "CASE status WHEN 'merged' THEN merged_into IS NOT NULL "
                "WHEN 'erased' THEN true ELSE merged_into IS NULL END"
            ),
        ),
    ):
        op.create_check_constraint(name, "members", condition)
    op.create_index(
        "ix_members_merged_into",
        "members",
        ["merged_into"],
        postgresql_where=sa.text("merged_into IS NOT NULL"),
    )
    op.create_table(
        "member_merges",
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
    )
    op.create_index("ix_member_merges_absorbed", "member_merges", ["absorbed"])
    op.create_table(
        "member_merge_decisions",
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
    op.create_table(
        "member_merge_identities",
        sa.Column("merge_id", sa.Uuid, sa.ForeignKey("member_merges.merge_id"), primary_key=True),
        sa.Column("reference", sa.Uuid, sa.ForeignKey("identities.reference"), primary_key=True),
    )
    op.create_table(
        "member_merge_entries",
        sa.Column("entry_id", sa.Uuid, primary_key=True),
        sa.Column("merge_id", sa.Uuid, sa.ForeignKey("member_merges.merge_id"), nullable=False),
    )
    op.create_index("ix_member_merge_entries_merge_id", "member_merge_entries", ["merge_id"])
    for table in (
        *("member_merges", "member_merge_decisions"),
        *("member_merge_identities", "member_merge_entries"),
    ):
        refuse_changes(op, table)
    op.create_table(
        "member_merge_words",
        sa.Column("merge_id", sa.Uuid, sa.ForeignKey("member_merges.merge_id"), primary_key=True),
        sa.Column("reason", sa.Text, nullable=False),
    )
