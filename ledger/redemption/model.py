"""A redemption and the moves it may make. Pure: a state and a wish in, a decision or a refusal out.

                    ┌── release ──▶ RELEASED
    (quote) ─hold─▶ HELD ── time passes ──▶ EXPIRED
                    └── capture ──▶ CAPTURED ──▶ PARTIALLY_REFUNDED ──▶ REFUNDED
                                        └──────────── refund ────────────▲

A quote is not stored, so no row is ever in a state before HELD. Amounts are minor units of the
redemption's currency; roundings as in ``pricing``, and down for refunds (at the end the exact
rest). Captures and refunds by line are in ``lines``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from ledger.kernel.ids import format_id
from ledger.kernel.units import Points, sum_points
from ledger.redemption.errors import (
    CaptureAboveHold,
    PaidAboveOrder,
    RedemptionAlreadyCaptured,
    RedemptionExpired,
    RedemptionNotCaptured,
    RedemptionReleased,
    RefundAbovePaid,
    RefundedOtherwise,
)
from ledger.redemption.lines import (
    LineCapture,
    RedeemedLine,
    capture_lines,
    capture_spread,
    refund_lines,
)


class RedemptionState(StrEnum):
    """Where a redemption stands."""

    HELD = "held"
    CAPTURED = "captured"
    PARTIALLY_REFUNDED = "partially_refunded"
    REFUNDED = "refunded"
    RELEASED = "released"
    EXPIRED = "expired"


CAPTURED_STATES: Final = frozenset(
    {RedemptionState.CAPTURED, RedemptionState.PARTIALLY_REFUNDED, RedemptionState.REFUNDED}
)


class RefundedBy(StrEnum):
    """How the refunds of one redemption are counted: all alike, so that each ends exactly."""

    SUM = "sum"
    LINES = "lines"


NO_POINTS: Final = Points(0)


@dataclass(frozen=True, slots=True)
class Redemption:
    """One stored redemption.

    ``points`` and ``discount_minor`` are what was held; the captured and refunded figures are zero
    until there are any. ``expired_points`` could not go back when the hold ended, since their lots'
    own life had passed. ``expires_at`` of the hold is exclusive. ``lines`` are the order's by id.
    """

    redemption_id: UUID
    member_id: UUID
    hold_id: UUID
    order_source: str
    order_number: str
    state: RedemptionState
    programme_hash: bytes
    rate: str
    currency: str
    net_minor: int
    discount_minor: int
    points: Points
    refund_grace: timedelta
    created_at: datetime
    expires_at: datetime
    captured_minor: int = 0
    captured_points: Points = NO_POINTS
    paid_minor: int = 0
    expired_points: Points = NO_POINTS
    refunded_minor: int = 0
    returned_minor: int = 0
    returned_points: Points = NO_POINTS
    captured_at: datetime | None = None
    closed_at: datetime | None = None
    refunded_by: RefundedBy | None = None
    lines: tuple[RedeemedLine, ...] = ()

    @property
    def refundable_minor(self) -> int:
        """The money that all refunds together may reach.

        What was paid; where points paid everything (of a line, if refunds are by line), the
        discount itself is what is undone.
        """
        if self.refunded_by is RefundedBy.LINES:
            return sum(line.refundable_minor for line in self.lines)
        return self.paid_minor or self.captured_minor


@dataclass(frozen=True, slots=True)
class Capture:
    """What a capture takes: the discount given, its cost in points, the money paid beside it."""

    discount_minor: int
    points: Points
    paid_minor: int
    lines: tuple[RedeemedLine, ...]


@dataclass(frozen=True, slots=True)
class Refund:
    """What one refund moves, and where all of them then stand."""

    amount_minor: int
    points: Points
    refunded_minor: int
    returned_minor: int
    returned_points: Points
    state: RedemptionState
    refunded_by: RefundedBy
    lines: tuple[RedeemedLine, ...]


def decide_capture(
    redemption: Redemption,
    *,
    at: datetime,
    discount_minor: int | None = None,
    paid_minor: int | None = None,
    lines: Mapping[str, LineCapture] | None = None,
) -> Capture:
    """Capture the whole hold, the part that costs ``discount_minor``, or the lines named.

    ``paid_minor`` is the money the member paid; by default all that the order leaves to pay. With
    ``lines`` neither is stated: the lines say it, and those not named were not bought.

    Raises:
        RedemptionAlreadyCaptured, RedemptionReleased, RedemptionExpired: it is not held any more.
        CaptureAboveHold: less than one minor unit, or more than is held.
        PaidAboveOrder: negative, or more money than the order leaves to pay.
        LineUnknown: a line that the order does not have.
    """
    if redemption.state is RedemptionState.HELD and at >= redemption.expires_at:
        raise _expired(redemption)
    _require_held(redemption)
    if lines is not None:
        return _captured(capture_lines(redemption.lines, lines, redemption.currency))
    discount = redemption.discount_minor if discount_minor is None else discount_minor
    if not 1 <= discount <= redemption.discount_minor:
        raise CaptureAboveHold(
            f"A capture takes from 1 to {redemption.discount_minor} minor units of "
            f"{redemption.currency}, not {discount}.",
            held_minor=redemption.discount_minor,
            asked_minor=discount,
        )
    payable = redemption.net_minor - discount
    paid = payable if paid_minor is None else paid_minor
    if not 0 <= paid <= payable:
        raise PaidAboveOrder(
            f"After a discount of {discount} the order leaves {payable} minor units of "
            f"{redemption.currency} to pay, not {paid}.",
            payable_minor=payable,
            paid_minor=paid,
        )
    return _captured(capture_spread(redemption.lines, discount, paid))


def _captured(lines: tuple[RedeemedLine, ...]) -> Capture:
    return Capture(
        discount_minor=sum(line.captured_minor for line in lines),
        points=sum_points(line.points for line in lines),
        paid_minor=sum(line.paid_minor for line in lines),
        lines=lines,
    )


def decide_release(redemption: Redemption, *, at: datetime) -> RedemptionState | None:
    """The state a release leads to; ``None`` if the points are already back, which is no error.

    Raises:
        RedemptionAlreadyCaptured: the points are spent; a refund returns them.
    """
    if redemption.state in {RedemptionState.RELEASED, RedemptionState.EXPIRED}:
        return None
    _require_held(redemption)
    return RedemptionState.EXPIRED if at >= redemption.expires_at else RedemptionState.RELEASED


def decide_refund(
    redemption: Redemption, amount_minor: int, lines: Mapping[str, int] | None = None
) -> Refund:
    """Refund so much more money; points come back by the cumulative sum.

    ``floor(points × refunded / refundable) − already returned`` (DESIGN 6), which at the end is the
    exact rest whatever the parts were. The discount undone is counted by the same formula. With
    ``lines`` (money by line, ``amount_minor`` in sum) the formula counts each line by itself.

    Raises:
        RedemptionNotCaptured: nothing was captured.
        RefundAbovePaid: not positive, or above what is left of what was paid.
        RefundedOtherwise: earlier refunds were by line and this is not, or the other way round.
        LineUnknown: a line that the order does not have.
    """
    if redemption.state not in CAPTURED_STATES:
        raise RedemptionNotCaptured(
            f"Nothing of redemption {format_id('red', redemption.redemption_id)} was captured, so "
            "nothing can be refunded.",
            state=redemption.state,
        )
    way = RefundedBy.SUM if lines is None else RefundedBy.LINES
    if redemption.refunded_by not in {None, way}:
        raise RefundedOtherwise(
            f"Earlier refunds of this redemption were counted by {redemption.refunded_by}, so that "
            "this one must be too.",
            refunded_by=redemption.refunded_by,
        )
    if lines is not None:
        return _refund_by_lines(redemption, amount_minor, lines)
    whole = redemption.refundable_minor
    left = whole - redemption.refunded_minor
    if not 1 <= amount_minor <= left:
        raise RefundAbovePaid(
            f"{left} minor units of {redemption.currency} are left to refund, not {amount_minor}.",
            refundable_minor=left,
            asked_minor=amount_minor,
        )
    refunded = redemption.refunded_minor + amount_minor
    returned_points = Points(redemption.captured_points.amount * refunded // whole)
    return Refund(
        amount_minor=amount_minor,
        points=returned_points - redemption.returned_points,
        refunded_minor=refunded,
        returned_minor=redemption.captured_minor * refunded // whole,
        returned_points=returned_points,
        state=_state_of(refunded, whole),
        refunded_by=way,
        lines=redemption.lines,
    )


def _refund_by_lines(
    redemption: Redemption, amount_minor: int, amounts: Mapping[str, int]
) -> Refund:
    assert amount_minor == sum(amounts.values()), "a refund is the sum of its lines"
    lines = refund_lines(redemption.lines, amounts, redemption.currency)
    refunded = sum(line.refunded_minor for line in lines)
    returned = sum_points(line.returned_points for line in lines)
    return Refund(
        amount_minor=amount_minor,
        points=returned - redemption.returned_points,
        refunded_minor=refunded,
        returned_minor=sum(line.returned_minor for line in lines),
        returned_points=returned,
        state=_state_of(refunded, sum(line.refundable_minor for line in lines)),
        refunded_by=RefundedBy.LINES,
        lines=lines,
    )


def _state_of(refunded_minor: int, whole_minor: int) -> RedemptionState:
    all_of_it = refunded_minor == whole_minor
    return RedemptionState.REFUNDED if all_of_it else RedemptionState.PARTIALLY_REFUNDED


def _require_held(redemption: Redemption) -> None:
    text_id = format_id("red", redemption.redemption_id)
    if redemption.state in CAPTURED_STATES:
        raise RedemptionAlreadyCaptured(
            f"Redemption {text_id} was captured before.", state=redemption.state
        )
    if redemption.state is RedemptionState.RELEASED:
        raise RedemptionReleased(
            f"Redemption {text_id} was released; its points are back.", state=redemption.state
        )
    if redemption.state is RedemptionState.EXPIRED:
        raise _expired(redemption)


def _expired(redemption: Redemption) -> RedemptionExpired:
    return RedemptionExpired(
        f"The hold of redemption {format_id('red', redemption.redemption_id)} ended at "
        f"{redemption.expires_at.isoformat()}; its points are back.",
        expired_at=redemption.expires_at.isoformat(),
    )
