"""Budgets are asked for by one person and opened by another.

Those that one admin opened before are kept as asked for and approved by that one, when it was so.
"""

from __future__ import annotations

import hashlib
import json
from typing import Final

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

from api.migrations.guards import refuse_changes

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None

_MOMENT: Final = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "budget_proposals",
        sa.Column("budget_id", sa.Uuid, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.Column("proposed_by", sa.Uuid, sa.ForeignKey("members.member_id"), nullable=False),
        sa.Column("proposed_at", _MOMENT, nullable=False),
        sa.Column("open_from", _MOMENT),
        sa.Column("content_digest", pg.BYTEA, nullable=False),
        sa.CheckConstraint("amount > 0", name="amount_is_positive"),
        sa.CheckConstraint("open_from >= proposed_at", name="opens_after_it_was_asked_for"),
        sa.CheckConstraint("octet_length(content_digest) = 32", name="digest_is_sha256"),
    )
    op.create_table(
        "budget_decisions",
        sa.Column(
            "budget_id", sa.Uuid, sa.ForeignKey("budget_proposals.budget_id"), primary_key=True
        ),
        sa.Column("decision", sa.Text, nullable=False),
        sa.Column("content_digest", pg.BYTEA, nullable=False),
        sa.Column("decided_by", sa.Uuid, sa.ForeignKey("members.member_id"), nullable=False),
        sa.Column("decided_at", _MOMENT, nullable=False),
        sa.CheckConstraint(
            "decision IN ('approved', 'rejected', 'withdrawn')", name="decision_is_known"
        ),
        sa.CheckConstraint("octet_length(content_digest) = 32", name="digest_is_sha256"),
    )
    _keep_opened_before()
    op.create_foreign_key(
        "fk_budgets_budget_id", "budgets", "budget_decisions", ["budget_id"], ["budget_id"]
    )
    for table in ("budget_proposals", "budget_decisions"):
        refuse_changes(op, table)


def _keep_opened_before() -> None:
    bind = op.get_bind()
    opened = bind.execute(
        sa.text(
            "SELECT budget_id, name, amount, opened_by, opened_at, "
            "to_char(opened_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US') AS stated "
            "FROM budgets ORDER BY budget_id"
        )
    ).all()
    for row in opened:
        at = f"{row.stated.rstrip('0').rstrip('.')}Z"
        content = {
            "budget": str(row.budget_id),
            "name": row.name,
            "amount": row.amount,
            "proposed_by": str(row.opened_by),
            "proposed_at": at,
            "open_from": at,
        }
        text = json.dumps(content, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
        values = {
            "budget": row.budget_id,
            "name": row.name,
            "amount": row.amount,
            "person": row.opened_by,
            "at": row.opened_at,
            "digest": hashlib.sha256(text.encode()).digest(),
        }
        bind.execute(
            sa.text(
                "INSERT INTO budget_proposals (budget_id, name, amount, proposed_by, proposed_at, "
                "open_from, content_digest) "
                "VALUES (:budget, :name, :amount, :person, :at, :at, :digest)"
            ),
            values,
        )
        bind.execute(
            sa.text(
                "INSERT INTO budget_decisions (budget_id, decision, content_digest, decided_by, "
                "decided_at) VALUES (:budget, 'approved', :digest, :person, :at)"
            ),
            values,
        )
