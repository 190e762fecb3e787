"""Standing over HTTP and on the member's page: of awards alone, whatever becomes of the points."""

from __future__ import annotations

import html
import re
from datetime import timedelta
from uuid import UUID

import httpx
import pytest
from starlette.testclient import TestClient

from ledger.kernel.ids import format_id
from ledger.kernel.transaction import Work, execute
from ledger.kernel.units import Points
from ledger.lots import service as lots
from ledger.lots.model import CaptureHold, HoldPurpose, PlaceHold
from tests.integration.api_programme.conftest import Machine, Person
from tests.world import World

PROGRAMME = """\
programme: club
version: "1"
zone: UTC
rules:
  - {id: lesson, on: lms.lesson.completed, to: actor, points: 60, category: learning}
  - {id: like, on: club.like.given, to: data.owner, points: 5, category: talk}
caps: [{id: day, of: programme, per: day, points: 100}]
standing: {categories: [learning, talk]}
levels:
  steps:
    - {id: newcomer, from: 0, title: {en: Newcomer, ru: Новичок}}
    - {id: regular, from: 200, title: {en: Regular, ru: Завсегдатай}}
voice: {categories: [learning], per_month: 150, decay: 10}
"""


@pytest.fixture
def earned(world: World, anna: TestClient) -> TestClient:
    """Anna: 60 and 40 of a second lesson on one day (cap), 60 on the next; one like of 5."""
    world.activate(PROGRAMME)
    world.link("boris")
    lessons = ["2026-03-02T09:00:00Z", "2026-03-02T10:00:00Z", "2026-03-03T09:00:00Z"]
    for number, time in enumerate(lessons):
        world.state(f"l{number}", "lms.lesson.completed", "lms:anna", time)
    liked = {"owner": "lms:anna"}
    world.state("k", "club.like.given", "lms:boris", "2026-03-04T09:00:00Z", liked)
    world.score()
    return anna


def of(world: World, name: str) -> str:
    return f"/v1/members/{format_id('mem', world.linked[name])}/standing"


def code(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def test_standing_level_and_voice_say_how_they_came_about(world: World, earned: TestClient) -> None:
    told = earned.get(of(world, "anna")).json()
    assert told["standing"] == {
        "points": 165,
        "by_category": [
            {"category": "learning", "points": "160"},
            {"category": "talk", "points": "5"},
        ],
    }
    assert told["standing"]["points"] == world.points("anna")
    assert told["level"]["reached"]["id"] == "newcomer"
    assert told["level"]["next"] == {
        "id": "regular",
        "from": 200,
        "title": {"en": "Regular", "ru": "Завсегдатай"},
    }
    assert told["level"]["missing"] == 35
    (month,) = told["voice"]["months"]
    assert (month["month"], month["earned"], month["counted"]) == ("2026-03", "160", "150")
    assert (told["voice"]["per_month"], told["voice"]["decay"]) == (150, "0.1")
    again = earned.get("/v1/members/me/standing").json()
    assert {**again, "at": told["at"]} == told


def test_spending_costs_neither_standing_nor_voice(world: World, earned: TestClient) -> None:
    before = earned.get(of(world, "anna")).json()
    member_id = world.linked["anna"]

    def spend(work: Work, _: None) -> None:
        at, until = work.now, work.now + timedelta(hours=1)
        hold_id = UUID(int=7)
        hold = PlaceHold(hold_id, member_id, Points(150), HoldPurpose.REDEMPTION, at, until)
        lots.place_hold(work, hold)
        lots.capture_hold(work, CaptureHold(hold_id, Points(150), at))

    execute(world.database, spend, None)
    assert world.available("anna") == Points(15)
    after = earned.get(of(world, "anna")).json()
    assert {**after, "at": before["at"]} == before


def test_a_retracted_fact_costs_what_it_gave(world: World, earned: TestClient) -> None:
    world.state("x", "activity.retracted", None, "2026-03-05T09:00:00Z", {"id": "l2"})
    world.score()
    told = earned.get(of(world, "anna")).json()
    assert told["standing"]["points"] == world.points("anna") == 105


def test_who_may_see_it(
    world: World,
    earned: TestClient,
    admin: TestClient,
    anybody: TestClient,
    machine: Machine,
    person: Person,
) -> None:
    assert admin.get(of(world, "anna")).json()["standing"]["points"] == 165
    assert machine("balances:read").get(of(world, "anna")).status_code == 200
    assert code(machine("journal:read").get(of(world, "anna"))) == (403, "scope_required")
    assert code(anybody.get(of(world, "anna"))) == (401, "credentials_missing")
    boris = person(world.linked["boris"])
    assert code(boris.get(of(world, "anna"))) == (403, "role_required")
    assert boris.get(of(world, "boris")).json()["standing"]["points"] == 0
    nobody = f"/v1/members/{format_id('mem', UUID(int=1))}/standing"
    assert code(admin.get(nobody)) == (404, "unknown_member")


def test_without_a_programme_there_is_nothing_to_say(anna: TestClient) -> None:
    told = anna.get("/v1/members/me/standing").json()
    assert told["programme"] is None
    assert (told["standing"]["points"], told["voice"]["points"]) == (0, 0)
    assert told["level"] == {"reached": None, "next": None, "missing": 0}


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", ["Level: Newcomer", "35 points to Regular", "Voice in polls", "165", "150"]),
        ("ru", ["Уровень: Новичок", "35 баллов до уровня «Завсегдатай»", "Голос в опросах"]),
    ],
)
def test_the_card_on_the_members_page(earned: TestClient, language: str, said: list[str]) -> None:
    page = earned.get("/me", headers={"accept-language": language})
    assert page.status_code == 200
    words = " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page.text)).split())
    for each in said:
        assert each in words
