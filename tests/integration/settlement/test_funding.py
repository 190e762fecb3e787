"""Awards paid out of the rewards pool and from budgets: what is not paid, and when it is."""

from __future__ import annotations

import pytest

from ledger.emission import service as emission
from ledger.kernel.transaction import Work, execute
from ledger.settlement.funding import emit_and_fund
from tests.support.life import at_time, balance, damaged, findings, parts
from tests.world import World

START = "2026-03-02T09:00:00+00:00"
POOL = """\
programme: pool
version: "1"
zone: Europe/Moscow
validity: {months: 12}
rules:
  - {id: big, on: project.completed, to: actor, points: 70}
  - {id: small, on: day.opened, to: actor, points: 10}
emission: {start: "2026-03-02", yearly: 36500, pools: {rewards: 80, treasury: 20}}
"""
BUDGETS = """\
programme: club
version: "1"
zone: Europe/Moscow
rules:
  - {id: big, on: project.completed, to: actor, points: 70, category: work}
  - {id: small, on: day.opened, to: actor, points: 10}
budgets:
  - {id: work, of: {category: work}, points: 100, per: month}
  - {id: all, of: programme, points: 145, per: year}
"""


def emit(world: World) -> int:
    def run(work: Work, _: None) -> int:
        return emission.emit_due(work)

    return execute(world.database, run, None)


@pytest.fixture
def pool(world: World) -> World:
    """On the first day of emission: 100 points a day, 80 of them for rewards."""
    early = at_time(world, START)
    early.activate(POOL)
    for name in ("anna", "bob"):
        early.link(name)
    return early


def project(world: World, event_id: str, who: str, time: str) -> None:
    world.state(event_id, "project.completed", f"lms:{who}", time)


def test_a_day_brings_its_points_once(pool: World) -> None:
    assert [emit(pool), emit(pool)] == [1, 0]
    assert (balance(pool.database, "rewards"), balance(pool.database, "treasury")) == (80, 20)
    later = at_time(pool, "2026-03-04T20:59:59+00:00")  # a second before the 5th in Moscow
    assert [emit(later), emit(later)] == [2, 0]
    assert balance(pool.database, "rewards") == 240
    assert emit(at_time(pool, "2026-03-04T21:00:00+00:00")) == 1
    assert findings(pool.database) == []


def test_what_the_pool_lacks_waits_and_is_paid_oldest_first(pool: World) -> None:
    project(pool, "b", "bob", "2026-03-02T08:00:00Z")
    project(pool, "a", "anna", "2026-03-02T07:00:00Z")
    pool.score()
    available = {who: parts(pool, who)[1] for who in ("anna", "bob")}
    assert sorted(available.values()) == [10, 70]
    assert (pool.points("anna"), pool.points("bob")) == (70, 70)
    pool.state("s", "day.opened", "lms:anna", "2026-03-02T08:30:00Z")
    pool.score()
    assert sum(parts(pool, who)[1] for who in ("anna", "bob")) == 80, "others wait already"
    assert findings(pool.database) == []
    tomorrow = at_time(pool, "2026-03-03T09:00:00+00:00")
    assert emit_and_fund(tomorrow.database) == 2
    assert (parts(tomorrow, "anna"), parts(tomorrow, "bob")) == ((0, 80), (0, 70))
    assert balance(pool.database, "rewards") == 10
    assert emit_and_fund(tomorrow.database) == 0
    assert findings(pool.database) == []


def test_what_is_paid_later_lives_from_then(pool: World) -> None:
    for number in range(2):
        project(pool, str(number), "anna", "2026-03-02T07:00:00Z")
    pool.score()
    tomorrow = at_time(pool, "2026-03-03T09:00:00+00:00")
    emit_and_fund(tomorrow.database)
    expiries = {
        held.lot.granted.amount: str(held.lot.expires_at)[:16]
        for held in tomorrow.summary("anna").lots
    }
    assert expiries == {70: "2027-03-02 07:00", 10: "2027-03-02 07:00", 60: "2027-03-02 21:00"}


def test_a_correction_takes_first_what_was_never_paid(pool: World) -> None:
    for number in range(2):
        project(pool, str(number), "anna", f"2026-03-02T0{number}:00:00Z")
    pool.score()
    assert parts(pool, "anna") == (0, 80)
    for number in range(2):
        pool.state(
            f"r{number}", "activity.retracted", None, "2026-03-02T08:00:00Z", {"id": str(number)}
        )
    pool.score()
    assert (parts(pool, "anna"), pool.summary("anna").debt.amount) == ((0, 0), 0)
    assert emit_and_fund(at_time(pool, "2026-03-03T09:00:00+00:00").database) == 0
    assert findings(pool.database) == []


def test_an_award_is_paid_over_several_days(pool: World) -> None:
    for number in range(5):
        project(pool, str(number), "anna", f"2026-03-02T0{number}:00:00Z")
    pool.score()
    seen = []
    for day in (3, 4, 5, 6, 7):
        on = at_time(pool, f"2026-03-0{day}T09:00:00+00:00")
        emit_and_fund(on.database)
        seen.append(parts(on, "anna")[1])
        assert findings(pool.database) == []
    assert seen == [160, 240, 320, 350, 350]


def test_a_budget_that_is_used_up_stops_and_gives_back_what_is_corrected(world: World) -> None:
    world.activate(BUDGETS)
    world.link("anna")
    for number, day in enumerate(("02", "03", "04")):
        project(world, str(number), "anna", f"2026-03-{day}T09:00:00Z")
    world.score()
    assert (world.points("anna"), parts(world, "anna")[1]) == (210, 100)
    assert findings(world.database) == []
    project(world, "april", "anna", "2026-03-31T21:00:00Z")  # April in Moscow
    world.score()
    assert parts(world, "anna")[1] == 145, "the year's budget is the least that is left"
    world.state("r", "activity.retracted", None, "2026-03-05T09:00:00Z", {"id": "0"})
    world.score()
    world.state("s", "day.opened", "lms:anna", "2026-05-05T09:00:00Z")
    world.score()
    assert parts(world, "anna")[1] == 85
    assert emit_and_fund(world.database) == 0
    assert findings(world.database) == []


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE emissions SET points = 99", "which its entry does not"),
        ("DELETE FROM emissions", "no day names it"),
        ("UPDATE award_queue SET points = points + 1", "it lacks"),
        ("DELETE FROM award_gaps", "points"),
        ("UPDATE award_gaps SET change = change + 1 WHERE revision IS NOT NULL", "points"),
    ],
)
def test_verify_names_what_was_changed(
    pool: World, migrator_url: str, statement: str, said: str
) -> None:
    for number in range(2):
        project(pool, str(number), "anna", f"2026-03-02T0{number}:00:00Z")
    pool.score()
    assert findings(pool.database) == []
    assert any(said in finding for finding in damaged(pool.database, migrator_url, statement))


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE budget_uses SET points = points - 1", "its awards use"),
        ("UPDATE award_budgets SET points = points + 1", "its awards use"),
        (
            "UPDATE award_budgets SET points = 80; UPDATE budget_uses SET points = 80",
            "uses 80 points",
        ),
        (
            "UPDATE award_budgets SET points = 200; UPDATE budget_uses SET points = 200",
            "no version gave it so many",
        ),
    ],
)
def test_verify_names_a_budget_that_was_changed(
    world: World, migrator_url: str, statement: str, said: str
) -> None:
    world.activate(BUDGETS)
    world.link("anna")
    project(world, "1", "anna", "2026-03-02T09:00:00Z")
    world.score()
    assert findings(world.database) == []
    assert any(said in finding for finding in damaged(world.database, migrator_url, statement))
