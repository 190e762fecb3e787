"""Permits of members' tokens that were asked for by signature."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0052"
down_revision = "0051"
branch_labels = None
depends_on = None

_FIXED = "permit_id, chain_key, member_id, nonce, received_at"


def upgrade() -> None:
    op.create_table(
        "permits",
        sa.Column("permit_id", sa.Uuid, primary_key=True),
        sa.Column("chain_key", sa.Integer, sa.ForeignKey("chains.chain_key"), nullable=False),
        sa.Column("member_id", sa.Uuid, sa.ForeignKey("members.member_id"), nullable=False),
        sa.Column("owner_address", sa.Text, nullable=False),
        sa.Column("spender_address", sa.Text, nullable=False),
        sa.Column("units", sa.Numeric(78, 0), nullable=False),
        sa.Column("nonce", sa.Numeric(78, 0), nullable=False),
        sa.Column("intent_key", sa.Text, nullable=False, unique=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("ix_permits_member_id", "permits", ["member_id", "received_at"])
    # An erasure blanks whose it was, for whom and how much; nothing else changes one.
    for suffix, change in (("kept", "DELETE OR TRUNCATE"), ("fixed", f"UPDATE OF {_FIXED}")):
        op.execute(
            f"CREATE TRIGGER permits_{suffix} BEFORE {change} ON permits "
            "FOR EACH STATEMENT EXECUTE FUNCTION vklad_refuse_change()"
        )
