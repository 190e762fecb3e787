"""Pages of others that embed us: their origins, and the tokens that are handed to them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0057"
down_revision = "0054"
branch_labels = None
depends_on = None

_KNOWN = "kind IN ('secret', 'key', 'origin')"


def upgrade() -> None:
    op.drop_constraint("kind_is_known", "source_credentials", type_="check")
    op.create_check_constraint("kind_is_known", "source_credentials", _KNOWN)
    op.create_table(
        "embed_origins",
        sa.Column(
            "origin_id",
            sa.Uuid,
            sa.ForeignKey("source_credentials.credential_id"),
            primary_key=True,
        ),
        sa.Column("source", sa.Text(collation="C"), sa.ForeignKey("sources.uri"), nullable=False),
        sa.Column("origin", sa.Text(collation="C"), nullable=False),
        sa.Column("ended_by", sa.Uuid, sa.ForeignKey("members.member_id")),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.CheckConstraint("length(origin) BETWEEN 8 AND 255", name="origin_is_short"),
        sa.CheckConstraint("ended_by IS NULL OR ended_at IS NOT NULL", name="end_has_a_time"),
    )
    op.create_index("ix_embed_origins_origin", "embed_origins", ["origin"])
    op.create_table(
        "embed_tokens",
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
    )
    op.create_index("ix_embed_tokens_member_id", "embed_tokens", ["member_id"])
    op.create_index("ix_embed_tokens_expires_at", "embed_tokens", ["expires_at"])
