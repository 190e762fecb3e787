"""How much of an order points may pay, and how the discount spreads over its lines.

Pure: an order, the programme's terms and what is left of the limits go in, a price comes out. The
balance of the member is no part of it. Roundings, each in the one place it happens:

    discount that points buy            down   floor(points × rate)
    points that a discount costs        up     ceil(discount / rate)
    shares (max_share and the like)     down
    spread over lines                   largest remainder, ties by line id (code points)

The line's own discounts come first, then those on the whole order, then points on what remains.
Where products have rates of their own, points go first to the lines where a point is worth most;
among lines of one rate the discount is spread, and what it costs is rounded up once for each rate.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from ledger.kernel.units import Points, sum_points
from ledger.redemption.errors import RedeemingNotOffered
from ledger.redemption.orders import Order
from ledger.redemption.terms import RedemptionTerms


@dataclass(frozen=True, slots=True)
class Allowance:
    """What is left of limits that other redemptions draw on too; ``None`` is no limit.

    ``member_points`` of the member's own periods, the least of them; ``school_minor`` of the
    school's monthly ceiling in the order's currency.
    """

    member_points: Points | None = None
    school_minor: int | None = None


@dataclass(frozen=True, slots=True)
class PricedLine:
    """One line's way from list price to what is paid in money, all in minor units.

    ``rate`` is what a point is worth for it; ``None``: points do not pay for it.
    """

    line_id: str
    price_minor: int
    other_discounts_minor: int
    points_discount_minor: int
    rate: Fraction | None = None

    @property
    def net_minor(self) -> int:
        """What the line costs before points."""
        return self.price_minor - self.other_discounts_minor

    @property
    def payable_minor(self) -> int:
        """What is left to pay in money."""
        return self.price_minor - self.other_discounts_minor - self.points_discount_minor


@dataclass(frozen=True, slots=True)
class Price:
    """An order priced with points.

    ``limited_by`` names the bound that made ``discount_max_minor`` what it is; ``points_max`` is
    what that largest discount costs. ``rate`` is the currency's common one; lines state theirs.
    """

    currency: str
    rate: Fraction
    points: Points
    points_max: Points
    discount_minor: int
    discount_max_minor: int
    limited_by: str
    lines: tuple[PricedLine, ...]

    @property
    def net_minor(self) -> int:
        """What the order costs before points."""
        return self.payable_minor + self.discount_minor

    @property
    def payable_minor(self) -> int:
        """What is left to pay in money."""
        return sum(line.payable_minor for line in self.lines)


@dataclass(frozen=True, slots=True)
class _Class:
    """Eligible lines of one rate and one share: their nets, and how much of them points may pay."""

    rate: Fraction
    nets: Mapping[str, int]
    cap_minor: int


def price(order: Order, terms: RedemptionTerms, allowance: Allowance, requested: Points) -> Price:
    """Price ``order`` with at most ``requested`` points.

    Points that would buy nothing (above a bound, or a fraction of a minor unit) are not taken; nor
    are any, where they would be fewer than ``min_points``.

    Raises:
        RedeemingNotOffered: the terms have no rate for the order's currency.
    """
    rate = terms.rates.get(order.currency)
    if rate is None:
        raise RedeemingNotOffered(
            f"Points do not buy discounts in {order.currency}.", currency=order.currency
        )
    nets = _nets_after_other_discounts(order)
    classes = _classes(order, terms, nets)
    bounds = _bounds(order, terms, allowance, classes)
    limited_by = min(bounds, key=lambda name: bounds[name])
    largest = bounds[limited_by]
    spendable = _spendable(terms, allowance)
    rates = {line_id: each.rate for each in classes for line_id in each.nets}
    most = _buy(classes, spendable, largest)
    if points_of(most, rates) < terms.min_points:
        most, limited_by = {}, "min_points"
    bought = _buy(classes, _least(spendable, requested), sum(most.values()))
    if points_of(bought, rates) < terms.min_points:
        bought = {}
    return Price(
        currency=order.currency,
        rate=rate,
        points=points_of(bought, rates),
        points_max=points_of(most, rates),
        discount_minor=sum(bought.values()),
        discount_max_minor=sum(most.values()),
        limited_by=limited_by,
        lines=tuple(
            PricedLine(
                line.line_id,
                line.price_minor,
                line.price_minor - nets[line.line_id],
                bought.get(line.line_id, 0),
                rates.get(line.line_id),
            )
            for line in sorted(order.lines, key=lambda line: line.line_id)
        ),
    )


def points_of(discounts: Mapping[str, int], rates: Mapping[str, Fraction]) -> Points:
    """What these discounts cost, by line, rounded up once for each rate."""
    by_rate: dict[Fraction, int] = {}
    for line_id, discount in discounts.items():
        if discount:
            by_rate[rates[line_id]] = by_rate.get(rates[line_id], 0) + discount
    return sum_points(points_up(discount, rate) for rate, discount in by_rate.items())


def spread_points(discounts: Mapping[str, int], rates: Mapping[str, Fraction]) -> dict[str, Points]:
    """The points of :func:`points_of` by line: within a rate by largest remainder."""
    spread: dict[str, Points] = {}
    for rate in {rates[line_id] for line_id, discount in discounts.items() if discount}:
        weights = {
            line_id: discount
            for line_id, discount in discounts.items()
            if discount and rates[line_id] == rate
        }
        cost = points_up(sum(weights.values()), rate)
        parts = spread_by_largest_remainder(cost.amount, weights)
        spread |= {line_id: Points(part) for line_id, part in parts.items()}
    return spread


def discount_down(points: Points, rate: Fraction) -> int:
    """The minor units that so many points buy, rounded down."""
    return max(points.amount, 0) * rate.numerator // rate.denominator


def points_up(discount_minor: int, rate: Fraction) -> Points:
    """The points that a discount costs, rounded up."""
    return Points(-(-discount_minor * rate.denominator // rate.numerator))


def spread_by_largest_remainder(amount: int, weights: Mapping[str, int]) -> dict[str, int]:
    """Split ``amount`` over the keys in proportion to ``weights``, to the unit.

    Each gets its share rounded down; what is left goes one by one to the largest remainders, of
    equal ones to the smaller key. Where ``amount`` is at most the sum of the weights no part
    exceeds its weight. Does not depend on the order of the keys.
    """
    total = sum(weights.values())
    assert amount == 0 or (amount > 0 and total > 0), "an amount spreads over some weight"
    if amount == 0:
        return dict.fromkeys(weights, 0)
    parts = {key: amount * weight // total for key, weight in weights.items()}
    left = amount - sum(parts.values())
    by_remainder = sorted(weights, key=lambda key: (-(amount * weights[key] % total), key))
    for key in by_remainder[:left]:
        parts[key] += 1
    return parts


def _nets_after_other_discounts(order: Order) -> dict[str, int]:
    nets = {line.line_id: line.net_minor for line in order.lines}
    on_all = sum(each.amount_minor for each in order.discounts)
    spread = spread_by_largest_remainder(on_all, nets)
    return {line_id: net - spread[line_id] for line_id, net in nets.items()}


def _classes(order: Order, terms: RedemptionTerms, nets: Mapping[str, int]) -> list[_Class]:
    """Eligible lines by rate, the dearest first, and by share; the order of lines is no matter."""
    grouped: dict[tuple[Fraction, Fraction], dict[str, int]] = {}
    for line in sorted(order.lines, key=lambda line: line.line_id):
        rate = terms.rate_of(line.product, order.currency)
        if rate is not None:
            share = terms.share_of(line.product)
            grouped.setdefault((rate, share), {})[line.line_id] = nets[line.line_id]
    return [
        _Class(rate, own, _part_down(sum(own.values()), share))
        for (rate, share), own in sorted(grouped.items(), key=lambda item: item[0], reverse=True)
    ]


def _buy(classes: list[_Class], points: Points | None, most_minor: int) -> dict[str, int]:
    """The discount by line that so many points buy, at most ``most_minor``; ``None``: any number.

    Rate by rate, the dearest first; within a rate over its classes by what each may take, then
    over the lines of a class by what they cost.
    """
    bought: dict[str, int] = {}
    left, left_minor = points, most_minor
    for rate in dict.fromkeys(each.rate for each in classes):
        same = [each for each in classes if each.rate == rate]
        amount = min(left_minor, sum(each.cap_minor for each in same))
        if left is not None:
            amount = min(amount, discount_down(left, rate))
            left -= points_up(amount, rate)
        left_minor -= amount
        weights = {min(each.nets): each.cap_minor for each in same}
        parts = spread_by_largest_remainder(amount, weights)
        for each in same:
            bought |= spread_by_largest_remainder(parts[min(each.nets)], each.nets)
    return bought


def _bounds(
    order: Order, terms: RedemptionTerms, allowance: Allowance, classes: list[_Class]
) -> dict[str, int]:
    """The largest discount by each bound that applies, in minor units, by the bound's name."""
    others = order.gross_minor - order.net_minor
    eligible = sum(sum(each.nets.values()) for each in classes)
    bounds = {
        "eligible_lines": eligible,
        "max_share": sum(each.cap_minor for each in classes),
        "max_discount_share": _part_down(order.gross_minor, terms.max_discount_share) - others,
        "min_cash": order.net_minor - terms.min_cash.get(order.currency, 0),
    }
    codes = order.discount_codes()
    shares = [share for code, share in terms.max_share_with.items() if code in codes]
    if shares:
        bounds["max_share_with"] = _part_down(eligible, min(shares))
    if terms.refused_with & codes:
        bounds["refused_with"] = 0
    if terms.max_points is not None:
        bounds["max_points"] = sum(_buy(classes, terms.max_points, eligible).values())
    if allowance.member_points is not None:
        points = _least(allowance.member_points, None)
        bounds["member_limit"] = sum(_buy(classes, points, eligible).values())
    if allowance.school_minor is not None:
        bounds["school_ceiling"] = allowance.school_minor
    return {name: max(bound, 0) for name, bound in bounds.items()}


def _spendable(terms: RedemptionTerms, allowance: Allowance) -> Points | None:
    return _least(terms.max_points, allowance.member_points)


def _least(one: Points | None, other: Points | None) -> Points | None:
    """The smaller, never below zero; ``None`` is no bound."""
    stated = [each.amount for each in (one, other) if each is not None]
    return Points(max(min(stated), 0)) if stated else None


def _part_down(amount: int, share: Fraction) -> int:
    return amount * share.numerator // share.denominator
