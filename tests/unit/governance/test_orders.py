"""Orders that votes give: what a document must say, and what its hash is of."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest

from governance.mandates.model import (
    BudgetOrder,
    Mandate,
    MandateKind,
    OrderDiffers,
    OrderMalformed,
    SpendingOrder,
    order_hash,
    pool_on_chain,
    read_order,
    require_same,
)
from ledger.journal.model import AccountKind
from ledger.kernel.canonical import Json
from ledger.kernel.units import Points

PROJECT = UUID("0198f0a0-0000-7000-8000-000000000001")
SPENDING = SpendingOrder(AccountKind.TREASURY, Points(700), PROJECT, b"\x07" * 32)
BUDGET = BudgetOrder(Points(50), PROJECT, b"\x09" * 32)
ORDERED = Mandate(
    3,
    MandateKind.SPENDING,
    order_hash(SPENDING),
    700,
    pool_on_chain(AccountKind.TREASURY),
    b"\x01" * 32,
    datetime(2026, 3, 2, tzinfo=UTC),
)


@pytest.mark.parametrize("order", [SPENDING, BUDGET])
def test_a_document_is_read_as_it_was_written(order: SpendingOrder | BudgetOrder) -> None:
    assert read_order(order.document()) == order


def test_the_hash_is_of_the_canonical_document() -> None:
    text = (
        f'{{"budget":"{PROJECT}","content":"{"09" * 32}","order":"budget","points":50}}'
    ).encode()
    assert order_hash(BUDGET) == hashlib.sha256(text).digest()


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"order": "gift"}, "order"),
        ({"order": ["spending"]}, "order"),
        ({"pool": "escrow"}, "pool"),
        ({"pool": ["treasury"]}, "pool"),
        ({"points": 0}, "points"),
        ({"points": True}, "points"),
        ({"points": 1.5}, "points"),
        ({"points": 2**63}, "points"),
        ({"content": "07"}, "content"),
        ({"content": "ZZ" * 32}, "content"),
        ({"content": None}, "content"),
        ({"project": "somewhere"}, "project"),
        ({"project": None}, "project"),
        ({"note": "thanks"}, "note"),
    ],
)
def test_what_is_no_order_is_refused_by_its_field(changed: dict[str, Json], field: str) -> None:
    with pytest.raises(OrderMalformed) as refused:
        read_order({**SPENDING.document(), **changed})
    assert refused.value.field == field


def test_a_budget_is_one_that_was_asked_for() -> None:
    with pytest.raises(OrderMalformed) as refused:
        read_order({**BUDGET.document(), "budget": 7})
    assert refused.value.field == "budget"


def test_an_order_is_carried_out_only_if_the_vote_says_the_same() -> None:
    require_same(SPENDING, ORDERED)
    for order, other in (
        (SPENDING, replace(ORDERED, points=701)),
        (SPENDING, replace(ORDERED, pool=pool_on_chain(AccountKind.TEAM))),
        (SPENDING, replace(ORDERED, kind=MandateKind.BUDGET)),
        (BUDGET, ORDERED),
    ):
        with pytest.raises(OrderDiffers):
            require_same(order, other)
