"""Refunds of an order that several events pay for go to one payment after another."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from ledger.kernel.clock import Instant
from ledger.programme.load import load_programme
from ledger.scoring.model import Activation, Fact
from ledger.scoring.project import project
from tests.unit.scoring.test_reductions import BUYER, PLAN, TEXT, fact, paid, refunded


def worth(*facts: Fact, plan: list[Activation] = PLAN) -> list[int]:
    """Each award's points, in order of facts."""
    return [each.points.amount for each in project(facts, plan, closed_until=None)]


def reductions(*facts: Fact) -> list[Any]:
    receipts: list[Any] = [
        each.receipt.to_json() for each in project(facts, PLAN, closed_until=None)
    ]
    return [receipt.get("reduction") for receipt in receipts]


@pytest.mark.parametrize(
    ("amounts", "left"),
    [
        ((400,), [60, 100, 50]),
        ((1000,), [0, 100, 50]),
        ((1500,), [0, 50, 50]),
        ((400, 1100), [0, 50, 50]),
        ((2000, 250), [0, 0, 25]),
        ((2500,), [0, 0, 0]),
        ((9000,), [0, 0, 0]),
    ],
)
def test_the_first_payment_is_refunded_first(amounts: tuple[int, ...], left: list[int]) -> None:
    payments = [paid(1, "A", 1000), paid(2, "A", 1000), paid(3, "A", 500)]
    refunds = [refunded(10 + place, "A", amount) for place, amount in enumerate(amounts)]
    assert worth(*payments, *refunds) == left
    assert worth(*reversed(refunds), *reversed(payments)) == left


def test_a_refund_before_the_next_payment_is_spread_all_the_same() -> None:
    assert worth(paid(1, "A", 1000), refunded(2, "A", 1000), paid(3, "A", 1000)) == [0, 100]
    assert worth(refunded(1, "A", 1500), paid(2, "A", 1000), paid(3, "A", 1000)) == [0, 50]


def test_a_receipt_says_what_earlier_payments_account_for() -> None:
    payments = [paid(1, "A", 1000), paid(2, "A", 1000), paid(3, "A", 1000)]
    by = [{"source": "s", "id": "9"}]
    assert reductions(*payments, refunded(9, "A", 1500)) == [
        {"whole": "1000", "refunded": "1000", "points": 100, "by": by},
        {"whole": "1000", "refunded": "500", "earlier": "1000", "points": 50, "by": by},
        None,
    ]


def test_a_payment_of_nothing_and_one_above_the_cap_take_their_turn() -> None:
    nothing, dear = paid(1, "A", 0), paid(2, "A", 12_000)
    # 1000 of 1200 below the cap, and nothing is left below it for the next payment.
    facts = [nothing, dear, paid(3, "A", 1000)]
    assert worth(*facts) == [1000, 0]
    assert worth(*facts, refunded(9, "A", 12_000)) == [0, 0]


def test_rules_that_pay_for_one_event_are_refunded_alike() -> None:
    two = TEXT.replace(
        "  - {id: read,",
        "  - {id: extra, on: shop.order.paid, to: actor, points: 10}\n  - {id: read,",
    )
    one_row = two.replace("rules: cash-back", "rules: [cash-back, extra]")
    row = two[two.index("  - rules: cash-back") :]
    two_rows = two + row.replace("cash-back", "extra")
    payments = [paid(1, "A", 1000), paid(2, "A", 1000)]
    for text in (one_row, two_rows):
        plan = [Activation(load_programme(text))]
        assert worth(*payments, refunded(9, "A", 1500), plan=plan) == [0, 0, 50, 5]


def test_events_of_another_type_tell_of_the_same_money() -> None:
    text = TEXT.replace("on: shop.order.paid", "on: [shop.order.paid, shop.order.sent]")
    plan = [Activation(load_programme(text))]
    sent = fact(2, "shop.order.sent", {"order": "A", "amount_minor": 1000})
    assert worth(paid(1, "A", 1000), sent, refunded(9, "A", 400), plan=plan) == [60, 60]


def test_versions_that_read_other_fields_go_on_from_one_another() -> None:
    later = TEXT.replace('version: "1"', 'version: "2"').replace(
        "data.amount_minor / 10", "data.amount * 10"
    )
    later = later.replace("data.amount_minor", "data.amount")
    plan = [
        Activation(load_programme(TEXT)),
        Activation(load_programme(later), Instant(1_800_000_002)),
    ]

    def stated(number: int, kind: str, minor: int) -> Fact:
        amounts = {"amount_minor": minor, "amount": Decimal(minor) / 100}
        return fact(number, f"shop.order.{kind}", {"order": "A", **amounts})

    facts = [stated(1, "paid", 1000), stated(2, "paid", 1000), stated(9, "refunded", 1500)]
    found = project(facts, plan, closed_until=None)
    assert [each.points.amount for each in found] == [0, 50]
    assert {each.beneficiary for each in found} == {BUYER}
    receipt: Any = found[1].receipt.to_json()
    assert receipt["reduction"] | {"by": []} == {
        "whole": "10",
        "refunded": "5",
        "earlier": "10",
        "points": 50,
        "by": [],
    }
