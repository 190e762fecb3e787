"""What was got for promotion, by person and year."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from ledger.kernel.transaction import Database
from ledger.promotion.service import NotAYear, Promoted, rewards_of_year
from tests.support.merging import merge
from tests.world import World

PROGRAMME = """\
programme: p
version: "{version}"
zone: Europe/Moscow
rules:
  - {{id: study, on: study.done, to: actor, points: 100}}
  - {{id: post, on: post.shared, to: actor, points: 7, category: promotion}}
  - {{id: talk, on: talk.given, to: actor, points: 50, category: {category}}}
"""


class StillClock:
    """Always the same moment."""

    def now(self) -> datetime:
        return datetime(2027, 3, 1, tzinfo=UTC)


@pytest.fixture
def world(database: Database) -> World:
    return World.make(replace(database, clock=StillClock()))


def year(world: World, number: int) -> dict[str, tuple[int, int]]:
    with world.database.read() as work:
        found = rewards_of_year(work, number)
    names = {member: name for name, member in world.linked.items()}
    assert all(isinstance(each, Promoted) and each.points for each in found)
    return {names[each.person]: (each.by_rules, each.by_passes) for each in found}


def test_a_year_begins_at_the_programmes_midnight(world: World) -> None:
    world.link("anna")
    world.activate(PROGRAMME.format(version=1, category="community"))
    for number, (kind, at) in enumerate(
        (
            ("post.shared", "2024-12-31T20:59:59Z"),
            ("post.shared", "2024-12-31T21:00:00Z"),
            ("post.shared", "2025-12-31T20:59:59Z"),
            ("post.shared", "2025-12-31T21:00:00Z"),
            ("study.done", "2025-05-01T10:00:00Z"),
            ("talk.given", "2025-05-01T10:00:00Z"),
        )
    ):
        world.state(str(number), kind, "lms:anna", at)
    world.score()
    assert [year(world, number) for number in (2024, 2025, 2026)] == [
        {"anna": (7, 0)},
        {"anna": (14, 0)},
        {"anna": (7, 0)},
    ]


def test_a_rule_marked_once_is_marked(world: World) -> None:
    world.link("anna")
    world.activate(PROGRAMME.format(version=1, category="community"))
    world.state("1", "talk.given", "lms:anna", "2026-05-01T10:00:00Z")
    world.score()
    assert year(world, 2026) == {}
    marked = PROGRAMME.format(version=2, category="promotion")
    world.activate(marked, "2026-06-01T00:00:00Z")
    world.score()
    assert year(world, 2026) == {"anna": (50, 0)}


def test_what_was_retracted_counts_no_more_and_a_person_once(world: World) -> None:
    for name in ("anna", "twin", "boris"):
        world.link(name)
    world.activate(PROGRAMME.format(version=1, category="promotion"))
    for number, name in enumerate(("anna", "twin", "boris")):
        world.state(str(number), "post.shared", f"lms:{name}", "2026-05-01T10:00:00Z")
    world.score()
    world.state("r", "activity.retracted", "lms:boris", "2026-05-02T10:00:00Z", {"id": "2"})
    world.score()
    merge(world, world.linked["anna"], world.linked["twin"])
    world.score()
    assert year(world, 2026) == {"anna": (14, 0)}


@pytest.mark.parametrize("number", [1999, 2200, -1])
def test_what_is_no_year(world: World, number: int) -> None:
    with pytest.raises(NotAYear), world.database.read() as work:
        rewards_of_year(work, number)
