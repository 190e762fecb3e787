"""Captures and refunds line by line, each redemption's refunds counted one way.

Refunds that were made before were counted in sum. Their lines are worked out from the quote when
they are read, so nothing is written for them.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("redemptions", sa.Column("refunded_by", sa.Text))
    op.add_column("redemptions", sa.Column("lines", pg.JSONB))
    op.add_column("refunds", sa.Column("lines", pg.JSONB))
    op.execute("UPDATE redemptions SET refunded_by = 'sum' WHERE refunded_minor > 0")
    op.drop_constraint("refunded_within_paid", "redemptions", type_="check")
    op.create_check_constraint(
        "refunded_within_paid",
        "redemptions",
        "refunded_minor BETWEEN 0 AND "
        "CASE WHEN refunded_by = 'lines' THEN paid_minor + captured_minor "
        "WHEN paid_minor > 0 THEN paid_minor ELSE captured_minor END "
        "AND returned_minor BETWEEN 0 AND captured_minor "
        "AND returned_points BETWEEN 0 AND captured_points",
    )
    op.create_check_constraint(
        "refunds_are_counted_one_way",
        "redemptions",
        "coalesce(refunded_by IN ('sum', 'lines'), refunded_minor = 0)",
    )
    op.create_check_constraint(
        "lines_when_captured", "redemptions", "lines IS NULL OR captured_at IS NOT NULL"
    )
