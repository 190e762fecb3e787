from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction

import pytest

from ledger.kernel.canonical import Json
from ledger.kernel.units import Points
from ledger.redemption.errors import TermsMalformed
from ledger.redemption.terms import (
    LimitPeriod,
    MemberLimit,
    ProductTerms,
    RedemptionTerms,
    format_rate,
    parse_terms,
)


def test_the_shortest_section_has_stated_defaults() -> None:
    assert parse_terms({"rates": {"USD": 1}}) == RedemptionTerms(
        rates={"USD": Fraction(1)},
        max_share=Fraction(1),
        max_discount_share=Fraction(1),
        min_cash={},
        products=(ProductTerms("*"),),
        excluded_products=(),
        refused_with=frozenset(),
        max_share_with={},
        min_points=Points(0),
        max_points=None,
        member_limits=(),
        hold_for=timedelta(minutes=30),
        quote_for=timedelta(minutes=10),
        refund_grace=timedelta(days=30),
        code_for=None,
    )


def test_everything_can_be_stated() -> None:
    terms = parse_terms(
        {
            "rates": {"USD": "0.5", "RUB": "5/2"},
            "max_share": "12.5",
            "max_discount_share": 40,
            "min_cash": {"RUB": 10_000},
            "products": ["course:*", "book"],
            "excluded_products": ["course:gift*"],
            "refused_with": ["student"],
            "member_limit": {"points": 500, "per": "week"},
            "hold_minutes": 10_080,
            "quote_minutes": 1,
            "refund_grace_days": 0,
        }
    )
    assert terms.rates == {"USD": Fraction(1, 2), "RUB": Fraction(5, 2)}
    assert terms.max_share == Fraction(1, 8)
    assert terms.member_limits == (MemberLimit(Points(500), LimitPeriod.WEEK),)
    assert [format_rate(rate) for rate in terms.rates.values()] == ["1/2", "5/2"]
    eligible = ("course:go", "book", "course:gift-1", "books", "other")
    assert [terms.is_eligible(each) for each in eligible] == [True, True, False, False, False]


def test_dated_rates_are_those_of_the_day() -> None:
    terms = parse_terms(
        {
            "rates": [
                {"from": "2026-01-01", "rates": {"USD": 1}},
                {"from": "2026-07-01", "rates": {"USD": 2, "EUR": 3}},
            ]
        }
    )
    assert terms.on(date(2025, 12, 31)).rates == {}
    first, second = terms.on(date(2026, 6, 30)), terms.on(date(2026, 7, 1))
    assert (first.rates, first.rates_since) == ({"USD": 1}, date(2026, 1, 1))
    assert (second.rates, second.rates_since) == ({"USD": 2, "EUR": 3}, date(2026, 7, 1))
    fixed = parse_terms({"rates": {"USD": 1}})
    assert fixed.on(date(2026, 7, 1)) == fixed


def test_a_product_s_own_rates_may_be_dated_too() -> None:
    terms = parse_terms(
        {
            "rates": [{"from": "2026-01-01", "rates": {"USD": 1, "EUR": 3}}],
            "products": [
                {
                    "product": "mentor:*",
                    "rates": [
                        {"from": "2026-03-01", "rates": {"USD": 2}},
                        {"from": "2026-07-01", "rates": {"USD": "5/2"}},
                    ],
                },
                "*",
            ],
        }
    )
    days = [date(2026, 2, 28), date(2026, 3, 1), date(2026, 6, 30), date(2026, 7, 1)]
    found = [terms.on(day).rate_of("mentor:ann", "USD") for day in days]
    assert found == [1, 2, 2, Fraction(5, 2)]
    assert [terms.on(day).rate_of("mentor:ann", "EUR") for day in days] == [3] * 4
    assert [terms.on(day).rate_of("book", "USD") for day in days] == [1] * 4
    assert terms.on(days[3]).best_rates() == {"USD": Fraction(5, 2), "EUR": 3}
    assert terms.on(days[3]).least_rate(("mentor:*",), "USD") == Fraction(5, 2)
    only_products = {"rates": {"USD": 1}, "products": terms_of_products()}
    assert parse_terms(only_products).on(days[3]).rate_of("mentor:ann", "USD") == 4
    assert parse_terms(only_products).on(days[0]).rate_of("mentor:ann", "USD") == 1
    too_early = terms.on(date(2025, 12, 31))
    assert (too_early.rate_of("mentor:ann", "USD"), too_early.best_rates()) == (None, {})


def terms_of_products() -> list[Json]:
    rows = [{"from": "2026-07-01", "rates": {"USD": 4}}]
    return [{"product": "mentor:*", "rates": rows}]


@pytest.mark.parametrize(
    ("rows", "field"),
    [
        ([], "products[0].rates"),
        ([{"from": "2026-07-01"}], "products[0].rates[0]"),
        (
            [{"from": "2026-07-01", "rates": {"USD": 1}}, {"from": "2026-07-01", "rates": {}}],
            "products[0].rates[1].from",
        ),
    ],
)
def test_a_wrong_row_of_a_product_is_named(rows: list[Json], field: str) -> None:
    with pytest.raises(TermsMalformed) as caught:
        parse_terms({"rates": {"USD": 1}, "products": [{"product": "a", "rates": rows}]})
    assert caught.value.operands["field"] == field


def test_the_first_product_that_matches_states_the_terms() -> None:
    terms = parse_terms(
        {
            "rates": {"USD": 1, "EUR": 4},
            "max_share": 50,
            "products": [
                {"product": "mentor:anna", "max_share": 10},
                {"product": "mentor:*", "rates": {"USD": 2}, "max_share": 25},
                "course:*",
            ],
            "excluded_products": ["mentor:boris"],
        }
    )
    shares = [terms.share_of(each) for each in ("mentor:anna", "mentor:vera", "course:go")]
    assert shares == [Fraction(1, 10), Fraction(1, 4), Fraction(1, 2)]
    assert terms.rate_of("mentor:anna", "USD") == 1
    assert terms.rate_of("mentor:vera", "USD") == 2
    assert terms.rate_of("mentor:vera", "EUR") == 4
    assert terms.rate_of("mentor:vera", "RUB") is None
    assert terms.rate_of("mentor:boris", "USD") is terms.rate_of("book", "USD") is None


@pytest.mark.parametrize(
    ("section", "field"),
    [
        ({}, "rates"),
        ({"rates": {}}, "rates"),
        ({"rates": {"usd": 1}}, "rates"),
        ({"rates": {"USD": 0.01}}, "rates.USD"),
        ({"rates": {"USD": 0}}, "rates.USD"),
        ({"rates": {"USD": "0.0"}}, "rates.USD"),
        ({"rates": {"USD": -1}}, "rates.USD"),
        ({"rates": {"USD": "1/0"}}, "rates.USD"),
        ({"rates": {"USD": True}}, "rates.USD"),
        ({"rates": {"USD": "1e3"}}, "rates.USD"),
        ({"max_share": 101}, "max_share"),
        ({"max_share": "-1"}, "max_share"),
        ({"max_discount_share": None}, "max_discount_share"),
        ({"min_cash": {"USD": -1}}, "min_cash.USD"),
        ({"min_cash": 5}, "min_cash"),
        ({"products": "course"}, "products"),
        ({"products": 7}, "products"),
        ({"products": [""]}, "products"),
        ({"excluded_products": [1]}, "excluded_products"),
        ({"member_limit": {"points": 1}}, "member_limit"),
        ({"member_limit": {"points": 0, "per": "day"}}, "member_limit.points"),
        ({"member_limit": {"points": 1, "per": "hour"}}, "member_limit.per"),
        ({"member_limit": {"points": 1, "per": ["day"]}}, "member_limit.per"),
        ({"member_limit": [{"points": 1, "per": "day"}, 5]}, "member_limit[1]"),
        ({"rates": []}, "rates"),
        ({"rates": [{"from": "2026-01-01"}]}, "rates[0]"),
        ({"rates": [{"from": "2026-13-01", "rates": {"USD": 1}}]}, "rates[0].from"),
        ({"rates": [{"from": "2026-01-01", "rates": {}}]}, "rates[0].rates"),
        (
            {"rates": [{"from": "2026-01-01", "rates": {"USD": 1}}] * 2},
            "rates[1].from",
        ),
        ({"products": [{"max_share": 5}]}, "products[0]"),
        ({"products": [{"product": "a", "min_cash": 5}]}, "products[0]"),
        ({"products": [{"product": "a", "max_share": 101}]}, "products[0].max_share"),
        ({"products": [{"product": "a", "rates": {"USD": 0}}]}, "products[0].rates.USD"),
        ({"max_share_with": {"annual": 101}}, "max_share_with.annual"),
        ({"min_points": -1}, "min_points"),
        ({"max_points": "5"}, "max_points"),
        ({"code_days": 367}, "code_days"),
        ({"hold_minutes": 0}, "hold_minutes"),
        ({"hold_minutes": 10_081}, "hold_minutes"),
        ({"quote_minutes": "10"}, "quote_minutes"),
        ({"refund_grace_days": True}, "refund_grace_days"),
        ({"maximum_share": 5}, "maximum_share"),
    ],
)
def test_what_is_not_exact_or_not_known_is_refused(section: dict[str, Json], field: str) -> None:
    stated = section if section == {} or "rates" in section else {"rates": {"USD": 1}} | section
    with pytest.raises(TermsMalformed) as refused:
        parse_terms(stated)
    assert refused.value.operands["field"] == field
