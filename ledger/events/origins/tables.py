"""Origins of pages that may embed us. What was decided about each is in ``source_credentials``."""

from __future__ import annotations

import sqlalchemy as sa

from ledger.kernel.transaction import metadata

embed_origins = sa.Table(
    "embed_origins",
    metadata,
    sa.Column(
        "origin_id", sa.Uuid, sa.ForeignKey("source_credentials.credential_id"), primary_key=True
    ),
    sa.Column("source", sa.Text(collation="C"), sa.ForeignKey("sources.uri"), nullable=False),
    sa.Column("origin", sa.Text(collation="C"), nullable=False),
    sa.Column("ended_by", sa.Uuid, sa.ForeignKey("members.member_id")),
    sa.Column("ended_at", sa.DateTime(timezone=True)),
    sa.CheckConstraint("length(origin) BETWEEN 8 AND 255", name="origin_is_short"),
    sa.CheckConstraint("ended_by IS NULL OR ended_at IS NOT NULL", name="end_has_a_time"),
    sa.Index("ix_embed_origins_origin", "origin"),
)
