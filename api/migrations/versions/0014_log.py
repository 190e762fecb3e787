"""The transparency log: kept nodes, keys, signed heads; and heads as the chain holds them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from api.migrations.guards import refuse_changes

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "log_nodes",
        sa.Column("level", sa.SmallInteger, primary_key=True, autoincrement=False),
        sa.Column("position", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("hash", sa.LargeBinary, nullable=False),
        sa.CheckConstraint("level >= 4 AND position >= 0", name="is_kept"),
        sa.CheckConstraint("octet_length(hash) = 32", name="hash_is_sha256"),
    )
    op.create_table(
        "log_keys",
        sa.Column("key", sa.LargeBinary, primary_key=True),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False, unique=True),
        sa.Column("signed_by", sa.LargeBinary, sa.ForeignKey("log_keys.key"), nullable=False),
        sa.Column("signature", sa.LargeBinary, nullable=False),
        sa.CheckConstraint("octet_length(key) = 32", name="key_is_ed25519"),
        sa.CheckConstraint("octet_length(signature) = 64", name="signature_is_ed25519"),
    )
    op.create_index(
        "uq_log_keys_one_successor",
        "log_keys",
        ["signed_by"],
        unique=True,
        postgresql_where=sa.text("signed_by <> key"),
    )
    op.create_index(
        "uq_log_keys_one_first",
        "log_keys",
        [sa.text("(signed_by = key)")],
        unique=True,
        postgresql_where=sa.text("signed_by = key"),
    )
    op.create_table(
        "log_heads",
        sa.Column("tree_size", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("root", sa.LargeBinary, nullable=False),
        sa.Column("journal_hash", sa.LargeBinary, nullable=False),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("key", sa.LargeBinary, sa.ForeignKey("log_keys.key"), nullable=False),
        sa.Column("signature", sa.LargeBinary, nullable=False),
        sa.CheckConstraint("tree_size > 0", name="is_of_something"),
        sa.CheckConstraint(
            "octet_length(root) = 32 AND octet_length(journal_hash) = 32",
            name="hashes_are_sha256",
        ),
        sa.CheckConstraint("octet_length(signature) = 64", name="signature_is_ed25519"),
    )
    op.create_table(
        "log_anchors",
        sa.Column("chain_key", sa.Integer, sa.ForeignKey("chains.chain_key"), primary_key=True),
        sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("tree_size", sa.BigInteger, nullable=False),
        sa.Column("root", sa.LargeBinary, nullable=False),
        sa.Column("block_number", sa.BigInteger, nullable=False),
        sa.Column("transaction_hash", sa.LargeBinary, nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("number > 0 AND tree_size > 0", name="counts_from_one"),
        sa.CheckConstraint("octet_length(root) = 32", name="root_is_sha256"),
    )
    for table in ("log_nodes", "log_keys", "log_heads", "log_anchors"):
        refuse_changes(op, table)
