"""The level step of the night: each level kept once, and none lost to expiry."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from starlette.testclient import TestClient

from api.tasks.schedule import JOBS
from ledger.kernel.ids import format_id
from ledger.kernel.transaction import Work, execute
from ledger.lots import jobs
from ledger.standing import store
from ledger.standing.keeping import keep_level, keep_levels
from ledger.standing.store import KeptLevel
from ledger.standing.verify import check_levels
from tests.integration.pages.conftest import words_of
from tests.support.life import SetClock
from tests.world import World

PROGRAMME = """\
programme: club
version: "1"
zone: UTC
rules:
  - {id: lesson, on: lms.lesson.completed, to: actor, points: 60}
validity: {months: 12}
levels:
  steps:
    - {id: newcomer, from: 0, title: {en: Newcomer, ru: Новичок}}
    - {id: regular, from: 120, title: {en: Regular, ru: Завсегдатай}}
"""
WITHOUT_LEVELS = PROGRAMME.partition("levels:")[0].replace('"1"', '"2"')


@pytest.fixture
def world(world: World, anna: TestClient) -> World:
    """Anna: a lesson on the second and one on the third of March; points live a year."""
    assert anna is not None
    world.activate(PROGRAMME)
    for day in (2, 3):
        world.state(f"l{day}", "lms.lesson.completed", "lms:anna", f"2026-03-0{day}T09:00:00Z")
    world.score()
    return world


def kept(world: World) -> list[tuple[int, str | None, int, str]]:
    with world.database.read() as work:
        rows = store.levels_of(work, world.linked["anna"])
        assert list(check_levels(work)) == []
    return [(r.number, r.level_id, r.standing, f"{r.reached_at:%m-%d}") for r in rows]


def test_a_level_is_kept_once_with_the_day_of_the_award(world: World) -> None:
    assert keep_levels(world.database) == 1
    assert kept(world) == [(1, "regular", 120, "03-03")]
    assert keep_levels(world.database) == 0
    assert execute(world.database, keep_level, world.linked["anna"]) is False
    assert len(kept(world)) == 1


def test_what_a_correction_takes_is_lost_on_the_night_that_sees_it(world: World) -> None:
    keep_levels(world.database)
    world.state("r", "activity.retracted", None, "2026-03-05T09:00:00Z", {"id": "l3"})
    world.score()
    assert keep_levels(world.database) == 1
    today = f"{datetime.now(UTC):%m-%d}"  # noqa: TID251 - a test's clock
    assert kept(world)[0] == (2, "newcomer", 60, today)
    world.activate(WITHOUT_LEVELS, f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}")  # noqa: TID251
    assert keep_levels(world.database) == 1
    assert kept(world)[0] == (3, None, 60, today)
    assert keep_levels(world.database) == 0


def test_points_that_expire_take_no_level_away(world: World) -> None:
    (night,) = [job for job in JOBS if job.name == "night"]
    assert night.every_s == timedelta(days=1).total_seconds()
    late = replace(world.database, clock=SetClock(datetime(2036, 1, 1, tzinfo=UTC)))
    order: list[int] = []
    assert world.available("anna").amount == 120
    jobs.apply_all_due(late, then=lambda database: order.append(keep_levels(database)))
    assert world.available("anna").amount == 0
    assert order == [1, 0]
    assert kept(world) == [(1, "regular", 120, "03-03")]
    assert keep_levels(world.database) == 0


def test_a_night_that_breaks_off_is_finished_by_the_next(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(work: Work, row: KeptLevel) -> None:
        store_insert(work, row)
        raise RuntimeError("the machine is gone")

    store_insert = store.insert
    monkeypatch.setattr(store, "insert", breaks)
    with pytest.raises(RuntimeError):
        keep_levels(world.database)
    monkeypatch.setattr(store, "insert", store_insert)
    assert kept(world) == []
    assert keep_levels(world.database) == 1


def test_nobody_keeps_levels_of_somebody_unknown(world: World) -> None:
    assert execute(world.database, keep_level, world.source.source_id) is False


def test_a_row_that_does_not_follow_is_found(world: World) -> None:
    keep_levels(world.database)
    with world.database.read() as work:
        (last,) = store.levels_of(work, world.linked["anna"])
    again = replace(last, number=3)
    execute(world.database, store.insert, again)
    with world.database.read() as work:
        (finding,) = check_levels(work)
    assert "number 3" in str(finding)


def test_the_date_is_told_over_http_and_on_the_page(world: World, anna: TestClient) -> None:
    path = f"/v1/members/{format_id('mem', world.linked['anna'])}/standing"
    assert anna.get(path).json()["levels"] == []
    keep_levels(world.database)
    (told,) = anna.get("/v1/members/me/standing").json()["levels"]
    assert (told["level"], told["reached_at"]) == ("regular", "2026-03-03T09:00:00Z")
    assert "Level reached on 3 March 2026" in page(anna, "en")
    assert "Уровень получен 3 марта 2026" in page(anna, "ru")


def page(client: TestClient, language: str) -> str:
    return words_of(client.get("/me", headers={"accept-language": language}))
