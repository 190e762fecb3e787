"""xAPI statements of others: FUN-MOOC's, Open edX's, the specification's, ADL's templates."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from api.webhooks.lines import read_line
from api.webhooks.xapi import Stated, read_statement
from ledger.events.catalogue import TYPES
from ledger.events.errors import EventInvalid
from ledger.kernel.errors import VkladError
from tests.peer.material import material

FUN_MOOC = material("ralph-fun-mooc/statements.jsonl.gz")
EDX = sorted(material("edx/expected_xapi").glob("*.json"))
SPECIFICATION = sorted(material("xapi-spec-1.0.3").glob("xAPI-Data-*-statement.json"))
TEMPLATES = material("adl-xapi-templates")


def statements(path: Path) -> list[dict[str, Any]]:
    content = json.loads(path.read_text())
    return content if isinstance(content, list) else [content]


def read(statement: Any) -> Stated:
    return read_statement(statement, json.dumps(statement).encode())


def test_fun_mooc_has_109_learners_videos_completed() -> None:
    with gzip.open(FUN_MOOC) as lines:
        stated = [read_line(line) for line in lines]
    assert len(stated) == 4_099
    assert {one.source_uri for one in stated} == {"http://fun-mooc.fr"}
    completed = [one.event for one in stated if one.event.type == "lms.video.completed"]
    assert len(completed) == 123
    assert len({(event.subject, event.data["object"]) for event in completed}) == 109
    assert len({one.event.subject for one in stated}) == 296
    types = Counter(one.event.type for one in stated)
    assert set(types) <= set(TYPES), "every verb of a video player has a word"


@pytest.mark.parametrize("path", EDX, ids=lambda path: path.stem)
def test_open_edx_statements_are_of_their_learner(path: Path) -> None:
    for statement in statements(path):
        stated = read(statement)
        account = statement["actor"]["account"]
        assert stated.source_uri == account["homePage"]
        assert stated.event.subject == f"lms:{account['name']}"
        assert stated.event.id == statement["id"]
        if stated.event.type in TYPES and stated.event.type.startswith("lms."):
            assert stated.event.data["object"] == statement["object"]["id"]
        else:
            assert stated.event.type.startswith(("xapi.", "club."))


@pytest.mark.parametrize(
    ("name", "event_type"),
    [
        ("edx.course.grade.now_passed", "lms.course.passed"),
        ("edx.course.grade.now_failed", "lms.course.failed"),
        ("edx.course.enrollment.activated", "lms.course.registered"),
        ("edx.completion.block_completion.changed", "lms.activity.progressed"),
        ("edx.forum.thread.created", "club.post.created"),
        ("edx.forum.comment.created", "club.comment.created"),
        ("edx.forum.response.created", "club.comment.created"),
        ("edx.forum.thread.voted", "xapi.voted"),
    ],
)
def test_open_edx_acts_have_our_words(name: str, event_type: str) -> None:
    (statement,) = statements(material(f"edx/expected_xapi/{name}.json"))
    assert read(statement).event.type == event_type


def test_a_comment_belongs_to_its_thread() -> None:
    (statement,) = statements(material("edx/expected_xapi/edx.forum.comment.created.json"))
    data = read(statement).event.data
    assert data["post"] == statement["context"]["contextActivities"]["grouping"][0]["id"]
    assert data["comment"] == statement["object"]["id"]


@pytest.mark.parametrize("path", SPECIFICATION, ids=lambda path: path.stem)
def test_actors_by_mailbox_are_refused_without_telling_it(path: Path) -> None:
    for statement in statements(path):
        told = _told(statement)
        assert "mailto" not in told
        assert "@" not in told


def _told(statement: Any) -> str:
    """Everything a reader, a log or the database could get to see."""
    try:
        return repr(read(statement))
    except VkladError as error:
        return f"{error.operands!r} {error.message}"


@pytest.mark.parametrize(
    "path", sorted((TEMPLATES / "agents").glob("*.json")), ids=lambda path: path.stem
)
def test_only_an_account_with_home_and_name_is_somebody(path: Path) -> None:
    statement = _with_actor(json.loads(path.read_text()))
    if path.stem == "account":
        assert read(statement).event.subject == "lms:xAPI account name"
        return
    with pytest.raises(EventInvalid) as refused:
        read(statement)
    assert refused.value.operands["field"] == "actor"


@pytest.mark.parametrize(
    "path", sorted((TEMPLATES / "groups").glob("*.json")), ids=lambda path: path.stem
)
def test_a_group_is_nobody(path: Path) -> None:
    with pytest.raises(EventInvalid):
        read(_with_actor(json.loads(path.read_text())))


def test_a_voiding_statement_retracts_whoever_sends_it() -> None:
    template = json.loads((TEMPLATES / "statements" / "voiding.json").read_text())
    stated = read(template | {"id": "A" * 8 + "-0000-4000-8000-000000000000", "timestamp": _TIME})
    assert stated.source_uri is None
    assert stated.event.type == "activity.retracted"
    assert stated.event.data == {"id": template["object"]["id"]}
    assert stated.event.id.startswith("aaaaaaaa")


def test_statements_that_leave_id_or_time_to_the_receiver_are_refused() -> None:
    whole = _with_actor({"account": {"homePage": "https://a", "name": "1"}})
    for name in ("id", "timestamp"):
        with pytest.raises(EventInvalid):
            read({key: value for key, value in whole.items() if key != name})
    stored = {**whole, "stored": _TIME}
    del stored["timestamp"]
    assert read(stored).event.time == read(whole).event.time


def test_what_is_kept_aside_names_no_mailbox() -> None:
    whole = _with_actor({"account": {"homePage": "https://a", "name": "1"}})
    assert read(whole).event.body is not None
    instructor = {"context": {"instructor": {"mbox": "mailto:a@example.org"}}}
    assert read(whole | instructor).event.body is None


_TIME = "2026-03-02T09:00:00Z"


def _with_actor(actor: Any) -> dict[str, Any]:
    return {
        "id": "12345678-1234-5678-1234-567812345678",
        "actor": actor,
        "verb": {"id": "http://adlnet.gov/expapi/verbs/completed"},
        "object": {"id": "https://a/video"},
        "timestamp": _TIME,
    }
