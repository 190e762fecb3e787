"""What flows, amounts and acts come to."""

from __future__ import annotations

from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.journal.model import AccountKind, EntryKind
from ledger.kernel.units import Points
from ledger.preview.model import gini
from ledger.preview.money import Rates
from ledger.reports.model import (
    LOTS,
    Flow,
    Moved,
    by_category,
    liability,
    low_effort,
    moved,
    owed,
    redemption,
    spans,
    spread,
)
from ledger.reports.service import month_before

LOT, SPENT, EXPIRED = AccountKind.LOT_AVAILABLE, AccountKind.SPENT, AccountKind.EXPIRED
REVOKED, ESCROW, REWARDS = AccountKind.REVOKED, AccountKind.ESCROW, AccountKind.REWARDS
OTHER = AccountKind.LOT_PENDING
ISSUANCE, DEBT = AccountKind.ISSUANCE, AccountKind.DEBT
K = EntryKind

flows = st.lists(
    st.builds(
        Flow,
        st.sampled_from(EntryKind),
        st.sampled_from(AccountKind),
        st.sampled_from(AccountKind),
        st.builds(Points, st.integers(1, 1_000)),
    )
)


def flow(kind: EntryKind, debit: AccountKind, credit: AccountKind, amount: int = 10) -> Flow:
    return Flow(kind, debit, credit, Points(amount))


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (flow(K.AWARD, ISSUANCE, OTHER), {"issued": 10, "by_events": 10}),
        (flow(K.CORRECTION, REWARDS, LOT), {"issued": 10, "by_events": 10}),
        (flow(K.GRANT, ISSUANCE, LOT), {"issued": 10, "by_hand": 10}),
        (flow(K.REFERRAL, ISSUANCE, LOT), {"issued": 10}),
        (flow(K.PROJECT_PAYMENT, AccountKind.PROJECT, LOT), {"issued": 10}),
        (flow(K.CAPTURE, AccountKind.LOT_HELD, SPENT), {"spent": 10}),
        (flow(K.REFUND, SPENT, LOT), {"spent": -10}),
        (flow(K.SPLIT, SPENT, LOT), {"handed_on": 10}),
        (flow(K.EXPIRY, LOT, EXPIRED), {"expired": 10}),
        (flow(K.CLAWBACK, EXPIRED, LOT), {"expired": -10}),
        (flow(K.DECAY, LOT, REVOKED), {"decayed": 10}),
        (flow(K.DECAY, LOT, REWARDS), {"decayed": 10}),
        (flow(K.CANCELLATION, OTHER, REWARDS), {"taken_back": 10}),
        (flow(K.CLAWBACK, LOT, REVOKED), {"taken_back": 10}),
        (flow(K.DEBT_PAYMENT, LOT, DEBT), {"taken_back": 10}),
        (flow(K.ESCROW, LOT, ESCROW), {"bridged": 10}),
        (flow(K.ESCROW_RETURN, ESCROW, LOT), {"bridged": -10}),
        (flow(K.TOKEN_RETURN, ESCROW, LOT), {"brought_back": 10}),
        (flow(K.ACTIVATION, OTHER, LOT), {}),
        (flow(K.EMISSION, ISSUANCE, REWARDS), {}),
        (flow(K.SPLIT, SPENT, REWARDS), {}),
        (flow(K.CLAWBACK, DEBT, REVOKED), {}),
    ],
)
def test_where_points_count(one: Flow, expected: dict[str, int]) -> None:
    assert moved([one]) == Moved(**{name: Points(amount) for name, amount in expected.items()})


@given(flows)
def test_lots_hold_what_came_less_what_left(found: list[Flow]) -> None:
    inside = sum(f.amount.amount for f in found if f.credit in LOTS)
    inside -= sum(f.amount.amount for f in found if f.debit in LOTS)
    assert moved(found).change.amount == inside
    state = owed(found)
    assert (state.pending + state.available + state.held).amount == inside


def test_spans_go_on_from_what_was_before() -> None:
    first, second, third = date(2026, 1, 1), date(2026, 2, 1), date(2026, 3, 1)
    found = spans(
        {
            None: [flow(K.AWARD, ISSUANCE, LOT, 100)],
            first: [flow(K.CAPTURE, LOT, SPENT, 30)],
            third: [flow(K.CLAWBACK, DEBT, REVOKED, 5), flow(K.AWARD, ISSUANCE, LOT, 60)],
        },
        [first, second, third],
    )
    assert [each.closing.available.amount for each in found] == [70, 70, 130]
    assert [each.closing.debt.amount for each in found] == [0, 0, 5]
    assert [each.moved.burn for each in found] == [None, None, Fraction(0)]


def test_what_is_expected_to_be_spent() -> None:
    past = Moved(spent=Points(70), handed_on=Points(10), expired=Points(15), decayed=Points(5))
    assert redemption(past) == Fraction(60, 80)
    assert redemption(Moved()) == 1
    assert redemption(Moved(spent=Points(-5), expired=Points(15))) == 0
    found = liability(Points(101), past, date(2026, 1, 1), Rates({"RUB": Fraction("1.5")}))
    assert (found.full, found.expected) == ({"RUB": 151}, {"RUB": 113})


@given(st.lists(st.integers(0, 10_000), max_size=60))
def test_tenths_are_everybody_with_points(amounts: list[int]) -> None:
    found = spread(amounts)
    assert sum(each.members for each in found.tenths) == found.holders
    assert sum(each.points.amount for each in found.tenths) == found.total.amount == sum(amounts)
    assert found.holders + found.without == len(amounts)
    greatest = [each.greatest for each in found.tenths if each.members]
    assert greatest == sorted(greatest)
    stated = gini([amount for amount in amounts if amount])
    assert (stated is None) == (found.gini is None)
    if stated is not None and found.gini is not None:
        assert abs(Fraction(stated) - found.gini) <= Fraction(1, 10**6)


def test_low_effort_is_less_than_half_of_the_average() -> None:
    rules = {
        "seen": (8, Points(8)),
        "done": (2, Points(92)),
        "weeks": (0, Points(500)),
        "gone": (5, Points(25)),
    }
    found = by_category(rules, {"seen": "watching", "done": "doing", "gone": "old"})
    assert [(each.category, each.acts, each.low) for each in found] == [
        ("watching", 8, True),
        ("old", 5, False),
        ("doing", 2, False),
        (None, 0, False),
    ]
    assert low_effort(found) == Fraction(8, 15)
    assert low_effort([]) is None


def test_months_are_counted_back_over_years() -> None:
    assert month_before(date(2026, 1, 1), 1) == date(2025, 12, 1)
    assert month_before(date(2026, 1, 1), 24) == date(2024, 1, 1)
    assert month_before(date(2025, 12, 1), -1) == date(2026, 1, 1)
