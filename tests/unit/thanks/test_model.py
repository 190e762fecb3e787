"""What of thanks counts, and when they are refused."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.kernel.errors import VkladError
from ledger.programme.faults import ProgrammeInvalid
from ledger.programme.load import load_programme
from ledger.programme.model_thanks import ThanksTerms
from ledger.thanks.model import (
    LINK_LENGTH_MAX,
    REASON_LENGTH_MAX,
    Ring,
    ThanksTooLarge,
    ThanksUnreadable,
    Used,
    check_words,
    decide,
    most_now,
)

TERMS = ThanksTerms(50, 10, 20, 30, Fraction(1, 2))
PROGRAMME = """\
programme: club
version: "1"
zone: UTC
rules:
  - {id: thanks, on: club.thanks.given, to: data.to, points: data.counted}
"""


def test_a_gift_uses_up_the_allowance_and_counts_whole() -> None:
    decision = decide(TERMS, 10, Used(2, 15, 5), None)
    assert (decision.number, decision.counted, decision.left) == (3, 10, 25)


def test_a_gift_that_comes_back_counts_in_part_and_uses_up_all_of_it() -> None:
    # Half of 7 is 3.5: 3
    decision = decide(TERMS, 7, Used(0, 0, 0), "pair")
    assert (decision.counted, decision.left, decision.ring) == (3, 43, "pair")


@pytest.mark.parametrize(
    ("points", "used", "left"),
    [
        (11, Used(0, 0, 0), 10),  # at once
        (6, Used(9, 45, 0), 5),  # of the month
        (6, Used(2, 15, 15), 5),  # to this member
        (1, Used(9, 50, 0), 0),
        (1, Used(9, 70, 0), 0),  # a version with a smaller allowance came into force
    ],
)
def test_too_much_is_refused_and_says_how_much_there_is(points: int, used: Used, left: int) -> None:
    with pytest.raises(ThanksTooLarge) as caught:
        decide(TERMS, points, used, None)
    assert caught.value.operands["left"] == left == most_now(TERMS, used)


@given(
    st.lists(
        st.tuples(
            st.integers(1, 12), st.sampled_from("bc"), st.sampled_from([None, "pair", "three"])
        ),
        max_size=20,
    )
)
def test_a_month_never_exceeds_what_it_allows(gifts: list[tuple[int, str, Ring | None]]) -> None:
    given_to = {"b": 0, "c": 0}
    count = total = 0
    for points, receiver, ring in gifts:
        used = Used(count, total, given_to[receiver])
        fits = points <= 10 and total + points <= 50 and given_to[receiver] + points <= 20
        try:
            decision = decide(TERMS, points, used, ring)
        except ThanksTooLarge:
            assert not fits
            continue
        assert fits
        count, total = count + 1, total + points
        given_to[receiver] += points
        assert (decision.number, decision.left) == (count, 50 - total)
        assert decision.counted == (points if ring is None else points // 2)
    assert total <= 50
    assert max(given_to.values()) <= 20


@pytest.mark.parametrize(
    ("reason", "link"),
    [
        ("", None),
        ("  ", None),
        ("x" * 501, None),
        ("ok", "javascript:alert(1)"),
        ("ok", "https://a b"),
        ("ok", "https://a\n"),
        ("ok", "https://" + "a" * 500),
    ],
)
def test_words_that_are_none(reason: str, link: str | None) -> None:
    with pytest.raises(ThanksUnreadable):
        check_words(reason, link)
    check_words("for the review", "https://club.example/t/7")


def test_the_section_is_read_and_part_of_the_meaning() -> None:
    section = "thanks: {allowance: 50, per_gift: 10, per_pair: 20"
    rings = ", rings: {days: 30, discount: 50}}\n"
    assert load_programme(PROGRAMME).thanks is None
    assert load_programme(PROGRAMME + section + rings).thanks == TERMS
    plain = load_programme(PROGRAMME + section + "}\n")
    assert plain.thanks == ThanksTerms(50, 10, 20, 0, Fraction(1))
    hashes = {
        load_programme(PROGRAMME + more).hash_text
        for more in ("", section + rings, section + "}\n", section.replace("50", "51") + "}\n")
    }
    assert len(hashes) == 4


@pytest.mark.parametrize(
    ("text", "field"),
    [
        (PROGRAMME.replace("data.to", "actor"), "thanks"),
        (PROGRAMME.replace("club.thanks", "club.like"), "thanks"),
        (PROGRAMME.replace("50", "50"), "thanks.per_pair"),
    ],
)
def test_thanks_that_would_reach_nobody(text: str, field: str) -> None:
    pair = 60 if field == "thanks.per_pair" else 20
    with pytest.raises(ProgrammeInvalid) as caught:
        load_programme(f"{text}thanks: {{allowance: 50, per_gift: 10, per_pair: {pair}}}\n")
    assert [fault.field for fault in caught.value.found] == [field]
    assert isinstance(caught.value, VkladError)


def test_words_may_be_so_long() -> None:
    check_words("a" * REASON_LENGTH_MAX, "https://x/".ljust(LINK_LENGTH_MAX, "a"))
    for reason, link in (
        ("a" * (REASON_LENGTH_MAX + 1), None),
        ("a", "https://x/".ljust(LINK_LENGTH_MAX + 1, "a")),
    ):
        with pytest.raises(ThanksUnreadable):
            check_words(reason, link)
