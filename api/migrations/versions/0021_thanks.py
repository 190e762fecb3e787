"""Thanks between members, and their words apart."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from api.migrations.guards import refuse_changes

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "thanks",
        sa.Column("thanks_id", sa.Uuid, primary_key=True),
        sa.Column(
            "event_id", sa.Uuid, sa.ForeignKey("events.event_id"), nullable=False, unique=True
        ),
        sa.Column("giver", sa.Uuid, sa.ForeignKey("identities.reference"), nullable=False),
        sa.Column("receiver", sa.Uuid, sa.ForeignKey("identities.reference"), nullable=False),
        sa.Column("month", sa.Text(collation="C"), nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("points", sa.BigInteger, nullable=False),
        sa.Column("counted", sa.BigInteger, nullable=False),
        sa.Column("allowance", sa.BigInteger, nullable=False),
        sa.Column("allowance_left", sa.BigInteger, nullable=False),
        sa.Column("ring", sa.Text),
        sa.Column("given_at", sa.DateTime(timezone=True), nullable=False),
        sa.UniqueConstraint("giver", "month", "number"),
        sa.CheckConstraint("giver <> receiver", name="two_members"),
        sa.CheckConstraint("points > 0 AND counted BETWEEN 0 AND points", name="counted_is_a_part"),
        sa.CheckConstraint(
            "allowance_left BETWEEN 0 AND allowance - points", name="allowance_holds"
        ),
        sa.CheckConstraint("ring IN ('pair', 'three')", name="ring_is_known"),
    )
    op.create_index("ix_thanks_giver", "thanks", ["giver", "given_at"])
    op.create_index("ix_thanks_receiver", "thanks", ["receiver", "given_at"])
    refuse_changes(op, "thanks")
    op.create_table(
        "thanks_words",
        sa.Column("thanks_id", sa.Uuid, sa.ForeignKey("thanks.thanks_id"), primary_key=True),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("link", sa.Text),
    )
