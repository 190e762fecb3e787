"""A redemption line by line: what was captured of each, and what of that was refunded. Pure.

Whoever captures or refunds in sum has it spread over the lines in proportion; whoever names lines
has each counted by itself. Points are rounded up once for each rate (``pricing``), and a rate's
points spread over its lines by largest remainder.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, Final

from ledger.kernel.canonical import Json
from ledger.kernel.units import Points
from ledger.redemption.errors import (
    CaptureAboveHold,
    LineUnknown,
    PaidAboveOrder,
    RefundAbovePaid,
)
from ledger.redemption.pricing import PricedLine, spread_by_largest_remainder, spread_points

_NONE: Final = Points(0)


@dataclass(frozen=True, slots=True)
class RedeemedLine:
    """One line of the order. ``discount_minor`` is what was held; the rest is zero until then.

    ``rate`` is what a point is worth for it; the common one, where the line takes no points.
    """

    line_id: str
    net_minor: int
    discount_minor: int
    rate: Fraction
    captured_minor: int = 0
    points: Points = _NONE
    paid_minor: int = 0
    refunded_minor: int = 0
    returned_minor: int = 0
    returned_points: Points = _NONE

    @property
    def refundable_minor(self) -> int:
        """What all refunds of the line may reach: what was paid, or else the discount itself."""
        return self.paid_minor or self.captured_minor


@dataclass(frozen=True, slots=True)
class LineCapture:
    """What was bought of a line; ``None``: all the discount held, all that it leaves to pay."""

    discount_minor: int | None = None
    paid_minor: int | None = None


def held_lines(lines: tuple[PricedLine, ...], rate: Fraction) -> tuple[RedeemedLine, ...]:
    """The lines of a quote, held; ``rate`` is the quote's."""
    return tuple(
        RedeemedLine(line.line_id, line.net_minor, line.points_discount_minor, line.rate or rate)
        for line in lines
    )


def capture_spread(
    lines: tuple[RedeemedLine, ...], discount_minor: int, paid_minor: int
) -> tuple[RedeemedLine, ...]:
    """Capture a part of the whole.

    The discount spreads in proportion to what is held of each line, the money to what each costs.
    """
    discounts = spread_by_largest_remainder(
        discount_minor, {line.line_id: line.discount_minor for line in lines}
    )
    payable = {line.line_id: line.net_minor - discounts[line.line_id] for line in lines}
    return _captured(lines, discounts, spread_by_largest_remainder(paid_minor, payable))


def capture_lines(
    lines: tuple[RedeemedLine, ...], named: Mapping[str, LineCapture], currency: str
) -> tuple[RedeemedLine, ...]:
    """Capture the lines named; of the others nothing was bought.

    Raises:
        LineUnknown: a line that is not there.
        CaptureAboveHold: more than is held of a line, or nothing of all.
        PaidAboveOrder: more money than a line leaves to pay.
    """
    _require_known(lines, named)
    discounts: dict[str, int] = {}
    paid: dict[str, int] = {}
    for line in lines:
        said = named.get(line.line_id, LineCapture(0, 0))
        discount = line.discount_minor if said.discount_minor is None else said.discount_minor
        if not 0 <= discount <= line.discount_minor:
            raise _above_hold(line.discount_minor, discount, currency, line.line_id)
        payable = line.net_minor - discount
        amount = payable if said.paid_minor is None else said.paid_minor
        if not 0 <= amount <= payable:
            raise PaidAboveOrder(
                f"Line {line.line_id} leaves {payable} minor units of {currency} to pay, "
                f"not {amount}.",
                line=line.line_id,
                payable_minor=payable,
                paid_minor=amount,
            )
        discounts[line.line_id], paid[line.line_id] = discount, amount
    if not any(discounts.values()):
        raise _above_hold(sum(line.discount_minor for line in lines), 0, currency, None)
    return _captured(lines, discounts, paid)


def refund_lines(
    lines: tuple[RedeemedLine, ...], amounts: Mapping[str, int], currency: str
) -> tuple[RedeemedLine, ...]:
    """Refund so much more money of each line named; points come back by each line's own sum.

    Raises:
        LineUnknown: a line that is not there.
        RefundAbovePaid: not positive, or above what is left of what was paid for a line.
    """
    _require_known(lines, amounts)
    if not amounts:
        raise RefundAbovePaid("A refund by line names at least one line.", asked_minor=0)
    return tuple(
        _refunded(line, amounts[line.line_id], currency) if line.line_id in amounts else line
        for line in lines
    )


def _refunded(line: RedeemedLine, amount: int, currency: str) -> RedeemedLine:
    whole = line.refundable_minor
    left = whole - line.refunded_minor
    if not 1 <= amount <= left:
        raise RefundAbovePaid(
            f"Of line {line.line_id} {left} minor units of {currency} are left to refund, "
            f"not {amount}.",
            line=line.line_id,
            refundable_minor=left,
            asked_minor=amount,
        )
    refunded = line.refunded_minor + amount
    return replace(
        line,
        refunded_minor=refunded,
        returned_minor=line.captured_minor * refunded // whole,
        returned_points=Points(line.points.amount * refunded // whole),
    )


def lines_json(lines: tuple[RedeemedLine, ...]) -> list[Json]:
    """The lines as they are stored and shown."""
    return [
        {
            "id": line.line_id,
            "net_minor": line.net_minor,
            "discount_minor": line.discount_minor,
            "rate": str(line.rate),
            "captured_minor": line.captured_minor,
            "points": line.points.amount,
            "paid_minor": line.paid_minor,
            "refunded_minor": line.refunded_minor,
            "returned_minor": line.returned_minor,
            "returned_points": line.returned_points.amount,
        }
        for line in lines
    ]


def lines_from(stated: Sequence[Mapping[str, Any]]) -> tuple[RedeemedLine, ...]:
    """Back from :func:`lines_json`."""
    return tuple(
        RedeemedLine(
            line_id=line["id"],
            net_minor=line["net_minor"],
            discount_minor=line["discount_minor"],
            rate=Fraction(line["rate"]),
            captured_minor=line["captured_minor"],
            points=Points(line["points"]),
            paid_minor=line["paid_minor"],
            refunded_minor=line["refunded_minor"],
            returned_minor=line["returned_minor"],
            returned_points=Points(line["returned_points"]),
        )
        for line in stated
    )


def _captured(
    lines: tuple[RedeemedLine, ...], discounts: Mapping[str, int], paid: Mapping[str, int]
) -> tuple[RedeemedLine, ...]:
    points = spread_points(discounts, {line.line_id: line.rate for line in lines})
    return tuple(
        replace(
            line,
            captured_minor=discounts[line.line_id],
            points=points.get(line.line_id, _NONE),
            paid_minor=paid[line.line_id],
        )
        for line in lines
    )


def _require_known(lines: tuple[RedeemedLine, ...], named: Mapping[str, object]) -> None:
    unknown = sorted(named.keys() - {line.line_id for line in lines})
    if unknown:
        raise LineUnknown(f"The order has no line {unknown[0]}.", line=unknown[0])


def _above_hold(held: int, asked: int, currency: str, line_id: str | None) -> CaptureAboveHold:
    where = "of the order" if line_id is None else f"of line {line_id}"
    return CaptureAboveHold(
        f"{held} minor units of {currency} are held {where}, and 1 at least is captured; "
        f"{asked} is not between.",
        held_minor=held,
        asked_minor=asked,
        line=line_id,
    )
