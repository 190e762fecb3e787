"""The chain of transfers: numbers, hashes, pointers, balances. Pure; reads two streams once."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple
from uuid import UUID

from ledger.journal.chain import (
    GENESIS,
    TransferRow,
    account_identity,
    kind_digest,
    row_hash,
    text_digest,
)
from ledger.journal.model import BALANCE_RANGE, AccountKind, Head
from ledger.verify.model import Finding

NAME: Final = "chain"
_IDENTITY: Final = 32
_KINDS: Final = tuple(AccountKind)
_RANGES: Final = tuple(BALANCE_RANGE[kind] for kind in _KINDS)
_KIND_NUMBERS: Final = {kind.value: number for number, kind in enumerate(_KINDS)}
_SAME_IN_ENTRY: Final = (
    *("entry_id", "lines", "kind", "effective_at", "recorded_at", "cites", "cause"),
)


class AccountRow(NamedTuple):
    """One row of ``accounts``."""

    account_id: int
    kind: str
    owner: UUID | None
    balance: int
    last_sequence: int


@dataclass(slots=True)
class _Accounts:
    """What is known of every account, packed: index ``account_id - 1``."""

    identities: bytearray = field(default_factory=bytearray)
    kinds: bytearray = field(default_factory=bytearray)
    stated_balance: array[int] = field(default_factory=lambda: array("q"))
    stated_last: array[int] = field(default_factory=lambda: array("q"))
    balance: array[int] = field(default_factory=lambda: array("q"))
    last: array[int] = field(default_factory=lambda: array("q"))

    def __len__(self) -> int:
        return len(self.kinds)


def check_chain(
    head: Head, accounts: Iterable[AccountRow], transfers: Iterable[TransferRow]
) -> Iterator[Finding]:
    """Every fault of the chain, in order; after a broken hash the stored one is gone on from.

    ``accounts`` come by number, ``transfers`` by sequence; each is read once.
    """
    known = _Accounts()
    yield from _load(known, accounts)
    sequence, previous = 0, GENESIS
    before: TransferRow | None = None
    for row in transfers:
        sequence += 1
        if row.sequence != sequence:
            yield _fault(row, f"follows number {sequence - 1}: rows between them are missing")
            sequence = row.sequence
        problem = _side_problem(known, row) or _line_problem(before, row)
        if problem is None and row.hash != _hash(known, row, previous):
            problem = "the hash does not follow from the row and the hash before it"
        if problem is not None:
            yield _fault(row, problem)
        previous, before = row.hash, row
    if before is not None and before.line != before.lines:
        yield _fault(before, f"is the last row, and line {before.line} of {before.lines}")
    yield from _ends(known, head, sequence, previous)


def _load(known: _Accounts, accounts: Iterable[AccountRow]) -> Iterator[Finding]:
    for row in accounts:
        if row.account_id != len(known) + 1:
            problem = f"follows number {len(known)}: accounts between them are missing"
            yield Finding(NAME, "accounts", str(row.account_id), problem)
            return
        if row.kind not in _KIND_NUMBERS:
            problem = f"is of an unknown kind {row.kind!r}"
            yield Finding(NAME, "accounts", str(row.account_id), problem)
            return
        known.identities += account_identity(row.kind, row.owner)
        known.kinds.append(_KIND_NUMBERS[row.kind])
        known.stated_balance.append(row.balance)
        known.stated_last.append(row.last_sequence)
        known.balance.append(0)
        known.last.append(0)


def _side_problem(known: _Accounts, row: TransferRow) -> str | None:
    """What is wrong with the two accounts' balances and pointers; keeps count of them."""
    debit, credit = row.debit_account_id - 1, row.credit_account_id - 1
    if not (0 <= debit < len(known) and 0 <= credit < len(known)):
        return "moves points of an account that does not exist"
    if row.amount <= 0 or debit == credit:
        return "does not move a positive amount between two accounts"
    balance, last = known.balance, known.last
    debit_after, credit_after = balance[debit] - row.amount, balance[credit] + row.amount
    pointers = (last[debit], last[credit])
    balance[debit], balance[credit] = row.debit_balance_after, row.credit_balance_after
    last[debit] = last[credit] = row.sequence
    if (row.debit_balance_after, row.credit_balance_after) != (debit_after, credit_after):
        return f"the balances after it should be {debit_after} and {credit_after}"
    if (row.debit_previous, row.credit_previous) != pointers:
        return f"the accounts' transfers before it are {pointers[0]} and {pointers[1]}"
    for account, after in ((debit, debit_after), (credit, credit_after)):
        least, greatest = _RANGES[known.kinds[account]]
        if not least <= after <= greatest:
            return f"takes account {account + 1} to {after}, out of its range"
    return None


def _line_problem(before: TransferRow | None, row: TransferRow) -> str | None:
    """What is wrong with how the row continues, or begins, an entry."""
    if before is None or before.line == before.lines:
        return None if row.line == 1 else f"begins an entry with line {row.line}"
    if row.line != before.line + 1:
        return f"is line {row.line} after line {before.line} of {before.lines}"
    for column in _SAME_IN_ENTRY:
        if getattr(row, column) != getattr(before, column):
            return f"differs in {column} from the line of its entry before it"
    return None


def _hash(known: _Accounts, row: TransferRow, previous: bytes) -> bytes:
    debit, credit = row.debit_account_id * _IDENTITY, row.credit_account_id * _IDENTITY
    identities = known.identities
    return row_hash(
        previous,
        row,
        kind_digest=kind_digest(row.kind),
        cause_digest=text_digest(row.cause),
        debit_identity=bytes(identities[debit - _IDENTITY : debit]),
        credit_identity=bytes(identities[credit - _IDENTITY : credit]),
    )


def _ends(known: _Accounts, head: Head, sequence: int, previous: bytes) -> Iterator[Finding]:
    if (head.sequence, head.hash) != (sequence, previous):
        problem = f"the chain ends at number {sequence} with hash {previous.hex()}"
        yield Finding(NAME, "journal_head", "1", problem)
    if head.account_count != len(known):
        problem = f"counts {head.account_count} accounts; there are {len(known)}"
        yield Finding(NAME, "journal_head", "1", problem)
    for index in range(len(known)):
        stated = (known.stated_balance[index], known.stated_last[index])
        if stated != (known.balance[index], known.last[index]):
            problem = (
                f"has balance {stated[0]} after transfer {stated[1]}; its transfers end at "
                f"number {known.last[index]} with {known.balance[index]}"
            )
            yield Finding(NAME, "accounts", str(index + 1), problem)


def _fault(row: TransferRow, problem: str) -> Finding:
    return Finding(NAME, "transfers", f"{row.sequence} (entry {row.entry_id})", problem)
