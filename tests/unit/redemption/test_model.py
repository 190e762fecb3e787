from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from ledger.kernel.units import Points
from ledger.redemption import errors
from ledger.redemption.lines import LineCapture
from ledger.redemption.model import (
    Capture,
    Redemption,
    RedemptionState,
    RefundedBy,
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


def _whole(taken: Capture) -> tuple[int, Points, int]:
    return taken.discount_minor, taken.points, taken.paid_minor


def test_a_capture_takes_the_whole_by_default_or_a_part(held: Make) -> None:
    taken = _capture(held())
    assert _whole(taken) == (1000, Points(400), 4000)
    assert [line.points for line in taken.lines] == [Points(320), Points(80)]
    assert _whole(_capture(held(), 501)) == (501, Points(201), 4499)
    assert _whole(_capture(held(), 1, 0)) == (1, Points(1), 0)


def test_a_part_spreads_over_the_lines_in_proportion(held: Make) -> None:
    taken = _capture(held(), 501)
    assert [line.captured_minor for line in taken.lines] == [401, 100]
    assert [line.points for line in taken.lines] == [Points(161), Points(40)]
    assert [line.paid_minor for line in taken.lines] == [3599, 900]


def _by_line(redemption: Redemption, **lines: LineCapture) -> Capture:
    return decide_capture(redemption, at=NOW, lines=lines)


def test_lines_not_named_were_not_bought(held: Make) -> None:
    taken = _by_line(held(), a=LineCapture())
    assert _whole(taken) == (800, Points(320), 3200)
    assert [line.captured_minor for line in taken.lines] == [800, 0]
    part = _by_line(held(), a=LineCapture(1, 5), b=LineCapture(0))
    assert _whole(part) == (1, Points(1), 1005)


def test_lines_that_cannot_be_captured_are_refused(held: Make) -> None:
    with pytest.raises(errors.LineUnknown):
        _by_line(held(), c=LineCapture())
    for lines in ({"a": LineCapture(801)}, {"a": LineCapture(-1)}, {"a": LineCapture(0)}):
        with pytest.raises(errors.CaptureAboveHold):
            _by_line(held(), **lines)
    for paid in (-1, 3201):
        with pytest.raises(errors.PaidAboveOrder):
            _by_line(held(), a=LineCapture(None, paid))


def _captured(held: Make) -> Redemption:
    """``a`` paid 3200 and 320 points, ``b`` nothing but 80 points."""
    taken = _by_line(held(), a=LineCapture(), b=LineCapture(None, 0))
    return held(**CAPTURED | {"paid_minor": taken.paid_minor, "lines": taken.lines})


def _refunded(redemption: Redemption, **lines: int) -> Redemption:
    made = decide_refund(redemption, sum(lines.values()), lines)
    return replace(
        redemption,
        state=made.state,
        refunded_minor=made.refunded_minor,
        returned_minor=made.returned_minor,
        returned_points=made.returned_points,
        refunded_by=made.refunded_by,
        lines=made.lines,
    )


def test_each_line_is_refunded_by_its_own_sum(held: Make) -> None:
    # a: 320 × 1001 / 3200 = 100.1, so 100 points; b, paid by points alone: its 200 undone.
    first = _refunded(_captured(held), a=1001)
    assert (first.returned_points, first.returned_minor) == (Points(100), 250)
    second = _refunded(first, b=200)
    assert (second.returned_points, second.state) == (
        Points(180),
        RedemptionState.PARTIALLY_REFUNDED,
    )
    rest = _refunded(second, a=2199)
    assert (rest.returned_points, rest.returned_minor) == (Points(400), 1000)
    assert rest.state is RedemptionState.REFUNDED
    assert rest.refundable_minor == rest.refunded_minor == 3400


def test_refunds_of_one_redemption_are_counted_one_way(held: Make) -> None:
    by_line = _refunded(_captured(held), a=1)
    with pytest.raises(errors.RefundedOtherwise):
        decide_refund(by_line, 1)
    in_sum = replace(_captured(held), refunded_by=RefundedBy.SUM)
    with pytest.raises(errors.RefundedOtherwise):
        decide_refund(in_sum, 1, {"a": 1})


def test_lines_that_cannot_be_refunded_are_refused(held: Make) -> None:
    captured = _captured(held)
    with pytest.raises(errors.LineUnknown):
        decide_refund(captured, 1, {"c": 1})
    for lines in ({}, {"a": 0}, {"a": 3201}, {"b": 201}):
        with pytest.raises(errors.RefundAbovePaid):
            decide_refund(captured, sum(lines.values()), lines)


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
