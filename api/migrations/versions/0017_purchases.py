"""Purchases between members for points, and holds that are taken for them."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

_MOMENT: Final = sa.DateTime(timezone=True)
_CODE: Final = sa.Text(collation="C")


def upgrade() -> None:
    op.drop_constraint("purpose_is_known", "holds", type_="check")
    op.create_check_constraint(
        "purpose_is_known", "holds", "purpose IN ('redemption', 'bridge', 'purchase')"
    )
    op.create_table(
        "purchases",
        sa.Column("purchase_id", sa.Uuid, primary_key=True),
        sa.Column("source", _CODE, sa.ForeignKey("sources.uri"), nullable=False),
        sa.Column("number", _CODE, nullable=False),
        sa.Column("digest", pg.BYTEA, nullable=False),
        sa.Column("buyer_id", sa.Uuid, sa.ForeignKey("members.member_id"), nullable=False),
        sa.Column("rule", sa.Text, nullable=False),
        sa.Column("points", sa.BigInteger, nullable=False),
        sa.Column("shares", pg.JSONB, nullable=False),
        sa.Column("programme_hash", pg.BYTEA, nullable=False),
        sa.Column("hold_id", sa.Uuid, sa.ForeignKey("holds.hold_id"), nullable=False, unique=True),
        sa.Column("made_at", _MOMENT, nullable=False),
        sa.Column("refund_until", _MOMENT, nullable=False),
        sa.Column("returned_at", _MOMENT),
        sa.UniqueConstraint("source", "number"),
        sa.CheckConstraint("octet_length(digest) = 32", name="digest_is_sha256"),
        sa.CheckConstraint("octet_length(programme_hash) = 32", name="hash_is_sha256"),
        sa.CheckConstraint("points > 0", name="costs_something"),
        sa.CheckConstraint("returned_at BETWEEN made_at AND refund_until", name="returned_in_time"),
    )
    op.create_index("ix_purchases_buyer_id", "purchases", ["buyer_id", "purchase_id"])
