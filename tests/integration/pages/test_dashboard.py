"""The page of the school's figures, in both languages, its files, and who may not see it."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from fastapi import FastAPI

from ledger.journal.model import EntryKind
from ledger.kernel.transaction import Database, execute
from ledger.kernel.units import Points
from ledger.lots import service as lots
from ledger.lots.model import CaptureHold, Cause, GrantLot, HoldPurpose, PlaceHold
from ledger.members.model import Role
from ledger.reports import keeping
from tests.integration.pages.conftest import Reader, person
from tests.support.clock import SetClock
from tests.world import World

PAGE = "/admin/dashboard"
API = "/v1/reports/dashboard"
NOW = datetime.now(UTC)  # noqa: TID251 - the application's clock is the real one
PROGRAMME = """
programme: little
version: "1"
title: {en: Little, ru: Немного}
zone: Europe/Moscow
rules:
  - {id: seen, title: {en: See, ru: Смотреть}, on: lms.section.read, to: actor, points: 2,
     category: watching}
  - {id: done, title: {en: Do, ru: Делать}, on: lms.exercise.completed, to: actor, points: 100,
     category: doing}
redemption: {rates: {RUB: "1.5"}}
"""


def grant(database: Database, member_id: UUID, key: str, amount: int, days: int) -> None:
    now = database.clock.now()
    command = GrantLot(
        member_id=member_id,
        amount=Points(amount),
        kind=EntryKind.GRANT,
        key=(key,),
        effective_at=now,
        activates_at=now,
        expires_at=now + timedelta(days=days),
        cause=Cause("test", key),
    )
    execute(database, lots.grant_lot, command)


def spend(database: Database, member_id: UUID, number: int, amount: int) -> None:
    now = database.clock.now()
    hold_id = UUID(int=number)
    purpose = HoldPurpose.REDEMPTION
    place = PlaceHold(hold_id, member_id, Points(amount), purpose, now, now + timedelta(hours=1))
    execute(database, lots.place_hold, place)
    execute(database, lots.capture_hold, CaptureHold(hold_id, Points(amount), now))


@pytest.fixture
def world(database: Database) -> World:
    """Two members, of whom one spent and one let points expire, and four awards."""
    world = World.make(database)
    world.activate(PROGRAMME)
    anna, boris = world.link("anna"), world.link("boris")
    back = replace(database, clock=SetClock(NOW - timedelta(days=70)))
    grant(back, anna, "a", 1_000, 400)
    grant(back, boris, "b", 500, 20)
    spend(back, anna, 1, 300)
    later = replace(database, clock=SetClock(NOW - timedelta(days=40)))
    execute(later, lots.apply_due, lots.ApplyDue(boris, later.clock.now()))
    grant(later, boris, "c", 60, 80)
    for number, kind in enumerate(["lms.section.read"] * 3 + ["lms.exercise.completed"]):
        world.state(f"e{number}", kind, "lms:anna", (NOW - timedelta(days=1)).isoformat())
    world.score()
    keeping.count_all(database)
    return world


@pytest.fixture
def olga(app: FastAPI, database: Database) -> Reader:
    return person(app, database, "Olga", Role.OWNER)


def test_the_owner_reads_the_figures(world: World, olga: Reader) -> None:
    words = olga.words(PAGE)
    for said in (
        "Outstanding 866 all that members can still ask for",
        "Burn rate 18%",
        "Manual share 94%",
        "Low-effort acts 75%",
        "In full RUB 12.99 Expected RUB 4.87",
        "now 38%",
        "Within 60 days",
        "watching low-effort",
        "Gini coefficient",
        "Members with points 2",
    ):
        assert said in words, said
    russian = olga.words(PAGE, "ru")
    for said in ("Цифры школы", "Доля трат 18", "В течение 60 дней", "лёгкое", "₽"):
        assert said in russian, said
    assert PAGE in olga.get("/admin").text


def test_every_chart_has_a_name_a_table_and_a_file(world: World, olga: Reader) -> None:
    for language in ("en", "ru"):
        for by in ("month", "week"):
            page = olga.get(f"{PAGE}?by={by}", language).text
            charts = re.findall(r'<svg viewBox="0 0 360[^>]*aria-labelledby="(\S+) (\S+)"', page)
            assert len(charts) == 7, "all but the debt, of which there is none"
            for title, description in charts:
                assert re.search(rf'<title id="{title}">[^<]+</title>', page)
                assert re.search(rf'<desc id="{description}">[^<]+</desc>', page)
            assert page.count('<details class="why">') >= len(charts)
            files = set(re.findall(rf'href="({API}/\w+\.csv)"', page))
            assert len(files) == (7 if by == "week" else 6)
            assert all(olga.get(path).status_code == 200 for path in files)
            assert len(page.encode()) < 150_000


def test_the_same_figures_for_machines(world: World, olga: Reader) -> None:
    found = olga.get(API).json()
    assert found["sequence"] == found["journal_end"]
    assert found["zone"] == "Europe/Moscow"
    issued = sum(each["issued"] for each in found["months"])
    assert issued == 1_000 + 500 + 60 + 106
    assert found["months"][-1]["closing"]["outstanding"] == 866
    assert found["liability"]["full_minor"] == {"RUB": 1299}
    assert found["acts"][0] == {
        "category": "watching",
        "acts": 3,
        "points": 6,
        "points_each": {"exact": "2/1", "decimal": "2.000000"},
        "low_effort": True,
    }
    assert [each["points"] for each in found["lapsing"]] == [0, 60, 60]
    assert found["spread"]["holders"] == 2


def test_files_are_these_bytes(world: World, olga: Reader) -> None:
    answer = olga.get(f"{API}/lapsing.csv")
    assert answer.content == b"days,points\r\n30,0\r\n60,60\r\n90,60\r\n"
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert 'filename="vklad-lapsing.csv"' in answer.headers["content-disposition"]
    assert olga.get(f"{API}/acts.csv").content == (
        b"category,acts,points,points_each,low_effort\r\n"
        b"watching,3,6,2.000000,true\r\n"
        b"doing,1,100,100.000000,false\r\n"
    )
    assert olga.get(f"{API}/liability.csv").content == (
        b"currency,outstanding,redemption,full_minor,expected_minor\r\n"
        b"RUB,866,0.375000,1299,487\r\n"
    )
    spans = list(_rows(olga, "months"))
    assert sum(int(each["spent"]) for each in spans) == 300
    assert sum(int(each["made"]) for each in _rows(olga, "cohorts")) == 1_666
    assert [int(each["members"]) for each in _rows(olga, "spread")].count(1) == 2
    assert olga.get(f"{API}/nothing.csv").status_code == 422


def _rows(reader: Reader, chart: str) -> Iterator[dict[str, str]]:
    yield from csv.DictReader(io.StringIO(reader.get(f"{API}/{chart}.csv").text))


def test_before_anything_is_counted(app: FastAPI, database: Database) -> None:
    reader = Reader(app, World.make(database).first_admin, "member,admin")
    assert "No points have moved yet" in reader.words(PAGE)
    assert "Баллы ещё не двигались" in reader.words(PAGE, "ru")
    answer = reader.get(API)
    assert (answer.status_code, answer.json()["code"]) == (404, "nothing_counted_yet")


@pytest.mark.parametrize("role", [None, Role.TEACHER, Role.MODERATOR])
def test_nobody_else_sees_it(app: FastAPI, database: Database, role: Role | None) -> None:
    World.make(database)
    reader = person(app, database, "Somebody", role)
    for path in (PAGE, API, f"{API}/months.csv"):
        assert reader.get(path).status_code == 403, path


@pytest.mark.parametrize("role", [Role.ADMIN, Role.AUDITOR, Role.OWNER])
def test_who_oversees_sees_it(app: FastAPI, database: Database, role: Role) -> None:
    World.make(database)
    assert person(app, database, "Somebody", role).get(PAGE).status_code == 200
