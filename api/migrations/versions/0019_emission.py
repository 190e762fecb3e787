"""Days that brought points, what waits for the rewards pool, and what budgets were used for."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

from api.migrations.guards import refuse_changes

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "emissions",
        sa.Column("emission_date", sa.Date, primary_key=True),
        sa.Column(
            "programme_hash",
            pg.BYTEA,
            sa.ForeignKey("programmes.programme_hash"),
            nullable=False,
        ),
        sa.Column("points", sa.BigInteger, nullable=False),
        sa.Column("entry_id", sa.Uuid, nullable=False, unique=True),
        sa.Column("recorded_at", moment, nullable=False),
        sa.CheckConstraint("points > 0", name="brings_something"),
    )
    refuse_changes(op, "emissions")
    award = sa.ForeignKey("awards.award_id")
    op.create_table(
        "award_queue",
        sa.Column("award_id", sa.Uuid, award, primary_key=True),
        sa.Column("earned_at", moment, nullable=False),
        sa.Column("points", sa.BigInteger, nullable=False),
        sa.CheckConstraint("points > 0", name="waits_for_something"),
    )
    op.create_index("ix_award_queue_oldest", "award_queue", ["earned_at", "award_id"])
    op.create_table(
        "award_budgets",
        sa.Column("award_id", sa.Uuid, sa.ForeignKey("awards.award_id"), primary_key=True),
        sa.Column("budget_id", sa.Text, primary_key=True),
        sa.Column("span", sa.Text, primary_key=True),
        sa.Column("points", sa.BigInteger, nullable=False),
        sa.CheckConstraint("points >= 0", name="uses_no_less_than_nothing"),
    )
    op.create_table(
        "budget_uses",
        sa.Column("budget_id", sa.Text, primary_key=True),
        sa.Column("span", sa.Text, primary_key=True),
        sa.Column("points", sa.BigInteger, nullable=False),
        sa.CheckConstraint("points >= 0", name="uses_no_less_than_nothing"),
    )
