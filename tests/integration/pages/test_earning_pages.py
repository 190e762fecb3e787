"""What a member reads of limits, caps, expressions, periods and freezes."""

from __future__ import annotations

from datetime import timedelta

import pytest
from fastapi import FastAPI

from api.i18n.formats import write_time
from ledger.kernel.clock import SystemClock
from ledger.kernel.transaction import Database
from tests.integration.pages.conftest import Reader
from tests.world import World

TEXT = """\
programme: forms
version: "1"
zone: UTC
attributes:
  absence:
    field: value
    values: [none, ill]
    default: none
    title: {en: Absence, ru: Отсутствие}
    names: {ill: {en: ill, ru: болеет}}
multipliers:
  streak:
    by: day_streak
    condition: day.opened
    types: [text.submitted]
    table: {1: 1, 2: 2}
    title: {en: Days in a row, ru: Дни подряд}
    freezes: {count: 2, per: month, excused_by: {attribute: absence, values: ill}}
rules:
  - id: passed
    title: {en: Pass a test, ru: Пройти тест}
    on: lms.activity.passed
    to: actor
    points: data.score / 8
    category: learning
  - id: text
    title: {en: Submit a text, ru: Сдать текст}
    on: text.submitted
    to: actor
    points: 10
    multipliers: [streak]
    limit: [{per: day, count: 1}, {per: month, count: 3}, {per: lifetime, count: 40}]
caps:
  - {id: learning, of: {category: learning}, per: month, points: 20, over: refuse}
  - {id: texts, of: {rules: [text]}, per: week, points: 25}
"""


@pytest.fixture
def school(database: Database) -> World:
    """A school with these rules."""
    world = World.make(database)
    world.activate(TEXT)
    return world


@pytest.fixture
def anna_reads(app: FastAPI, school: World) -> Reader:
    """A member with three awards, two of which met a cap."""
    world = school
    member = world.link("anna")
    for day in (2, 4):
        world.state(f"o{day}", "day.opened", "lms:anna", f"2026-03-{day:02}T08:00:00Z")
        world.state(f"t{day}", "text.submitted", "lms:anna", f"2026-03-{day:02}T09:00:00Z")
    for number, score in enumerate((120, 80)):
        time = f"2026-03-0{number + 5}T09:00:00Z"
        world.state(f"p{number}", "lms.activity.passed", "lms:anna", time, {"score": score})
    world.score()
    return Reader(app, member, "member")


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        (
            "en",
            [
                "Points arrive at once.",
                "Once a day. Up to 3 times a month. Up to 40 times in all.",
                "Pass a test data.score / 8 by the event",
                "1 more counts today. 3 more count this month. 38 more count.",
                "Learning: a month 20 points · 20 points left",
                "Submit a text: a week 25 points",
                "Missed and forgiven, a month 2 days",
                "Forgiven besides Absence: ill",
            ],
        ),
        (
            "ru",
            [
                "До 3 раз в месяц.",
                "Сегодня зачтётся ещё 1. В этом месяце зачтутся ещё 3. Зачтётся ещё 38.",
                "Учёба: в месяц 20 баллов · осталось 20 баллов",
                "Сдать текст: в неделю 25 баллов",
                "Пропуски прощаются, в месяц 2 дня",
                "Не считаются пропуском Отсутствие: болеет",
            ],
        ),
    ],
)
def test_how_to_earn(anna_reads: Reader, language: str, expected: list[str]) -> None:
    said = anna_reads.words("/earn", language)
    for words in expected:
        assert words in said


def test_what_is_used_up_says_from_when_again(school: World, anna_reads: Reader) -> None:
    midnight = SystemClock().now().replace(hour=0, minute=0, second=0, microsecond=0)
    school.state("now", "text.submitted", "lms:anna", midnight.isoformat())
    school.score()
    tomorrow = write_time(midnight + timedelta(days=1), "en")
    said = anna_reads.words("/earn")
    assert f"Used up; again from {tomorrow}. 2 more count this month. 37 more count." in said
    assert "a week 25 points · 15 points left" in said
    assert "Исчерпано; снова с" in anna_reads.words("/earn", "ru")


def test_receipts_name_the_cap_and_what_was_bridged(anna_reads: Reader) -> None:
    said = anna_reads.words("/me")
    assert "Trimmed to the week's cap of 25 (10 awarded before)" in said
    assert "More than the month's cap of 20 leaves (15 awarded before)" in said
    assert "2 active days in a row · bridged on the way: 1 by freezes, 0 excused" in said
    assert "Срезано до недельного предела 25" in anna_reads.words("/me", "ru")


@pytest.mark.parametrize(
    ("period", "title", "arrive"),
    [
        ("day", "Day 2026-03-02", "Points of a day arrive when it is over."),
        ("week", "Week 2026 / 10", "Points of a week arrive when it closes."),
        ("month", "Month 2026-03", "Points of a month arrive when it closes."),
    ],
)
def test_awards_of_periods(
    app: FastAPI, database: Database, period: str, title: str, arrive: str
) -> None:
    world = World.make(database)
    world.activate(
        f'programme: closing\nversion: "1"\nzone: UTC\nperiod: {period}\n'
        "rules:\n"
        "  - id: read\n    on: lms.section.read\n    to: actor\n    points: 10\n"
        "    limit: [{per: day, count: 5}, {per: week, count: 9}]\n"
        "caps:\n"
        "  - {id: read, of: {rules: [read]}, per: day, points: 15}\n"
        "  - {id: all, of: programme, per: month, points: 12}\n"
    )
    member = world.link("anna")
    for number in range(2):
        world.state(f"s{number}", "lms.section.read", "lms:anna", f"2026-03-02T0{number}:00:00Z")
    world.close_periods()
    world.score()
    reader = Reader(app, member, "member")
    said = reader.words("/me")
    assert title in said
    assert "2 of 5 a day · 2 of 9 a week · a cap left this of 10" in said
    assert "Trimmed to the month's cap of 12 (0 awarded before)" in said
    assert arrive in reader.words("/earn")
