from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import pytest

from ledger.journal.chain import GENESIS, TransferRow
from ledger.journal.model import (
    AccountKey,
    AccountKind,
    EntryDraft,
    EntryKind,
    Head,
    Posting,
)
from ledger.journal.post import Batch, apply
from ledger.kernel.units import Points
from ledger.verify.chain import AccountRow, check_chain

NOW = datetime(2026, 3, 2, tzinfo=UTC)
ISSUANCE = AccountKey(AccountKind.ISSUANCE)
SPENT = AccountKey(AccountKind.SPENT)


def _lot(number: int, kind: AccountKind = AccountKind.LOT_AVAILABLE) -> AccountKey:
    return AccountKey(kind, UUID(int=number))


def _draft(number: int, *moves: tuple[AccountKey, AccountKey, int]) -> EntryDraft:
    return EntryDraft(
        entry_id=UUID(int=number),
        kind=EntryKind.AWARD,
        postings=tuple(Posting(debit, credit, Points(n)) for debit, credit, n in moves),
        effective_at=NOW,
        cause="{}",
    )


@pytest.fixture
def batch() -> Batch:
    batch = Batch(Head(0, GENESIS, 0), {}, {}, NOW)
    held = _lot(1, AccountKind.LOT_HELD)
    apply(
        batch,
        [
            _draft(1, (ISSUANCE, _lot(1), 100)),
            _draft(2, (_lot(1), held, 40), (held, SPENT, 40)),
            _draft(3, (ISSUANCE, _lot(2), 5)),
        ],
    )
    return batch


def _accounts(batch: Batch) -> list[AccountRow]:
    return [
        AccountRow(a.account_id, a.key.kind, a.key.owner, a.balance, a.last_sequence)
        for a in batch.accounts.values()
    ]


def _found(batch: Batch, rows: list[TransferRow]) -> list[str]:
    return [str(finding) for finding in check_chain(batch.head, _accounts(batch), rows)]


def test_a_sound_chain_has_no_fault(batch: Batch) -> None:
    assert _found(batch, batch.rows) == []


def test_one_changed_row_is_one_fault_and_the_rest_is_still_checked(batch: Batch) -> None:
    rows = [batch.rows[0]._replace(cause='{"a":1}'), *batch.rows[1:]]
    (fault,) = _found(batch, rows)
    assert fault == (
        f"chain: transfers 1 (entry {UUID(int=1)}): the hash does not follow from the row and "
        "the hash before it"
    )


def test_a_missing_end_is_found(batch: Batch) -> None:
    found = _found(batch, batch.rows[:-1])
    assert found[0].startswith("chain: journal_head 1: the chain ends at number 3")
    assert found[1].startswith("chain: accounts 1: has balance -105 after transfer 4")


def test_an_entry_that_breaks_off_is_found(batch: Batch) -> None:
    found = _found(batch, batch.rows[:2])
    assert "is the last row, and line 1 of 2" in found[0]


def test_an_entry_that_begins_in_the_middle_is_found(batch: Batch) -> None:
    rows = [batch.rows[0], batch.rows[1]._replace(line=2, lines=2), *batch.rows[2:]]
    assert "begins an entry with line 2" in _found(batch, rows)[0]


def test_a_rewritten_history_with_right_hashes_is_found_by_its_balances() -> None:
    """Whoever recomputes all hashes still has to make the balances follow."""
    honest, forged = (Batch(Head(0, GENESIS, 0), {}, {}, NOW) for _ in range(2))
    apply(honest, [_draft(1, (ISSUANCE, _lot(1), 100)), _draft(2, (_lot(1), SPENT, 60))])
    apply(forged, [_draft(1, (ISSUANCE, _lot(1), 100)), _draft(2, (_lot(1), SPENT, 6))])
    found = list(check_chain(forged.head, _accounts(honest), forged.rows))
    assert [finding.table for finding in found] == ["accounts", "accounts"]


def test_a_balance_below_its_floor_is_found_even_with_a_right_hash() -> None:
    batch = Batch(Head(0, GENESIS, 0), {}, {}, NOW)
    apply(batch, [_draft(1, (ISSUANCE, _lot(1), 100))])
    accounts = _accounts(batch)
    swapped = [accounts[0]._replace(kind="rewards"), accounts[1]]
    found = list(check_chain(batch.head, swapped, batch.rows))
    assert "takes account 1 to -100, out of its range" in found[0].problem


@pytest.mark.parametrize(
    ("accounts", "problem"),
    [
        ([AccountRow(2, "spent", None, 0, 0)], "accounts between them are missing"),
        ([AccountRow(1, "purse", None, 0, 0)], "unknown kind 'purse'"),
    ],
)
def test_accounts_that_cannot_be_are_found(accounts: list[AccountRow], problem: str) -> None:
    first = next(check_chain(Head(0, GENESIS, 0), accounts, []))
    assert problem in first.problem


def test_what_was_issued_may_all_come_back() -> None:
    """The first account is credited, up to the very bound of its range."""
    batch = Batch(Head(0, GENESIS, 0), {}, {}, NOW)
    apply(batch, [_draft(1, (ISSUANCE, _lot(1), 100)), _draft(2, (_lot(1), ISSUANCE, 100))])
    assert [account.balance for account in batch.accounts.values()] == [0, 0]
    assert _found(batch, batch.rows) == []


def test_debt_may_be_paid_whole() -> None:
    """It never goes above zero, and zero is where it ends."""
    debt = AccountKey(AccountKind.DEBT, UUID(int=9))
    batch = Batch(Head(0, GENESIS, 0), {}, {}, NOW)
    apply(batch, [_draft(1, (debt, SPENT, 40)), _draft(2, (ISSUANCE, debt, 40))])
    assert [account.balance for account in batch.accounts.values()] == [0, 40, -40]
    assert _found(batch, batch.rows) == []


@pytest.mark.parametrize("side", ["debit_account_id", "credit_account_id"])
@pytest.mark.parametrize("beyond", [-1, 0, 6, 77])
def test_a_transfer_of_nobodys_account_is_found(batch: Batch, side: str, beyond: int) -> None:
    assert len(batch.accounts) == 5
    row = batch.rows[0]._replace(**{side: beyond})  # type: ignore[arg-type] # a column by name
    assert "an account that does not exist" in _found(batch, [row, *batch.rows[1:]])[0]


def test_a_transfer_of_nothing_is_found(batch: Batch) -> None:
    rows = [batch.rows[0]._replace(amount=0), *batch.rows[1:]]
    assert "does not move a positive amount" in _found(batch, rows)[0]


def test_a_row_out_of_place_is_found(batch: Batch) -> None:
    rows = [*batch.rows[:3], batch.rows[3]._replace(sequence=9)]
    assert "follows number 3: rows between them are missing" in _found(batch, rows)[0]


def test_lines_of_one_entry_agree(batch: Batch) -> None:
    rows = [*batch.rows[:2], batch.rows[2]._replace(cites=UUID(int=5)), *batch.rows[3:]]
    assert "differs in cites from the line of its entry before it" in _found(batch, rows)[0]
