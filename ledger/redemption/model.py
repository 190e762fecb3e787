"""A redemption and the moves it may make. Pure: a state and a wish in, a decision or a refusal out.

                    ┌── release ──▶ RELEASED
    (quote) ─hold─▶ HELD ── time passes ──▶ EXPIRED
                    └── capture ──▶ CAPTURED ──▶ PARTIALLY_REFUNDED ──▶ REFUNDED
                                        └──────────── refund ────────────▲

A quote is not stored, so no row is ever in a state before HELD. Amounts are minor units of the
redemption's currency; roundings as in ``pricing``, and down for refunds (at the end the exact
rest).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from fractions import Fraction
from typing import Final
from uuid import UUID

from ledger.kernel.ids import format_id
from ledger.kernel.units import Points
from ledger.redemption.errors import (
    CaptureAboveHold,
    PaidAboveOrder,
    RedemptionAlreadyCaptured,
    RedemptionExpired,
    RedemptionNotCaptured,
    RedemptionReleased,
    RefundAbovePaid,
)
from ledger.redemption.pricing import points_up


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


NO_POINTS: Final = Points(0)


@dataclass(frozen=True, slots=True)
class Redemption:
    """One stored redemption.

    ``points`` and ``discount_minor`` are what was held; the captured and refunded figures are zero
    until there are any. ``expired_points`` could not go back when the hold ended, since their lots'
    own life had passed. ``expires_at`` of the hold is exclusive.
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

    @property
    def refundable_minor(self) -> int:
        """The money that all refunds together may reach.

        What was paid; where points paid everything, the discount itself is what is undone.
        """
        return self.paid_minor or self.captured_minor


@dataclass(frozen=True, slots=True)
class Capture:
    """What a capture takes: the discount given, its cost in points, the money paid beside it."""

    discount_minor: int
    points: Points
    paid_minor: int


@dataclass(frozen=True, slots=True)
class Refund:
    """What one refund moves, and where all of them then stand."""

    amount_minor: int
    points: Points
    refunded_minor: int
    returned_minor: int
    returned_points: Points
    state: RedemptionState


def decide_capture(
    redemption: Redemption, *, discount_minor: int | None, paid_minor: int | None, at: datetime
) -> Capture:
    """Capture the whole hold, or the part that costs ``discount_minor``.

    ``paid_minor`` is the money the member paid; by default all that the order leaves to pay.

    Raises:
        RedemptionAlreadyCaptured, RedemptionReleased, RedemptionExpired: it is not held any more.
        CaptureAboveHold: less than one minor unit, or more than is held.
        PaidAboveOrder: negative, or more money than the order leaves to pay.
    """
    if redemption.state is RedemptionState.HELD and at >= redemption.expires_at:
        raise _expired(redemption)
    _require_held(redemption)
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
    return Capture(discount, points_up(discount, Fraction(redemption.rate)), paid)


def decide_release(redemption: Redemption, *, at: datetime) -> RedemptionState | None:
    """The state a release leads to; ``None`` if the points are already back, which is no error.

    Raises:
        RedemptionAlreadyCaptured: the points are spent; a refund returns them.
    """
    if redemption.state in {RedemptionState.RELEASED, RedemptionState.EXPIRED}:
        return None
    _require_held(redemption)
    return RedemptionState.EXPIRED if at >= redemption.expires_at else RedemptionState.RELEASED


def decide_refund(redemption: Redemption, amount_minor: int) -> Refund:
    """Refund so much more money; points come back by the cumulative sum.

    ``floor(points × refunded / refundable) − already returned`` (DESIGN 6), which at the end is the
    exact rest whatever the parts were. The discount undone is counted by the same formula.

    Raises:
        RedemptionNotCaptured: nothing was captured.
        RefundAbovePaid: not positive, or above what is left of what was paid.
    """
    if redemption.state not in CAPTURED_STATES:
        raise RedemptionNotCaptured(
            f"Nothing of redemption {format_id('red', redemption.redemption_id)} was captured, so "
            "nothing can be refunded.",
            state=redemption.state,
        )
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
        state=RedemptionState.REFUNDED if refunded == whole else RedemptionState.PARTIALLY_REFUNDED,
    )


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
