"""What is paid of what awards are worth, and how long it lives, by figures worked by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from ledger.programme.load import load_programme
from ledger.programme.model import Programme
from ledger.settlement.allot import BudgetSpan, Funds, allot
from ledger.settlement.model import Worth, life_of

EARNED = datetime(2026, 3, 2, 9, tzinfo=UTC)
DAY = timedelta(days=1)
HEAD = """\
programme: p
version: "1"
zone: UTC
rules:
  - {id: quick, on: a, to: actor, points: 1}
  - {id: slow, on: b, to: actor, points: 1, vesting: {days: 10}}
  - id: kept
    on: c
    to: actor
    points: 1
    vesting: {days: 5, condition: {active: {within_days: 3}}}
"""
EMISSION = 'emission: {start: "2026-01-01", yearly: 3650, pools: {rewards: 100}}\n'
BUDGET = "budgets:\n  - {id: all, of: programme, points: 40, per: month}\n"


def worth(difference: int, programme: Programme | None) -> Worth:
    return Worth(UUID(int=1), UUID(int=2), "quick", 1, difference, EARNED, programme, None)


@pytest.mark.parametrize("programme", [None, load_programme(HEAD)], ids=["no version", "no pools"])
def test_without_budgets_and_pools_all_is_paid(programme: Programme | None) -> None:
    (done,) = allot([worth(9, programme)], Funds(pool=0))
    assert (done.moves, done.gaps, done.charges) == (9, (), ())


def test_an_empty_pool_pays_nothing() -> None:
    (done,) = allot([worth(9, load_programme(HEAD + EMISSION))], Funds(pool=4))
    assert (done.moves, [gap.change for gap in done.gaps]) == (4, [5])


def test_what_is_taken_back_returns_to_its_budget() -> None:
    programme, span = load_programme(HEAD + BUDGET), BudgetSpan("all", "2026-03")
    funds = Funds(charged={(UUID(int=1), span): 9}, used={span: 30})
    (done,) = allot([worth(-4, programme)], funds)
    assert (done.moves, done.charges) == (-4, ((span, -4),))
    assert funds.used == {span: 26}


def test_a_budget_of_which_nothing_else_is_known_has_that_much_more() -> None:
    span = BudgetSpan("all", "2026-03")
    funds = Funds(charged={(UUID(int=1), span): 9})
    allot([worth(-4, load_programme(HEAD + BUDGET))], funds)
    assert funds.used == {span: -4}


@pytest.mark.parametrize(
    ("rule", "paid_after", "pending"),
    [("quick", 0, 0), ("quick", 3, 3), ("slow", 0, 10), ("slow", 3, 10), ("slow", 12, 12)],
)
def test_points_are_spendable_when_both_matured_and_paid(
    rule: str, paid_after: int, pending: int
) -> None:
    life = life_of(load_programme(HEAD), rule, EARNED, EARNED + paid_after * DAY)
    assert life.activates_at == EARNED + pending * DAY
    assert life.waits_for is None


@pytest.mark.parametrize(("text", "to_rewards"), [(HEAD, False), (HEAD + EMISSION, True)])
def test_what_is_cancelled_goes_to_the_pool_if_there_is_one(text: str, *, to_rewards: bool) -> None:
    life = life_of(load_programme(text), "kept", EARNED, EARNED)
    assert life.activates_at == EARNED + 5 * DAY
    assert life.waits_for is not None
    assert life.waits_for.to_rewards is to_rewards
