"""Gaps among burns, as two admins acknowledged them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "bridge_redemption_gaps",
        sa.Column("gap_id", sa.Uuid, primary_key=True),
        sa.Column("chain_key", sa.Integer, sa.ForeignKey("chains.chain_key"), nullable=False),
        sa.Column("sequence_from", sa.BigInteger, nullable=False),
        sa.Column("sequence_to", sa.BigInteger, nullable=False),
        sa.Column("points", sa.BigInteger, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("proposed_by", sa.Uuid, sa.ForeignKey("members.member_id"), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True)),
        sa.Column("confirmed_by", sa.Uuid, sa.ForeignKey("members.member_id")),
        sa.Column("confirmed_at", sa.DateTime(timezone=True)),
        sa.CheckConstraint("0 < sequence_from AND sequence_from <= sequence_to", name="is_a_range"),
        sa.CheckConstraint("points >= 0", name="points_are_not_negative"),
        sa.CheckConstraint("confirmed_by <> proposed_by", name="two_persons"),
        sa.CheckConstraint(
            "(confirmed_by IS NULL) = (confirmed_at IS NULL) "
            "AND (confirmed_at IS NULL OR withdrawn_at IS NULL)",
            name="open_withdrawn_or_confirmed",
        ),
    )
    op.create_index(
        "ix_bridge_redemption_gaps_one_open",
        "bridge_redemption_gaps",
        ["chain_key"],
        unique=True,
        postgresql_where=sa.text("confirmed_at IS NULL AND withdrawn_at IS NULL"),
    )
    op.create_index(
        "ix_bridge_redemption_gaps_one_confirmed",
        "bridge_redemption_gaps",
        ["chain_key", "sequence_from"],
        unique=True,
        postgresql_where=sa.text("confirmed_at IS NOT NULL"),
    )
