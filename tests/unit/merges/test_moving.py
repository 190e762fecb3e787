"""A handover leaves every account of every lot as it was, and moves nothing but debt."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from ledger.journal.model import AccountKey, AccountKind, EntryKind
from ledger.kernel.units import Points
from ledger.lots.model import Cause, HeldLot, Lot
from ledger.merges.moving import LOTS_PER_ENTRY_MAX, MERGING, Handover, handed_over
from ledger.merges.verify import persons_by
from tests.unit.merges.test_model import a_merge

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
GIVER, TAKER, MERGE = UUID(int=1), UUID(int=2), UUID(int=3)
OVER = Handover(MERGE, EntryKind.MERGE, GIVER, TAKER, AT)


def _held(number: int, pending: int, available: int, held: int) -> HeldLot:
    lot = Lot(UUID(int=number), GIVER, Points(99), AT, None, Cause("test", "a"), UUID(int=9))
    return HeldLot(lot, Points(pending), Points(available), Points(held))


stages = st.integers(0, 5)


@given(st.lists(st.tuples(stages, stages, stages), max_size=8), st.integers(0, 5))
def test_lots_keep_what_they_have(parts: list[tuple[int, int, int]], debt: int) -> None:
    lots = [_held(10 + number, *each) for number, each in enumerate(parts)]
    changes: Counter[AccountKey] = Counter()
    passed = 0
    for draft in handed_over(OVER, lots, Points(debt)):
        for posting in draft.postings:
            changes[posting.debit] -= posting.amount.amount
            changes[posting.credit] += posting.amount.amount
            passed += posting.amount.amount if posting.credit == MERGING else 0
    moved = {key: change for key, change in changes.items() if change}
    owes, owed = (AccountKey(AccountKind.DEBT, each) for each in (TAKER, GIVER))
    assert moved == ({owes: -debt, owed: debt} if debt else {})
    assert passed == sum(map(sum, parts))


def test_an_entry_says_who_gives_what_to_whom() -> None:
    (draft,) = handed_over(OVER, [_held(11, 0, 7, 0), _held(10, 1, 0, 0)], Points(0))
    assert json.loads(draft.cause) == {
        "merge": str(MERGE),
        "from": str(GIVER),
        "to": str(TAKER),
        "lots": [{"lot": str(UUID(int=10))}, {"lot": str(UUID(int=11))}],
    }
    assert handed_over(OVER, [_held(11, 0, 7, 0), _held(10, 1, 0, 0)], Points(0)) == [draft]


def test_nothing_to_hand_over_is_no_entry() -> None:
    assert handed_over(OVER, [_held(10, 0, 0, 0)], Points(0)) == []
    (draft,) = handed_over(OVER, [], Points(3))
    assert len(draft.postings) == 1


def test_many_lots_take_several_entries_of_different_names() -> None:
    lots = [_held(100 + number, 0, 1, 0) for number in range(LOTS_PER_ENTRY_MAX + 1)]
    drafts = handed_over(OVER, lots, Points(2))
    assert [len(draft.postings) for draft in drafts] == [2 * LOTS_PER_ENTRY_MAX + 1, 2]
    assert len({draft.entry_id for draft in drafts}) == 2


def test_a_chain_of_merges_ends_with_the_last_survivor() -> None:
    one, two, three, four = (UUID(int=number) for number in range(1, 5))
    standing = [a_merge(two, one), a_merge(three, two), a_merge(four, three)]
    assert persons_by(standing) == {one: four, two: four, three: four}
