"""What the token said, event by event: who had tokens and votes when."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from api.migrations.guards import refuse_changes

revision = "0047"
down_revision = "0046"
branch_labels = None
depends_on = None

_ACCOUNT = sa.Text(collation="C")


def upgrade() -> None:
    op.create_table(
        "token_changes",
        sa.Column("chain_key", sa.Integer, sa.ForeignKey("chains.chain_key"), primary_key=True),
        sa.Column("block_number", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("log_index", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("block_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("account", _ACCOUNT, nullable=False),
        sa.Column("other", _ACCOUNT),
        sa.Column("units", sa.Numeric(78, 0)),
        sa.CheckConstraint("kind IN ('transfer', 'delegate', 'votes')", name="kind_is_known"),
        sa.CheckConstraint("account ~ '^0x[0-9a-f]{40}$'", name="account_is_lower_hex"),
        sa.CheckConstraint("other ~ '^0x[0-9a-f]{40}$'", name="other_is_lower_hex"),
        sa.CheckConstraint("(kind = 'votes') = (other IS NULL)", name="votes_have_one_account"),
        sa.CheckConstraint(
            "(kind = 'delegate') = (units IS NULL)", name="delegations_have_no_units"
        ),
        sa.CheckConstraint("units >= 0", name="units_are_not_negative"),
    )
    for column in ("account", "other"):
        op.create_index(
            f"ix_token_changes_{column}",
            "token_changes",
            ["chain_key", "kind", column, "block_time"],
        )
    refuse_changes(op, "token_changes")
    op.create_table(
        "token_checkpoints",
        sa.Column("chain_key", sa.Integer, sa.ForeignKey("chains.chain_key"), primary_key=True),
        sa.Column("block_number", sa.BigInteger, nullable=False),
        sa.Column("block_time", sa.DateTime(timezone=True), nullable=False),
    )
