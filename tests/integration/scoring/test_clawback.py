"""What a purchase earned goes back with its refunds: own lot, other lots by expiry, then debt."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from api.cli.ledger import CHECKS
from ledger.kernel.transaction import execute
from ledger.kernel.units import Points
from ledger.lots import service as lots
from ledger.lots.errors import DebtOpen
from ledger.lots.model import CaptureHold, HoldPurpose, MoveToEscrow, PlaceHold
from ledger.verify.service import verify
from tests.unit.scoring.test_reductions import TEXT
from tests.world import World

DAY = "2026-03-02T09:00:00Z"


@pytest.fixture
def shop(world: World) -> World:
    world.link("1")
    world.activate(TEXT)
    return world


def _pay(world: World, order: str, amount: int) -> None:
    data = {"order": order, "amount_minor": amount}
    world.state(f"paid-{order}", "shop.order.paid", "lms:1", DAY, data)
    world.score()


def _refund(world: World, order: str, amount: int, name: str) -> None:
    data = {"order": order, "amount_minor": amount, "refund": name}
    world.state(f"refund-{order}-{name}", "shop.order.refunded", "lms:1", DAY, data)
    world.score()


def _spend(world: World, amount: int, number: int = 1) -> None:
    with world.database.read() as work:
        at = work.now
    hold_id, member = UUID(int=number), world.linked["1"]
    placed = PlaceHold(
        hold_id, member, Points(amount), HoldPurpose.REDEMPTION, at, at + timedelta(hours=1)
    )
    execute(world.database, lots.place_hold, placed)
    execute(world.database, lots.capture_hold, CaptureHold(hold_id, Points(amount), at))


def _sound(world: World) -> bool:
    with_own_holds = [check for check in CHECKS if check.name != "redemptions"]
    return verify(world.database, with_own_holds).findings == ()


def test_each_refund_takes_its_part_of_the_award(shop: World) -> None:
    _pay(shop, "A", 3333)
    assert shop.available("1") == Points(333)
    _refund(shop, "A", 1000, "r1")
    assert shop.available("1") == Points(234)
    _refund(shop, "A", 1000, "r2")
    assert shop.available("1") == Points(134)
    _refund(shop, "A", 1333, "r3")
    assert shop.summary("1").available == shop.summary("1").debt == Points(0)
    assert shop.points("1") == 0
    assert _sound(shop)


def test_a_refund_known_before_its_purchase_counts_all_the_same(shop: World) -> None:
    _refund(shop, "A", 1000, "r1")
    _pay(shop, "A", 3333)
    assert shop.available("1") == Points(234)
    assert _sound(shop)


def test_an_order_paid_twice_is_refunded_once(shop: World) -> None:
    for number in (1, 2):
        data = {"order": "A", "amount_minor": 1000}
        time = f"2026-03-02T0{number}:00:00Z"
        shop.state(f"paid-{number}", "shop.order.paid", "lms:1", time, data)
    shop.score()
    assert shop.available("1") == Points(200)
    _refund(shop, "A", 1000, "r1")
    assert shop.available("1") == Points(100)
    _refund(shop, "A", 1000, "r2")
    assert shop.available("1") == Points(0)
    assert _sound(shop)


VOTES = """
programme: forum
version: "1"
zone: UTC
rules:
  - {id: post, on: club.post.created, to: actor, points: 5, once_per: [data.post]}
reductions:
  - {rules: post, on: club.dislike.given, key: data.post, takes: 2, to: data.owner}
"""


def test_votes_against_take_and_give_back(world: World) -> None:
    world.link("1")
    world.link("2")
    world.activate(VOTES)
    world.state("post", "club.post.created", "lms:1", DAY, {"post": "p"})
    worth = []
    for number in range(4):
        against = {"post": "p", "owner": "lms:1"}
        world.state(f"against-{number}", "club.dislike.given", "lms:2", DAY, against)
        world.score()
        worth.append(world.available("1").amount)
    assert worth == [3, 1, 0, 0]
    for number in range(3):
        undone = {"id": f"against-{number}"}
        world.state(f"undone-{number}", "activity.retracted", None, DAY, undone)
    world.score()
    assert (world.available("1"), world.points("1"), world.points("2")) == (Points(3), 3, 0)
    assert _sound(world)


def test_what_was_spent_is_owed_and_new_awards_pay_it_first(shop: World) -> None:
    _pay(shop, "A", 1000)
    _pay(shop, "B", 200)
    _spend(shop, 90)
    # 120 earned, 90 spent: of A's 100 the lots still have 30, so 70 are owed.
    _refund(shop, "A", 1000, "r1")
    assert (shop.summary("1").available, shop.summary("1").debt) == (Points(0), Points(70))
    with shop.database.read() as work:
        at = work.now
    with pytest.raises(DebtOpen):
        execute(
            shop.database,
            lots.move_to_escrow,
            MoveToEscrow(UUID(int=9), shop.linked["1"], Points(1), at),
        )
    _pay(shop, "C", 300)
    assert (shop.summary("1").available, shop.summary("1").debt) == (Points(0), Points(40))
    _pay(shop, "D", 500)
    assert (shop.summary("1").available, shop.summary("1").debt) == (Points(10), Points(0))
    assert _sound(shop)


def test_buying_and_refunding_again_and_again_earns_nothing(shop: World) -> None:
    for number in range(5):
        _pay(shop, f"farm-{number}", 1000)
        _spend(shop, 100, 100 + number) if shop.available("1") >= Points(100) else None
        _refund(shop, f"farm-{number}", 1000, "all")
    assert shop.summary("1").available == Points(0)
    assert shop.summary("1").debt == Points(100)
    assert _sound(shop)
