"""Who was warned, what decayed, and which checks are done."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from ledger.kernel.transaction import metadata

_MOMENT: Final = sa.DateTime(timezone=True)

inactivity_warnings = sa.Table(
    "inactivity_warnings",
    metadata,
    sa.Column("member_id", sa.Uuid, sa.ForeignKey("members.member_id"), primary_key=True),
    sa.Column("since", _MOMENT, primary_key=True),
    sa.Column("decays_from", sa.Date, nullable=False),
    sa.Column("recorded_at", _MOMENT, nullable=False),
)
"""Append-only: one for each absence, named by the last act before it."""

inactivity_decays = sa.Table(
    "inactivity_decays",
    metadata,
    sa.Column("check_date", sa.Date, primary_key=True),
    sa.Column("lot_id", sa.Uuid, sa.ForeignKey("lots.lot_id"), primary_key=True),
    sa.Column("member_id", sa.Uuid, sa.ForeignKey("members.member_id"), nullable=False),
    sa.Column("since", _MOMENT, nullable=False),
    sa.Column("points", sa.BigInteger, nullable=False),
    sa.Column("entry_id", sa.Uuid, nullable=False, unique=True),
    sa.Column("recorded_at", _MOMENT, nullable=False),
    sa.CheckConstraint("points > 0", name="takes_something"),
    sa.Index("ix_inactivity_decays_member_id", "member_id", "check_date"),
    sa.Index("ix_inactivity_decays_lot_id", "lot_id"),
)
"""Append-only: what a check took of a lot, once; settled, whatever becomes known later."""

inactivity_checks = sa.Table(
    "inactivity_checks",
    metadata,
    sa.Column("check_date", sa.Date, primary_key=True),
    sa.Column(
        "programme_hash",
        pg.BYTEA,
        sa.ForeignKey("programmes.programme_hash"),
        nullable=False,
    ),
    sa.Column("recorded_at", _MOMENT, nullable=False),
)
"""Append-only: checks at which everybody was looked at."""
