"""Programmes in force beside, in units of their own."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

from api.migrations.guards import refuse_changes

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "unit_changes",
        sa.Column("change_id", sa.Uuid, primary_key=True),
        sa.Column("unit", sa.Text(collation="C"), nullable=False),
        sa.Column(
            "programme_hash", pg.BYTEA, sa.ForeignKey("programmes.programme_hash"), nullable=False
        ),
        sa.Column("effective_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("proposed_by", sa.Uuid, sa.ForeignKey("members.member_id"), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("unit <> 'points'", name="beside_points"),
    )
    refuse_changes(op, "unit_changes")
    op.create_table(
        "unit_approvals",
        sa.Column("change_id", sa.Uuid, sa.ForeignKey("unit_changes.change_id"), primary_key=True),
        sa.Column("effective_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("approved_by", sa.Uuid, sa.ForeignKey("members.member_id"), nullable=False),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=False),
    )
    refuse_changes(op, "unit_approvals")
