"""What a point is worth at least and at best, for the products named, against every short name."""

from __future__ import annotations

from fractions import Fraction
from itertools import product as strings

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.kernel.units import Points
from ledger.redemption.patterns import common, covers, matches
from ledger.redemption.terms import RedemptionTerms, parse_terms

NAMES = ["".join(letters) for length in range(4) for letters in strings("ab", repeat=length)]
"""Patterns below are shorter than these, so that some name tells any two of them apart."""
_PATTERNS = st.text("ab", max_size=2).flatmap(lambda text: st.sampled_from([text, f"{text}*"]))
_STATED = _PATTERNS.filter(bool)


@given(_PATTERNS, _PATTERNS)
def test_patterns_cover_and_share_what_their_names_do(one: str, other: str) -> None:
    of_one = {name for name in NAMES if matches(name, one)}
    of_other = {name for name in NAMES if matches(name, other)}
    assert covers(one, other) == (of_other <= of_one)
    met = common(one, other)
    assert {name for name in NAMES if met is not None and matches(name, met)} == of_one & of_other


def _terms(rows: list[tuple[str, int | None]], excluded: list[str]) -> RedemptionTerms:
    return parse_terms(
        {
            "rates": {"USD": "7/2", "EUR": 9},
            "products": [
                name if rate is None else {"product": name, "rates": {"USD": rate}}
                for name, rate in rows
            ],
            "excluded_products": list(excluded),
        }
    )


@given(
    st.lists(st.tuples(_STATED, st.sampled_from([None, 1, 2, 5])), max_size=4),
    st.lists(_STATED, max_size=2),
    st.lists(_STATED, min_size=1, max_size=2),
)
def test_the_least_rate_is_that_of_some_product(
    rows: list[tuple[str, int | None]], excluded: list[str], only: list[str]
) -> None:
    terms = _terms(rows, excluded)
    own = terms.for_code(tuple(only))
    found = [own.rate_of(name, "USD") for name in NAMES if own.is_eligible(name)]
    rates = [rate for rate in found if rate is not None]
    assert terms.least_rate(tuple(only), "USD") == min(rates, default=Fraction(7, 2))
    every = [terms.rate_of(name, "USD") for name in NAMES if terms.is_eligible(name)]
    assert terms.best_rates() == {
        "USD": max((rate for rate in every if rate is not None), default=Fraction(7, 2)),
        "EUR": 9,
    }
    assert terms.least_rate(tuple(only), "EUR") == 9
    assert terms.least_rate(tuple(only), "GBP") is None


def test_of_several_products_the_least_and_the_best() -> None:
    terms = _terms([("course*", 2), ("mentor*", 5), ("book", None)], [])
    assert terms.least_rate(("*",), "USD") == 2
    assert terms.least_rate(("book", "mentor:anna"), "USD") == Fraction(7, 2)
    assert terms.least_rate(("mentor*",), "USD") == 5
    assert terms.best_rates() == {"USD": 5, "EUR": 9}


@pytest.mark.parametrize(
    ("rates", "extra"),
    [
        (["2"], 0),
        (["2", "7/2"], 1),
        (["2", "7/2", "5"], 2),
        (["1", "7/2"], 0),
        (["1", "3/2"], 0),
        (["2/3", "2"], 0),
        (["2/5", "1/2", "3/4"], 0),
        (["3/4", "4/5"], 1),
    ],
)
def test_a_further_rate_takes_a_point_where_its_rounding_costs_more(
    rates: list[str], extra: int
) -> None:
    """A minor unit at the least rate costs 1/rate; at a further one it is rounded up, by itself."""
    terms = parse_terms(
        {
            "rates": {"USD": rates[0]},
            "products": [
                {"product": f"{number}*", "rates": {"USD": rate}}
                for number, rate in enumerate(rates)
            ],
        }
    )
    assert terms.extra_points(("*",), "USD") == Points(extra)
