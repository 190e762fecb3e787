"""The poster's state machine: drafts in, rows and per-entry results out. Pure.

The service loads what the drafts touch, this module decides, the service writes what it left in
the :class:`Batch`. A refused entry leaves no trace in it and does not hinder the others. Hashing
comes after all decisions (:func:`seal`), so that rows can be on their way while others are hashed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

from ledger.journal.chain import (
    TransferRow,
    account_identity,
    kind_digest,
    row_hash,
    text_digest,
)
from ledger.journal.model import (
    BALANCE_RANGE,
    AccountKey,
    BalanceOutOfRange,
    EntryConflict,
    EntryDraft,
    Head,
    Outcome,
    Posted,
)

PART_MAX: Final = 200
"""Rows that are written while the next are hashed."""


@dataclass(slots=True)
class WorkingAccount:
    """An account while a batch is worked out; ``is_new`` if no row of it exists yet."""

    account_id: int
    key: AccountKey
    identity: bytes
    balance: int
    last_sequence: int
    is_new: bool = False


@dataclass(slots=True)
class Batch:
    """Loaded state, and what becomes of it: new rows, the accounts they touch, the new head.

    Rows wait without a hash in ``unsealed``; ``head`` moves on when they are in ``rows``. Until
    then ``end`` is the last number of a row, and how many accounts there are.
    """

    head: Head
    accounts: dict[AccountKey, WorkingAccount]
    existing: dict[UUID, EntryDraft]
    recorded_at: datetime
    rows: list[TransferRow] = field(default_factory=list)
    unsealed: list[tuple[TransferRow, bytes, bytes]] = field(default_factory=list)
    end: tuple[int, int] = field(init=False)
    _before: int = field(init=False)

    def __post_init__(self) -> None:
        self.end = (self.head.sequence, self.head.account_count)
        self._before = self.head.sequence

    def touched(self) -> list[WorkingAccount]:
        """The accounts whose balance or last sequence number changed, by account number."""
        changed = [a for a in self.accounts.values() if a.last_sequence > self._before]
        return sorted(changed, key=lambda account: account.account_id)


@dataclass(slots=True)
class _Undo:
    """What one entry changed, so that a refusal can take it back."""

    end: tuple[int, int]
    row_count: int
    accounts: list[tuple[WorkingAccount, int, int]] = field(default_factory=list)
    opened: list[AccountKey] = field(default_factory=list)


def apply(batch: Batch, drafts: Sequence[EntryDraft]) -> list[Posted]:
    """:func:`decide` and :func:`seal` in one: rows, balances and head left in ``batch``."""
    results = decide(batch, drafts)
    for _ in seal(batch, PART_MAX):
        pass
    return results


def decide(batch: Batch, drafts: Sequence[EntryDraft]) -> list[Posted]:
    """Work out every draft in order: one result each, balances and unsealed rows in ``batch``."""
    return [_apply_one(batch, draft) for draft in drafts]


def seal(batch: Batch, part_max: int) -> Iterator[list[TransferRow]]:
    """Give the rows their hashes, each over the one before; in parts, for who can use them early.

    ``head`` moves on after the last part.
    """
    previous = batch.head.hash
    cause, cause_digest = None, b""
    for first in range(0, len(batch.unsealed), part_max):
        part = []
        for row, debit_identity, credit_identity in batch.unsealed[first : first + part_max]:
            if row.cause is not cause:
                cause, cause_digest = row.cause, text_digest(row.cause)
            previous = row_hash(
                previous,
                row,
                kind_digest=kind_digest(row.kind),
                cause_digest=cause_digest,
                debit_identity=debit_identity,
                credit_identity=credit_identity,
            )
            part.append(TransferRow._make((*row[:-1], previous)))
        batch.rows += part
        yield part
    batch.unsealed.clear()
    sequence, account_count = batch.end
    batch.head = Head(sequence, previous, account_count)


def _apply_one(batch: Batch, draft: EntryDraft) -> Posted:
    existing = batch.existing.get(draft.entry_id)
    if existing is not None:
        if existing == draft:
            return Posted(draft.entry_id, Outcome.ALREADY_POSTED)
        return Posted(draft.entry_id, Outcome.REFUSED, conflict(draft.entry_id))
    undo = _Undo(batch.end, len(batch.unsealed))
    refusal = _append(batch, draft, undo)
    if refusal is not None:
        _take_back(batch, undo)
        return Posted(draft.entry_id, Outcome.REFUSED, refusal)
    batch.existing[draft.entry_id] = draft
    return Posted(draft.entry_id, Outcome.POSTED)


def conflict(entry_id: UUID) -> EntryConflict:
    """The refusal of an entry whose id says something else already."""
    return EntryConflict(
        f"Entry {entry_id} is in the journal with other content; nothing was posted.",
        entry_id=str(entry_id),
    )


def _append(batch: Batch, draft: EntryDraft, undo: _Undo) -> BalanceOutOfRange | None:
    """Append the draft's rows until one of its postings breaks a range."""
    sequence = batch.end[0]
    lines = len(draft.postings)
    for line, posting in enumerate(draft.postings, start=1):
        debit = _account(batch, posting.debit, undo)
        credit = _account(batch, posting.credit, undo)
        undo.accounts.append((debit, debit.balance, debit.last_sequence))
        undo.accounts.append((credit, credit.balance, credit.last_sequence))
        amount = posting.amount.amount
        debit.balance -= amount
        credit.balance += amount
        if not (_in_range(debit) and _in_range(credit)):
            return _out_of_range(credit if _in_range(debit) else debit, amount)
        sequence += 1
        row = TransferRow(
            sequence,
            draft.entry_id,
            line,
            lines,
            draft.kind,
            debit.account_id,
            credit.account_id,
            amount,
            debit.balance,
            credit.balance,
            debit.last_sequence,
            credit.last_sequence,
            draft.effective_at,
            batch.recorded_at,
            draft.cites,
            draft.cause,
            b"",
        )
        debit.last_sequence = credit.last_sequence = sequence
        batch.unsealed.append((row, debit.identity, credit.identity))
    batch.end = (sequence, batch.end[1])
    return None


def _account(batch: Batch, key: AccountKey, undo: _Undo) -> WorkingAccount:
    account = batch.accounts.get(key)
    if account is None:
        sequence, count = batch.end
        number = count + 1
        identity = account_identity(key.kind, key.owner)
        account = WorkingAccount(number, key, identity, 0, 0, is_new=True)
        batch.end = (sequence, number)
        batch.accounts[key] = account
        undo.opened.append(key)
    return account


def _in_range(account: WorkingAccount) -> bool:
    least, greatest = BALANCE_RANGE[account.key.kind]
    return least <= account.balance <= greatest


def _out_of_range(account: WorkingAccount, amount: int) -> BalanceOutOfRange:
    kind, owner = account.key.kind, account.key.owner
    whose = "" if owner is None else f" of {owner}"
    return BalanceOutOfRange(
        f"Moving {amount} points would leave the account {kind}{whose} at {account.balance}, "
        "which it may not hold.",
        account=kind.value,
        owner=None if owner is None else str(owner),
        balance=account.balance,
    )


def _take_back(batch: Batch, undo: _Undo) -> None:
    for account, balance, last_sequence in reversed(undo.accounts):
        account.balance, account.last_sequence = balance, last_sequence
    for key in undo.opened:
        del batch.accounts[key]
    del batch.unsealed[undo.row_count :]
    batch.end = undo.end
