"""Tokens of embedding pages, each by its digest; deleted once they are over."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from ledger.kernel.transaction import metadata

embed_tokens = sa.Table(
    "embed_tokens",
    metadata,
    sa.Column("token_digest", pg.BYTEA, primary_key=True),
    sa.Column("member_id", sa.Uuid, sa.ForeignKey("members.member_id"), nullable=False),
    sa.Column("source", sa.Text(collation="C"), sa.ForeignKey("sources.uri"), nullable=False),
    sa.Column("origin", sa.Text(collation="C"), nullable=False),
    sa.Column("purposes", pg.ARRAY(sa.Text), nullable=False),
    sa.Column("order_token", sa.Text),
    sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("octet_length(token_digest) = 32", name="digest_is_sha256"),
    sa.CheckConstraint("expires_at > issued_at", name="lives_for_a_while"),
    sa.CheckConstraint(
        "purposes <@ ARRAY['badge', 'why', 'pay'] AND cardinality(purposes) > 0",
        name="purposes_are_known",
    ),
    sa.CheckConstraint(
        "('pay' = ANY (purposes)) = (order_token IS NOT NULL)", name="paying_is_for_an_order"
    ),
    sa.Index("ix_embed_tokens_member_id", "member_id"),
    sa.Index("ix_embed_tokens_expires_at", "expires_at"),
)
