"""What a quarter came to, in both languages, for every member and nobody else."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from fastapi import FastAPI

from ledger.kernel.transaction import Database, execute
from ledger.lots import service as lots
from ledger.reports import keeping
from ledger.reports.quarters import Quarter
from tests.integration.pages.conftest import Reader, person
from tests.integration.pages.test_dashboard import PROGRAMME, grant, spend
from tests.support.clock import SetClock
from tests.support.http import client_of
from tests.world import World

NOW = datetime.now(UTC)  # noqa: TID251 - the application's clock is the real one
OVER = Quarter.of(NOW.astimezone(ZoneInfo("Europe/Moscow")).date()).before
MIDDLE = datetime.combine(OVER.first, datetime.min.time(), UTC) + timedelta(days=40)


def at(database: Database, moment: datetime) -> Database:
    return replace(database, clock=SetClock(moment))


@pytest.fixture
def maria(app: FastAPI, database: Database) -> Reader:
    """A member of a school where the last quarter was busy and the one before it quiet."""
    world = World.make(database)
    world.activate(PROGRAMME)
    anna, boris = world.link("anna"), world.link("boris")
    grant(at(database, MIDDLE - timedelta(days=80)), boris, "b", 500, 100)
    grant(at(database, MIDDLE), anna, "a", 1_001, 1_000)
    spend(at(database, MIDDLE), anna, 1, 300)
    late = MIDDLE + timedelta(days=30)
    execute(at(database, late), lots.apply_due, lots.ApplyDue(boris, late))
    world.state("e", "lms.section.read", "lms:anna", (NOW - timedelta(minutes=1)).isoformat())
    world.score()
    keeping.count_all(database)
    return person(app, database, "Maria")


def test_a_member_reads_the_last_quarter(maria: Reader) -> None:
    answer = maria.get("/reports")
    assert (answer.status_code, answer.headers["location"]) == (303, f"/reports/{OVER.text}")
    words = maria.words(f"/reports/{OVER.text}")
    for said in (
        f"Quarter {OVER.number} of {OVER.year}",
        "Members were given 1,001 points: 0 for events, 1,001 by decision of persons, 0 in other",
        "They spent 300 points. That is 30% of what was given.",
        "500 points were lost because nobody used them in time.",
        "Members can still ask for 701 points.",
        "all of it is worth RUB 10.51. About RUB 3.94 of that is expected",
        "Issued 1,001 500",
        "Outstanding 701 500",
        "Nothing was awarded in this quarter.",
        f"Quarter {OVER.after.number} of {OVER.after.year}",
    ):
        assert said in words, said
    russian = maria.words(f"/reports/{OVER.text}", "ru")
    for said in (
        f"{OVER.number}-й квартал {OVER.year} года",
        "Участники получили 1 001 балл:",
        "500 баллов сгорели",
        "Участники ещё могут потратить 701 балл.",
    ):
        assert said in russian, said


def test_the_quarter_under_way_says_so(maria: Reader) -> None:
    this = OVER.after
    words = maria.words(f"/reports/{this.text}")
    assert "The quarter is not over" in words
    assert "1 act brought points." in words
    assert "Members were given 2 points: 2 for events" in words
    assert "Today Members can still ask for 703 points." in words
    assert "Квартал не окончен" in maria.words(f"/reports/{this.text}", "ru")


def test_the_same_for_machines(maria: Reader) -> None:
    found = maria.get(f"/v1/reports/quarters/{OVER.text}").json()
    assert (found["quarter"], found["over"], found["issued"]) == (OVER.text, True, 1_001)
    assert found["until"] == OVER.after.first.isoformat()
    assert found["closing"]["outstanding"] == 701
    assert found["before"]["closing"]["outstanding"] == 500
    assert found["liability"]["redemption"]["exact"] == "3/8"
    listed = maria.get("/v1/reports/quarters").json()["data"]
    assert [each["quarter"] for each in listed][:2] == [OVER.after.text, OVER.text]


@pytest.mark.parametrize("text", ["2026-q5", "2026-Q", "today", "2001-q1", "2099-q4"])
def test_no_other_quarter_has_a_report(maria: Reader, text: str) -> None:
    answer = maria.get(f"/v1/reports/quarters/{text}")
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_quarter")
    assert maria.get(f"/reports/{text}").status_code == 404


def test_strangers_read_no_report(app: FastAPI, maria: Reader) -> None:
    stranger = client_of(app)
    assert stranger.get("/v1/reports/quarters").status_code == 401
    assert stranger.get(f"/reports/{OVER.text}").status_code in {303, 401}


def test_before_anything_is_counted(app: FastAPI, database: Database) -> None:
    reader = person(app, database, "Nina")
    assert "No points have moved yet" in reader.words("/reports")
    assert "Баллы ещё не двигались" in reader.words("/reports", "ru")
    assert reader.get("/v1/reports/quarters").status_code == 404


def test_quarters_follow_each_other() -> None:
    last = Quarter.from_text("2025-q4")
    assert (last.after.text, last.before.text) == ("2026-q1", "2025-q3")
    assert (last.first, last.after.first) == (date(2025, 10, 1), date(2026, 1, 1))
    assert Quarter.of(date(2025, 12, 31)) == last < Quarter.of(date(2026, 1, 1))
