"""The log's tables: kept nodes, signed heads, keys. All append-only; a test compares migrations."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from ledger.kernel.transaction import metadata

_MOMENT: Final = sa.DateTime(timezone=True)

log_nodes = sa.Table(
    "log_nodes",
    metadata,
    sa.Column("level", sa.SmallInteger, primary_key=True, autoincrement=False),
    sa.Column("position", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("hash", pg.BYTEA, nullable=False),
    sa.CheckConstraint("level >= 4 AND position >= 0", name="is_kept"),
    sa.CheckConstraint("octet_length(hash) = 32", name="hash_is_sha256"),
)
"""Complete subtrees of sixteen transfers and more. They follow from ``transfers`` alone."""

log_keys = sa.Table(
    "log_keys",
    metadata,
    sa.Column("key", pg.BYTEA, primary_key=True),
    sa.Column("valid_from", _MOMENT, nullable=False, unique=True),
    sa.Column("signed_by", pg.BYTEA, sa.ForeignKey("log_keys.key"), nullable=False),
    sa.Column("signature", pg.BYTEA, nullable=False),
    sa.CheckConstraint("octet_length(key) = 32", name="key_is_ed25519"),
    sa.CheckConstraint("octet_length(signature) = 64", name="signature_is_ed25519"),
    sa.Index(
        "uq_log_keys_one_successor",
        "signed_by",
        unique=True,
        postgresql_where=sa.text("signed_by <> key"),
    ),
    sa.Index(
        "uq_log_keys_one_first",
        sa.text("(signed_by = key)"),
        unique=True,
        postgresql_where=sa.text("signed_by = key"),
    ),
)
"""A key is in use until the next one's ``valid_from``; each is named by the one before it, the
first by itself."""

log_heads = sa.Table(
    "log_heads",
    metadata,
    sa.Column("tree_size", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("root", pg.BYTEA, nullable=False),
    sa.Column("journal_hash", pg.BYTEA, nullable=False),
    sa.Column("signed_at", _MOMENT, nullable=False),
    sa.Column("key", pg.BYTEA, sa.ForeignKey("log_keys.key"), nullable=False),
    sa.Column("signature", pg.BYTEA, nullable=False),
    sa.CheckConstraint("tree_size > 0", name="is_of_something"),
    sa.CheckConstraint(
        "octet_length(root) = 32 AND octet_length(journal_hash) = 32", name="hashes_are_sha256"
    ),
    sa.CheckConstraint("octet_length(signature) = 64", name="signature_is_ed25519"),
)
