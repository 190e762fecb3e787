"""Places in the price where a unit more or less would go unnoticed elsewhere."""

from __future__ import annotations

from fractions import Fraction

from ledger.kernel.units import Points
from ledger.redemption.pricing import (
    Allowance,
    PricedLine,
    price,
    spread_by_largest_remainder,
)
from ledger.redemption.terms import parse_terms
from tests.unit.redemption.conftest import Cart


def test_the_largest_remainder_gets_the_unit_and_not_the_first_key() -> None:
    assert spread_by_largest_remainder(1, {"a": 5, "b": 6, "c": 1}) == {"a": 0, "b": 1, "c": 0}
    assert spread_by_largest_remainder(2, {"a": 5, "b": 6, "c": 1}) == {"a": 1, "b": 1, "c": 0}


def test_a_member_with_nothing_left_to_spend_pays_with_no_point() -> None:
    terms = parse_terms({"rates": {"USD": 1}})
    order = Cart([("1", "course:go", 5000, 0)]).order()
    for left in (0, -7):
        priced = price(order, terms, Allowance(member_points=Points(left)), Points(100))
        assert (priced.points, priced.discount_minor, priced.points_max) == (
            Points(0),
            0,
            Points(0),
        )
        assert priced.limited_by == "member_limit"


def test_what_a_line_costs_before_points_is_without_the_other_discounts() -> None:
    line = PricedLine("1", 5000, 700, 300, Fraction(1))
    assert (line.net_minor, line.payable_minor) == (4300, 4000)
