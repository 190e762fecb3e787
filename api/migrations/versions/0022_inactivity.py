"""Who was warned of an absence, what decayed at each check, and which checks are done."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

from api.migrations.guards import refuse_changes

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    moment = sa.DateTime(timezone=True)
    member = "members.member_id"
    op.create_table(
        "inactivity_warnings",
        sa.Column("member_id", sa.Uuid, sa.ForeignKey(member), primary_key=True),
        sa.Column("since", moment, primary_key=True),
        sa.Column("decays_from", sa.Date, nullable=False),
        sa.Column("recorded_at", moment, nullable=False),
    )
    op.create_table(
        "inactivity_decays",
        sa.Column("check_date", sa.Date, primary_key=True),
        sa.Column("lot_id", sa.Uuid, sa.ForeignKey("lots.lot_id"), primary_key=True),
        sa.Column("member_id", sa.Uuid, sa.ForeignKey(member), nullable=False),
        sa.Column("since", moment, nullable=False),
        sa.Column("points", sa.BigInteger, nullable=False),
        sa.Column("entry_id", sa.Uuid, nullable=False, unique=True),
        sa.Column("recorded_at", moment, nullable=False),
        sa.CheckConstraint("points > 0", name="takes_something"),
    )
    op.create_index(
        "ix_inactivity_decays_member_id", "inactivity_decays", ["member_id", "check_date"]
    )
    op.create_index("ix_inactivity_decays_lot_id", "inactivity_decays", ["lot_id"])
    op.create_table(
        "inactivity_checks",
        sa.Column("check_date", sa.Date, primary_key=True),
        sa.Column(
            "programme_hash",
            pg.BYTEA,
            sa.ForeignKey("programmes.programme_hash"),
            nullable=False,
        ),
        sa.Column("recorded_at", moment, nullable=False),
    )
    for table in ("inactivity_warnings", "inactivity_decays", "inactivity_checks"):
        refuse_changes(op, table)
