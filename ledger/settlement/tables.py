"""Where what an award paid differs from what it is worth."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa

from ledger.kernel.transaction import metadata

_MOMENT: Final = sa.DateTime(timezone=True)

award_gaps = sa.Table(
    "award_gaps",
    metadata,
    sa.Column("gap_id", sa.Uuid, primary_key=True),
    sa.Column("award_id", sa.Uuid, sa.ForeignKey("awards.award_id"), nullable=False),
    sa.Column("revision", sa.Integer),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("change", sa.BigInteger, nullable=False),
    sa.Column("entry_id", sa.Uuid),
    sa.Column("recorded_at", _MOMENT, nullable=False),
    sa.CheckConstraint("reason IN ('pool', 'budget', 'gone')", name="reason_is_known"),
    sa.CheckConstraint("change <> 0", name="changes_something"),
    sa.CheckConstraint("reason <> 'gone' OR change < 0", name="gone_is_never_paid"),
    sa.CheckConstraint(
        "(revision IS NULL) = (entry_id IS NOT NULL)", name="of_a_revision_or_paid_later"
    ),
    sa.Index("ix_award_gaps_award_id", "award_id"),
)
"""Append-only. For each revision of an award: worth more or less by so much = what its entry moved
+ its gaps. A gap that is paid later is taken back by a row that names the entry and no revision."""

award_queue = sa.Table(
    "award_queue",
    metadata,
    sa.Column("award_id", sa.Uuid, sa.ForeignKey("awards.award_id"), primary_key=True),
    sa.Column("earned_at", _MOMENT, nullable=False),
    sa.Column("points", sa.BigInteger, nullable=False),
    sa.CheckConstraint("points > 0", name="waits_for_something"),
    sa.Index("ix_award_queue_oldest", "earned_at", "award_id"),
)
"""What waits for the rewards pool, oldest first: the sum of the gaps of that reason."""

award_budgets = sa.Table(
    "award_budgets",
    metadata,
    sa.Column("award_id", sa.Uuid, sa.ForeignKey("awards.award_id"), primary_key=True),
    sa.Column("budget_id", sa.Text, primary_key=True),
    sa.Column("span", sa.Text, primary_key=True),
    sa.Column("points", sa.BigInteger, nullable=False),
    sa.CheckConstraint("points >= 0", name="uses_no_less_than_nothing"),
)
"""What of each budget an award uses: paid, or waiting for the pool."""

budget_uses = sa.Table(
    "budget_uses",
    metadata,
    sa.Column("budget_id", sa.Text, primary_key=True),
    sa.Column("span", sa.Text, primary_key=True),
    sa.Column("points", sa.BigInteger, nullable=False),
    sa.CheckConstraint("points >= 0", name="uses_no_less_than_nothing"),
)
"""The sum of what awards use, by budget and calendar span; changed under the journal's lock."""
