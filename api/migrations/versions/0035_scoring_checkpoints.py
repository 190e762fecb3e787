"""Checkpoints of folds, and awards found by when they were earned.

Checkpoints hold nothing that facts do not give: there are none to begin with, and any may be
dropped.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "scoring_checkpoints",
        sa.Column("member_id", sa.Uuid, sa.ForeignKey("members.member_id"), primary_key=True),
        sa.Column("plan_digest", pg.BYTEA, nullable=False),
        sa.Column("position_seconds", sa.BigInteger, nullable=False),
        sa.Column("position_fraction", sa.Text(collation="C"), nullable=False),
        sa.Column("position_source", sa.Text(collation="C"), nullable=False),
        sa.Column("position_id", sa.Text(collation="C"), nullable=False),
        sa.Column("horizon", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kept_events", pg.ARRAY(sa.Uuid), nullable=False),
        sa.Column("states", sa.Text, nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("octet_length(plan_digest) = 32", name="digest_is_sha256"),
    )
    op.create_index("ix_awards_earned_at", "awards", ["member_id", "earned_at"])
