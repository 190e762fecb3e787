"""Which days' points have come into being."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from ledger.kernel.transaction import metadata

emissions = sa.Table(
    "emissions",
    metadata,
    sa.Column("emission_date", sa.Date, primary_key=True),
    sa.Column(
        "programme_hash",
        pg.BYTEA,
        sa.ForeignKey("programmes.programme_hash"),
        nullable=False,
    ),
    sa.Column("points", sa.BigInteger, nullable=False),
    sa.Column("entry_id", sa.Uuid, nullable=False, unique=True),
    sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("points > 0", name="brings_something"),
)
"""Append-only: a local day brings its points once, by the version in force when it began."""
