"""Turnout, delegation and concentration against examples worked out by hand, and by properties."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.analytics.model import (
    NOBODY,
    Power,
    Turnout,
    concentration,
    decimal_text,
    delegation,
    gini,
    lorenz,
    nakamoto,
    represented,
)

AMOUNTS = st.lists(st.integers(0, 10**30), min_size=1, max_size=30)
SOME = AMOUNTS.filter(any)


@pytest.mark.parametrize(
    ("amounts", "expected"),
    [
        # Sorted 1 2 3 4: 1·1 + 2·2 + 3·3 + 4·4 = 30; 2·30 / (4·10) - 5/4 = 3/2 - 5/4.
        ([4, 1, 3, 2], Fraction(1, 4)),
        # 1·0 + 2·0 + 3·10 = 30; 2·30 / (3·10) - 4/3 = 2 - 4/3 = (n - 1) / n.
        ([0, 10, 0], Fraction(2, 3)),
        # 1·1 + 2·3 = 7; 2·7 / (2·4) - 3/2 = 7/4 - 3/2.
        ([3, 1], Fraction(1, 4)),
        # 1·10 + 2·20 + 3·70 = 260; 520 / 300 - 4/3 = 26/15 - 20/15.
        ([70, 20, 10], Fraction(2, 5)),
        ([5, 5, 5, 5], Fraction(0)),
        ([7], Fraction(0)),
    ],
)
def test_gini_by_hand(amounts: list[int], expected: Fraction) -> None:
    assert gini(amounts) == expected


@pytest.mark.parametrize(
    ("amounts", "expected"),
    [
        ([50, 50], 2),  # Half is not more than half.
        ([51, 49], 1),
        ([40, 30, 20, 10], 2),
        ([1, 1, 1, 1, 1], 3),
        ([25, 25, 25, 25], 3),
        ([0, 0, 9], 1),
        ([10], 1),
    ],
)
def test_nakamoto_by_hand(amounts: list[int], expected: int) -> None:
    assert nakamoto(amounts) == expected


@pytest.mark.parametrize("amounts", [[], [0], [0, 0]])
def test_of_nothing_there_is_no_figure(amounts: list[int]) -> None:
    assert (gini(amounts), nakamoto(amounts), lorenz(amounts, 9)) == (None, None, [])
    found = concentration(amounts)
    assert (found.holders, found.total, found.gini, found.largest) == (0, 0, None, None)


@given(SOME)
def test_gini_is_half_the_mean_difference_over_the_mean(amounts: list[int]) -> None:
    n, total = len(amounts), sum(amounts)
    differences = sum(abs(one - other) for one, other in product(amounts, repeat=2))
    assert gini(amounts) == Fraction(differences, 2 * n * total)


@given(SOME, st.integers(1, 10**9))
def test_gini_does_not_see_the_unit(amounts: list[int], scale: int) -> None:
    assert gini([amount * scale for amount in amounts]) == gini(amounts)
    assert nakamoto([amount * scale for amount in amounts]) == nakamoto(amounts)


@given(st.integers(1, 40), st.integers(1, 10**18))
def test_the_ends_of_the_scale(n: int, amount: int) -> None:
    assert gini([amount] * n) == 0
    assert nakamoto([amount] * n) == n // 2 + 1
    assert gini([amount] + [0] * (n - 1)) == Fraction(n - 1, n)
    assert nakamoto([amount] + [0] * (n - 1)) == 1


@given(SOME)
def test_bounds(amounts: list[int]) -> None:
    n, coefficient, least = len(amounts), gini(amounts), nakamoto(amounts)
    assert coefficient is not None
    assert least is not None
    assert 0 <= coefficient <= Fraction(n - 1, n)
    assert 1 <= least <= n // 2 + 1
    top = sorted(amounts, reverse=True)
    assert 2 * sum(top[:least]) > sum(amounts) >= 2 * sum(top[: least - 1])


@given(SOME, st.data())
def test_giving_to_a_poorer_one_never_makes_it_more_unequal(
    amounts: list[int], data: st.DataObject
) -> None:
    ranked = sorted(amounts)
    poorer, richer = sorted(data.draw(st.tuples(*[st.integers(0, len(ranked) - 1)] * 2)))
    gift = data.draw(st.integers(0, (ranked[richer] - ranked[poorer]) // 2))
    given_away = list(ranked)
    given_away[poorer] += gift
    given_away[richer] -= gift
    before, after = gini(ranked), gini(given_away)
    assert before is not None
    assert after is not None
    assert after <= before


@given(SOME, st.integers(1, 12))
def test_the_curve_goes_from_nothing_to_everything_below_the_diagonal(
    amounts: list[int], points: int
) -> None:
    curve = lorenz(amounts, points)
    assert (curve[0], curve[-1]) == ((0, 0), (1, 1))
    assert len(curve) == min(points, len(amounts)) + 1
    assert all(share <= part for part, share in curve)
    assert curve == sorted(curve)


@given(SOME)
def test_the_area_above_the_curve_is_the_coefficient(amounts: list[int]) -> None:
    curve = lorenz(amounts, len(amounts))
    below = sum(
        ((x2 - x1) * (y1 + y2) / 2 for (x1, y1), (x2, y2) in pairwise(curve)),
        Fraction(0),
    )
    assert gini(amounts) == 1 - 2 * below


def test_concentration_is_of_those_who_have_something() -> None:
    found = concentration([0, 3, 1, 0])
    assert (found.holders, found.total, found.gini, found.nakamoto) == (2, 4, Fraction(1, 4), 1)
    assert found.largest == Fraction(3, 4)


def power(**holders: tuple[int, str]) -> Power:
    """Accounts with what they have and to whom it is delegated; "" to nobody."""
    found = Power()
    for name, (units, to) in holders.items():
        found.transfer(NOBODY, name, units)
        if to:
            found.delegate(name, to)
    return found


def test_delegation_by_hand() -> None:
    """Of 100: A's 40 vote themselves; B's 30 and C's 10 through A; D's 20 through nobody."""
    found = delegation(power(a=(40, "a"), b=(30, "a"), c=(10, "a"), d=(20, "")))
    assert (found.supply, found.to_oneself, found.to_others) == (100, 40, 40)
    assert (found.share, found.share_to_others) == (Fraction(4, 5), Fraction(2, 5))
    assert (found.delegators, found.delegates, found.largest) == (2, 1, Fraction(1))
    assert (found.chained, found.longest_chain) == (0, 1)


def test_chains_by_hand() -> None:
    """E to D to C to B, and B to itself: E and D gave theirs to somebody who gave theirs on."""
    found = delegation(power(b=(1, "b"), c=(1, "b"), d=(2, "c"), e=(4, "d")))
    assert (found.chained, found.longest_chain) == (2, 3)
    assert (found.delegates, found.largest) == (3, Fraction(4, 7))


def test_a_circle_has_an_end() -> None:
    found = delegation(power(a=(1, "b"), b=(1, "c"), c=(1, "a"), d=(1, "a")))
    assert (found.chained, found.longest_chain) == (4, 4)


def test_a_delegate_without_tokens_counts_and_one_who_delegated_to_nobody_does_not() -> None:
    found = delegation(power(a=(5, "x"), b=(5, NOBODY)))
    assert (found.delegates, found.delegators, found.share) == (1, 1, Fraction(1, 2))
    empty = delegation(Power())
    assert (empty.share, empty.largest, empty.longest_chain) == (None, None, 0)


def test_what_moves_and_what_is_burnt() -> None:
    found = power(a=(10, "a"))
    found.transfer("a", "b", 4)
    found.transfer("b", NOBODY, 1)
    found.set_votes("a", 10)
    found.set_votes("a", 6)
    found.set_votes("b", 3)
    found.set_votes("b", 0)
    kept = found.copy()
    assert (kept.balances, kept.votes) == ({"a": 6, "b": 3}, {"a": 6})
    found.transfer("b", "a", 3)
    assert kept.balances == {"a": 6, "b": 3}, "a copy stays as it was"
    assert found.copy(without={"a"}).balances == {}


def test_who_is_represented() -> None:
    found = power(a=(4, "a"), b=(3, "a"), c=(2, "c"), d=(1, ""))
    assert represented(found, {"a"}) == 2
    assert represented(found, {"a", "c", "x"}) == 3


def test_turnout() -> None:
    found = Turnout(voters=2, eligible=3, cast=60, weight=100)
    assert (found.by_persons, found.by_weight) == (Fraction(2, 3), Fraction(3, 5))
    nothing = Turnout(0, 0, 0, 0)
    assert (nothing.by_persons, nothing.by_weight) == (None, None)


@pytest.mark.parametrize(
    ("exact", "text"),
    [
        (Fraction(0), "0.000000"),
        (Fraction(1), "1.000000"),
        (Fraction(2, 3), "0.666667"),
        (Fraction(1, 2 * 10**6), "0.000000"),
        (Fraction(3, 2 * 10**6), "0.000002"),
    ],
)
def test_decimals(exact: Fraction, text: str) -> None:
    assert decimal_text(exact) == text
