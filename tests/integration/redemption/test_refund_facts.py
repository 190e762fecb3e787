"""Refunds made here as facts of their shop: what the order earned goes back with its money."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Final
from uuid import UUID

import pytest

from ledger.events.model import ExactJson
from ledger.kernel.canonical import Json
from ledger.kernel.transaction import execute
from ledger.kernel.units import Points
from ledger.redemption import service
from ledger.redemption.service import CaptureRedemption, RefundRedemption
from tests.integration.redemption.conftest import School

SHIPPED: Final = Path(__file__).parents[3] / "examples/programmes/cashback.yaml"


def _refund(school: School, redemption_id: UUID, name: str, amount: int) -> None:
    school.clock.forward(seconds=1)
    command = RefundRedemption(school.lms, redemption_id, name, amount)
    execute(school.database, service.refund, command)


def _state(school: School, event_id: str, kind: str, data: dict[str, ExactJson]) -> None:
    time = school.clock.time.isoformat()
    school.world.state(event_id, f"shop.order.{kind}", "lms:1042", time, {"order": "A-17", **data})
    school.world.score()


@pytest.mark.parametrize("tells_too", [False, True])
def test_the_shipped_programme_takes_back_what_is_refunded_here(
    school: School, *, tells_too: bool
) -> None:
    """1000.00, 4.00 of them in points; 2 % of the 996.00 paid are 19 points."""
    school.world.activate(SHIPPED.read_text("utf-8"))
    school.grant(400)
    lines: list[Json] = [{"id": "1", "product": "course:go", "price_minor": 100_000}]
    held = school.held(400, currency="GBP", lines=lines)
    execute(school.database, service.capture, CaptureRedemption(school.lms, held.redemption_id))
    _state(school, "paid-1", "paid", {"currency": "GBP", "amount": Decimal("996.00")})
    assert school.world.points("1042") == 19
    _refund(school, held.redemption_id, "r1", 99_600)
    if tells_too:
        _state(school, "own", "refunded", {"refund": "r1", "amount": Decimal(996)})
    school.world.score()
    assert school.world.points("1042") == 0
    assert school.summary().available == Points(400)
