"""Counted transfers for reports: they may be dropped at any time and are counted again."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0061"
down_revision = "0058"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "report_head",
        sa.Column("head_id", sa.SmallInteger, primary_key=True, autoincrement=False),
        sa.Column("zone", sa.Text, nullable=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.Column("recorded_at", _MOMENT, nullable=False),
        sa.CheckConstraint("head_id = 1", name="one_row"),
        sa.CheckConstraint("sequence > 0", name="counted_something"),
    )
    op.create_table(
        "report_flows",
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("debit_kind", sa.Text, nullable=False),
        sa.Column("credit_kind", sa.Text, nullable=False),
        sa.Column("debit_cohort", sa.Date),
        sa.Column("credit_cohort", sa.Date),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.UniqueConstraint(
            "day",
            "kind",
            "debit_kind",
            "credit_kind",
            "debit_cohort",
            "credit_cohort",
            name="uq_report_flows_cell",
            postgresql_nulls_not_distinct=True,
        ),
    )
    op.create_table(
        "report_lapses",
        sa.Column("until", _MOMENT),
        sa.Column("account_kind", sa.Text, nullable=False),
        sa.Column("balance", sa.BigInteger, nullable=False),
        sa.UniqueConstraint(
            "until",
            "account_kind",
            name="uq_report_lapses_cell",
            postgresql_nulls_not_distinct=True,
        ),
    )
    op.create_table(
        "report_holdings",
        sa.Column("member_id", sa.Uuid, sa.ForeignKey("members.member_id"), primary_key=True),
        sa.Column("owned", sa.BigInteger, nullable=False),
        sa.Column("debt", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "report_acts",
        sa.Column("day", sa.Date, primary_key=True),
        sa.Column("rule_id", sa.Text, primary_key=True),
        sa.Column("acts", sa.BigInteger, nullable=False),
        sa.Column("points", sa.BigInteger, nullable=False),
    )
