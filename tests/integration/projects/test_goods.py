"""Goods: held, handed out, given back; stock and limits hold whoever comes first."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from api.erasing import EraseMember, erase, tell
from governance.goods import errors, jobs, service, store
from governance.goods.model import ORDER_LIFE, OrderState
from governance.goods.service import ChangeGood, ChangeStock, EndOrder, Order
from ledger.consents import service as consents
from ledger.consents.model import AcceptTerms, PublishTerms, TermsNotAccepted
from ledger.kernel.errors import VkladError
from ledger.kernel.transaction import connect, execute
from ledger.kernel.units import Points
from ledger.lots import jobs as lots_jobs
from ledger.lots.errors import HoldExpired, InsufficientPoints
from ledger.lots.history import history
from ledger.members.model import MemberNotActive, NotAnAdmin
from ledger.redemption.errors import RedeemingSwitchedOff
from ledger.switches.model import Switch
from tests.integration.projects.conftest import Guild, terms


def test_an_order_holds_points_and_stock_and_is_handed_out(guild: Guild) -> None:
    guild.give("boris", 200)
    good = guild.good()
    order = guild.order(good, "boris", 2, note="Size L.")
    assert (order.state, order.points) == (OrderState.ORDERED, Points(100))
    held = guild.summary("boris")
    assert (held.available, held.held, guild.stock(good)) == (Points(100), Points(100), 1)
    assert guild.findings() == ()
    for _ in range(2):
        done = guild.end(service.fulfil, order)
        assert (done.state, done.ended_by) == (OrderState.FULFILLED, guild.admins[0])
    spent = guild.summary("boris")
    assert (spent.available, spent.held, guild.stock(good)) == (Points(100), Points(0), 1)
    with guild.database.read() as work:
        (capture, *_) = history(work, guild["boris"])
    assert isinstance(capture.cause, dict)
    assert capture.cause["why"] == {
        "order": str(order.order_id),
        "good": str(good.good_id),
        "quantity": 2,
        "price": 50,
    }
    assert guild.findings() == ()


def test_a_cancelled_order_leaves_no_trace_in_points_or_stock(guild: Guild) -> None:
    guild.give("boris", 60)
    good = guild.good()
    order = guild.order(good, "boris")
    with pytest.raises(errors.UnknownOrder) as unknown:
        guild.do(service.cancel, EndOrder(order.order_id, guild["daria"]))
    assert unknown.value.code == "unknown_good_order"
    for _ in range(2):
        ended = guild.do(service.cancel, EndOrder(order.order_id, guild["boris"]))
        assert ended.state is OrderState.CANCELLED
    assert (guild.available("boris"), guild.stock(good)) == (60, 3)
    with pytest.raises(errors.OrderStateDiffers):
        guild.end(service.fulfil, order)
    with pytest.raises(errors.OrderStateDiffers):
        guild.end(service.refund, order)
    assert guild.findings() == ()


def test_a_refund_goes_back_to_its_lots_as_a_redemptions_does(guild: Guild) -> None:
    guild.give("boris", 30, days=20)
    guild.give("boris", 30, days=100)
    good = guild.good()
    order = guild.order(good, "boris")
    guild.end(service.fulfil, order)
    with pytest.raises(errors.OrderStateDiffers):
        guild.end(service.cancel, order)
    guild.clock.forward(days=15)
    for _ in range(2):
        assert guild.end(service.refund, order).state is OrderState.REFUNDED
    lots = guild.summary("boris").lots
    life = sorted(
        (each.lot.expires_at - guild.clock.time, each.available.amount)
        for each in lots
        if each.lot.expires_at
    )
    assert life == [(timedelta(days=10), 30), (timedelta(days=85), 30)]
    assert guild.stock(good) == 3
    assert guild.findings() == ()


def test_orders_that_cannot_be_are_refused_and_leave_nothing(guild: Guild) -> None:
    guild.give("boris", 120)
    good = guild.good(stock=2, per_member=2)
    hidden = guild.good(is_offered=False)
    asked = Order(good.good_id, guild["boris"], 1, good.terms.price)
    for changes, refusal in (
        ({"quantity": 0}, errors.BadGood),
        ({"quantity": 101}, errors.BadGood),
        ({"note": "x" * 501}, errors.BadGood),
        ({"price": Points(49)}, errors.GoodPriceDiffers),
        ({"quantity": 3}, errors.GoodLimitReached),
        ({"good_id": guild["boris"]}, errors.UnknownGood),
        ({"good_id": hidden.good_id}, errors.GoodNotOffered),
        ({"member_id": guild["daria"]}, InsufficientPoints),
    ):
        with pytest.raises(refusal):
            guild.do(service.order, replace(asked, **changes))
    guild.order(good, "boris", 2)
    with pytest.raises(errors.GoodLimitReached) as refused:
        guild.order(good, "boris")
    assert refused.value.operands == {"limit": 2, "left": 0}
    guild.give("daria", 500)
    with pytest.raises(errors.OutOfStock) as empty:
        guild.order(good, "daria")
    assert empty.value.operands == {"stock": 0}
    assert guild.available("daria") == 500
    assert guild.findings() == ()


def test_the_catalogue_is_kept_by_admins(guild: Guild) -> None:
    good = guild.good()
    with pytest.raises(NotAnAdmin):
        guild.do(service.change, ChangeGood(good.good_id, terms(), guild["boris"]))
    nothings: tuple[dict[str, Any], ...] = (
        *({"name_en": " "}, {"text_ru": ""}),
        *({"per_member": 0}, {"price": 0}),
    )
    for nothing in nothings:
        with pytest.raises(errors.BadGood):
            guild.good(**nothing)
    for stock in (-1, 1_000_001):
        with pytest.raises(errors.BadGood):
            guild.good(stock=stock)
    changed = guild.do(service.change, ChangeGood(good.good_id, terms(70), guild.admins[0]))
    assert changed.terms.price == Points(70)
    more = guild.do(service.change_stock, ChangeStock(good.good_id, 4, guild.admins[0]))
    assert more.stock == 7
    with pytest.raises(errors.OutOfStock):
        guild.do(service.change_stock, ChangeStock(good.good_id, -8, guild.admins[0]))
    with pytest.raises(errors.BadGood):
        guild.do(service.change_stock, ChangeStock(good.good_id, 0, guild.admins[0]))
    guild.do(service.change_stock, ChangeStock(good.good_id, -7, guild.admins[0]))
    assert guild.stock(good) == 0
    assert guild.findings() == ()


def test_an_order_keeps_its_price_and_somebody_else_hands_it_out(guild: Guild) -> None:
    guild.people["admin"] = guild.admins[0]
    guild.give("admin", 100)
    good = guild.good()
    order = guild.order(good, "admin")
    guild.do(service.change, ChangeGood(good.good_id, terms(70), guild.admins[0]))
    with pytest.raises(errors.OrderNeedsAnotherPerson):
        guild.end(service.fulfil, order)
    with pytest.raises(NotAnAdmin):
        guild.do(service.fulfil, EndOrder(order.order_id, guild["vera"]))
    done = guild.do(service.fulfil, EndOrder(order.order_id, guild.admins[1]))
    assert done.points == Points(50)
    with pytest.raises(errors.OrderNeedsAnotherPerson):
        guild.end(service.refund, order)
    assert guild.available("admin") == 50
    assert guild.findings() == ()


def test_while_redeeming_is_off_nothing_is_ordered(guild: Guild) -> None:
    guild.give("boris", 100)
    good = guild.good()
    order = guild.order(good, "boris")
    guild.switch(Switch.REDEEMING, on=False)
    with pytest.raises(RedeemingSwitchedOff):
        guild.order(good, "boris")
    guild.end(service.fulfil, order)


def test_nothing_is_ordered_without_accepting_the_terms(guild: Guild) -> None:
    guild.give("boris", 100)
    good = guild.good()
    terms = guild.do(
        consents.publish, PublishTerms("Условия", "Terms", None, guild.world.first_admin)
    )
    with pytest.raises(TermsNotAccepted):
        guild.order(good, "boris")
    guild.do(consents.accept, AcceptTerms(guild["boris"], terms.digest))
    guild.order(good, "boris")


def test_an_order_that_nobody_fulfils_lapses(guild: Guild) -> None:
    guild.give("boris", 300)
    good = guild.good()
    first, second, third = (guild.order(good, "boris") for _ in range(3))
    assert jobs.settle_orders(guild.database) == 0
    guild.clock.forward(seconds=ORDER_LIFE.total_seconds())
    lots_jobs.expire_holds(guild.database)
    assert guild.findings() == ()
    with pytest.raises(HoldExpired):
        guild.end(service.fulfil, first)
    assert guild.end(service.cancel, second).state is OrderState.LAPSED
    assert jobs.settle_orders(guild.database) == 2
    assert jobs.settle_orders(guild.database) == 0
    assert (guild.available("boris"), guild.stock(good)) == (300, 3)
    with guild.database.read() as work:
        assert service.of_reader(work, third.order_id, guild["boris"]).state == "lapsed"
    assert guild.findings() == ()


def test_who_is_forgotten_leaves_no_note_and_no_order_open(guild: Guild) -> None:
    guild.give("boris", 300)
    good = guild.good()
    guild.end(service.fulfil, guild.order(good, "boris", note="To Boris, Elm Street 1."))
    guild.order(good, "boris", note="And one more.")
    with guild.database.read() as work:
        told = tell(work, guild["boris"])
    guild.do(erase, EraseMember(guild["boris"], told.confirm, "member"))
    assert jobs.settle_orders(guild.database) == 1
    with guild.database.read() as work:
        found = store.list_orders(
            work, member_id=guild["boris"], states=tuple(OrderState), before=None, limit=10
        )
    assert [(each.state, each.note) for each in found] == [("cancelled", None), ("fulfilled", None)]
    assert guild.stock(good) == 2
    with pytest.raises(MemberNotActive):
        guild.order(good, "boris")
    assert guild.findings() == ()


def test_fifty_buyers_at_once_get_what_there_is_and_no_more(guild: Guild) -> None:
    """Two pools of connections, as two processes have, and one buyer in ten windows."""
    names = [f"buyer {number}" for number in range(40)]
    for name in names:
        guild.give(name, 100)
    guild.give("greedy", 100_000)
    good = guild.good(stock=20, per_member=3)
    other = replace(connect(guild.url), clock=guild.clock)

    def order(number: int) -> str:
        name = names[number] if number < 40 else "greedy"
        command = Order(good.good_id, guild[name], 1, good.terms.price)
        try:
            execute(other if number % 2 else guild.database, service.order, command)
        except VkladError as refusal:
            return refusal.code
        return "ordered"

    try:
        with ThreadPoolExecutor(50) as threads:
            told = Counter(threads.map(order, range(50)))
    finally:
        other.engine.dispose()
    assert told["ordered"] == 20
    assert set(told) <= {"ordered", "out_of_stock", "good_limit_reached"}
    assert guild.stock(good) == 0
    with guild.database.read() as work:
        assert store.taken_by(work, good.good_id, guild["greedy"]) <= 3
    assert guild.findings() == ()


def test_the_database_itself_refuses_less_than_no_stock(guild: Guild) -> None:
    guild.good()
    with guild.database.engine.begin() as connection, pytest.raises(sa.exc.IntegrityError):
        connection.execute(sa.text("UPDATE goods SET stock = -1"))


def test_whatever_is_changed_afterwards_is_found(guild: Guild) -> None:
    guild.give("boris", 300)
    good = guild.good()
    guild.end(service.fulfil, guild.order(good, "boris"))
    guild["daria"]
    assert guild.findings() == ()
    for statement, problem in (
        ("UPDATE goods SET stock = 3", "says that 3 are left; its changes and orders leave 2"),
        ("UPDATE goods SET price = 51", "offered otherwise than was stated"),
        ("UPDATE good_changes SET terms = jsonb_set(terms, '{price}', '51')", "otherwise than"),
        ("UPDATE good_orders SET price = 51", "is of another buyer, price or time"),
        ("UPDATE good_orders SET member_id = :daria", "is of another buyer, price or time"),
        ("UPDATE good_orders SET state = 'ordered', ended_at = NULL", "and its hold captured"),
        (
            "UPDATE good_orders SET state = 'refunded', refunded_by = :daria, refunded_at = now()",
            "changes and orders leave 3",
        ),
        ("UPDATE holds SET captured = 49", "costs 50, and 49 were spent"),
        ("DELETE FROM good_orders", "changes and orders leave 3"),
    ):
        assert problem in guild.found_after(statement, daria=guild["daria"]), statement
    refunded = (
        "UPDATE goods SET stock = 3",
        "UPDATE good_orders SET state = 'refunded', refunded_by = :daria, refunded_at = now()",
    )
    found = guild.found_after(*refunded, daria=guild["daria"])
    assert "is refunded, and 0 points came back" in found
    orphan = ("DELETE FROM good_orders", "UPDATE goods SET stock = 3")
    assert "is for goods, and no order names it" in guild.found_after(*orphan)
