"""Any sequence of partial refunds ends at exactly what was captured."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from uuid import UUID

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ledger.kernel.units import Points
from ledger.redemption.errors import RefundAbovePaid
from ledger.redemption.lines import LineCapture, RedeemedLine
from ledger.redemption.model import Redemption, RedemptionState, decide_capture, decide_refund
from ledger.redemption.pricing import points_of, points_up
from tests.property.redemption.test_pricing import rates

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


@st.composite
def captured(draw: st.DrawFn) -> Redemption:
    net = draw(st.integers(1, 10**7))
    discount = draw(st.integers(1, net))
    rate = draw(rates)
    held = Redemption(
        redemption_id=UUID(int=1),
        member_id=UUID(int=2),
        hold_id=UUID(int=3),
        order_source="s",
        order_number="o",
        state=RedemptionState.HELD,
        programme_hash=b"",
        rate=str(rate),
        currency="USD",
        net_minor=net,
        discount_minor=discount,
        points=points_up(discount, rate),
        refund_grace=timedelta(0),
        created_at=NOW,
        expires_at=NOW + timedelta(minutes=1),
        lines=(RedeemedLine("1", net, discount, rate),),
    )
    taken = decide_capture(
        held, discount_minor=draw(st.integers(1, discount)), paid_minor=None, at=NOW
    )
    assert taken.points <= held.points
    return replace(
        held,
        state=RedemptionState.CAPTURED,
        captured_minor=taken.discount_minor,
        captured_points=taken.points,
        paid_minor=taken.paid_minor,
        lines=taken.lines,
    )


def _refund(redemption: Redemption, amount: int, lines: dict[str, int] | None = None) -> Redemption:
    refund = decide_refund(redemption, amount, lines)
    assert refund.points >= Points(0)
    return replace(
        redemption,
        state=refund.state,
        refunded_minor=refund.refunded_minor,
        returned_minor=refund.returned_minor,
        returned_points=refund.returned_points,
        refunded_by=refund.refunded_by,
        lines=refund.lines,
    )


@given(captured(), st.data())
def test_partial_refunds_in_any_order_sum_exactly(redemption: Redemption, data: object) -> None:
    assert isinstance(data, st.DataObject)
    whole = redemption.refundable_minor
    cuts = sorted(data.draw(st.sets(st.integers(1, whole), max_size=12)) | {whole})
    amounts = [high - low for low, high in zip([0, *cuts], cuts, strict=False)]
    for amount in data.draw(st.permutations(amounts)):
        redemption = _refund(redemption, amount)
        # Never ahead of the money: what is back is the floor of the same share of the points.
        assert redemption.returned_points.amount == (
            redemption.captured_points.amount * redemption.refunded_minor // whole
        )
    assert redemption.state is RedemptionState.REFUNDED
    assert redemption.returned_points == redemption.captured_points
    assert redemption.returned_minor == redemption.captured_minor
    with pytest.raises(RefundAbovePaid):
        decide_refund(redemption, 1)


@given(captured(), st.data())
def test_the_split_of_a_refund_does_not_matter(redemption: Redemption, data: object) -> None:
    assert isinstance(data, st.DataObject)
    total = data.draw(st.integers(1, redemption.refundable_minor))
    first = data.draw(st.integers(0, total - 1))
    at_once = _refund(redemption, total)
    by_parts = _refund(_refund(redemption, first) if first else redemption, total - first)
    assert by_parts == at_once


@st.composite
def captured_by_lines(draw: st.DrawFn) -> Redemption:
    """Lines of several rates, each bought in part or whole, or not at all."""
    nets = draw(st.lists(st.integers(1, 10**6), min_size=1, max_size=5))
    said = draw(st.lists(rates, min_size=1, max_size=2))
    lines = tuple(
        RedeemedLine(str(index), net, draw(st.integers(0, net)), draw(st.sampled_from(said)))
        for index, net in enumerate(nets)
    )
    discount = sum(line.discount_minor for line in lines)
    assume(discount)
    weights = {line.line_id: line.discount_minor for line in lines}
    held = Redemption(
        redemption_id=UUID(int=1),
        member_id=UUID(int=2),
        hold_id=UUID(int=3),
        order_source="s",
        order_number="o",
        state=RedemptionState.HELD,
        programme_hash=b"",
        rate=str(said[0]),
        currency="USD",
        net_minor=sum(nets),
        discount_minor=discount,
        points=points_of(weights, {line.line_id: line.rate for line in lines}),
        refund_grace=timedelta(0),
        created_at=NOW,
        expires_at=NOW + timedelta(minutes=1),
        lines=lines,
    )
    if draw(st.booleans()):
        taken = decide_capture(held, discount_minor=draw(st.integers(1, discount)), at=NOW)
    else:
        named = {}
        for line in lines:
            if draw(st.booleans()):
                part = draw(st.integers(0, line.discount_minor))
                paid = draw(st.integers(0, line.net_minor - part))
                named[line.line_id] = LineCapture(part, paid)
        assume(any(each.discount_minor for each in named.values()))
        taken = decide_capture(held, lines=named, at=NOW)
    assert Points(0) < taken.points <= held.points
    assert all(line.captured_minor <= line.discount_minor for line in taken.lines)
    return replace(
        held,
        state=RedemptionState.CAPTURED,
        captured_minor=taken.discount_minor,
        captured_points=taken.points,
        paid_minor=taken.paid_minor,
        lines=taken.lines,
    )


@given(captured_by_lines(), st.randoms(use_true_random=False))
def test_refunds_by_line_in_any_order_end_exactly_per_line_and_in_sum(
    redemption: Redemption, random: Random
) -> None:
    whole = {
        line.line_id: line.refundable_minor for line in redemption.lines if line.refundable_minor
    }
    at_once = _refund(redemption, sum(whole.values()), whole)
    left = dict(whole)
    while left:
        chosen = random.sample(sorted(left), random.randint(1, len(left)))
        amounts = {
            each: random.choice([left[each], random.randint(1, left[each])]) for each in chosen
        }
        redemption = _refund(redemption, sum(amounts.values()), amounts)
        left = {
            each: rest for each, amount in left.items() if (rest := amount - amounts.get(each, 0))
        }
        for line in redemption.lines:
            if line.refundable_minor:
                part = line.points.amount * line.refunded_minor // line.refundable_minor
                assert line.returned_points == Points(part)
    assert redemption == at_once
    assert redemption.state is RedemptionState.REFUNDED
    assert redemption.returned_points == redemption.captured_points
    assert redemption.returned_minor == redemption.captured_minor
    assert all(line.returned_points == line.points for line in redemption.lines)
