from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import pytest

from ledger.journal.chain import GENESIS
from ledger.journal.model import (
    AMOUNT_MAX,
    BALANCE_MAX,
    AccountKey,
    AccountKind,
    BalanceOutOfRange,
    EntryConflict,
    EntryDraft,
    EntryKind,
    Head,
    Outcome,
    Posting,
)
from ledger.journal.post import Batch, apply
from ledger.kernel.units import Points

NOW = datetime(2026, 3, 2, tzinfo=UTC)
LOT = UUID(int=1)
ISSUANCE = AccountKey(AccountKind.ISSUANCE)
SPENT = AccountKey(AccountKind.SPENT)
AVAILABLE = AccountKey(AccountKind.LOT_AVAILABLE, LOT)
HELD = AccountKey(AccountKind.LOT_HELD, LOT)
DEBT = AccountKey(AccountKind.DEBT, LOT)


def _batch() -> Batch:
    return Batch(Head(0, GENESIS, 0), {}, {}, NOW)


def _draft(
    number: int, *moves: tuple[AccountKey, AccountKey, int], cause: str = "{}"
) -> EntryDraft:
    return EntryDraft(
        entry_id=UUID(int=number),
        kind=EntryKind.AWARD,
        postings=tuple(Posting(debit, credit, Points(n)) for debit, credit, n in moves),
        effective_at=NOW,
        cause=cause,
    )


AWARD = _draft(1, (ISSUANCE, AVAILABLE, 100))


def test_an_entry_becomes_rows_with_both_balances_after() -> None:
    batch = _batch()
    results = apply(batch, [_draft(1, (ISSUANCE, AVAILABLE, 100), (AVAILABLE, HELD, 30))])
    assert [result.outcome for result in results] == [Outcome.POSTED]
    first, second = batch.rows
    assert (first.sequence, first.line, first.lines) == (1, 1, 2)
    assert (first.debit_balance_after, first.credit_balance_after) == (-100, 100)
    assert (second.debit_balance_after, second.credit_balance_after) == (70, 30)
    assert (second.debit_previous, second.credit_previous) == (1, 0)
    assert batch.head == Head(2, second.hash, 3)
    assert first.hash not in {second.hash, GENESIS}
    assert [(a.account_id, a.balance, a.last_sequence) for a in batch.touched()] == [
        (1, -100, 1),
        (2, 70, 2),
        (3, 30, 2),
    ]


def test_the_same_entry_again_is_already_posted() -> None:
    batch = _batch()
    results = apply(batch, [AWARD, AWARD])
    assert [r.outcome for r in results] == [Outcome.POSTED, Outcome.ALREADY_POSTED]
    assert len(batch.rows) == 1


@pytest.mark.parametrize(
    "other",
    [
        _draft(1, (ISSUANCE, AVAILABLE, 101)),
        _draft(1, (ISSUANCE, AVAILABLE, 100), cause='{"a":1}'),
        _draft(1, (ISSUANCE, HELD, 100)),
        _draft(1, (ISSUANCE, AVAILABLE, 99), (ISSUANCE, AVAILABLE, 1)),
    ],
)
def test_the_same_id_with_other_content_is_a_conflict(other: EntryDraft) -> None:
    batch = _batch()
    results = apply(batch, [AWARD, other])
    assert results[1].outcome is Outcome.REFUSED
    assert isinstance(results[1].refusal, EntryConflict)
    assert len(batch.rows) == 1


def test_a_refused_entry_leaves_no_trace_and_fails_no_other() -> None:
    overdraft = _draft(2, (AVAILABLE, HELD, 60), (HELD, SPENT, 61))
    spend = _draft(3, (AVAILABLE, SPENT, 100))
    with_refusal, without = _batch(), _batch()
    results = apply(with_refusal, [AWARD, overdraft, spend])
    apply(without, [AWARD, spend])
    assert [r.outcome for r in results] == [Outcome.POSTED, Outcome.REFUSED, Outcome.POSTED]
    refusal = results[1].refusal
    assert isinstance(refusal, BalanceOutOfRange)
    assert refusal.operands == {"account": "lot_held", "owner": str(LOT), "balance": -1}
    assert with_refusal.rows == without.rows
    assert with_refusal.head == without.head
    assert with_refusal.accounts == without.accounts


def test_debt_never_becomes_a_credit() -> None:
    batch = _batch()
    owed = _draft(1, (DEBT, AccountKey(AccountKind.REVOKED), 40))
    results = apply(batch, [owed, _draft(2, (ISSUANCE, DEBT, 41)), _draft(3, (ISSUANCE, DEBT, 40))])
    assert [r.outcome for r in results] == [Outcome.POSTED, Outcome.REFUSED, Outcome.POSTED]
    assert batch.accounts[DEBT].balance == 0


def test_a_balance_stays_inside_64_bits() -> None:
    full = [_draft(n, (ISSUANCE, AVAILABLE, AMOUNT_MAX)) for n in range(1, 1_002)]
    batch = _batch()
    results = apply(batch, full)
    assert [r.outcome for r in results[-2:]] == [Outcome.POSTED, Outcome.REFUSED]
    assert batch.accounts[AVAILABLE].balance == BALANCE_MAX


@pytest.mark.parametrize("amount", [0, -1, AMOUNT_MAX + 1])
def test_an_amount_is_positive_and_bounded(amount: int) -> None:
    with pytest.raises(AssertionError):
        Posting(ISSUANCE, AVAILABLE, Points(amount))


def test_a_posting_is_between_two_accounts() -> None:
    with pytest.raises(AssertionError):
        Posting(SPENT, AccountKey(AccountKind.SPENT), Points(1))


def test_only_lots_and_debts_have_owners() -> None:
    with pytest.raises(AssertionError):
        AccountKey(AccountKind.SPENT, LOT)
    with pytest.raises(AssertionError):
        AccountKey(AccountKind.LOT_HELD)
