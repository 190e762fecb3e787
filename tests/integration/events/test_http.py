"""The doors for events: signed webhooks and CloudEvents, and everything refused at them."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from fastapi import FastAPI
from httpx import Response
from starlette.types import Message

from api.auth.sessions import OpenSession, open_session
from api.auth.tables import api_keys
from api.http.app import create_app
from api.http.limits import ANONYMOUS_RATE
from api.http.principal import CSRF_HEADER, SESSION_COOKIE
from api.i18n.catalogue import refuse_missing
from api.webhooks import standard_webhooks
from api.webhooks.secret_box import FernetBox
from ledger.events.model import Authority, Source
from ledger.events.sources import service as sources
from ledger.events.sources.model import OVERLAP_DEFAULT, SourceSpec
from ledger.kernel.transaction import Database, execute
from tests.support.credentials import issue_key, issue_secret
from tests.support.http import ORIGIN, SECRET, TestParts, client_of

from .conftest import ISSUER, SPEC, Register  # type: ignore[import-not-found]

SIGNING = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
STRUCTURED = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"


def now() -> datetime:
    return datetime.now(UTC)  # noqa: TID251 - a test's own clock


class Doors:
    """One application and who knocks at it."""

    def __init__(self, database: Database, source: Source, admins: tuple[UUID, UUID]) -> None:
        self.database = database
        self.admins = admins
        self.source = source
        self.app: FastAPI = create_app(TestParts(database), on_missing=refuse_missing)
        self.box = FernetBox(SECRET)
        self.lms = self.machine(source.uri)
        self.anybody = client_of(self.app)
        opened = execute(database, open_session, OpenSession(admins[0]))
        self.admin = client_of(
            self.app, **{CSRF_HEADER: opened.session.csrf or "", "Origin": ORIGIN}
        )
        self.admin.cookies.set(SESSION_COOKIE, opened.cookie)

    def machine(self, source: str, scope: str = "events:write") -> Any:
        key = issue_key(self.database, self.admins, source, scope)
        return client_of(self.app, Authorization=f"Bearer {key.text}")

    def machine_for(self, uri: str) -> Any:
        """A key for an address that no key is made for, as if it had been made otherwise."""
        made = self.machine(self.source.uri)
        with self.database.engine.begin() as connection:
            newest = sa.select(sa.func.max(api_keys.c.created_at)).scalar_subquery()
            key = api_keys.update().where(api_keys.c.created_at == newest)
            connection.execute(key.values(source=uri))
        return made

    def add_secret(self, name: str, secret: str, overlap: timedelta = OVERLAP_DEFAULT) -> None:
        issue_secret(self.database, self.box, self.admins, name, secret, overlap)

    def event(self, event_id: str = "e1", **changes: Any) -> dict[str, Any]:
        return {
            "specversion": "1.0",
            "id": event_id,
            "source": self.source.uri,
            "type": "lms.section.read",
            "subject": "lms:1",
            "time": (now() - timedelta(minutes=1)).isoformat(timespec="seconds"),
            "data": {"section": "s1"},
            **changes,
        }

    def state(self, body: Any, content_type: str = STRUCTURED, **headers: str) -> Response:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        answer: Response = self.lms.post(
            "/v1/events", content=raw, headers={"Content-Type": content_type, **headers}
        )
        return answer

    def deliver(
        self,
        body: Any,
        *,
        name: str = "lms",
        message_id: str = "msg_1",
        secret: str = SIGNING,
        content_type: str = "application/json",
        age_s: int = 0,
        **headers: str | bytes,
    ) -> Response:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        stamp = int(now().timestamp()) - age_s
        signed = {
            "Content-Type": content_type,
            "webhook-id": message_id,
            "webhook-timestamp": str(stamp),
            "webhook-signature": standard_webhooks.sign(secret, message_id, stamp, raw),
            **headers,
        }
        answer: Response = self.anybody.post(f"/v1/webhooks/{name}", content=raw, headers=signed)
        return answer

    def count(self, table: str) -> int:
        with self.database.engine.connect() as connection:
            query = sa.text(f"SELECT count(*) FROM {table}")
            return int(connection.execute(query).scalar_one())

    def empty(self) -> bool:
        return self.count("events") == self.count("identities") == self.count("event_bodies") == 0


@pytest.fixture
def doors(database: Database, register: Register, admins: tuple[UUID, UUID]) -> Iterator[Doors]:
    authority = Authority(types=("lms.*",), issuers={"lms": ISSUER}, attributes=("qualification",))
    source = register(replace(SPEC, profile="standard_webhooks", authority=authority))
    made = Doors(database, source, admins)
    made.add_secret("lms", SIGNING)
    yield made
    if hasattr(made.app.state, "intake"):
        made.app.state.intake.close()


def refused(answer: Response, status: int, code: str) -> dict[str, Any]:
    body: dict[str, Any] = answer.json()
    assert (answer.status_code, body["code"]) == (status, code), body
    return body


def test_one_event_is_durable_and_a_repetition_is_the_same_one(doors: Doors) -> None:
    event = doors.event()
    first = doors.state(event)
    assert first.status_code == 202, first.text
    (stored,) = first.json()["data"]
    assert (stored["event"], stored["status"]) == ("e1", "accepted")
    assert stored["id"].startswith("evt_")
    again = doors.state(event).json()["data"]
    assert again == [{**stored, "status": "duplicate"}]
    assert doors.count("events") == 1
    conflict = refused(doors.state({**event, "subject": "lms:2"}), 409, "event_conflict")
    assert conflict["index"] == 0
    assert doors.count("event_conflicts") == 1
    assert doors.count("identities") == 1


def test_a_batch_is_all_or_nothing_and_names_the_index(doors: Doors) -> None:
    events = [doors.event(f"e{number}") for number in range(3)]
    worse = [*events, doors.event("e3", type="club.post.created"), doors.event("e4")]
    assert refused(doors.state(worse, BATCH), 403, "type_not_allowed")["index"] == 3
    assert doors.empty()
    answer = doors.state(events, BATCH)
    assert [one["status"] for one in answer.json()["data"]] == ["accepted"] * 3
    worse = [doors.event("e9"), doors.event("e1", subject="lms:7")]
    assert refused(doors.state(worse, BATCH), 409, "event_conflict")["index"] == 1
    assert doors.count("events") == 3
    assert doors.state([], BATCH).json() == {"data": []}
    too_many = [doors.event(str(number)) for number in range(1_001)]
    body = refused(doors.state(too_many, BATCH), 413, "batch_too_large")
    assert body["limit_events"] == 1_000


def test_binary_mode(doors: Doors) -> None:
    event = doors.event()
    headers = {f"ce-{name}": event[name] for name in event if name != "data"}
    headers["ce-id"] = "%C3%A9"
    answer = doors.state(event["data"], "application/json", **headers)
    assert answer.json()["data"][0]["event"] == "é"
    refused(
        doors.state({}, "application/json", **{**headers, "ce-id": "%FF"}), 422, "event_invalid"
    )
    refused(
        doors.state({}, "application/json", **{**headers, "ce-data": "{}"}), 422, "event_invalid"
    )


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"specversion": "0.3"}, 422, "event_invalid"),
        ({"id": ""}, 422, "event_invalid"),
        ({"id": 7}, 422, "event_invalid"),
        ({"id": "a\x00b"}, 422, "event_invalid"),
        ({"type": "nodots"}, 422, "event_invalid"),
        ({"time": None}, 422, "event_invalid"),
        ({"time": "2026-02-30T00:00:00Z"}, 422, "bad_instant"),
        ({"time": "2026-03-02T09:00:00"}, 422, "bad_instant"),
        ({"time": "2020-01-01T00:00:00Z"}, 422, "event_too_late"),
        ({"time": "2999-01-01T00:00:00Z"}, 422, "event_in_future"),
        ({"subject": None}, 422, "event_invalid"),
        ({"subject": 5}, 422, "event_invalid"),
        ({"subject": "1042"}, 422, "event_invalid"),
        ({"subject": "lms:"}, 422, "event_invalid"),
        ({"subject": "discourse:1"}, 403, "identity_not_allowed"),
        ({"type": "club.post.created"}, 403, "type_not_allowed"),
        ({"type": "member.age.changed", "data": {"value": 5}}, 403, "type_not_allowed"),
        ({"source": "https://someone.else"}, 403, "source_not_yours"),
        ({"source": None}, 422, "event_invalid"),
        ({"data": [1]}, 422, "event_invalid"),
        ({"data": {"section": [1]}}, 422, "event_invalid"),
        ({"data": {"section": "idn_06aqm3"}}, 422, "event_invalid"),
        ({"data_base64": "e30="}, 422, "event_invalid"),
        ({"datacontenttype": "text/xml"}, 422, "event_invalid"),
        ({"data": {"email": "a@example.org"}}, 422, "personal_field"),
        ({"data": {"user": {"Phone-Number": "1"}}}, 422, "personal_field"),
        ({"data": {"users": [{"telegram_id": 1}]}}, 422, "personal_field"),
        ({"email": "a@example.org"}, 422, "personal_field"),
        ({"type": "lms.unheard.of", "data": {"e_mail": "a"}}, 422, "personal_field"),
    ],
)
def test_what_is_wrong_is_refused_and_nothing_is_stored(
    doors: Doors, changes: dict[str, Any], status: int, code: str
) -> None:
    refused(doors.state(doors.event(**changes)), status, code)
    body = doors.event(**changes)
    refused(doors.deliver(body, content_type=STRUCTURED), status, code)
    assert doors.empty()
    assert doors.count("deliveries") == 1, "admins see that a webhook was refused, and why"


def test_malformed_json_and_wrong_types(doors: Doors) -> None:
    for body in (b"{", b"\xff", b'{"a":NaN}', b'"\\ud800"', b""):
        refused(doors.state(body), 400, "malformed_json")
        refused(doors.deliver(body), 400, "malformed_json")
    deep = b'{"a":' * 100 + b"1" + b"}" * 100
    refused(doors.state(deep), 422, "event_invalid")
    for content_type in ("application/json", "text/plain", "application/xml", ""):
        refused(doors.state(doors.event(), content_type), 415, "unsupported_media_type")
    refused(doors.deliver({}, content_type="text/plain"), 415, "unsupported_media_type")
    for body in (b"[]", b"7", b"null"):
        refused(doors.state(body), 422, "event_invalid")
        refused(doors.deliver(body), 422, "event_invalid")
    assert doors.empty()


def test_a_body_over_the_limit_names_it(doors: Doors) -> None:
    body = b"[" + b" " * 1_048_576 + b"]"
    named = refused(doors.state(body, BATCH), 413, "body_too_large")
    assert (named["limit_name"], named["limit_bytes"]) == ("event_body_bytes_max", 1_048_576)
    named = refused(doors.deliver(body), 413, "body_too_large")
    assert named["limit_name"] == "webhook_body_bytes_max"


def test_a_form_of_a_browser_is_415_before_its_body_is_read(doors: Doors) -> None:
    """Also with a cookie, whose form would be read for its token were there no key."""
    read = 0

    async def state() -> list[Message]:
        sent: list[Message] = []

        async def receive() -> Message:
            nonlocal read
            read += 1
            assert read < 2, "the body was read before, and nothing comes after it"
            return {"type": "http.request", "body": b"a=1"}

        async def send(message: Message) -> None:
            sent.append(message)

        headers = {
            "authorization": doors.lms.headers["authorization"],
            "cookie": f"{SESSION_COOKIE}={doors.admin.cookies[SESSION_COOKIE]}",
            "content-type": "application/x-www-form-urlencoded",
        }
        raw = [(name.encode(), value.encode()) for name, value in headers.items()]
        scope = {"type": "http", "method": "POST", "path": "/v1/events", "headers": raw}
        await doors.app(scope, receive, send)
        return sent

    head = asyncio.run(state())[0]
    assert (head["status"], read) == (415, 0)


def test_who_may_not_state(doors: Doors) -> None:
    event = json.dumps(doors.event()).encode()
    headers = {"Content-Type": STRUCTURED}
    send = {"content": event, "headers": headers}
    refused(doors.anybody.post("/v1/events", **send), 401, "credentials_missing")
    wrong = client_of(doors.app, Authorization="Bearer vk_nothing")
    refused(wrong.post("/v1/events", **send), 401, "credentials_refused")
    other = doors.machine(doors.source.uri, "journal:read")
    refused(other.post("/v1/events", **send), 403, "scope_required")
    refused(doors.admin.post("/v1/events", **send), 403, "role_required")
    nowhere = doors.machine_for("https://nowhere.example")
    refused(nowhere.post("/v1/events", **send), 404, "unknown_source")
    imported = execute(doors.database, sources.source_for_import, "https://old.example")
    stolen = doors.machine_for(imported.uri)
    refused(stolen.post("/v1/events", **send), 403, "source_has_no_door")
    assert doors.empty()


def test_a_delivery_in_either_form_is_one_fact(doors: Doors) -> None:
    event = doors.event()
    answer = doors.deliver(event)
    assert (answer.status_code, answer.json()["data"][0]["event"]) == (202, "e1")
    own = {
        "type": "lms.exercise.completed",
        "timestamp": event["time"],
        "data": {"subject": "lms:1", "exercise": "x", "score": 0.75},
    }
    first = doors.deliver(own, message_id="msg_9")
    assert first.json()["data"][0] == {
        "id": first.json()["data"][0]["id"],
        "event": "msg_9",
        "status": "accepted",
    }
    again = doors.deliver(own, message_id="msg_9", age_s=60)
    assert (again.status_code, again.json()["data"][0]["status"]) == (202, "duplicate")
    other = doors.deliver({**own, "data": {"subject": "lms:2"}}, message_id="msg_9")
    assert (other.status_code, other.json()["data"][0]["status"]) == (202, "conflict")
    assert doors.count("events") == 2
    refused(doors.deliver({**own, "data": {"subject": 7}}), 422, "event_invalid")
    refused(doors.deliver({"type": "lms.section.read"}), 422, "event_invalid")


def test_signatures_that_are_none(doors: Doors) -> None:
    event = doors.event()
    cases: list[dict[str, Any]] = [
        {"secret": "whsec_" + "A" * 44},
        {"age_s": 301},
        {"age_s": -310},
        {"webhook-signature": ""},
        {"webhook-signature": "v1"},
        {"webhook-signature": b"v1,\xe9"},
        {"webhook-id": "other"},
        {"webhook-timestamp": "x"},
    ]
    for case in cases:
        for body in (event, b"{", b"\xff"):
            refused(doors.deliver(body, **case), 401, "bad_signature")
    unsigned = doors.anybody.post("/v1/webhooks/lms", json=event)
    refused(unsigned, 401, "bad_signature")
    assert unsigned.headers["www-authenticate"]
    assert doors.empty()
    assert doors.count("deliveries") == 0, "strangers cannot fill the log"


def test_forgeries_are_slowed_down_and_the_source_is_not(doors: Doors) -> None:
    answers = (
        doors.deliver(doors.event(), secret="whsec_" + "A" * 44)
        for _ in range(3 * ANONYMOUS_RATE.quota)
    )
    first = next(answer for answer in answers if answer.status_code != 401)
    refused(first, 429, "too_many_requests")
    assert int(first.headers["retry-after"]) >= 1
    assert doors.deliver(doors.event()).status_code == 202


def test_names_of_no_source_are_counted_before_they_are_looked_up(doors: Doors) -> None:
    assert doors.deliver(doors.event("a")).status_code == 202
    reads = 0

    @sa.event.listens_for(doors.database.engine, "begin")
    def _(_: object) -> None:
        nonlocal reads
        reads += 1

    for number in range(3 * ANONYMOUS_RATE.quota):
        before = reads
        answer = doors.anybody.post(f"/v1/webhooks/guess{number}", json={})
        if answer.status_code != 404:
            break
    refused(answer, 429, "too_many_requests")
    assert 0 < before == reads, "beyond the limit nothing is read"
    assert doors.deliver(doors.event("b")).status_code == 202


def test_sources_that_are_none_or_switched_off(doors: Doors, register: Register) -> None:
    refused(doors.deliver(doors.event(), name="nobody"), 404, "unknown_source")
    spec = SourceSpec("keyed", "https://keyed.example", "bearer")
    register(spec)
    refused(doors.deliver(doors.event(), name="keyed"), 404, "unknown_source")
    execute(doors.database, sources.suspend_source, "lms")
    doors.app.state.intake.forget()
    refused(doors.deliver(doors.event()), 403, "source_suspended")
    refused(doors.state(doors.event()), 403, "source_suspended")


def test_secrets_rotate_without_a_gap(doors: Doors) -> None:
    newer = "whsec_" + "B" * 44
    assert doors.deliver(doors.event("a")).status_code == 202
    doors.add_secret("lms", newer)
    doors.app.state.intake.forget()
    assert doors.deliver(doors.event("b")).status_code == 202
    assert doors.deliver(doors.event("c"), secret=newer).status_code == 202
    doors.add_secret("lms", "whsec_" + "C" * 44, timedelta(0))
    doors.app.state.intake.forget()
    refused(doors.deliver(doors.event("d")), 401, "bad_signature")
    refused(doors.deliver(doors.event("d"), secret=newer), 401, "bad_signature")


def test_an_hour_has_an_end(doors: Doors, register: Register) -> None:
    register(replace(SPEC, profile="standard_webhooks", hourly_budget=2))
    doors.state([doors.event("a"), doors.event("b")], BATCH)
    answer = doors.state(doors.event("c"))
    body = refused(answer, 429, "source_budget_spent")
    assert int(answer.headers["retry-after"]) == body["retry_after_s"]


def test_admins_see_what_came_and_not_who(doors: Doors) -> None:
    doors.state([doors.event(f"e{number}") for number in range(4)], BATCH)
    doors.state(doors.event("u", type="lms.unheard.of"))
    doors.state(doors.event("r", type="activity.retracted", subject=None, data={"id": "e0"}))
    doors.state(doors.event("e1", subject="lms:9"))
    doors.deliver(doors.event("bad", subject="nobody"))
    first = doors.admin.get("/v1/events", params={"limit": 4}).json()
    assert [one["event"] for one in first["data"]][:2] == ["r", "u"]
    rest = doors.admin.get("/v1/events", params={"limit": 4, "cursor": first["next_cursor"]}).json()
    assert {one["event"] for one in [*first["data"], *rest["data"]]} == {
        "r", "u", "e0", "e1", "e2", "e3",
    }  # fmt: skip
    shown = {one["event"]: one for one in [*first["data"], *rest["data"]]}
    assert (shown["e0"]["retracted"], shown["e1"]["retracted"]) == (True, False)
    assert (shown["u"]["recognised"], shown["e1"]["parked"]) == (False, True)
    assert "lms:1" not in doors.admin.get("/v1/events").text
    (conflict,) = doors.admin.get("/v1/events/conflicts").json()["data"]
    assert conflict["event"] == "e1"
    (unknown,) = doors.admin.get("/v1/events/unknown-types").json()["data"]
    assert (unknown["type"], unknown["count"]) == ("lms.unheard.of", 1)
    (delivery,) = doors.admin.get("/v1/events/deliveries").json()["data"]
    assert (delivery["outcome"], delivery["reason"]) == ("refused", "event_invalid")
    for path in ("", "/conflicts", "/unknown-types", "/deliveries"):
        refused(doors.lms.get(f"/v1/events{path}"), 403, "role_required")


def test_a_gzipped_body_is_no_json(doors: Doors) -> None:
    refused(doors.state(gzip.compress(b"{}")), 400, "malformed_json")


def test_with_the_database_away_nothing_is_lost(doors: Doors, migrator_url: str) -> None:
    """The sender hears 503 and tries again; what it sent is stored once."""
    assert doors.state(doors.event("before")).status_code == 202
    event = doors.event("meanwhile")
    assert doors.deliver(doors.event("warm")).status_code == 202
    with _away(doors.database, migrator_url):
        for answer in (doors.state(event), doors.deliver(event)):
            assert int(answer.headers["retry-after"]) > 0
            refused(answer, 503, "database_unavailable")
    assert doors.deliver(event).json()["data"][0]["status"] == "accepted"
    assert doors.state(event).json()["data"][0]["status"] == "duplicate"
    assert doors.count("events") == 3


@contextmanager
def _away(database: Database, migrator_url: str) -> Iterator[None]:
    """The database takes no connections and has ended those it had."""
    owner = sa.create_engine(migrator_url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    limit = f'ALTER DATABASE "{owner.url.database}" CONNECTION LIMIT'
    ended = (
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() "
        "AND usename = current_user AND pid <> pg_backend_pid()"
    )
    with owner.connect() as kept, database.engine.connect() as own:
        kept.execute(sa.text(f"{limit} 0"))
        own.execute(sa.text(ended))
        own.invalidate()
        try:
            yield
        finally:
            kept.execute(sa.text(f"{limit} -1"))
