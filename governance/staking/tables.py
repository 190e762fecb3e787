"""Which hold is a stake on which project. It equals the migrations; a test compares them."""

from __future__ import annotations

import sqlalchemy as sa

from ledger.kernel.transaction import metadata

stakes = sa.Table(
    "stakes",
    metadata,
    sa.Column("hold_id", sa.Uuid, sa.ForeignKey("holds.hold_id"), primary_key=True),
    sa.Column("project_id", sa.Uuid, sa.ForeignKey("projects.project_id"), nullable=False),
    sa.Index("ix_stakes_project_id", "project_id"),
)
"""Append-only: whose, how much, since when and whether it is open, the hold says."""
