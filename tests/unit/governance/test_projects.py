"""Sharing a reward by weights, and what can be typed into a project's forms."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.pages.project_acts import shares_of, whole_number
from governance.projects.errors import BadProject
from governance.projects.model import Share, checked_text, checked_words, split
from ledger.kernel.ids import BadId, format_id
from ledger.kernel.units import Points
from tests.support.lots import ANNA, BORIS

WEIGHTS = st.lists(st.integers(1, 1_000), min_size=1, max_size=20)


@pytest.mark.parametrize(
    ("reward", "weights", "shares"),
    [
        (100, [1], [100]),
        (100, [2, 1], [67, 33]),
        (100, [1, 1, 1], [34, 33, 33]),
        (2, [1, 1, 1], [1, 1, 0]),
        (1, [1, 2], [0, 1]),
        (10, [3, 3, 4], [3, 3, 4]),
        (5, [1, 1, 1, 7], [1, 1, 0, 3]),
    ],
)
def test_a_reward_is_shared_by_largest_remainder(
    reward: int, weights: list[int], shares: list[int]
) -> None:
    assert [each.amount for each in split(Points(reward), weights)] == shares


@given(st.integers(1, 10_000_000), WEIGHTS)
def test_shares_add_up_and_none_is_a_point_off(reward: int, weights: list[int]) -> None:
    shares = [each.amount for each in split(Points(reward), weights)]
    assert sum(shares) == reward
    for share, weight in zip(shares, weights, strict=True):
        assert abs(share - Fraction(reward * weight, sum(weights))) < 1
    larger = [(w, s) for w, s in zip(weights, shares, strict=True)]
    assert all(one[1] <= other[1] for one in larger for other in larger if one[0] < other[0])


def test_words_are_tidied_and_bounded() -> None:
    words = checked_words("  Two \t words ", " One\r\ntwo. ")
    assert (words.title, words.text) == ("Two words", "One\ntwo.")
    for text in ("", " \n", "x" * 8_001, "a\0b"):
        with pytest.raises(BadProject):
            checked_text(text)
    for title in ("", "x" * 161, "a\x07b"):
        with pytest.raises(BadProject):
            checked_words(title, "text")


def test_rows_of_a_form_are_shares() -> None:
    anna, boris = format_id("mem", ANNA), format_id("mem", BORIS)
    assert shares_of([anna, "", f" {boris} "], ["2", "x", ""]) == (
        Share(ANNA, 2),
        Share(BORIS, 1),
    )
    with pytest.raises(BadProject):
        shares_of([anna], ["0"])
    with pytest.raises(BadId):
        shares_of(["Anna"], ["1"])
    for text in ("", "0", "-1", "1.5", "٣", "9" * 16):
        with pytest.raises(BadProject):
            whole_number(text, "reward")
    assert whole_number(" 12 ", "reward") == 12
