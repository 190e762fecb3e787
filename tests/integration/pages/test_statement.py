"""A member's week as page, file and JSON, in both languages."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from fastapi import FastAPI

from api.settings import ChainSwitch
from ledger.events.model import ExactJson
from ledger.kernel.transaction import Database, execute
from ledger.kernel.units import Points
from ledger.lots import service as lots
from ledger.lots.model import CaptureHold, HoldPurpose, PlaceHold
from tests.integration.pages.conftest import Reader, app_of, person
from tests.support.clock import SetClock
from tests.support.http import client_of
from tests.world import World

SCHOOL = """\
programme: school
version: "1"
zone: Europe/Moscow
time: {on: lms.time.invested, session_max: 120, day_max: 240}
validity: {days: 40}
multipliers:
  streak:
    by: day_streak
    condition: day.opened
    types: [text.submitted]
    table: {1: 1, 2: 2}
    title: {en: Days in a row, ru: Дни подряд}
rules:
  - id: text
    title: {en: Submit a text, ru: Сдать текст}
    on: text.submitted
    to: actor
    points: 10
    multipliers: [streak]
  - id: project
    title: {en: A project, ru: Проект}
    on: project.completed
    to: actor
    points: 30
    vesting: {days: 10}
caps:
  - {id: texts, of: {rules: [text]}, per: week, points: 25}
"""
MONDAY = datetime(2026, 3, 2, 9, tzinfo=UTC)


@pytest.fixture
def clock() -> SetClock:
    return SetClock(MONDAY)


@pytest.fixture
def app(database: Database, clock: SetClock, tmp_path: Path) -> FastAPI:
    return app_of(replace(database, clock=clock), tmp_path / "state", ChainSwitch.OFF, None)


@pytest.fixture
def anna(app: FastAPI, database: Database, clock: SetClock) -> Reader:
    """Ten days of a member: two texts, one over a cap, a project that waits, and a discount."""
    world = World.make(replace(database, clock=clock))
    world.activate(SCHOOL)
    member = world.link("anna")
    for day in (2, 3):
        clock.time = datetime(2026, 3, day, 18, tzinfo=UTC)
        world.state(f"o{day}", "day.opened", "lms:anna", f"2026-03-{day:02}T08:00:00Z")
        world.state(f"t{day}", "text.submitted", "lms:anna", f"2026-03-{day:02}T09:00:00Z")
        began: dict[str, ExactJson] = {"started": f"2026-03-{day:02}T08:00:00Z", "minutes": 50}
        world.state(
            f"m{day}", "lms.time.invested", "lms:anna", f"2026-03-{day:02}T10:00:00Z", began
        )
    clock.time = datetime(2026, 3, 4, 18, tzinfo=UTC)
    world.score()
    clock.time = datetime(2026, 3, 10, 12, tzinfo=UTC)
    world.state("p", "project.completed", "lms:anna", "2026-03-05T09:00:00Z")
    world.score()
    hold = PlaceHold(
        member, member, Points(8), HoldPurpose.REDEMPTION, clock.time, clock.time + timedelta(1)
    )
    execute(world.database, lots.place_hold, hold)
    execute(world.database, lots.capture_hold, CaptureHold(member, Points(5), clock.time))
    return Reader(app, member, "member")


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        (
            "en",
            [
                "Week 10 / 2026",
                "2 March 2026 to 8 March 2026",
                "Opening, 2 March 2026 0 0 0",
                "Award 2 entries +25",
                "Closing, 8 March 2026 25 0 0",
                "10 × 2 (2 active days in a row) = 20",
                "Trimmed to the week's cap of 25 (10 awarded before)",
                "Submit a text: Trimmed to the week's cap of 25 (10 awarded before): 5 less",
                "1 h 40 min",
                "2 active days in a row on 3 March 2026",
                "This week is over.",
            ],
        ),
        (
            "ru",
            [
                "Неделя 10 / 2026",
                "На начало, 2 марта 2026 0 0 0",
                "Начисление 2 записи +25",
                "На конец, 8 марта 2026 25 0 0",
                "10 × 2 (2 активных дня подряд) = 20",
                "недельного предела 25 (до этого начислено 10): на 5 меньше",
                "1 ч 40 мин",
                "Неделя закончилась.",
            ],
        ),
    ],
)
def test_a_week_that_is_over(anna: Reader, language: str, expected: list[str]) -> None:
    said = anna.words("/statement/2026-W10", language)
    for words in expected:
        assert words in said
    assert "/statement/2026-W11" in anna.get("/statement/2026-W10").text


def test_a_week_under_way(anna: Reader) -> None:
    said = anna.words("/statement/2026-W11")
    assert "Opening, 9 March 2026 25 0 0" in said
    assert "A project" in said
    assert "of 5 March 2026" in said
    assert "For a discount at checkout." in said
    assert "So far, 10 March 2026 20 30 0" in said
    assert "Pending 15 March 2026 30" in said
    assert "Expires in 30 days after Nothing expires" in said
    assert "Earlier weeks Week 10 / 2026 2 March 2026 25 points at the end" in said
    assert "not over yet" in said
    assert "Пока что, 10 марта 2026 20 30 0" in anna.words("/statement/2026-W11", "ru")


def test_the_page_begins_with_the_last_week_that_is_over(anna: Reader) -> None:
    assert anna.get("/statement").headers["location"] == "/statement/2026-W10"
    assert 'href="/statement"' in anna.get("/me").text
    assert 'href="/statement"' in anna.get("/history").text


def test_a_member_without_points_gets_the_week_under_way(
    anna: Reader, database: Database, clock: SetClock
) -> None:
    reader = person(anna.app, replace(database, clock=clock), "Nina")
    assert reader.get("/statement").headers["location"] == "/statement/2026-W11"
    assert "Nothing was recorded this week." in reader.words("/statement/2026-W11")
    assert "За эту неделю ничего не записано." in reader.words("/statement/2026-W11", "ru")
    assert reader.get("/statement/2026-W11.pdf").status_code == 200


@pytest.mark.parametrize(
    "week", ["2026-W12", "2026-W54", "2026-W1", "0000-W01", "next", "2026-03", "99999-W01"]
)
def test_weeks_that_have_no_statement(anna: Reader, week: str) -> None:
    answer = anna.get(f"/statement/{week}", "ru")
    assert answer.status_code == 404
    assert "Такой недели нет" in answer.text
    refused = anna.get(f"/v1/statements/{week}")
    assert (refused.status_code, refused.json()["code"]) == (404, "unknown_week")


def test_it_is_for_members_alone(anna: Reader) -> None:
    stranger = client_of(anna.app, accept="text/html")
    assert stranger.get("/statement/2026-W10").headers["location"].startswith("/sign-in")
    assert stranger.get("/statement/2026-W10.pdf").headers["location"].startswith("/sign-in")
    assert stranger.get("/v1/statements/2026-W10").status_code == 401


@pytest.mark.parametrize(("language", "title"), [("en", "Weekly statement"), ("ru", "выписка")])
def test_the_file_is_tagged_and_says_its_language(anna: Reader, language: str, title: str) -> None:
    answer = anna.get("/statement/2026-W10.pdf", language)
    assert answer.headers["content-type"] == "application/pdf"
    assert 'filename="vklad-2026-W10.pdf"' in answer.headers["content-disposition"]
    content = answer.content
    assert content.startswith(b"%PDF-1.")
    assert re.search(rb"/Marked true", content)
    assert re.search(rb"/Lang ?\(" + language.encode(), content)
    assert b"pdfuaid:part" in content
    assert title in content.decode("utf-8", "ignore")
    assert len(content) < 150_000


def test_the_same_as_json_adds_up(anna: Reader) -> None:
    weeks = anna.get("/v1/statements").json()["data"]
    assert [each["week"] for each in weeks] == ["2026-W11", "2026-W10"]
    found = anna.get("/v1/statements/2026-W11").json()
    stages = ("available", "pending", "held", "debt")
    for stage in stages:
        moved = sum(each[stage] for each in found["entries"])
        assert found["opening"][stage] + moved == found["closing"][stage]
    assert [each["kind"] for each in found["entries"]] == ["award", "hold", "capture"]
    assert found["entries"][0]["award"]["receipt"]["points"] == 30
    assert found["minutes"][-2:] == [
        {"week": "2026-W10", "minutes": 100},
        {"week": "2026-W11", "minutes": 0},
    ]
    assert json.dumps(found).count("mem_") == 1
