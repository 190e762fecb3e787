"""Codes that a till without a connection may honour from a list."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from api.migrations.guards import refuse_changes

revision = "0054"
down_revision = "0053"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "redemption_code_listings",
        sa.Column("code_id", sa.Uuid, sa.ForeignKey("redemption_codes.code_id"), primary_key=True),
        sa.Column("listed_at", sa.DateTime(timezone=True), nullable=False),
    )
    refuse_changes(op, "redemption_code_listings")
