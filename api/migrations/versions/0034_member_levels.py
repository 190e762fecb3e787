"""Levels as members reached and lost them, kept by the night. Append-only."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

from api.migrations.guards import refuse_changes

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "member_levels",
        sa.Column("member_id", sa.Uuid, sa.ForeignKey("members.member_id"), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("level_id", sa.Text),
        sa.Column("standing", sa.BigInteger, nullable=False),
        sa.Column(
            "programme_hash", pg.BYTEA, sa.ForeignKey("programmes.programme_hash"), nullable=False
        ),
        sa.Column("reached_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("number > 0", name="numbered_from_one"),
        sa.CheckConstraint("standing >= 0", name="standing_is_not_negative"),
    )
    refuse_changes(op, "member_levels")
