"""The catalogue of event types: whole, fresh, its examples right, its schemas saying what is so."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from api import event_types
from api.cli.events import PATH, catalogue_text, types
from api.cli.openapi import DescriptionStale
from api.event_types import UnknownEventType, catalogue, event_type
from api.http.app import create_app
from api.webhooks import discourse, xapi
from api.webhooks.cloudevents import read_event
from api.webhooks.exact_json import read_json
from ledger.events.admission import admit
from ledger.events.catalogue import TYPES
from ledger.events.describing import ATTRIBUTE_TYPE, FIELDS_SAY, WORDS
from ledger.events.model import RETRACTED, Authority, FieldKind, Source
from ledger.events.schemas import schema_of
from ledger.kernel.errors import VkladError
from ledger.kernel.ids import RandomIds
from ledger.kernel.transaction import connect
from tests.support.http import TestParts, client_of

NOW = datetime(2026, 3, 2, 9, 1, tzinfo=UTC)
EVERY_KIND = {f"a_{kind.value}": kind for kind in FieldKind}
SOURCE = Source(
    RandomIds().new(NOW),
    "https://lms.example",
    "lms",
    "standard_webhooks",
    "active",
    Authority(
        types=("*",),
        issuers={"lms": "https://lms.example"},
        attributes=("*",),
        declared={"own.every.kind": EVERY_KIND},
    ),
)


def admitted(event: dict[str, Any]) -> bool:
    try:
        admit(SOURCE, [read_event(read_json(json.dumps(event).encode()), SOURCE.uri)], NOW)
    except VkladError:
        return False
    return True


def test_the_committed_catalogue_is_fresh(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert PATH.read_text("utf-8") == catalogue_text(), "run: vklad events types"
    path = tmp_path / "event-types.json"
    monkeypatch.setattr("api.cli.events.PATH", path)
    with pytest.raises(DescriptionStale):
        types(check=True)
    types()
    types(check=True)
    path.write_text(path.read_text("utf-8").replace("read", "heard", 1), "utf-8")
    with pytest.raises(DescriptionStale):
        types(check=True)


def test_every_type_and_every_field_of_it_is_described() -> None:
    assert set(WORDS) == {*TYPES, ATTRIBUTE_TYPE}
    kept = {name for one in catalogue().values() for name in dict(one["keeps"])}  # type: ignore[call-overload]
    assert kept == set(FIELDS_SAY)


@pytest.mark.parametrize("name", list(catalogue()))
def test_an_example_is_admitted_by_its_schema_and_by_the_door(name: str) -> None:
    found: Any = catalogue()[name]
    Draft202012Validator.check_schema(found["schema"])
    assert Draft202012Validator(found["schema"]).is_valid(found["example"])
    assert admitted(found["example"])
    event = read_event(read_json(json.dumps(found["example"]).encode()), SOURCE.uri)
    (kept,) = admit(SOURCE, [event], NOW)
    assert kept.recognised
    assert {*kept.values, *kept.identities} == set(event.data) - {"device"}, "all of it is kept"
    assert set(event.data) <= set(found["keeps"])


ENVELOPES: tuple[tuple[dict[str, Any], bool], ...] = (
    ({}, True),
    ({"specversion": "0.3"}, False),
    ({"id": ""}, False),
    ({"id": "x" * 513}, False),
    ({"subject": "1042"}, False),
    ({"subject": "lms:"}, False),
    ({"subject": "LMS:1"}, False),
    ({"subject": None}, False),
    ({"time": "yesterday"}, False),
    ({"time": "2026-03-02T09:00:00"}, False),
    ({"time": "2026-03-02T12:00:00.5+03:00"}, True),
    ({"data": None}, True),
    ({"data": [1]}, False),
    ({"extension": "kept out"}, True),
)


@pytest.mark.parametrize(("change", "right"), ENVELOPES)
def test_schema_and_door_agree_on_attributes(
    change: dict[str, Any],
    right: bool,  # noqa: FBT001 - a case
) -> None:
    found: Any = catalogue()["lms.section.read"]
    event = found["example"] | change
    assert Draft202012Validator(found["schema"]).is_valid(event) is right
    assert admitted(event) is right


TEXT = ("s7", "", "x" * 512)
NO_TEXT = ("x" * 513, "a\tb", "idn_06aqm3", "keyed_1")
WHOLE = (0, -7, 2**53 - 1, 3.0)
NO_WHOLE = (2**53, 0.5)
VALUES: dict[FieldKind, tuple[tuple[Any, ...], tuple[Any, ...]]] = {
    FieldKind.IDENTITY: (("lms:7", "lms:a:b"), ("7", 7, "lms:", True, [])),
    FieldKind.KEY: ((*TEXT, *WHOLE), (*NO_TEXT, *NO_WHOLE, True, {}, [])),
    FieldKind.STRING: (TEXT, (*NO_TEXT, 7, True, {})),
    FieldKind.INTEGER: (WHOLE, (*NO_WHOLE, "7", True)),
    FieldKind.DECIMAL: ((0.75, 3, "0.75", "-12"), ("1e3", ".5", "much", True, [])),
    FieldKind.BOOLEAN: ((True, False), (0, "true")),
    FieldKind.TIME: (("2026-03-02T09:00:00Z",), ("2026-03-02", 1_772_442_000, "now")),
    FieldKind.VALUE: ((*TEXT, 7, 0.5, True), (*NO_TEXT, [], {})),
    FieldKind.KEYED: (("d-5f0c", 7), ()),
    FieldKind.NETWORK: (("192.0.2.7",), ()),
}


@pytest.mark.parametrize("kind", list(FieldKind))
def test_schema_and_door_agree_on_every_kind(kind: FieldKind) -> None:
    schema = Draft202012Validator(schema_of("own.every.kind", "Every kind.", EVERY_KIND))
    base: Any = catalogue()["lms.section.read"]
    right, wrong = VALUES[kind]
    for value, expected in [
        *((one, True) for one in (*right, None)),
        *((one, False) for one in wrong),
    ]:
        event = base["example"] | {"type": "own.every.kind", "data": {f"a_{kind.value}": value}}
        assert schema.is_valid(event) is expected, value
        assert admitted(event) is expected, value


def test_a_retraction_needs_what_it_takes_back() -> None:
    found: Any = catalogue()[RETRACTED]
    without = found["example"] | {"data": {}}
    assert not Draft202012Validator(found["schema"]).is_valid(without)
    assert not admitted(without)


def test_what_adapters_make_of_what_they_are_told_is_named() -> None:
    made: Any = catalogue()
    assert "http://adlnet.gov/expapi/verbs/voided" in made[RETRACTED]["made_of"]["xapi"]
    (seen,) = (one for one in xapi.verbs_of_types()["lms.video.completed"])
    statement = {
        "id": "0f8fad5b-d9cb-469f-a165-70867728950e",
        "actor": {"account": {"name": "1042", "homePage": "https://lms.example"}},
        "verb": {"id": seen.split()[0]},
        "object": {"id": "https://lms.example/v1", "definition": {"type": seen.split()[1]}},
        "timestamp": "2026-03-02T09:00:00Z",
    }
    assert xapi.read_statement(statement, b"").event.type == "lms.video.completed"
    assert set(discourse.TYPES_OF_DELIVERIES) == set(discourse._MAPPINGS)
    told = {each for types in discourse.TYPES_OF_DELIVERIES.values() for each in types}
    assert told <= set(made)


def test_it_is_served_to_anybody_and_one_schema_by_itself() -> None:
    client = client_of(create_app(TestParts(connect("postgresql+psycopg://127.0.0.1:1/none"))))
    assert client.get("/v1/event-types").json() == json.loads(PATH.read_text("utf-8"))
    one = client.get("/v1/event-types/shop.order.paid/schema")
    assert one.headers["content-type"] == "application/schema+json"
    assert one.json() == catalogue()["shop.order.paid"]["schema"]
    for name in (ATTRIBUTE_TYPE, "member.qualification.changed"):
        attribute = client.get(f"/v1/event-types/{name}/schema").json()
        assert attribute["title"] == ATTRIBUTE_TYPE
    for language, title in (("en", "No such event type"), ("ru", "Такого вида событий нет")):
        answer = client.get(
            "/v1/event-types/lms.nothing/schema", headers={"Accept-Language": language}
        )
        assert (answer.status_code, answer.json()["title"]) == (404, title)
    with pytest.raises(UnknownEventType):
        event_type("nodots")


def test_numbers_are_read_exactly() -> None:
    event = read_event(
        read_json(json.dumps(catalogue()["lms.exercise.completed"]["example"]).encode()), None
    )
    assert event.data["score"] == Decimal("0.75")
    assert event_types.whole()["only_this_program_states"] == ["club.thanks.given"]
