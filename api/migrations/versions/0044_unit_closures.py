"""Versions beside points that were proposed, and withdrawn or rejected."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from api.migrations.guards import refuse_changes

revision = "0044"
down_revision = "0043"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "unit_closures",
        sa.Column("change_id", sa.Uuid, sa.ForeignKey("unit_changes.change_id"), primary_key=True),
        sa.Column("closed_by", sa.Uuid, sa.ForeignKey("members.member_id"), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=False),
    )
    refuse_changes(op, "unit_closures")
