"""What decayed or expired of a seller's share is not taken a second time with the purchase."""

from __future__ import annotations

import contextlib
from datetime import timedelta
from random import Random
from uuid import UUID

import pytest

from ledger.journal import service as journal
from ledger.journal.model import AccountKey, AccountKind, EntryKind, Posting
from ledger.kernel.transaction import Work, execute
from ledger.kernel.units import Points
from ledger.lots.errors import InsufficientPoints
from ledger.purchases import errors
from ledger.purchases.model import Purchase
from ledger.purchases.posting import post_split
from ledger.redemption.offers import Caller
from tests.conftest import seeds_of_this_run
from tests.integration.purchases.conftest import SPLITS, Market
from tests.support.decays import let_decay


def _has(market: Market, kind: AccountKind) -> int:
    with market.school.database.read() as work:
        return journal.balances(work, [AccountKey(kind)])[AccountKey(kind)].amount


def _net(market: Market, member_id: UUID) -> int:
    summary = market.school.summary(member_id)
    return summary.available.amount - summary.debt.amount


def _decay(market: Market, subject: str, points: int, *, rewards: bool) -> None:
    market.school.clock.forward(days=1)
    let_decay(market.school.database, market.people[subject], points, rewards=rewards)


@pytest.mark.parametrize("rewards", [True, False])
@pytest.mark.parametrize("decayed", [1, 20, 70])
def test_what_decayed_of_a_share_is_not_taken_twice(
    market: Market, decayed: int, *, rewards: bool
) -> None:
    bought = market.buy(market.offer())
    _decay(market, "anna", decayed, rewards=rewards)
    assert _has(market, AccountKind.REWARDS) == (decayed if rewards else 0)
    market.take_back(bought)
    assert (market.available(), market.available("anna")) == (1000, 0)
    assert market.debt("anna") == Points(0)
    kinds = (AccountKind.REWARDS, AccountKind.REVOKED, AccountKind.SPENT, AccountKind.TREASURY)
    assert [_has(market, kind) for kind in kinds] == [0, 0, 0, 0]
    assert market.is_sound()


def test_other_points_of_a_seller_stay(market: Market) -> None:
    bought = market.buy(market.offer())
    _decay(market, "anna", 20, rewards=False)
    market.school.grant(500, to=market.people["anna"])
    market.take_back(bought)
    assert market.available("anna") == 500


def test_what_was_spent_is_owed_and_what_decayed_is_not(market: Market) -> None:
    bought = market.buy(market.offer())
    on = market.offer(sub="lms:anna", sale="S-2", points=30, recipients={"author": "lms:boris"})
    market.buy(on, Caller(member_id=market.people["anna"]))
    _decay(market, "anna", 15, rewards=True)
    market.take_back(bought)
    assert (market.available("anna"), market.debt("anna")) == (0, Points(30))
    assert market.is_sound()


def test_rewards_that_have_given_on_what_decayed_give_nothing_back(market: Market) -> None:
    bought = market.buy(market.offer())
    _decay(market, "anna", 20, rewards=True)

    def give_on(work: Work, _: None) -> None:
        journal.lock_head(work)
        rewards, team = AccountKey(AccountKind.REWARDS), AccountKey(AccountKind.TEAM)
        posting = Posting(rewards, team, Points(1))
        post_split(work, EntryKind.EMISSION, bought.purchase_id, [posting])

    execute(market.school.database, give_on, None)
    with pytest.raises(errors.PoolTooSmall) as refused:
        market.take_back(bought)
    assert refused.value.operands == {"pool": "rewards", "points": 20}
    assert (market.available(), market.available("anna")) == (900, 50)


@pytest.mark.parametrize("seed", seeds_of_this_run(200, 4, 0))
def test_after_all_came_back_everybody_has_what_they_had_without(market: Market, seed: int) -> None:
    """Purchases, decay and expiry at random; at last every purchase is undone, in any order.

    Then nobody has more or less than had none been made, but for what had decayed or expired of
    the points that the buyer brought.
    """
    chance = Random(seed)  # noqa: S311 - a reproducible history, no secret
    school = market.school
    school.put_in_force(SPLITS.replace("count: 3", "count: 1000").replace("500}", "10000}"))
    school.grant(300, expires_at=school.clock.time + timedelta(days=chance.randint(5, 15)))
    names = {school.subject: school.member, **market.people}
    own = {held.lot.lot_id for held in school.summary().lots}
    live: list[Purchase] = []
    lost = 0
    for step in range(30):
        school.clock.forward(hours=chance.randint(1, 24))
        if chance.random() < 0.3:
            school.clock.forward(days=1)
            member = chance.choice(list(names.values()))
            most = chance.randint(1, 60)
            taken = let_decay(school.database, member, most, rewards=chance.random() < 0.5)
            lost += sum(each.points.amount for each in taken if each.lot_id in own)
            continue
        # Half of the buying is done by who has points to begin with.
        buyer = chance.choice([*names, school.subject, school.subject])
        seller = chance.choice([name for name in names if name != buyer])
        offer = market.offer(
            sub=f"lms:{buyer}",
            sale=f"R-{step}",
            points=chance.randint(1, 90),
            recipients={"author": f"lms:{seller}"},
        )
        with contextlib.suppress(InsufficientPoints):
            live.append(market.buy(offer, Caller(member_id=names[buyer])))
    assert live
    chance.shuffle(live)
    for bought in live:
        market.take_back(bought)
    with school.database.read() as work:
        expired = journal.balances(work, [AccountKey(AccountKind.EXPIRED)])
    nets = {name: _net(market, member) for name, member in names.items() if name != school.subject}
    assert nets == dict.fromkeys(market.people, 0)
    lost += expired[AccountKey(AccountKind.EXPIRED)].amount
    assert _net(market, school.member) == 1300 - lost
    assert market.is_sound()
