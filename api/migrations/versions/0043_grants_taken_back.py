"""Paid grants that two persons take back."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

from api.migrations.guards import refuse_changes

revision = "0043"
down_revision = "0042"
branch_labels = None
depends_on = None

_MOMENT: Final = sa.DateTime(timezone=True)
_STATES: Final = "'proposed', 'paid', 'rejected', 'withdrawn', 'taking_back', 'taken_back'"


def upgrade() -> None:
    op.drop_constraint("state_is_known", "grants", type_="check")
    op.create_check_constraint("state_is_known", "grants", f"state IN ({_STATES})")
    op.create_table(
        "grant_take_backs",
        sa.Column("take_back_id", sa.Uuid, primary_key=True),
        sa.Column("grant_id", sa.Uuid, sa.ForeignKey("grants.grant_id"), nullable=False),
        sa.Column("asked_by", sa.Uuid, sa.ForeignKey("members.member_id"), nullable=False),
        sa.Column("asked_at", _MOMENT, nullable=False),
        sa.Column("due_from", _MOMENT),
        sa.Column("reason_digest", pg.BYTEA, nullable=False),
        sa.Column("content_digest", pg.BYTEA, nullable=False),
        sa.CheckConstraint("due_from > asked_at", name="due_after_it_was_asked_for"),
        sa.CheckConstraint(
            "octet_length(reason_digest) = 32 AND octet_length(content_digest) = 32",
            name="digests_are_sha256",
        ),
    )
    op.create_index("ix_grant_take_backs_grant_id", "grant_take_backs", ["grant_id"])
    op.create_table(
        "grant_take_back_decisions",
        sa.Column(
            "take_back_id",
            sa.Uuid,
            sa.ForeignKey("grant_take_backs.take_back_id"),
            primary_key=True,
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
    op.create_table(
        "grant_take_back_reasons",
        sa.Column(
            "take_back_id",
            sa.Uuid,
            sa.ForeignKey("grant_take_backs.take_back_id"),
            primary_key=True,
        ),
        sa.Column("reason", sa.Text, nullable=False),
    )
    for table in ("grant_take_backs", "grant_take_back_decisions"):
        refuse_changes(op, table)
