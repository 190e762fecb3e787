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
    points_up,
    price,
    spread_by_largest_remainder,
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
