"""Levels as they were reached and lost. Append-only; equals the migration."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from ledger.kernel.transaction import metadata

member_levels: Final = sa.Table(
    "member_levels",
    metadata,
    sa.Column("member_id", sa.Uuid, sa.ForeignKey("members.member_id"), primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("level_id", sa.Text),
    sa.Column("standing", sa.BigInteger, nullable=False),
    sa.Column(
        "programme_hash", pg.BYTEA, sa.ForeignKey("programmes.programme_hash"), nullable=False
    ),
    sa.Column("reached_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("number > 0", name="numbered_from_one"),
    sa.CheckConstraint("standing >= 0", name="standing_is_not_negative"),
)
"""``level_id`` NULL: no level any more. ``reached_at`` is business time: when the award was earned
that brought the standing there; of what was lost, when that was seen."""
