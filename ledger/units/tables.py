"""Versions put in force beside the programme in force, by two persons; append-only."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from ledger.kernel.transaction import metadata

unit_changes = sa.Table(
    "unit_changes",
    metadata,
    sa.Column("change_id", sa.Uuid, primary_key=True),
    sa.Column("unit", sa.Text(collation="C"), nullable=False),
    sa.Column(
        "programme_hash", pg.BYTEA, sa.ForeignKey("programmes.programme_hash"), nullable=False
    ),
    sa.Column("effective_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("proposed_by", sa.Uuid, sa.ForeignKey("members.member_id"), nullable=False),
    sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("unit <> 'points'", name="beside_points"),
)

unit_closures = sa.Table(
    "unit_closures",
    metadata,
    sa.Column("change_id", sa.Uuid, sa.ForeignKey("unit_changes.change_id"), primary_key=True),
    sa.Column("closed_by", sa.Uuid, sa.ForeignKey("members.member_id"), nullable=False),
    sa.Column("closed_at", sa.DateTime(timezone=True), nullable=False),
)
"""What was withdrawn by its proposer, or rejected by another; never approved as well."""

unit_approvals = sa.Table(
    "unit_approvals",
    metadata,
    sa.Column("change_id", sa.Uuid, sa.ForeignKey("unit_changes.change_id"), primary_key=True),
    sa.Column("effective_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("approved_by", sa.Uuid, sa.ForeignKey("members.member_id"), nullable=False),
    sa.Column("approved_at", sa.DateTime(timezone=True), nullable=False),
)
