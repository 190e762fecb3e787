"""Acts and points by rule: awards at once, of whole periods, corrected; the same counted again."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, date, datetime

import pytest
import sqlalchemy as sa

from ledger.events.model import ExactJson
from ledger.kernel.transaction import Database, execute
from ledger.programme import service as programmes
from ledger.programme.service import DecideActivation, ProposeActivation, StoreProgramme
from ledger.reports import keeping, keeping_store, service, store
from ledger.scoring.service import score_member
from tests.naive_reports import LOTS, POOLS, read_book
from tests.support.merging import merge
from tests.world import World

AT_ONCE = """
programme: little
version: "1"
zone: Europe/Moscow
rules:
  - {id: seen, on: lms.section.read, to: actor, points: 2, category: watching}
  - {id: done, on: lms.exercise.completed, to: actor, points: 100, category: doing}
"""
WEEKLY = """
programme: week
version: "1"
zone: UTC
period: week
rules:
  - {id: seen, on: lms.section.read, to: actor, points: 2, category: watching}
  - {id: done, on: lms.exercise.completed, to: actor, points: 100, category: doing}
"""
MOMENT = "2026-03-0{}T10:00:00Z"
ROWS = ("report_flows", "report_lapses", "report_holdings", "report_acts", "report_head")


@pytest.fixture
def world(database: Database) -> World:
    world = World.make(database)
    for subject in ("anna", "boris"):
        world.link(subject)
    return world


def happen(world: World) -> None:
    stated: list[tuple[str, str, str, str, dict[str, ExactJson]]] = [
        (f"{subject} {kind} {day}", f"lms.{kind}", f"lms:{subject}", MOMENT.format(day), {})
        for subject, kind, days in (
            ("anna", "section.read", (2, 3, 4)),
            ("anna", "exercise.completed", (5,)),
            ("boris", "section.read", (6,)),
        )
        for day in days
    ]
    world.state_all(stated)
    world.score()


def counted(world: World) -> dict[str, tuple[int, int]]:
    with world.database.read() as work:
        found = store.acts_of_rules(work, date(2000, 1, 1))
    return {rule: (acts, points.amount) for rule, (acts, points) in found.items()}


def awarded(world: World) -> Counter[str]:
    """Points that awards and corrections gave, by the rule that their entries state."""
    found: Counter[str] = Counter()
    for row in read_book(world.database, "UTC").transfers:
        given = row.debit in POOLS and row.credit in LOTS
        if row.kind in {"award", "correction"} and given:
            found[json.loads(row.cause)["why"]["rule"]] += row.amount
    return found


def rows(world: World) -> dict[str, set[tuple[object, ...]]]:
    with world.database.engine.connect() as connection:
        return {
            table: {tuple(row) for row in connection.execute(sa.text(f"SELECT * FROM {table}"))}
            for table in ROWS
        }


def test_awards_at_once(world: World) -> None:
    world.activate(AT_ONCE)
    happen(world)
    keeping.count_all(world.database)
    assert counted(world) == {"seen": (4, 8), "done": (1, 100)}
    with world.database.read() as work:
        assert service.categories(work) == {"seen": "watching", "done": "doing"}


def test_each_event_of_a_period_is_an_act(world: World) -> None:
    world.activate(WEEKLY)
    happen(world)
    world.close_periods()
    world.score()
    keeping.count_all(world.database)
    assert counted(world) == {"seen": (4, 0), "done": (1, 0), "week": (0, 108)}


def test_corrections_give_points_and_are_no_acts(world: World) -> None:
    world.activate(AT_ONCE)
    happen(world)
    keeping.count_all(world.database)
    more = AT_ONCE.replace("points: 2,", "points: 5,").replace('version: "1"', 'version: "2"')
    raise_awards(world, more)
    keeping.count_all(world.database)
    found = counted(world)
    assert found == {"seen": (4, 20), "done": (1, 100)}
    assert awarded(world) == {rule: points for rule, (_, points) in found.items()}


def raise_awards(world: World, text: str) -> None:
    """The same facts under another version, by a top-up of all that was."""
    stored = execute(world.database, programmes.store_programme, StoreProgramme(text, "test"))
    since = datetime(2026, 3, 1, tzinfo=UTC)
    asked = ProposeActivation(stored.programme_hash, since, world.first_admin, "top_up")
    change = execute(world.database, programmes.propose_activation, asked)
    decision = DecideActivation(
        change.change_id, "approved", change.content_hash, world.second_admin
    )
    execute(world.database, programmes.decide_activation, decision)
    for member_id in world.linked.values():
        execute(world.database, score_member, member_id)


def test_counting_again_gives_the_same_rows(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.activate(AT_ONCE)
    monkeypatch.setattr(keeping, "PART", 2)
    happen(world)
    keeping.count_all(world.database)
    before = rows(world)
    assert all(before.values())
    assert keeping.count_all(world.database) == 0
    monkeypatch.setattr(keeping, "PART", 50)
    assert keeping.count_again(world.database) == 5
    assert rows(world) == before


def test_days_of_another_zone_are_counted_anew(world: World) -> None:
    world.activate(AT_ONCE)
    happen(world)
    keeping.count_all(world.database)
    elsewhere = AT_ONCE.replace("Europe/Moscow", "Asia/Tokyo").replace('"1"', '"2"')
    world.activate(elsewhere)
    assert keeping.count_all(world.database) >= 5
    with world.database.read() as work:
        assert service.require_counted(work).zone == "Asia/Tokyo"
    assert counted(world) == {"seen": (4, 8), "done": (1, 100)}


def test_one_process_counts_at_a_time(world: World) -> None:
    world.activate(AT_ONCE)
    happen(world)
    with world.database.engine.begin() as connection:
        connection.execute(sa.text(f"SELECT pg_advisory_xact_lock({keeping_store.LOCK})"))
        assert keeping.count_all(world.database) == 0
    assert keeping.count_all(world.database) == 5


def test_two_members_of_one_person_hold_together(world: World) -> None:
    world.activate(AT_ONCE)
    happen(world)
    merge(world, world.linked["anna"], world.linked["boris"])
    world.score()
    keeping.count_all(world.database)
    with world.database.read() as work:
        found = service.dashboard(work)
    assert (found.spread.holders, found.spread.total.amount) == (1, 108)
