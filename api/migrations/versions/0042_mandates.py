"""Votes that spend points, set limits and give tokens; what they order, and what became of it."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

from api.migrations.guards import refuse_changes

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None

_MOMENT: Final = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("proposals", sa.Column("order_hash", pg.BYTEA))
    op.add_column("proposals", sa.Column("preview_digest", pg.BYTEA))
    op.drop_constraint("ck_proposals_kind_is_known", "proposals")
    op.create_check_constraint(
        "kind_is_known",
        "proposals",
        "kind IN ('programme', 'limits', 'spending', 'tokens', 'budget', 'text', 'direct')",
    )
    op.create_check_constraint(
        "order_is_named",
        "proposals",
        "(kind IN ('spending', 'budget')) = (order_hash IS NOT NULL)",
    )
    op.create_check_constraint(
        "preview_is_of_a_programme", "proposals", "preview_digest IS NULL OR kind = 'programme'"
    )
    op.alter_column("budget_decisions", "decided_by", nullable=True)
    op.add_column("budget_decisions", sa.Column("vote", pg.JSONB))
    op.create_check_constraint(
        "somebody_decided",
        "budget_decisions",
        "num_nonnulls(decided_by, vote) = 1 AND (vote IS NULL OR decision = 'approved')",
    )
    op.create_table(
        "mandate_orders",
        sa.Column("order_hash", pg.BYTEA, primary_key=True),
        sa.Column("document", pg.JSONB, nullable=False),
        sa.Column("stored_at", _MOMENT, nullable=False),
        sa.CheckConstraint("length(order_hash) = 32", name="hash_is_sha256"),
    )
    op.create_table(
        "mandate_results",
        sa.Column("chain_key", sa.Integer, sa.ForeignKey("chains.chain_key"), primary_key=True),
        sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("attempt", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("order_hash", pg.BYTEA, nullable=False),
        sa.Column("points", sa.BigInteger, nullable=False),
        sa.Column("pool", pg.BYTEA),
        sa.Column("transaction_hash", pg.BYTEA, nullable=False),
        sa.Column("mined_at", _MOMENT, nullable=False),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("recorded_at", _MOMENT, nullable=False),
        sa.CheckConstraint("kind IN ('spending', 'budget', 'text')", name="kind_is_known"),
        sa.CheckConstraint("(kind = 'spending') = (pool IS NOT NULL)", name="spending_has_a_pool"),
        sa.CheckConstraint("(kind = 'text') = (points = 0)", name="a_text_costs_nothing"),
        sa.CheckConstraint(
            "outcome IN ('done', 'document_missing', 'refused')", name="outcome_is_known"
        ),
        sa.CheckConstraint("(outcome = 'done') = (reason = '')", name="what_was_not_done_says_why"),
    )
    for table in ("mandate_orders", "mandate_results"):
        refuse_changes(op, table)
