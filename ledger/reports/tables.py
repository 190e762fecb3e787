"""Counted transfers: what reports would otherwise add up over the whole journal each time.

Every row may be dropped at any time: counting again from nothing gives the same. They equal
migration 0061; a test compares them.
"""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa

from ledger.kernel.transaction import metadata

_MOMENT: Final = sa.DateTime(timezone=True)

report_head = sa.Table(
    "report_head",
    metadata,
    sa.Column("head_id", sa.SmallInteger, primary_key=True, autoincrement=False),
    sa.Column("zone", sa.Text, nullable=False),
    sa.Column("sequence", sa.BigInteger, nullable=False),
    sa.Column("recorded_at", _MOMENT, nullable=False),
    sa.CheckConstraint("head_id = 1", name="one_row"),
    sa.CheckConstraint("sequence > 0", name="counted_something"),
)
"""Up to which transfer, and by the days of which zone; no row while nothing is counted."""

report_flows = sa.Table(
    "report_flows",
    metadata,
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
"""What moved on each day by kind of entry and of both accounts; a lot's cohort is the first of the
month in which it was made."""

report_lapses = sa.Table(
    "report_lapses",
    metadata,
    sa.Column("until", _MOMENT),
    sa.Column("account_kind", sa.Text, nullable=False),
    sa.Column("balance", sa.BigInteger, nullable=False),
    sa.UniqueConstraint(
        "until", "account_kind", name="uq_report_lapses_cell", postgresql_nulls_not_distinct=True
    ),
)
"""What is in lots by the hour in which they end, its end; null: they never do."""

report_holdings = sa.Table(
    "report_holdings",
    metadata,
    sa.Column("member_id", sa.Uuid, sa.ForeignKey("members.member_id"), primary_key=True),
    sa.Column("owned", sa.BigInteger, nullable=False),
    sa.Column("debt", sa.BigInteger, nullable=False),
)
"""What is in all lots of a member, and what the member owes."""

report_acts = sa.Table(
    "report_acts",
    metadata,
    sa.Column("day", sa.Date, primary_key=True),
    sa.Column("rule_id", sa.Text, primary_key=True),
    sa.Column("acts", sa.BigInteger, nullable=False),
    sa.Column("points", sa.BigInteger, nullable=False),
)
"""Awards paid on each day by rule; of a period's award each event that went into it is an act, and
its points are under the programme's name."""
