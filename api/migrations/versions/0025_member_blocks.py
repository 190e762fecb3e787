"""Blocking members with a reason, and lifting it: append-only, the words apart."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

from api.migrations.guards import refuse_changes

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "member_blocks",
        sa.Column("block_id", sa.Uuid, primary_key=True),
        sa.Column("member_id", sa.Uuid, sa.ForeignKey("members.member_id"), nullable=False),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("done_by", sa.Uuid, sa.ForeignKey("members.member_id"), nullable=False),
        sa.Column("reason_digest", pg.BYTEA, nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("action IN ('blocked', 'unblocked')", name="action_is_known"),
        sa.CheckConstraint("octet_length(reason_digest) = 32", name="digest_is_sha256"),
        sa.CheckConstraint("action = 'blocked' OR done_by <> member_id", name="not_by_oneself"),
    )
    op.create_index("ix_member_blocks_member_id", "member_blocks", ["member_id", "block_id"])
    refuse_changes(op, "member_blocks")
    op.create_table(
        "member_block_words",
        sa.Column("block_id", sa.Uuid, sa.ForeignKey("member_blocks.block_id"), primary_key=True),
        sa.Column("reason", sa.Text, nullable=False),
    )
