"""Refunds made here as facts of their shop: what the order earned goes back with its money."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Final
from uuid import UUID

import pytest

from ledger.events import store as events_store
from ledger.events.model import ExactJson
from ledger.kernel.canonical import Json
from ledger.kernel.transaction import execute
from ledger.kernel.units import Points
from ledger.redemption import service
from ledger.redemption.model import RedemptionState
from ledger.redemption.service import CaptureRedemption, RefundRedemption
from tests.integration.redemption.conftest import School
from tests.support.merging import merge

SHIPPED: Final = Path(__file__).parents[3] / "examples/programmes/cashback.yaml"


TENTHS: Final = """
programme: tenths
version: "1"
zone: UTC
rules:
  - {id: cash-back, on: shop.order.paid, to: actor, points: floor(data.amount_minor / 10)}
reductions:
  - rules: cash-back
    on: shop.order.refunded
    key: data.order
    whole: data.amount_minor
    part: data.amount_minor
    once_per: data.refund
redemption:
  rates: {USD: 1}
  products: ["book:*"]
"""


def _refund(
    school: School, redemption_id: UUID, name: str, amount: int, lines: dict[str, int] | None = None
) -> None:
    school.clock.forward(seconds=1)
    command = RefundRedemption(school.lms, redemption_id, name, amount, lines)
    execute(school.database, service.refund, command)
    school.world.score()


def _told(school: School) -> list[ExactJson]:
    """The money that each fact of a refund says went back."""
    with school.database.read() as work:
        facts = events_store.facts_of_member(work, school.member)
    refunds = [fact for fact in facts if fact.type == "shop.order.refunded"]
    return [fact.data["amount_minor"] for fact in refunds]


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


def _two_lines(school: School) -> UUID:
    """Order A-17: a book wholly for 400 points, and a course for 1000 that earn 100."""
    school.world.activate(TENTHS)
    school.grant(400)
    lines: list[Json] = [
        {"id": "a", "product": "book:go", "price_minor": 400},
        {"id": "b", "product": "course:go", "price_minor": 1000},
    ]
    held = school.held(400, lines=lines)
    execute(school.database, service.capture, CaptureRedemption(school.lms, held.redemption_id))
    _state(school, "paid-1", "paid", {"amount_minor": 1000})
    assert (school.world.points("1042"), school.summary().available) == (100, Points(100))
    return held.redemption_id


def test_what_was_paid_in_points_alone_is_no_money_that_went_back(school: School) -> None:
    redemption_id = _two_lines(school)
    _refund(school, redemption_id, "r1", 400, {"a": 400})
    assert (school.world.points("1042"), school.summary().available) == (100, Points(500))
    assert _told(school) == []
    _refund(school, redemption_id, "r2", 300, {"b": 300})
    assert (school.world.points("1042"), school.summary().available) == (70, Points(470))
    _refund(school, redemption_id, "r3", 700, {"b": 700})
    assert (school.world.points("1042"), school.summary().available) == (0, Points(400))
    assert _told(school) == [300, 700]


def test_of_a_refund_of_both_lines_the_money_alone_is_told(school: School) -> None:
    redemption_id = _two_lines(school)
    _refund(school, redemption_id, "r1", 1400, {"a": 400, "b": 1000})
    assert _told(school) == [1000]
    assert (school.world.points("1042"), school.summary().available) == (0, Points(400))


def test_an_order_paid_in_points_alone_is_refunded_without_a_fact(school: School) -> None:
    school.world.activate(TENTHS)
    school.grant(400)
    line: Json = {"id": "a", "product": "book:go", "price_minor": 400}
    held = school.held(400, lines=[line])
    execute(school.database, service.capture, CaptureRedemption(school.lms, held.redemption_id))
    # Under this order's number money was paid as well, for something that points do not buy.
    _state(school, "paid-1", "paid", {"amount_minor": 1000})
    _refund(school, held.redemption_id, "r1", 400)
    assert (school.world.points("1042"), school.summary().available) == (100, Points(500))
    assert _told(school) == []
    with school.database.read() as work:
        found = service.find(work, school.lms, held.redemption_id)
    assert found.state is RedemptionState.REFUNDED


def test_who_was_merged_meanwhile_keeps_nothing_that_the_money_earned(school: School) -> None:
    school.world.activate(TENTHS.replace("book:*", "*"))
    school.grant(400)
    lines: list[Json] = [{"id": "1", "product": "course:go", "price_minor": 10_400}]
    held = school.held(400, lines=lines)
    execute(school.database, service.capture, CaptureRedemption(school.lms, held.redemption_id))
    _state(school, "paid-1", "paid", {"amount_minor": 10_000})
    survivor = school.world.link("twin")
    merge(school.world, survivor, school.member)
    _refund(school, held.redemption_id, "r1", 10_000)
    assert school.summary(survivor).available == Points(400)
