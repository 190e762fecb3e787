from __future__ import annotations

from fractions import Fraction

import pytest

from ledger.kernel.canonical import Json
from ledger.kernel.units import Points
from ledger.redemption.errors import RedeemingNotOffered
from ledger.redemption.pricing import (
    Allowance,
    Price,
    discount_down,
    points_of,
    points_up,
    price,
    spread_by_largest_remainder,
    spread_points,
)
from ledger.redemption.terms import parse_terms
from tests.unit.redemption.conftest import Cart

ONE_LINE = Cart([("1", "course:go", 5000, 0)])
PLENTY = Points(10**9)


def _price(
    section: dict[str, Json],
    cart: Cart = ONE_LINE,
    requested: Points = PLENTY,
    allowance: Allowance | None = None,
) -> Price:
    terms = parse_terms({"rates": {"USD": 1}} | section)
    return price(cart.order(), terms, allowance or Allowance(), requested)


def test_points_buy_rounded_down_and_cost_rounded_up() -> None:
    rate = Fraction(5, 2)
    assert [discount_down(Points(n), rate) for n in (0, 1, 2, 3)] == [0, 2, 5, 7]
    assert [points_up(n, rate).amount for n in (0, 1, 2, 3, 5, 6)] == [0, 1, 1, 2, 2, 3]
    assert discount_down(Points(-1), rate) == 0


def test_points_that_buy_nothing_are_not_taken() -> None:
    priced = _price({"rates": {"USD": "1/3"}}, requested=Points(11))
    assert (priced.discount_minor, priced.points) == (3, Points(9))


@pytest.mark.parametrize(
    ("section", "discount", "limited_by"),
    [
        ({}, 5000, "eligible_lines"),
        ({"max_share": 25}, 1250, "max_share"),
        ({"max_share": "0.01"}, 0, "max_share"),
        ({"max_discount_share": 30}, 1500, "max_discount_share"),
        ({"min_cash": {"USD": 4999}}, 1, "min_cash"),
        ({"min_cash": {"USD": 5001}}, 0, "min_cash"),
        ({"min_cash": {"RUB": 5001}}, 5000, "eligible_lines"),
        ({"products": ["book"]}, 0, "eligible_lines"),
        ({"excluded_products": ["course:*"]}, 0, "eligible_lines"),
        ({"refused_with": ["own"]}, 0, "refused_with"),
        ({"refused_with": ["other"]}, 5000, "eligible_lines"),
        ({"max_share_with": {"own": 20}}, 1000, "max_share_with"),
        ({"max_share_with": {"own": 20, "other": 1}}, 1000, "max_share_with"),
        ({"max_points": 700}, 700, "max_points"),
        ({"max_points": 700, "min_points": 700}, 700, "max_points"),
        ({"min_points": 5000}, 5000, "eligible_lines"),
        ({"min_points": 5001}, 0, "min_points"),
        ({"products": [{"product": "course:*", "max_share": 10}]}, 500, "max_share"),
    ],
)
def test_each_bound_binds(section: dict[str, Json], discount: int, limited_by: str) -> None:
    priced = _price(section)
    assert (priced.discount_minor, priced.limited_by) == (discount, limited_by)
    assert priced.points_max == Points(discount)
    assert priced.payable_minor == 5000 - discount


def test_limits_of_member_and_school_bind() -> None:
    member = _price({"rates": {"USD": 3}}, allowance=Allowance(member_points=Points(7)))
    assert (member.discount_minor, member.points, member.limited_by) == (
        21,
        Points(7),
        "member_limit",
    )
    school = _price({}, allowance=Allowance(school_minor=40))
    assert (school.discount_minor, school.limited_by) == (40, "school_ceiling")
    spent = _price({}, allowance=Allowance(Points(-3), -9))
    assert spent.discount_minor == 0


def test_other_discounts_come_first_and_shares_are_of_what_remains() -> None:
    cart = Cart([("1", "course:go", 5000, 1000), ("2", "book", 1000, 0)], [500])
    priced = _price({"max_share": 50, "products": ["course:*"]}, cart)
    # Nets after the line's own discount: 4000 and 1000; 500 on all spreads 400 and 100.
    assert priced.net_minor == 4500
    assert priced.discount_minor == 1800
    assert [line.other_discounts_minor for line in priced.lines] == [1400, 100]
    assert [line.points_discount_minor for line in priced.lines] == [1800, 0]


def test_all_discounts_together_are_bounded_by_the_gross() -> None:
    cart = Cart([("1", "course:go", 5000, 1000)])
    assert _price({"max_discount_share": 30}, cart).discount_minor == 500
    assert _price({"max_discount_share": 10}, cart).discount_minor == 0


def test_ties_of_remainders_go_to_the_smaller_line_id() -> None:
    assert spread_by_largest_remainder(2, {"c": 1, "a": 1, "b": 1}) == {"a": 1, "b": 1, "c": 0}
    assert spread_by_largest_remainder(100, {"a": 100, "b": 200}) == {"a": 33, "b": 67}
    assert spread_by_largest_remainder(0, {"a": 0}) == {"a": 0}
    assert spread_by_largest_remainder(0, {}) == {}


def test_a_currency_without_a_rate_is_refused() -> None:
    with pytest.raises(RedeemingNotOffered) as refused:
        price(ONE_LINE.order(), parse_terms({"rates": {"RUB": 1}}), Allowance(), PLENTY)
    assert refused.value.operands == {"currency": "USD"}


def test_fewer_points_than_the_least_are_not_taken() -> None:
    assert _price({"min_points": 100}, requested=Points(99)).points == Points(0)
    assert _price({"min_points": 100}, requested=Points(100)).points == Points(100)


MENTOR: dict[str, Json] = {
    "rates": {"USD": 1},
    "products": [{"product": "mentor:*", "rates": {"USD": 2}, "max_share": 50}, "*"],
}
TWO_LINES = Cart([("1", "course:go", 5000, 0), ("2", "mentor:hour", 3001, 0)])


def test_points_go_first_where_they_are_worth_most() -> None:
    # The mentor's line takes half of 3001, 1500 minor units, which cost 750 points.
    some = _price(MENTOR, TWO_LINES, Points(700))
    assert [line.points_discount_minor for line in some.lines] == [0, 1400]
    assert some.points == Points(700)
    more = _price(MENTOR, TWO_LINES, Points(1000))
    assert [line.points_discount_minor for line in more.lines] == [250, 1500]
    assert (more.points, more.discount_minor) == (Points(1000), 1750)
    assert (more.points_max, more.discount_max_minor) == (Points(5750), 6500)
    assert more.limited_by == "max_share"
    assert [line.rate for line in more.lines] == [1, 2]


def test_bounds_in_points_count_what_each_line_s_rate_makes_of_them() -> None:
    bounded = _price(MENTOR | {"max_points": 800}, TWO_LINES)
    assert (bounded.limited_by, bounded.discount_minor) == ("max_points", 1550)
    assert bounded.points == Points(800)


def test_what_a_discount_costs_is_rounded_up_once_for_each_rate() -> None:
    rates = {"a": Fraction(3), "b": Fraction(3), "c": Fraction(2)}
    assert points_of({"a": 2, "b": 2, "c": 1}, rates) == Points(3)
    spread = spread_points({"a": 2, "b": 2, "c": 1}, rates)
    assert spread == {"a": Points(1), "b": Points(1), "c": Points(1)}
    assert points_of({}, {}) == Points(0)


def test_of_several_codes_the_strictest_bounds() -> None:
    cart = Cart([("1", "course:go", 5000, 0)], [1000])
    both: dict[str, Json] = {"max_share_with": {"own": 50, "all-0": 20}}
    assert _price(both, cart).discount_minor == 800
    other_way: dict[str, Json] = {"max_share_with": {"own": 20, "all-0": 50}}
    assert _price(other_way, cart).discount_minor == 800
