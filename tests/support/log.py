"""A log in memory: transfers, keys, heads and proofs, with nodes by the obvious recursion."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ledger.journal import store as journal_store
from ledger.journal.chain import GENESIS, account_identity, row_hash, text_digest
from ledger.journal.model import AccountKey, AccountKind, EntryDraft, EntryKind, Head, Posting
from ledger.journal.model import ShownTransfer as Shown
from ledger.journal.post import Batch, apply
from ledger.journal.tables import accounts, journal_head, transfers
from ledger.kernel.ids import RandomIds
from ledger.kernel.transaction import Work
from ledger.kernel.units import Points
from ledger.log.documents import (
    consistency_json,
    head_json,
    key_json,
    proof_json,
    tree_head_json,
)
from ledger.log.model import (
    Consistency,
    Leaves,
    LogKey,
    Proof,
    SignedHead,
    TreeHead,
    consistency,
    inclusion,
)
from ledger.log.verifier import head_message, key_message

NOW = datetime(2026, 3, 2, 9, 0, 0, 123450, tzinfo=UTC)
DAY = timedelta(days=1)


def naive_root(hashes: list[bytes]) -> bytes:
    """MTH of RFC 9162, 2.1.1."""
    if len(hashes) == 1:
        return hashlib.sha256(b"\x00" + hashes[0]).digest()
    k = 1
    while k * 2 < len(hashes):
        k *= 2
    return hashlib.sha256(b"\x01" + naive_root(hashes[:k]) + naive_root(hashes[k:])).digest()


class MemorySigner:
    """A key of its own."""

    def __init__(self) -> None:
        self._private = Ed25519PrivateKey.generate()
        self.key = self._private.public_key().public_bytes_raw()

    def sign(self, message: bytes) -> bytes:
        return self._private.sign(message)


def named(signer: MemorySigner, by: MemorySigner, at: datetime) -> LogKey:
    key = LogKey(signer.key, at, by.key, bytes(64))
    return LogKey(signer.key, at, by.key, by.sign(key_message(key_json(key))))


@dataclass
class MemoryLog:
    """Entries of two lines each; two keys, the second in use since a day later."""

    count: int = 10
    signers: tuple[MemorySigner, MemorySigner] = field(
        default_factory=lambda: (MemorySigner(), MemorySigner())
    )

    def __post_init__(self) -> None:
        first, second = self.signers
        self.keys = [named(first, first, NOW - DAY), named(second, first, NOW + DAY)]
        self.rows = shown_rows(self.count)
        self.hashes = [shown.row.hash for shown in self.rows]

    def head(self, size: int, at: datetime = NOW) -> SignedHead:
        signer = self.signers[at >= NOW + DAY]
        head = TreeHead(size, naive_root(self.hashes[:size]), self.hashes[size - 1], at)
        return SignedHead(head, signer.key, signer.sign(head_message(tree_head_json(head))))

    def head_file(self, size: int, at: datetime = NOW, *, since: int | None = None) -> Any:
        return {
            **head_json(self.head(size, at)),
            "keys": [key_json(key) for key in self.keys],
            "consistency": [] if since is None else [consistency_json(self.path(since, size))],
        }

    def path(self, first: int, second: int) -> Consistency:
        nodes = tuple(self.node(leaves) for leaves in consistency(first, second))
        return Consistency(first, second, nodes)

    def node(self, leaves: Leaves) -> bytes:
        return naive_root(self.hashes[leaves.start : leaves.end])

    def proof(self, entry: int, size: int, earlier: tuple[int, ...] = ()) -> Any:
        """Of the entry with this number, from 0."""
        rows = self.rows[2 * entry : 2 * entry + 2]
        last = rows[-1].row.sequence
        return proof_json(
            Proof(
                rows[0].row.entry_id,
                GENESIS if entry == 0 else self.hashes[2 * entry - 1],
                tuple(rows),
                tuple(self.node(leaves) for leaves in inclusion(last - 1, size)),
                self.head(size),
                tuple(self.keys),
                tuple(self.path(found, size) for found in earlier),
            )
        )


def shown_rows(entries: int) -> list[Shown]:
    """Rows of a journal: every entry grants a lot and moves part of it on."""
    batch = Batch(Head(0, GENESIS, 0), {}, {}, NOW)
    issuance, spent = AccountKey(AccountKind.ISSUANCE), AccountKey(AccountKind.SPENT)
    drafts = []
    for number in range(1, entries + 1):
        lot = AccountKey(AccountKind.LOT_AVAILABLE, UUID(int=number))
        postings = (
            Posting(issuance, lot, Points(100 + number)),
            Posting(lot, spent, Points(number)),
        )
        cites = UUID(int=0xE0000 + number - 1) if number > 1 else None
        draft = EntryDraft(
            UUID(int=0xE0000 + number), EntryKind.AWARD, postings, NOW, '{"why":"x"}', cites
        )
        drafts.append(draft)
    apply(batch, drafts)
    keys = {account.account_id: account.key for account in batch.accounts.values()}
    return [
        Shown(row, keys[row.debit_account_id], keys[row.credit_account_id]) for row in batch.rows
    ]


def rewrite_from(owner: sa.Connection, first: int) -> None:
    """As an insider: change what transfer ``first`` moved, and make all that follows anew."""
    work = Work(owner, NOW, RandomIds())
    balances: dict[AccountKey, int] = {}
    previous = GENESIS
    for shown in journal_store.read_transfers(work, after=0, limit=100_000):
        row = shown.row
        amount = row.amount + (row.sequence == first)
        balances[shown.debit] = balances.get(shown.debit, 0) - amount
        balances[shown.credit] = balances.get(shown.credit, 0) + amount
        row = row._replace(
            amount=amount,
            debit_balance_after=balances[shown.debit],
            credit_balance_after=balances[shown.credit],
        )
        previous = row_hash(
            previous,
            row,
            kind_digest=text_digest(row.kind),
            cause_digest=text_digest(row.cause),
            debit_identity=account_identity(shown.debit.kind, shown.debit.owner),
            credit_identity=account_identity(shown.credit.kind, shown.credit.owner),
        )
        changed = transfers.update().where(transfers.c.sequence == row.sequence)
        columns = ("amount", "debit_balance_after", "credit_balance_after")
        values = {name: getattr(row, name) for name in columns}
        owner.execute(changed.values(hash=previous, **values))
    owner.execute(journal_head.update().values(hash=previous))
    for key, balance in balances.items():
        mine = (accounts.c.kind == key.kind) & accounts.c.owner.is_not_distinct_from(key.owner)
        owner.execute(accounts.update().where(mine).values(balance=balance))
