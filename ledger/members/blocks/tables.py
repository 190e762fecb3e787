"""What was done to whom: append-only, reasons by digest; the words stand beside, erasable."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from ledger.kernel.transaction import metadata

member_blocks = sa.Table(
    "member_blocks",
    metadata,
    sa.Column("block_id", sa.Uuid, primary_key=True),
    sa.Column("member_id", sa.Uuid, sa.ForeignKey("members.member_id"), nullable=False),
    sa.Column("action", sa.Text, nullable=False),
    sa.Column("done_by", sa.Uuid, sa.ForeignKey("members.member_id"), nullable=False),
    sa.Column("reason_digest", pg.BYTEA, nullable=False),
    sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("action IN ('blocked', 'unblocked')", name="action_is_known"),
    sa.CheckConstraint("octet_length(reason_digest) = 32", name="digest_is_sha256"),
    sa.CheckConstraint("action = 'blocked' OR done_by <> member_id", name="not_by_oneself"),
    sa.Index("ix_member_blocks_member_id", "member_id", "block_id"),
)

member_block_words = sa.Table(
    "member_block_words",
    metadata,
    sa.Column("block_id", sa.Uuid, sa.ForeignKey("member_blocks.block_id"), primary_key=True),
    sa.Column("reason", sa.Text, nullable=False),
)
