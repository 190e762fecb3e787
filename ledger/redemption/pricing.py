"""How much of an order points may pay, and how the discount spreads over its lines.

Pure: an order, the programme's terms and what is left of the limits go in, a price comes out. The
balance of the member is no part of it. Roundings, each in the one place it happens:

    discount that points buy            down   floor(points × rate)
    points that a discount costs        up     ceil(discount / rate)
    shares (max_share and the like)     down
    spread over lines                   largest remainder, ties by line id (code points)

The line's own discounts come first, then those on the whole order, then points on what remains.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from ledger.kernel.units import Points
from ledger.redemption.errors import RedeemingNotOffered
from ledger.redemption.orders import Order
from ledger.redemption.terms import RedemptionTerms


@dataclass(frozen=True, slots=True)
class Allowance:
    """What is left of limits that other redemptions draw on too; ``None`` is no limit.

    ``member_points`` of the member's own period, ``school_minor`` of the school's monthly ceiling
    in the order's currency.
    """

    member_points: Points | None = None
    school_minor: int | None = None


@dataclass(frozen=True, slots=True)
class PricedLine:
    """One line's way from list price to what is paid in money, all in minor units."""

    line_id: str
    price_minor: int
    other_discounts_minor: int
    points_discount_minor: int

    @property
    def payable_minor(self) -> int:
        """What is left to pay in money."""
        return self.price_minor - self.other_discounts_minor - self.points_discount_minor


@dataclass(frozen=True, slots=True)
class Price:
    """An order priced with points.

    ``limited_by`` names the bound that made ``discount_max_minor`` what it is; ``points_max`` is
    what that largest discount costs.
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


def price(order: Order, terms: RedemptionTerms, allowance: Allowance, requested: Points) -> Price:
    """Price ``order`` with at most ``requested`` points.

    Points that would buy nothing (above a bound, or a fraction of a minor unit) are not taken.

    Raises:
        RedeemingNotOffered: the terms have no rate for the order's currency.
    """
    rate = terms.rates.get(order.currency)
    if rate is None:
        raise RedeemingNotOffered(
            f"Points do not buy discounts in {order.currency}.", currency=order.currency
        )
    nets = _nets_after_other_discounts(order)
    eligible = {
        line.line_id: nets[line.line_id] for line in order.lines if terms.is_eligible(line.product)
    }
    bounds = _bounds(order, terms, allowance, rate, sum(eligible.values()))
    limited_by = min(bounds, key=lambda name: bounds[name])
    largest = bounds[limited_by]
    discount = min(discount_down(requested, rate), largest)
    spread = spread_by_largest_remainder(discount, eligible)
    return Price(
        currency=order.currency,
        rate=rate,
        points=points_up(discount, rate),
        points_max=points_up(largest, rate),
        discount_minor=discount,
        discount_max_minor=largest,
        limited_by=limited_by,
        lines=tuple(
            PricedLine(
                line.line_id,
                line.price_minor,
                line.price_minor - nets[line.line_id],
                spread.get(line.line_id, 0),
            )
            for line in sorted(order.lines, key=lambda line: line.line_id)
        ),
    )


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
    assert amount == 0 or 0 < amount <= total, "an amount spreads over at least as much weight"
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


def _bounds(
    order: Order,
    terms: RedemptionTerms,
    allowance: Allowance,
    rate: Fraction,
    eligible_minor: int,
) -> dict[str, int]:
    """The largest discount by each bound that applies, in minor units, by the bound's name."""
    others = order.gross_minor - order.net_minor
    bounds = {
        "eligible_lines": eligible_minor,
        "max_share": _part_down(eligible_minor, terms.max_share),
        "max_discount_share": _part_down(order.gross_minor, terms.max_discount_share) - others,
        "min_cash": order.net_minor - terms.min_cash.get(order.currency, 0),
    }
    if terms.refused_with & order.discount_codes():
        bounds["refused_with"] = 0
    if allowance.member_points is not None:
        bounds["member_limit"] = discount_down(allowance.member_points, rate)
    if allowance.school_minor is not None:
        bounds["school_ceiling"] = allowance.school_minor
    return {name: max(bound, 0) for name, bound in bounds.items()}


def _part_down(amount: int, share: Fraction) -> int:
    return amount * share.numerator // share.denominator
