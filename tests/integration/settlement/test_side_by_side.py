"""Many workers settle at once out of one pool and one budget: nothing is paid twice or lost."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor

import pytest

from ledger.kernel.transaction import execute
from ledger.scoring import service as scoring
from ledger.settlement.funding import emit_and_fund
from ledger.settlement.vesting import settle_matured
from tests.support.life import at_time, balance, findings, parts
from tests.world import World

CLUB = """\
programme: club
version: "1"
zone: Europe/Moscow
rules:
  - {id: big, on: project.completed, to: actor, points: 70, category: work}
  - {id: small, on: day.opened, to: actor, points: 13}
  - id: mentor
    on: mentoring.session.held
    to: actor
    points: 40
    vesting: {days: 3, condition: {active: {within_days: 2}}}
budgets: [{id: work, of: {category: work}, points: 900, per: month}]
emission: {start: "2026-03-01", yearly: 73000, pools: {rewards: 90, treasury: 10}}
"""
TYPES = ("project.completed", "day.opened", "mentoring.session.held")
PEOPLE = tuple("abcdefgh")
DAYS = 14


@pytest.mark.parametrize("seed", [1, 2])
def test_paid_and_unpaid_are_what_was_earned(world: World, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - repeatable, not secret
    world.activate(CLUB)
    for name in PEOPLE:
        world.link(name)
    stated: list[str] = []
    with ThreadPoolExecutor(8) as workers:
        for day in range(1, DAYS + 1):
            now = at_time(world, f"2026-03-{day:02d}T20:00:00+00:00")
            for _ in range(chance.randint(4, 16)):
                event_id = f"e{len(stated)}"
                hour = chance.randint(0, 19)
                when = f"2026-03-{chance.randint(1, day):02d}T{hour:02d}:00:00Z"
                kind, who = chance.choice(TYPES), chance.choice(PEOPLE)
                world.state(event_id, kind, f"lms:{who}", when)
                stated.append(event_id)
            for gone in chance.sample(stated, chance.randint(0, 2)):
                again = f"r{gone}-{day}"
                world.state(again, "activity.retracted", None, "2026-03-01T00:00:00Z", {"id": gone})
            work = [
                *(
                    workers.submit(execute, now.database, scoring.score_member, member)
                    for member in world.linked.values()
                ),
                workers.submit(emit_and_fund, now.database),
                workers.submit(settle_matured, now.database),
            ]
            for each in work:
                each.result()
    assert findings(world.database) == []
    end = at_time(world, "2026-06-30T20:00:00+00:00")
    emit_and_fund(end.database)
    settle_matured(end.database)
    assert findings(world.database) == []
    with end.database.engine.begin() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM award_queue").scalar() == 0
    assert sum(world.points(name) for name in PEOPLE) > 0
    assert balance(world.database, "rewards") > 0
    assert all(sum(parts(end, name)) <= world.points(name) for name in PEOPLE)
