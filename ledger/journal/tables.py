"""The journal's tables. They equal migration 0004; a test compares them."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from ledger.kernel.transaction import metadata

_MOMENT: Final = sa.DateTime(timezone=True)

accounts = sa.Table(
    "accounts",
    metadata,
    sa.Column("account_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("owner", sa.Uuid),
    sa.Column("balance", sa.BigInteger, nullable=False),
    sa.Column("last_sequence", sa.BigInteger, nullable=False),
    sa.UniqueConstraint("owner", "kind", postgresql_nulls_not_distinct=True),
    sa.CheckConstraint(
        "CASE kind WHEN 'issuance' THEN true WHEN 'debt' THEN balance <= 0 ELSE balance >= 0 END",
        name="floor",
    ),
    sa.CheckConstraint(
        "(kind IN ('lot_pending', 'lot_available', 'lot_held', 'debt', 'project')) "
        "= (owner IS NOT NULL)",
        name="owner_by_kind",
    ),
)
"""``balance`` is credits minus debits; ``last_sequence`` the account's newest transfer."""

transfers = sa.Table(
    "transfers",
    metadata,
    sa.Column("sequence", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("entry_id", sa.Uuid, nullable=False),
    sa.Column("line", sa.SmallInteger, nullable=False),
    sa.Column("lines", sa.SmallInteger, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("debit_account_id", sa.BigInteger, nullable=False),
    sa.Column("credit_account_id", sa.BigInteger, nullable=False),
    sa.Column("amount", sa.BigInteger, nullable=False),
    sa.Column("debit_balance_after", sa.BigInteger, nullable=False),
    sa.Column("credit_balance_after", sa.BigInteger, nullable=False),
    sa.Column("debit_previous", sa.BigInteger, nullable=False),
    sa.Column("credit_previous", sa.BigInteger, nullable=False),
    sa.Column("effective_at", _MOMENT, nullable=False),
    sa.Column("recorded_at", _MOMENT, nullable=False),
    sa.Column("cites", sa.Uuid),
    sa.Column("cause", sa.Text, nullable=False),
    sa.Column("hash", pg.BYTEA, nullable=False),
    sa.UniqueConstraint("entry_id", "line"),
    sa.CheckConstraint("amount > 0", name="amount_is_positive"),
    sa.CheckConstraint("debit_account_id <> credit_account_id", name="between_two_accounts"),
    sa.CheckConstraint("line BETWEEN 1 AND lines", name="line_of_lines"),
    sa.CheckConstraint(
        "debit_previous BETWEEN 0 AND sequence - 1 AND credit_previous BETWEEN 0 AND sequence - 1",
        name="previous_is_before",
    ),
    sa.CheckConstraint("octet_length(hash) = 32", name="hash_is_sha256"),
)
"""Append-only. An account's history is walked by the ``*_previous`` numbers, so the two indexes
that would cost most of a posting's time do not exist. Accounts are not foreign keys: the poster
holds the head row's lock and writes both, accounts are never deleted, ``ledger verify`` looks."""

journal_head = sa.Table(
    "journal_head",
    metadata,
    sa.Column("head_id", sa.SmallInteger, primary_key=True, autoincrement=False),
    sa.Column("sequence", sa.BigInteger, nullable=False),
    sa.Column("hash", pg.BYTEA, nullable=False),
    sa.Column("account_count", sa.BigInteger, nullable=False),
    sa.CheckConstraint("head_id = 1", name="one_row"),
    sa.CheckConstraint("sequence >= 0 AND account_count >= 0", name="counts"),
    sa.CheckConstraint("octet_length(hash) = 32", name="hash_is_sha256"),
)
"""The row that every poster locks first: it makes all value-moving commands serial."""
