"""What a linter of events says: as much as the door refuses, where, and what would be right."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from api.linting.linting import ANYBODY, BATCH, LINES, SINGLE, lint
from api.linting.model import FILE_BYTES_MAX, EventsUnreadable, Fault, Linted
from api.linting.places import Places
from api.webhooks.cloudevents import read_event
from api.webhooks.exact_json import read_json
from ledger.events.admission import admit
from ledger.events.catalogue import TYPES
from ledger.events.model import Authority, FieldKind, Source
from ledger.kernel.errors import VkladError
from ledger.kernel.ids import RandomIds

NOW = datetime(2026, 3, 2, 9, 1, tzinfo=UTC)
SOURCE = Source(
    RandomIds().new(NOW),
    "https://lms.example",
    "lms",
    "standard_webhooks",
    "active",
    Authority(
        types=("lms.*", "day.opened"),
        issuers={"lms": "https://lms.example"},
        attributes=("qualification",),
        declared={"lms.quiz.won": {"score": FieldKind.DECIMAL, "winner": FieldKind.IDENTITY}},
    ),
)
EVENT: dict[str, Any] = {
    "specversion": "1.0",
    "id": "read-81",
    "source": "https://lms.example",
    "type": "lms.section.read",
    "subject": "lms:1042",
    "time": "2026-03-02T09:00:00Z",
    "data": {"section": "s7"},
}


def of(value: Any, source: Source | None = SOURCE) -> Linted:
    return lint(json.dumps(value).encode(), NOW, source)


def only(found: Linted) -> Fault:
    (fault,) = found.faults
    return fault


def refused_at_the_door(event: dict[str, Any]) -> bool:
    try:
        admit(SOURCE, [read_event(read_json(json.dumps(event).encode()), SOURCE.uri)], NOW)
    except VkladError:
        return True
    return False


def test_what_is_right_has_no_faults() -> None:
    assert of(EVENT) == Linted(SINGLE, 1, [])
    assert of(EVENT, None) == Linted(SINGLE, 1, [])


CASES: tuple[tuple[dict[str, Any], str, str], ...] = (
    ({"specversion": "0.3"}, "specversion", '"specversion": "1.0"'),
    ({"id": ""}, "id", '"id": "read-81"'),
    ({"id": 7}, "id", '"id": "read-81"'),
    ({"source": "https://else.example"}, "source", '"source": "https://lms.example"'),
    ({"source": None}, "source", '"source": "https://lms.example"'),
    ({"subject": None}, "subject", '"subject": "lms:1042"'),
    ({"subject": "1042"}, "subject", '"subject": "lms:1042"'),
    ({"subject": "discourse:1"}, "subject", '"subject": "lms:1042"'),
    ({"time": None}, "time", '"time": "2026-03-02T09:01:00Z"'),
    ({"time": "2026-02-30T00:00:00Z"}, "time", '"time": "2026-03-02T09:01:00Z"'),
    ({"time": "2020-01-01T00:00:00Z"}, "time", '"time": "2026-03-02T09:01:00Z"'),
    ({"time": "2999-01-01T00:00:00Z"}, "time", '"time": "2026-03-02T09:01:00Z"'),
    ({"type": "nodots"}, "type", '"type": "day.opened"'),
    ({"type": "shop.order.paid"}, "type", '"type": "day.opened"'),
    ({"type": "club.thanks.given"}, "type", '"type": "day.opened"'),
    ({"type": "lns.section.read"}, "type", '"type": "lms.section.read"'),
    ({"type": "member.age.changed"}, "type", '"type": "member.qualification.changed"'),
    ({"data": [1]}, "data", '"data": {}'),
    ({"data": {"section": [1]}}, "data.section", '"section": "s7"'),
    ({"data": {"email": "a@b.example"}}, "data.email", "no email"),
    ({"data": {"of": [{"tg_id": 1}]}}, "data.of[0].tg_id", "no tg_id"),
    ({"email": "a@b.example"}, "email", "no email"),
    ({"data_base64": "e30="}, "data_base64", "no data_base64"),
    ({"datacontenttype": "text/xml"}, "datacontenttype", "no datacontenttype"),
    ({"type": "activity.retracted"}, "data.id", '"id": "read-81"'),
    ({"type": "lms.quiz.won", "data": {"winner": "x:1"}}, "data.winner", '"winner": "lms:77"'),
    ({"type": "lms.quiz.won", "data": {"score": "1e9"}}, "data.score", '"score": 0.75'),
)


@pytest.mark.parametrize(("change", "field", "right"), CASES)
def test_what_the_door_refuses_is_told_with_an_example_that_it_takes(
    change: dict[str, Any], field: str, right: str
) -> None:
    event = EVENT | change
    assert refused_at_the_door(event)
    (fault,) = (one for one in of(event).faults if one.is_wrong)
    assert (fault.field, fault.example, fault.event) == (field, right, 1)
    assert of(event).wrong == 1
    if right.startswith('"'):
        mended = event | json.loads(f"{{{right}}}")
        if field.startswith("data."):
            mended = event | {"data": json.loads(f"{{{right}}}")}
        assert not refused_at_the_door(mended), "the example is right"


def test_all_faults_of_an_event_are_told_at_once() -> None:
    data = {"score": "much", "winner": "else:1", "email": "a@b.example", "wiener": 1}
    event = EVENT | {"id": "", "type": "lms.quiz.won", "subject": "?", "time": "now", "data": data}
    fields = {(one.field, one.is_wrong) for one in of(event).faults}
    assert fields == {
        ("id", True),
        ("subject", True),
        ("time", True),
        ("data.score", True),
        ("data.winner", True),
        ("data.email", True),
        ("data.wiener", False),
    }


def test_what_would_be_lost_is_a_notice_with_the_nearest_that_is_kept() -> None:
    fault = only(of(EVENT | {"data": {"sektion": "s7"}}))
    assert (fault.field, fault.example, fault.is_wrong) == (
        "data.sektion",
        '"section": "s7"',
        False,
    )
    unknown = only(of(EVENT | {"type": "lms.section.red"}))
    assert (unknown.example, unknown.is_wrong) == ('"type": "lms.section.read"', False)
    assert only(of(EVENT | {"type": "lms.altogether.else"})).example == ""
    assert (of(EVENT | {"type": "lms.section.red"}).wrong, unknown.event) == (0, 1)


def test_without_a_source_only_what_is_wrong_for_all_is_told() -> None:
    anybodys = EVENT | {
        "type": "shop.order.paid",
        "source": "https://x",
        "time": "1999-01-01T00:00:00Z",
    }
    assert of(anybodys | {"data": {}}, None).faults == []
    assert (
        only(of(EVENT | {"type": "club.thanks.given"}, None)).example == '"type": "club.like.given"'
    )
    assert all(of(EVENT | {"type": each, "data": {"id": "1"}}, None).wrong == 0 for each in TYPES)
    assert ANYBODY.authority.types == ("*",)


def test_lines_are_those_of_the_file() -> None:
    wrong = EVENT | {"id": "2", "data": {"section": True}}
    lines = f'\n{json.dumps(EVENT)}\n\n{json.dumps(wrong)}\nnonsense\n{{"a": \n'.encode()
    found = lint(lines.replace(b"nonsense", b'{"specversion"'), NOW, SOURCE)
    assert (found.form, found.events, found.wrong) == (LINES, 4, 3)
    assert [(one.line, one.event, one.field) for one in found.faults] == [
        (4, 2, "data.section"),
        (5, 3, "the event"),
        (6, 4, "the event"),
    ]
    batch = json.dumps([EVENT, wrong], indent=2).encode()
    (fault,) = lint(batch, NOW, SOURCE).faults
    assert batch.decode().splitlines()[fault.line - 1].strip() == '"section": true'
    assert lint(batch, NOW, SOURCE).form == BATCH
    cut = json.dumps(EVENT, indent=2).encode()[:-1]
    assert only(lint(cut, NOW, SOURCE)).line == cut.count(b"\n") + 1
    assert str(fault).startswith(f"{fault.line}: event 2, data.section: data.section is not a ")


def test_an_id_names_one_event() -> None:
    again = of([EVENT, EVENT])
    assert (only(again).is_wrong, again.wrong, again.notices) == (False, 0, 1)
    other = only(of([EVENT, EVENT | {"subject": "lms:7"}]))
    assert (other.field, other.is_wrong, other.example) == ("id", True, '"id": "read-81-2"')
    assert of([EVENT, EVENT | {"id": "read-82"}]).faults == []


def test_the_form_of_webhooks_is_told_in_its_own_words() -> None:
    own = {"type": "lms.section.read", "timestamp": "2026-03-02T09:00:00Z"}
    assert of(own | {"data": {"subject": "lms:1", "section": "s7"}}).faults == []
    wrong = of(own | {"timestamp": "now", "data": {"subject": "1", "section": True}})
    assert {(one.field, one.example) for one in wrong.faults} == {
        ("timestamp", '"timestamp": "2026-03-02T09:01:00Z"'),
        ("data.subject", '"subject": "lms:1042"'),
        ("data.section", '"section": "s7"'),
    }
    assert of(own | {"data": [1]}).wrong == 1


def test_what_is_no_event_is_said_to_be_none() -> None:
    assert only(of([7])).field == "the event"
    assert only(of({"actor": {}, "verb": {}})).field == "actor"
    assert only(lint(b"\xff\xfe", NOW)).wrong == "It stops being JSON at character 1."
    assert only(lint(b'{"a":' * 80 + b"1" + b"}" * 80, NOW)).field == "the event"
    assert of([]).events == 0
    for raw in (b"", b" \n ", b"[" + b" " * FILE_BYTES_MAX):
        with pytest.raises(EventsUnreadable):
            lint(raw, NOW)
    many = of([EVENT | {"id": str(number)} for number in range(1_001)])
    assert only(many).field == "the batch"


def test_a_field_stated_twice_is_a_notice() -> None:
    raw = json.dumps(EVENT).replace('"section": "s7"', '"section": "s6",\n "section": "s7"')
    fault = only(lint(raw.encode(), NOW, SOURCE))
    assert (fault.field, fault.line, fault.is_wrong) == ("data.section", 2, False)


def test_places_walk_over_every_kind_of_value() -> None:
    text = '{"a": [1,\n {"b\\"]": null}, [], {}],\n "ключ": "}",\n\n "c": -1.5e3}'
    places = Places(text, 10)
    assert places.lines == {
        (): 10,
        ("a",): 10,
        ("a", 0): 10,
        ("a", 1): 11,
        ("a", 1, 'b"]'): 11,
        ("a", 2): 11,
        ("a", 3): 11,
        ("ключ",): 12,
        ("c",): 14,
    }
    assert places.line_of(("a", 1, "missing", "deeper")) == 11
