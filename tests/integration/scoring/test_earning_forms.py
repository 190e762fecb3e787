"""Limits, caps, expressions, periods and freezes in the real database, verified by replay."""

from __future__ import annotations

from decimal import Decimal

import pytest

from ledger.scoring.verify import check_projection
from tests.world import World

AT_ONCE = """\
programme: forms
version: "1"
zone: UTC
attributes:
  absence: {field: value, values: [none, ill], default: none}
multipliers:
  streak:
    by: day_streak
    condition: day.opened
    types: [text.submitted]
    table: {1: 1, 2: 2, 3: 3}
    freezes: {count: 1, per: month, excused_by: {attribute: absence, values: ill}}
rules:
  - {id: passed, on: lms.activity.passed, to: actor, points: data.score / 8, category: learning}
  - id: text
    on: text.submitted
    to: actor
    points: 10
    multipliers: [streak]
    limit: [{per: day, count: 1}, {per: month, count: 3}]
caps:
  - {id: learning, of: {category: learning}, per: month, points: 20, over: refuse}
  - {id: all, of: programme, per: lifetime, points: 75}
"""


def verified(world: World) -> World:
    with world.database.read() as work:
        assert list(check_projection(work)) == []
    return world


def points(world: World) -> list[tuple[int, int]]:
    world.score()
    awards = sorted(verified(world).awards("anna"), key=lambda award: award.earned_at)
    return [(award.points, award.excess) for award in awards]


def test_expressions_keep_every_digit_of_a_score(world: World) -> None:
    world.activate(AT_ONCE)
    world.link("anna")
    stated = {"a": Decimal("99.99999"), "b": Decimal("100.0"), "c": 28}
    for number, (name, score) in enumerate(stated.items()):
        time = f"2026-03-0{number + 2}T09:00:00Z"
        world.state(name, "lms.activity.passed", "lms:anna", time, {"score": score})
    world.state("none", "lms.activity.passed", "lms:anna", "2026-03-06T09:00:00Z")
    # 12.49999875 and 12.5; the second is over the month's 20 together with the first.
    assert points(world) == [(12, 0), (0, 13), (4, 0)]


def test_limits_and_freezes_over_late_facts(world: World) -> None:
    world.activate(AT_ONCE)
    world.link("anna")
    for day in (2, 4, 7):
        world.state(f"o{day}", "day.opened", "lms:anna", f"2026-03-{day:02}T08:00:00Z")
        world.state(f"t{day}", "text.submitted", "lms:anna", f"2026-03-{day:02}T09:00:00Z")
    # The 3rd takes the month's freeze; the gap of the 5th and 6th ends the streak.
    assert points(world) == [(10, 0), (20, 0), (10, 0)]
    ill = {"value": "ill"}
    world.state("ill", "member.absence.changed", "lms:anna", "2026-03-04T20:00:00Z", ill)
    assert points(world) == [(10, 0), (20, 0), (30, 0)]
    world.state("t5", "text.submitted", "lms:anna", "2026-03-05T09:00:00Z")
    # A fourth of the month, so the last one in order is dropped; it still makes no day active.
    assert points(world) == [(10, 0), (20, 0), (10, 0), (0, 0)]


@pytest.mark.parametrize(
    ("period", "expected", "corrected"),
    [
        ("day", {"2026-03-02": 1, "2026-03-03": 1, "2026-04-01": 1}, {"2026-03-02": 3}),
        ("month", {"2026-03": 3, "2026-04": 1}, {"2026-03": 4}),
    ],
)
def test_days_and_months_close_and_are_corrected(
    world: World, period: str, expected: dict[str, int], corrected: dict[str, int]
) -> None:
    world.activate(
        f'programme: closing\nversion: "1"\nzone: UTC\nperiod: {period}\n'
        "rules:\n  - {id: read, on: lms.section.read, to: actor, points: 1.25}\n"
    )
    world.link("anna")
    for number, day in enumerate(("03-02", "03-03", "04-01")):
        world.state(f"s{number}", "lms.section.read", "lms:anna", f"2026-{day}T09:00:00Z")
    assert points(world) == []
    world.close_periods()
    points(world)
    found = {award.key.period: award.points for award in world.awards("anna")}
    assert found == expected
    world.state("late", "lms.section.read", "lms:anna", "2026-03-02T10:00:00Z")
    points(world)  # 1.25 twice is 2.5, three times 3.75
    found = {award.key.period: award.points for award in world.awards("anna")}
    assert found == expected | corrected
