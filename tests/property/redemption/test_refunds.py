"""Any sequence of partial refunds ends at exactly what was captured."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.kernel.units import Points
from ledger.redemption.errors import RefundAbovePaid
from ledger.redemption.model import Redemption, RedemptionState, decide_capture, decide_refund
from ledger.redemption.pricing import points_up
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
    )


def _refund(redemption: Redemption, amount: int) -> Redemption:
    refund = decide_refund(redemption, amount)
    assert refund.points >= Points(0)
    return replace(
        redemption,
        state=refund.state,
        refunded_minor=refund.refunded_minor,
        returned_minor=refund.returned_minor,
        returned_points=refund.returned_points,
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
