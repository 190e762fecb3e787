"""Members buy from each other: the price is shared, and taken back."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from random import Random
from typing import Any

import pytest

from ledger.consents import service as consents
from ledger.consents.model import AcceptTerms, PublishTerms, TermsNotAccepted
from ledger.journal import service as journal
from ledger.journal.model import AccountKey, AccountKind, EntryKind, Posting
from ledger.kernel.transaction import Work, execute
from ledger.kernel.units import Points
from ledger.lots.errors import DebtOpen, InsufficientPoints
from ledger.members.model import MemberNotActive
from ledger.members.tables import members
from ledger.purchases import errors, store
from ledger.purchases.posting import post_split
from ledger.purchases.verify import PURCHASE_CHECKS
from ledger.redemption.errors import RedeemingSwitchedOff
from ledger.redemption.offers import Caller
from ledger.switches.model import SetSwitch, Switch
from ledger.switches.service import set_switch
from ledger.verify.service import verify
from tests.integration.purchases.conftest import SPLITS, Market
from tests.integration.redemption.conftest import OTHER
from tests.integration.redemption.test_http import Doors, _is
from tests.support.merging import merge

REVENUE = {
    "rule": "programme-revenue",
    "points": 99,
    "recipients": {"author": "lms:anna", "instructor": "lms:boris", "curator": "lms:vera"},
}


def _pool(market: Market, kind: AccountKind = AccountKind.TREASURY) -> int:
    with market.school.database.read() as work:
        key = AccountKey(kind)
        return journal.balances(work, [key])[key].amount


def test_a_price_goes_to_its_recipients_and_nothing_is_lost(market: Market) -> None:
    bought = market.buy(market.offer(**REVENUE))
    assert [(share.to, share.points.amount) for share in bought.shares] == [
        ("platform", 29),
        ("author", 49),
        ("instructor", 14),
        ("curator", 7),
    ]
    assert (market.available(), _pool(market)) == (901, 29)
    assert [market.available(each) for each in ("anna", "boris", "vera")] == [49, 14, 7]
    assert _pool(market, AccountKind.SPENT) == 0
    assert market.is_sound()


def test_the_same_offer_is_one_purchase(market: Market) -> None:
    offer = market.offer()
    assert market.buy(offer) == market.buy(offer) == market.buy(market.offer())
    assert market.available() == 900
    for changes in (
        {"points": 101},
        {"rule": "ai-agent"},
        {"recipients": {"author": "lms:boris"}},
    ):
        with pytest.raises(errors.PurchaseNumberReused):
            market.buy(market.offer(**changes))


def test_nothing_is_bought_without_accepting_the_terms(market: Market) -> None:
    database, admin = market.school.database, market.school.world.first_admin
    terms = execute(database, consents.publish, PublishTerms("Условия", "Terms", None, admin))
    with pytest.raises(TermsNotAccepted):
        market.buy(market.offer())
    execute(database, consents.accept, AcceptTerms(market.school.member, terms.digest))
    market.buy(market.offer())


def test_a_share_of_nothing_is_no_lot(market: Market) -> None:
    bought = market.buy(market.offer(points=1))
    assert [share.lot_ids for share in bought.shares] == [(), ()]
    assert (market.available("anna"), _pool(market)) == (0, 1)
    assert market.take_back(bought).returned_at is not None
    assert market.available() == 1000
    assert market.is_sound()


def test_untouched_points_come_back_whole(market: Market) -> None:
    bought = market.buy(market.offer(**REVENUE))
    for _ in range(2):
        assert market.take_back(bought).returned_at == market.school.clock.time
    assert (market.available(), _pool(market)) == (1000, 0)
    assert [market.available(each) for each in ("anna", "boris", "vera")] == [0, 0, 0]
    assert market.is_sound()


def test_spent_points_are_clawed_back_as_far_as_debt(market: Market) -> None:
    bought = market.buy(market.offer())
    anna = market.people["anna"]
    as_anna = Caller(member_id=anna)
    market.buy(
        market.offer(sub="lms:anna", sale="S-2", points=60, recipients={"author": "lms:boris"}),
        as_anna,
    )
    market.take_back(bought)
    assert (market.available(), market.available("anna"), market.debt("anna")) == (
        1000,
        0,
        Points(60),
    )
    assert market.is_sound()
    # Who owes buys nothing, and new points pay the debt first.
    with pytest.raises(DebtOpen):
        market.buy(
            market.offer(sub="lms:anna", sale="S-3", points=1, recipients={"author": "lms:boris"}),
            as_anna,
        )
    market.buy(market.offer(sale="S-4"))
    assert (market.available("anna"), market.debt("anna")) == (10, Points(0))
    assert market.is_sound()


def test_points_come_back_with_their_own_expiry(market: Market) -> None:
    school = market.school
    other = school.of_another_buyer("kirill")
    soon = school.clock.time + timedelta(days=100)
    school.grant(100, to=other.member, expires_at=soon)
    bought = market.buy(market.offer(sub="lms:kirill"), other.buyer)
    market.take_back(bought)
    (lot,) = school.summary(other.member).lots
    assert (lot.available, lot.lot.expires_at) == (Points(100), soon)


@pytest.mark.parametrize(("stated", "days"), [(None, 30), (0, 3), (2, 3), (90, 90)])
def test_points_come_back_with_at_least_the_grace_of_their_version(
    market: Market, stated: int | None, days: int
) -> None:
    school = market.school
    if stated is not None:
        terms = json.dumps(school.terms | {"refund_grace_days": stated})
        school.put_in_force(f"{SPLITS}\nredemption: {terms}")
    kirill = school.of_another_buyer("kirill")
    school.grant(100, to=kirill.member, expires_at=school.clock.time + timedelta(days=3))
    bought = market.buy(market.offer(sub="lms:kirill"), kirill.buyer)
    school.put_in_force(SPLITS)
    market.take_back(bought)
    (lot,) = (each for each in school.summary(kirill.member).lots if each.available)
    assert lot.lot.expires_at is not None
    assert round((lot.lot.expires_at - school.clock.time) / timedelta(days=1)) == days
    assert market.is_sound()


def test_points_grow_no_younger_by_changing_hands(market: Market) -> None:
    school = market.school
    soon = school.clock.time + timedelta(days=3)
    kirill = school.of_another_buyer("kirill")
    market.people["kirill"] = kirill.member
    school.grant(60, to=kirill.member, expires_at=soon)
    school.grant(60, to=kirill.member)
    market.buy(market.offer(sub="lms:kirill"), kirill.buyer)
    anna = school.summary(market.people["anna"])
    assert [(held.lot.expires_at, held.available.amount) for held in anna.lots] == [
        (soon, 42),
        (None, 28),
    ]
    # Nor by wandering from one to the next, and back.
    as_anna = Caller(member_id=market.people["anna"])
    back = {"recipients": {"author": "lms:kirill"}}
    market.buy(market.offer(sub="lms:anna", sale="S-2", points=42, **back), as_anna)
    returned = school.summary(kirill.member)
    assert [(held.lot.expires_at, held.available.amount) for held in returned.lots] == [
        (soon, 29),
        (None, 20),
    ]
    assert market.is_sound()
    school.clock.forward(days=3)
    assert (market.available("anna"), market.available("kirill")) == (28, 20)


def test_what_is_sold_on_is_still_taken_back_whole(market: Market) -> None:
    school = market.school
    kirill = school.of_another_buyer("kirill")
    soon = school.clock.time + timedelta(days=40)
    school.grant(60, to=kirill.member, expires_at=soon)
    school.grant(60, to=kirill.member)
    bought = market.buy(market.offer(sub="lms:kirill", **REVENUE), kirill.buyer)
    assert market.take_back(bought).returned_at is not None
    assert [market.available(each) for each in ("anna", "boris", "vera")] == [0, 0, 0]
    assert [
        (held.lot.expires_at, held.available.amount) for held in school.summary(kirill.member).lots
    ] == [(soon, 60), (None, 60)]
    assert market.is_sound()


def test_points_that_wait_at_a_recipient_stand_still(market: Market) -> None:
    school = market.school
    market.school.put_in_force(SPLITS.replace("pending_days: 0", "pending_days: 14"))
    kirill = school.of_another_buyer("kirill")
    sold_at = school.clock.time
    school.grant(100, to=kirill.member, expires_at=sold_at + timedelta(days=3))
    market.buy(market.offer(sub="lms:kirill"), kirill.buyer)
    (held,) = school.summary(market.people["anna"]).lots
    assert (held.lot.activates_at - sold_at, held.lot.expires_at) == (
        timedelta(days=14),
        sold_at + timedelta(days=17),
    )
    assert market.is_sound()


def test_a_programme_may_state_the_life_of_what_arrives(market: Market) -> None:
    school = market.school
    market.school.put_in_force(
        SPLITS.replace("pending_days: 0", "pending_days: 0\n  validity: {days: 10}")
    )
    kirill = school.of_another_buyer("kirill")
    school.grant(50, to=kirill.member, expires_at=school.clock.time + timedelta(days=3))
    school.grant(50, to=kirill.member)
    market.buy(market.offer(sub="lms:kirill"), kirill.buyer)
    (held,) = school.summary(market.people["anna"]).lots
    assert held.lot.expires_at == school.clock.time + timedelta(days=10)
    assert (held.available, held.lot.continues) == (Points(70), None)
    assert market.is_sound()


def test_recipients_may_have_to_wait(market: Market) -> None:
    waiting = SPLITS.replace("pending_days: 0", "pending_days: 14\n  validity: {months: 1}")
    market.school.put_in_force(waiting)
    bought = market.buy(market.offer())
    summary = market.school.summary(market.people["anna"])
    assert (summary.pending, summary.available) == (Points(70), Points(0))
    market.take_back(bought)
    assert market.school.summary(market.people["anna"]).pending == Points(0)
    assert market.is_sound()


def test_a_purchase_is_taken_back_in_time_and_by_its_shop(market: Market) -> None:
    bought = market.buy(market.offer())
    with pytest.raises(errors.PurchaseNotFound):
        market.take_back(bought, Caller(source=OTHER))
    with pytest.raises(errors.PurchaseNotFound):
        market.take_back(bought, market.school.buyer)
    market.school.clock.forward(days=30, microseconds=1)
    with pytest.raises(errors.ReturnTooLate):
        market.take_back(bought)


def test_a_pool_that_has_spent_its_share_gives_nothing_back(market: Market) -> None:
    bought = market.buy(market.offer())

    def spend(work: Work, _: None) -> None:
        journal.lock_head(work)
        posting = Posting(AccountKey(AccountKind.TREASURY), AccountKey(AccountKind.TEAM), Points(1))
        post_split(work, EntryKind.EMISSION, bought.purchase_id, [posting])

    execute(market.school.database, spend, None)
    with pytest.raises(errors.PoolTooSmall):
        market.take_back(bought)
    assert market.available() == 900


def test_limits_bound_how_much_and_how_often(market: Market) -> None:
    for number in range(3):
        market.buy(market.offer(sale=f"S-{number}", points=10))
    with pytest.raises(errors.PurchaseLimitReached) as refused:
        market.buy(market.offer(sale="S-4", points=10))
    assert refused.value.operands["per"] == "day"
    market.school.clock.forward(days=1)
    first = market.buy(market.offer(sale="S-5", points=470))
    with pytest.raises(errors.PurchaseLimitReached) as refused:
        market.buy(market.offer(sale="S-6", points=1))
    assert refused.value.operands["per"] == "month"
    market.take_back(first)
    market.buy(market.offer(sale="S-6", points=1))


def test_offers_that_are_refused(market: Market) -> None:
    school = market.school
    with pytest.raises(errors.OfferForged):
        market.buy(market.offer(secret="another secret of the same length"))
    with pytest.raises(errors.OfferForged):
        market.buy(school.order())
    with pytest.raises(errors.OfferMalformed):
        market.buy(market.offer(sub="nobody"))
    with pytest.raises(errors.OfferForAnotherMember):
        market.buy(market.offer(sub="lms:anna"))
    with pytest.raises(errors.PurchasesNotOffered):
        market.buy(market.offer(rule="gift"))
    for recipients in ({}, {"author": "lms:nobody"}, {"author": "lms:anna", "mentor": "lms:vera"}):
        with pytest.raises(errors.RecipientUnknown):
            market.buy(market.offer(recipients=recipients))
    with pytest.raises(errors.BuyingFromOneself):
        market.buy(market.offer(recipients={"author": f"lms:{school.subject}"}))
    poor = school.of_another_buyer("poor")
    with pytest.raises(InsufficientPoints):
        market.buy(market.offer(sub="lms:poor"), poor.buyer)
    offer = market.offer()
    school.clock.forward(hours=1)
    with pytest.raises(errors.OfferExpired):
        market.buy(offer)


def test_who_is_blocked_neither_buys_nor_sells(market: Market) -> None:
    def block(member: object) -> None:
        with market.school.database.engine.begin() as connection:
            connection.execute(
                members.update().where(members.c.member_id == member).values(status="blocked")
            )

    block(market.people["anna"])
    with pytest.raises(errors.RecipientUnknown):
        market.buy(market.offer())
    block(market.school.member)
    with pytest.raises(MemberNotActive):
        market.buy(market.offer(recipients={"author": "lms:boris"}))


def test_the_switch_and_the_programme_stop_purchases(market: Market) -> None:
    execute(
        market.school.database, set_switch, SetSwitch(Switch.REDEEMING, False, "Counting", "test")
    )
    with pytest.raises(RedeemingSwitchedOff):
        market.buy(market.offer())
    execute(market.school.database, set_switch, SetSwitch(Switch.REDEEMING, True, "Done", "test"))
    market.school.put_in_force("")
    with pytest.raises(errors.PurchasesNotOffered):
        market.buy(market.offer())


@pytest.mark.parametrize("seed", range(3))
def test_random_purchases_keep_every_point(market: Market, seed: int) -> None:
    """Four people buy and return at random; a model of plain sums says who has what."""
    market.school.put_in_force(SPLITS.replace("count: 3", "count: 1000").replace("500}", "10000}"))
    chance = Random(seed)  # noqa: S311 - a reproducible history, no secret
    names = [market.school.subject, "anna", "boris", "vera"]
    ids = {market.school.subject: market.school.member, **market.people}
    has = {name: 1000 if name == market.school.subject else 0 for name in names}
    treasury = 0
    live: list[tuple[Any, str, str, int, int]] = []
    for step in range(40):
        market.school.clock.forward(seconds=1)
        if live and chance.random() < 0.3:
            bought, buyer, seller, price, share = live.pop(chance.randrange(len(live)))
            market.take_back(bought)
            has[buyer] += price
            has[seller] -= share
            treasury -= price - share
        else:
            buyer, seller = chance.sample(names, 2)
            price = chance.randint(1, 60)
            offer = market.offer(
                sub=f"lms:{buyer}",
                sale=f"R-{step}",
                points=price,
                recipients={"author": f"lms:{seller}"},
            )
            caller = Caller(member_id=ids[buyer])
            if has[buyer] < 0:
                with pytest.raises(DebtOpen):
                    market.buy(offer, caller)
            elif has[buyer] < price:
                with pytest.raises(InsufficientPoints):
                    market.buy(offer, caller)
            else:
                bought = market.buy(offer, caller)
                share = price * 70 // 100
                has[buyer] -= price
                has[seller] += share
                treasury += price - share
                live.append((bought, buyer, seller, price, share))
    for name in names:
        summary = market.school.summary(ids[name])
        assert summary.available.amount - summary.debt.amount == has[name]
    assert _pool(market) == treasury
    assert sum(has.values()) + treasury == 1000
    assert market.is_sound()


@pytest.mark.parametrize(
    ("statement", "problem"),
    [
        ("UPDATE purchases SET points = 99", "shared otherwise than its rule"),
        ("UPDATE purchases SET rule = 'ai-agent'", "shared otherwise than its rule"),
        ("UPDATE purchases SET rule = 'gift'", "a rule that its programme does not have"),
        (
            "UPDATE purchases SET shares = jsonb_set(shares, '{0,points}', '69')",
            "shared otherwise than its rule",
        ),
        ("UPDATE purchases SET shares = jsonb_set(shares, '{0,lots}', '[]')", "gave author"),
        (
            "UPDATE purchases SET shares = jsonb_set(shares, '{1,lots}', shares -> 0 -> 'lots')",
            "names a lot for school",
        ),
        ("UPDATE purchases SET returned_at = made_at", "taken back, and 0 came back"),
        (
            """
            UPDATE purchases SET buyer_id =
              (SELECT member_id FROM members WHERE member_id <> buyer_id LIMIT 1)
            """,
            "another buyer",
        ),
        ("DELETE FROM purchases", "is of a purchase that no row states"),
    ],
)
def test_a_changed_row_is_named(
    market: Market, tamper: Callable[[str, dict[str, Any]], None], statement: str, problem: str
) -> None:
    market.buy(market.offer())
    assert market.is_sound()
    tamper(statement, {})
    report = verify(market.school.database, PURCHASE_CHECKS)
    assert problem in report.findings[0].problem


def test_the_doors_of_purchases(market: Market) -> None:
    doors = Doors(market.school)
    made = doors.post(doors.member, "/v1/purchases", {"offer": market.offer()})
    assert made.status_code == 201, made.text
    path = f"/v1/purchases/{made.json()['id']}"
    assert [share["points"] for share in made.json()["shares"]] == [70, 30]
    assert doors.member.get(path).json() == made.json()
    assert doors.lms.get("/v1/purchases").json()["data"] == [made.json()]
    stranger = doors.person(market.people["anna"])
    _is(stranger.get(path), 404, "purchase_not_found")
    _is(doors.post(doors.member, f"{path}/return"), 403, "role_required")
    _is(doors.post(doors.machine(OTHER), f"{path}/return"), 404, "purchase_not_found")
    assert doors.post(doors.lms, f"{path}/return").json()["returned_at"] is not None
    _is(doors.post(doors.member, "/v1/purchases", {"offer": "x"}), 422, "offer_forged")
    of_buyer = market.offer(sale="S-2")
    assert doors.post(doors.lms, "/v1/purchases", {"offer": of_buyer}).status_code == 201


def test_a_member_sees_who_gets_what_before_paying(market: Market) -> None:
    doors = Doors(market.school)
    offer = market.offer()
    shown = doors.member.get("/purchases", params={"offer": offer}).text
    assert "author" in shown
    assert "school" in shown
    assert doors.member.post("/purchases", data={"offer": offer}).status_code == 303
    assert "S-1" in doors.member.get("/purchases").text
    assert market.available() == 900


def test_a_purchase_that_is_not_there(market: Market) -> None:
    doors = Doors(market.school)
    _is(doors.member.get("/v1/purchases/pur_00000000000000000000000000"), 404, "purchase_not_found")


def test_a_life_that_is_not_what_was_left_is_named(
    market: Market, tamper: Callable[[str, dict[str, Any]], None]
) -> None:
    kirill = market.school.of_another_buyer("kirill")
    soon = market.school.clock.time + timedelta(days=3)
    market.school.grant(100, to=kirill.member, expires_at=soon)
    market.buy(market.offer(sub="lms:kirill"), kirill.buyer)
    assert market.is_sound()
    tamper("UPDATE purchases SET made_at = made_at - interval '1 day'", {})
    (finding,) = verify(market.school.database, PURCHASE_CHECKS).findings
    assert finding.problem == "gave author points of another life than they had"


def test_a_merged_buyer_sees_what_both_bought(market: Market) -> None:
    bought = market.buy(market.offer())
    twin = market.person("twin")
    merge(market.school.world, twin, market.school.member)
    with market.school.database.read() as work:
        found = store.list_purchases(work, buyer_id=twin, source=None, after=None, limit=10)
    assert [each.purchase_id for each in found] == [bought.purchase_id]
