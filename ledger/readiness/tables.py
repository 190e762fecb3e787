"""What sources declared of their completeness, append-only."""

from __future__ import annotations

import sqlalchemy as sa

from ledger.kernel.transaction import metadata

source_syncs = sa.Table(
    "source_syncs",
    metadata,
    sa.Column("source", sa.Text(collation="C"), sa.ForeignKey("sources.uri"), primary_key=True),
    sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("complete_until", sa.DateTime(timezone=True), nullable=False),
    sa.Column("stated", sa.BigInteger),
    sa.Column("stored", sa.BigInteger, nullable=False),
    sa.Column("is_released", sa.Boolean, nullable=False),
    sa.Column("released_until", sa.DateTime(timezone=True), nullable=False),
    sa.Column("declared_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("declared_by", sa.Uuid, sa.ForeignKey("members.member_id")),
    sa.CheckConstraint("status IN ('ok', 'failed')", name="status_is_known"),
    sa.CheckConstraint("status = 'ok' OR NOT is_released", name="failed_releases_nothing"),
    sa.CheckConstraint("number > 0 AND stored >= 0", name="counts_are_counts"),
)
