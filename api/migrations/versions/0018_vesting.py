"""Lots that activate only if a condition holds, and where awards paid less than they are worth."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

from api.migrations.guards import refuse_changes

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "vestings",
        sa.Column("lot_id", sa.Uuid, sa.ForeignKey("lots.lot_id"), primary_key=True),
        sa.Column("member_id", sa.Uuid, sa.ForeignKey("members.member_id"), nullable=False),
        sa.Column("matures_at", moment, nullable=False),
        sa.Column("condition", pg.JSONB, nullable=False),
        sa.Column("to_rewards", sa.Boolean, nullable=False),
    )
    op.create_index("ix_vestings_matures_at", "vestings", ["matures_at"])
    op.create_table(
        "vesting_decisions",
        sa.Column("lot_id", sa.Uuid, sa.ForeignKey("vestings.lot_id"), primary_key=True),
        sa.Column("holds", sa.Boolean, nullable=False),
        sa.Column("basis", pg.JSONB, nullable=False),
        sa.Column("cancelled", sa.BigInteger, nullable=False),
        sa.Column("entry_id", sa.Uuid),
        sa.Column("recorded_at", moment, nullable=False),
        sa.CheckConstraint(
            "cancelled >= 0 AND (cancelled > 0) = (entry_id IS NOT NULL) "
            "AND (cancelled = 0 OR NOT holds)",
            name="cancelled_by_an_entry",
        ),
    )
    op.create_table(
        "award_gaps",
        sa.Column("gap_id", sa.Uuid, primary_key=True),
        sa.Column("award_id", sa.Uuid, sa.ForeignKey("awards.award_id"), nullable=False),
        sa.Column("revision", sa.Integer),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("change", sa.BigInteger, nullable=False),
        sa.Column("entry_id", sa.Uuid),
        sa.Column("recorded_at", moment, nullable=False),
        sa.CheckConstraint("reason IN ('pool', 'budget', 'gone')", name="reason_is_known"),
        sa.CheckConstraint("change <> 0", name="changes_something"),
        sa.CheckConstraint("reason <> 'gone' OR change < 0", name="gone_is_never_paid"),
        sa.CheckConstraint(
            "(revision IS NULL) = (entry_id IS NOT NULL)", name="of_a_revision_or_paid_later"
        ),
    )
    op.create_index("ix_award_gaps_award_id", "award_gaps", ["award_id"])
    for table in ("vestings", "vesting_decisions", "award_gaps"):
        refuse_changes(op, table)
