from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from ledger.kernel.units import Points
from ledger.redemption import errors
from ledger.redemption.model import (
    Capture,
    Redemption,
    RedemptionState,
    decide_capture,
    decide_refund,
    decide_release,
)
from tests.unit.redemption.conftest import NOW

Make = Callable[..., Redemption]
CAPTURED = {
    "state": RedemptionState.CAPTURED,
    "captured_minor": 1000,
    "captured_points": Points(400),
    "paid_minor": 4000,
}


def _capture(
    redemption: Redemption, discount: int | None = None, paid: int | None = None
) -> Capture:
    return decide_capture(redemption, discount_minor=discount, paid_minor=paid, at=NOW)


def test_a_capture_takes_the_whole_by_default_or_a_part(held: Make) -> None:
    assert _capture(held()) == Capture(1000, Points(400), 4000)
    assert _capture(held(), 501) == Capture(501, Points(201), 4499)
    assert _capture(held(), 1, 0) == Capture(1, Points(1), 0)


@pytest.mark.parametrize("discount", [0, -1, 1001])
def test_no_capture_beyond_the_hold(held: Make, discount: int) -> None:
    with pytest.raises(errors.CaptureAboveHold) as refused:
        _capture(held(), discount)
    assert refused.value.operands == {"held_minor": 1000, "asked_minor": discount}


@pytest.mark.parametrize("paid", [-1, 4001])
def test_paid_is_within_what_the_order_leaves(held: Make, paid: int) -> None:
    with pytest.raises(errors.PaidAboveOrder):
        _capture(held(), None, paid)


@pytest.mark.parametrize(
    ("state", "refusal"),
    [
        (RedemptionState.CAPTURED, errors.RedemptionAlreadyCaptured),
        (RedemptionState.PARTIALLY_REFUNDED, errors.RedemptionAlreadyCaptured),
        (RedemptionState.REFUNDED, errors.RedemptionAlreadyCaptured),
        (RedemptionState.RELEASED, errors.RedemptionReleased),
        (RedemptionState.EXPIRED, errors.RedemptionExpired),
    ],
)
def test_only_a_hold_is_captured(
    held: Make, state: RedemptionState, refusal: type[Exception]
) -> None:
    with pytest.raises(refusal):
        _capture(held(state=state))


def test_the_end_of_a_hold_is_exclusive(held: Make) -> None:
    late = held().expires_at
    with pytest.raises(errors.RedemptionExpired):
        decide_capture(held(), discount_minor=None, paid_minor=None, at=late)
    assert decide_release(held(), at=late) is RedemptionState.EXPIRED
    just_in_time = late - timedelta(microseconds=1)
    assert decide_release(held(), at=just_in_time) is RedemptionState.RELEASED


def test_release_is_idempotent_but_never_undoes_a_capture(held: Make) -> None:
    for state in (RedemptionState.RELEASED, RedemptionState.EXPIRED):
        assert decide_release(held(state=state), at=NOW) is None
    with pytest.raises(errors.RedemptionAlreadyCaptured):
        decide_release(held(**CAPTURED), at=NOW)


def test_refunds_by_cumulative_money(held: Make) -> None:
    first = decide_refund(held(**CAPTURED), 1001)
    assert (first.points, first.returned_minor) == (Points(100), 250)
    assert first.state is RedemptionState.PARTIALLY_REFUNDED
    rest = decide_refund(
        held(
            **CAPTURED
            | {
                "state": first.state,
                "refunded_minor": first.refunded_minor,
                "returned_minor": first.returned_minor,
                "returned_points": first.returned_points,
            }
        ),
        2999,
    )
    assert (rest.points, rest.returned_minor, rest.state) == (
        Points(300),
        1000,
        RedemptionState.REFUNDED,
    )


def test_what_points_paid_alone_is_refunded_by_the_discount(held: Make) -> None:
    free = held(**CAPTURED | {"paid_minor": 0})
    assert free.refundable_minor == 1000
    assert decide_refund(free, 500).points == Points(200)


@pytest.mark.parametrize("amount", [0, -5, 4001])
def test_no_refund_above_paid(held: Make, amount: int) -> None:
    with pytest.raises(errors.RefundAbovePaid) as refused:
        decide_refund(held(**CAPTURED), amount)
    assert refused.value.operands["refundable_minor"] == 4000


@pytest.mark.parametrize(
    "state", [RedemptionState.HELD, RedemptionState.RELEASED, RedemptionState.EXPIRED]
)
def test_only_what_was_captured_is_refunded(held: Make, state: RedemptionState) -> None:
    with pytest.raises(errors.RedemptionNotCaptured):
        decide_refund(replace(held(), state=state), 1)
