"""Lots expire as the rule that gave them says."""

from __future__ import annotations

from datetime import UTC, datetime

from ledger.lots import store
from tests.world import World

CLUB = """\
programme: club
version: "1"
zone: Europe/Moscow
validity: {end_of: year, after: {months: 6}}
rules:
  - {id: lesson, on: lms.lesson.completed, to: actor, points: 10}
  - {id: answer, on: forum.answer.created, to: actor, points: 2, validity: {on: "09-01"}}
"""


def test_each_rule_gives_its_own_life(world: World) -> None:
    world.activate(CLUB)
    anna = world.link("anna")
    world.state("1", "lms.lesson.completed", "lms:anna", "2025-07-01T09:00:00+03:00")
    world.state("2", "forum.answer.created", "lms:anna", "2025-09-01T09:00:00+03:00")
    world.score()
    with world.database.read() as work:
        lots = store.lots_of_member(work, anna)
    assert {lot.granted.amount: lot.expires_at for lot in lots} == {
        10: datetime(2026, 12, 31, 21, tzinfo=UTC),
        2: datetime(2026, 8, 31, 21, tzinfo=UTC),
    }
