"""Points are missing? Every fact about a member is explained, over HTTP and on a page."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fastapi import FastAPI

from ledger.events.listing import store as listing
from ledger.kernel.ids import format_id
from ledger.kernel.transaction import Database, Work, execute
from ledger.programme.model_detectors import USUAL
from ledger.quarantine import service as quarantine
from ledger.quarantine import store as cases
from ledger.quarantine.detect import Finding
from ledger.quarantine.model import Decide, Kind
from ledger.readiness import service as readiness
from ledger.readiness.model import DeclareSync
from tests.integration.pages.conftest import Reader
from tests.world import World

CLUB = """\
programme: club
version: "1"
zone: UTC
rules:
  - id: read
    title: {en: Read a section, ru: Прочитать раздел}
    on: lms.section.read
    to: actor
    points: 5
    limit: {per: day, count: 2}
"""


@pytest.fixture
def world(database: Database) -> World:
    """Anna read three sections on one day, one another day that was taken back; Boris read one."""
    world = World.make(database)
    world.activate(CLUB)
    world.link("anna")
    world.link("boris")
    for number in (1, 2, 3):
        world.state(f"r{number}", "lms.section.read", "lms:anna", f"2026-03-02T0{number}:00:00Z")
    world.state("r4", "lms.section.read", "lms:anna", "2026-03-03T09:00:00Z")
    world.state("x4", "activity.retracted", None, "2026-03-03T10:00:00Z", {"id": "r4"})
    world.state("b1", "lms.section.read", "lms:boris", "2026-03-02T09:00:00Z")
    world.score()
    return world


@pytest.fixture
def anna(app: FastAPI, world: World) -> Reader:
    return Reader(app, world.linked["anna"], "member")


@pytest.fixture
def mentor(app: FastAPI, world: World) -> Reader:
    return Reader(app, world.second_admin, "member,moderator")


def ids(world: World) -> dict[str, str]:
    with world.database.read() as work:
        rows = listing.recent_events(work, source=None, before=None, limit=100)
    return {row.fact.source_event_id: format_id("evt", row.fact.event_id) for row in rows}


def why(reader: Reader, event: str, member: str = "me") -> Any:
    answer = reader.get(f"/v1/members/{member}/events/{event}/explanation")
    assert answer.status_code == 200, answer.text
    return answer.json()["outcomes"]


def refusal(reader: Reader, path: str) -> tuple[int, str]:
    answer = reader.get(path)
    return answer.status_code, answer.json()["code"]


def test_a_member_asks_why_of_own_events(world: World, anna: Reader) -> None:
    known = ids(world)
    listed = anna.get("/v1/members/me/events?limit=3").json()
    assert [(row["event"], row["retracted"]) for row in listed["data"]] == [
        ("r4", True),
        ("r3", False),
        ("r2", False),
    ]
    rest = anna.get(f"/v1/members/me/events?cursor={listed['next_cursor']}").json()
    assert [row["id"] for row in rest["data"]] == [known["r1"]]
    (first,) = why(anna, known["r1"])
    assert (first["rule"], first["step"], first["points"]) == ("read", "awarded", 5)
    assert first["receipt"]["base"] == "5"
    assert why(anna, known["r3"]) == [{"rule": "read", "step": "limit", "count": 2}]
    (gone,) = why(anna, known["r4"])
    assert gone == {
        "rule": None,
        "step": "retracted",
        "by": {"source": world.source.uri, "id": "x4"},
    }


def test_of_others_only_those_who_answer_members(
    world: World, anna: Reader, mentor: Reader
) -> None:
    event = ids(world)["b1"]
    boris = format_id("mem", world.linked["boris"])
    theirs = f"/v1/members/{boris}/events/{event}/explanation"
    own = f"/v1/members/me/events/{event}/explanation"
    assert refusal(anna, theirs) == (403, "role_required")
    assert refusal(anna, own) == (404, "nothing_to_explain")
    assert refusal(anna, f"/history/acts/{event}")[0] == 404
    assert refusal(anna, own.replace(event, "evt_" + "0" * 26)) == (404, "nothing_to_explain")
    assert why(mentor, event, boris)[0]["step"] == "awarded"
    annas = format_id("mem", world.linked["anna"])
    assert why(mentor, event, annas) == [{"rule": "read", "step": "to"}]
    listed = mentor.get(f"/v1/members/{boris}/events").json()["data"]
    assert [row["event"] for row in listed] == ["b1"]
    assert refusal(anna, f"/v1/members/{boris}/events") == (403, "role_required")
    nobody = f"/v1/members/{format_id('mem', world.source.source_id)}/events"
    assert refusal(mentor, nobody) == (404, "unknown_member")


def test_a_source_that_is_not_complete_is_named_as_the_reason(world: World, anna: Reader) -> None:
    now = datetime.now(UTC)  # noqa: TID251 - a test's clock
    declared = DeclareSync("lms", "ok", now, None, None)
    execute(world.database, readiness.declare_sync, declared)
    world.state("r9", "lms.section.read", "lms:anna", (now + timedelta(minutes=2)).isoformat())
    late = ids(world)["r9"]
    assert why(anna, late) == [{"rule": None, "step": "not_released"}]
    assert "will be counted once it is" in anna.words(f"/history/acts/{late}")
    assert why(anna, ids(world)["r1"])[0]["step"] == "awarded"


def test_nothing_tells_of_a_review_while_it_is_live(world: World, anna: Reader) -> None:
    event = ids(world)["r1"]
    page = f"/history/acts/{event}"
    before, words = why(anna, event), anna.words(page)

    def suspect(work: Work, member: object) -> object:
        with_facts = listing.events_of_member(work, world.linked["anna"], before=None, limit=9)
        suspected = frozenset(row.fact.event_id for row in with_facts)
        finding = Finding(Kind.VELOCITY, frozenset({world.linked["anna"]}), suspected)
        case_id = cases.insert_case(work, finding, USUAL)
        cases.add_events(work, case_id, suspected)
        return case_id

    case_id: Any = execute(world.database, suspect, None)
    assert (why(anna, event), anna.words(page)) == (before, words)
    steps = (
        (quarantine.propose_void, world.first_admin),
        (quarantine.appeal, world.linked["anna"]),
        (quarantine.confirm_void, world.second_admin),
    )
    for step, by in steps:
        execute(world.database, step, Decide(case_id, by, "words"))
    reason = format_id("rvw", case_id)
    assert why(anna, event) == [{"rule": None, "step": "retracted", "reason": reason}]
    assert "Persons set it aside after a review" in anna.words(page)


def test_the_page_lists_acts_and_says_what_came_of_each(world: World, anna: Reader) -> None:
    assert "Points are missing?" in anna.words("/history")
    listed = anna.words("/history/acts")
    assert listed.count("Read a section") == 4
    assert listed.count("+5") == 2
    assert "taken back" in listed
    over = f"/history/acts/{ids(world)['r3']}"
    assert "counts 2 times a day, and they were used up before" in anna.words(over)
    assert "учитывает не больше 2 раз в день" in anna.words(over, "ru")
    counted = f"/history/acts/{ids(world)['r1']}"
    assert "It earned points. +5" in anna.words(counted)
    assert "Прочитать раздел За это начислены баллы. +5" in anna.words(counted, "ru")


def test_somebody_of_whom_nothing_is_known_reads_so(app: FastAPI, world: World) -> None:
    nobody = Reader(app, world.first_admin, "member")
    assert "Nobody has told us of anything" in nobody.words("/history/acts")


def test_a_weeks_award_is_told_with_what_went_into_it(app: FastAPI, database: Database) -> None:
    world = World.make(database)
    world.activate(CLUB.replace("zone: UTC", "zone: UTC\nperiod: week"))
    anna = Reader(app, world.link("anna"), "member")
    for number in (1, 2, 3):
        world.state(f"r{number}", "lms.section.read", "lms:anna", f"2026-03-02T0{number}:00:00Z")
    known = ids(world)
    assert why(anna, known["r1"]) == [{"rule": "read", "step": "period_open"}]
    assert "Its points come when the period closes" in anna.words(f"/history/acts/{known['r1']}")
    world.close_periods()
    world.score()
    said = anna.words(f"/history/acts/{known['r1']}")
    assert "It is a part of what its period earned. +10" in said
    for page in ("/me", "/history", "/history/acts"):
        assert "Week 2026 / 10" in anna.words(page) or page == "/history/acts"
    assert why(anna, known["r3"])[0]["step"] == "limit"
