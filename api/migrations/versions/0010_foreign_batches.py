"""Batches that others committed with the poster's key, as admins acknowledged them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "bridge_foreign_batches",
        sa.Column("chain_key", sa.Integer, sa.ForeignKey("chains.chain_key"), primary_key=True),
        sa.Column("sequence", sa.BigInteger, primary_key=True),
        sa.Column("records_hash", pg.BYTEA, nullable=False),
        sa.Column("points", sa.BigInteger, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("acknowledged_by", sa.Uuid, sa.ForeignKey("members.member_id"), nullable=False),
        sa.Column("acknowledged_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "state IN ('committed', 'executed', 'vetoed', 'expired')", name="state_is_known"
        ),
        sa.CheckConstraint("octet_length(records_hash) = 32", name="hash_is_32_bytes"),
        sa.CheckConstraint("points > 0", name="points_are_positive"),
    )
