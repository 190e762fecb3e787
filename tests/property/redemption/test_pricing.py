"""Laws of a price that hold for every order and every programme."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from ledger.kernel.units import Points
from ledger.redemption.pricing import (
    Allowance,
    Price,
    discount_down,
    points_up,
    price,
    spread_by_largest_remainder,
)
from ledger.redemption.terms import RedemptionTerms, parse_terms
from tests.unit.redemption.conftest import Cart

amounts = st.integers(0, 10**7)
rates = st.fractions(Fraction(1, 1000), 1000, max_denominator=1000).filter(lambda rate: rate > 0)
points = st.builds(Points, st.integers(0, 10**8))
allowances = st.builds(
    Allowance,
    st.none() | st.builds(Points, st.integers(-100, 10**6)),
    st.none() | st.integers(-100, 10**7),
)


@st.composite
def carts(draw: st.DrawFn) -> Cart:
    lines = []
    for index in range(draw(st.integers(1, 6))):
        product = draw(st.sampled_from(["course:go", "book", "gift"]))
        amount = draw(amounts)
        lines.append((f"{index}", product, amount, draw(st.integers(0, amount))))
    left = sum(amount - own for _, _, amount, own in lines)
    discounts = []
    for _ in range(draw(st.integers(0, 3))):
        discounts.append(draw(st.integers(0, left)))
        left -= discounts[-1]
    return Cart(lines, discounts)


@st.composite
def terms(draw: st.DrawFn) -> RedemptionTerms:
    return parse_terms(
        {
            "rates": {"USD": str(draw(rates))},
            "max_share": draw(st.integers(0, 100)),
            "max_discount_share": draw(st.integers(0, 100)),
            "min_cash": {"USD": draw(st.sampled_from([0, 1, 500, 10**6]))},
            "excluded_products": draw(st.sampled_from([[], ["gift"], ["course:*"]])),
            "refused_with": draw(st.sampled_from([[], [], ["all-2"]])),
            "max_share_with": draw(st.sampled_from([{}, {"own": 30}, {"all-0": "7.5"}])),
            "max_points": draw(st.sampled_from([None, 0, 1, 700, 10**6])),
            "min_points": draw(st.sampled_from([0, 0, 1, 100])),
            "products": [
                {"product": "book", "rates": {"USD": str(draw(rates))}},
                {"product": "course:*", "max_share": draw(st.integers(0, 100))},
                "*",
            ],
        }
    )


@given(carts(), terms(), allowances, points)
def test_a_price_adds_up_and_stays_within_every_bound(
    cart: Cart, said: RedemptionTerms, allowance: Allowance, requested: Points
) -> None:
    order = cart.order()
    priced = price(order, said, allowance, requested)

    assert sum(line.points_discount_minor for line in priced.lines) == priced.discount_minor
    assert sum(line.payable_minor for line in priced.lines) == priced.payable_minor
    assert priced.net_minor == order.net_minor
    by_id = {line.line_id: line for line in order.lines}
    for line in priced.lines:
        assert line.points_discount_minor >= 0
        assert line.other_discounts_minor >= 0
        assert line.payable_minor >= 0
        assert line.rate == said.rate_of(by_id[line.line_id].product, "USD")
        if not said.is_eligible(by_id[line.line_id].product):
            assert line.points_discount_minor == 0

    assert Points(0) <= priced.points <= requested
    if priced.discount_minor:
        eligible = sum(
            line.price_minor - line.other_discounts_minor
            for line in priced.lines
            if said.is_eligible(by_id[line.line_id].product)
        )
        shares = [
            (line.price_minor - line.other_discounts_minor)
            * said.share_of(by_id[line.line_id].product)
            for line in priced.lines
            if said.is_eligible(by_id[line.line_id].product)
        ]
        assert priced.discount_minor <= sum(shares)
        for code, share in said.max_share_with.items():
            if code in order.discount_codes():
                assert priced.discount_minor <= eligible * share
        if said.max_points is not None:
            assert priced.points <= said.max_points
        assert priced.points >= said.min_points
        assert priced.payable_minor >= said.min_cash["USD"]
        discounts = order.gross_minor - priced.payable_minor
        assert discounts <= order.gross_minor * said.max_discount_share
        assert not said.refused_with & order.discount_codes()
        if allowance.member_points is not None:
            assert priced.points <= allowance.member_points
        if allowance.school_minor is not None:
            assert priced.discount_minor <= allowance.school_minor


@given(carts(), terms(), allowances, points, points)
def test_more_points_never_buy_less(
    cart: Cart, said: RedemptionTerms, allowance: Allowance, one: Points, other: Points
) -> None:
    fewer, more = sorted((one, other))
    order = cart.order()
    cheap, dear = (price(order, said, allowance, each) for each in (fewer, more))
    assert cheap.discount_minor <= dear.discount_minor <= dear.discount_max_minor
    assert cheap.points <= dear.points <= dear.points_max


@given(carts(), terms(), allowances, points)
def test_asking_for_what_was_quoted_gives_the_same_again(
    cart: Cart, said: RedemptionTerms, allowance: Allowance, requested: Points
) -> None:
    first = price(cart.order(), said, allowance, requested)
    again = price(cart.order(), said, allowance, first.points)
    assert again == first


@given(st.randoms(use_true_random=False), carts(), terms(), points)
def test_the_order_of_lines_and_discounts_does_not_matter(
    random: object, cart: Cart, said: RedemptionTerms, requested: Points
) -> None:
    lines, discounts = list(cart.lines), list(cart.discounts)
    random.shuffle(lines)  # type: ignore[attr-defined]
    random.shuffle(discounts)  # type: ignore[attr-defined]

    def priced(each: Cart) -> Price:
        return price(each.order(), said, Allowance(), requested)

    assert priced(Cart(lines, discounts)).lines == priced(cart).lines


@given(points, rates)
def test_points_and_discount_round_in_the_school_s_favour(bought: Points, rate: Fraction) -> None:
    discount = discount_down(bought, rate)
    cost = points_up(discount, rate)
    assert discount <= bought.amount * rate < discount + 1
    assert (cost.amount - 1) * rate < discount <= cost.amount * rate
    assert cost <= bought


@given(st.dictionaries(st.text(max_size=3), st.integers(0, 10**9), min_size=1), st.data())
def test_a_spread_is_exact_proportional_and_independent_of_order(
    weights: dict[str, int], data: st.DataObject
) -> None:
    total = sum(weights.values())
    amount = data.draw(st.integers(0, total))
    parts = spread_by_largest_remainder(amount, weights)
    assert sum(parts.values()) == amount
    for key, part in parts.items():
        assert 0 <= part <= weights[key]
        if amount:
            assert abs(part - Fraction(amount * weights[key], total)) < 1
    backwards = dict(reversed(list(weights.items())))
    assert spread_by_largest_remainder(amount, backwards) == parts
