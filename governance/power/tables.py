"""What the token said, event by event, and how far it was read. They equal the migrations.

``token_changes`` is append-only: only final blocks are read. Accounts are small hexadecimal.
"""

from __future__ import annotations

import sqlalchemy as sa

from ledger.kernel.transaction import metadata

_ACCOUNT = sa.Text(collation="C")

token_changes = sa.Table(
    "token_changes",
    metadata,
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
    sa.CheckConstraint("(kind = 'delegate') = (units IS NULL)", name="delegations_have_no_units"),
    sa.CheckConstraint("units >= 0", name="units_are_not_negative"),
    sa.Index("ix_token_changes_account", "chain_key", "kind", "account", "block_time"),
    sa.Index("ix_token_changes_other", "chain_key", "kind", "other", "block_time"),
)

token_checkpoints = sa.Table(
    "token_checkpoints",
    metadata,
    sa.Column("chain_key", sa.Integer, sa.ForeignKey("chains.chain_key"), primary_key=True),
    sa.Column("block_number", sa.BigInteger, nullable=False),
    sa.Column("block_time", sa.DateTime(timezone=True), nullable=False),
)
"""Every block up to this one, inclusive, was read."""
