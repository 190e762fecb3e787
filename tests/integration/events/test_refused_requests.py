"""The log of refused requests: what admins read of them, what nobody does, and that it is short."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from api.auth.keys import CreateKey, RevokeKey, create_key, revoke_key
from api.http import refusals
from api.http.limits import Rate
from api.i18n.catalogue import load_catalogue
from api.tasks.schedule import JOBS
from api.webhooks.diagnosis import Mistake
from ledger.events.model import Authority
from ledger.events.refusals.model import KEPT_FOR, KEPT_OF_EACH, Refusal, tellable
from ledger.events.refusals.service import forget_old, note
from ledger.events.sources import service as sources
from ledger.events.sources.model import AddSecret
from ledger.kernel.transaction import Database, execute
from tests.integration.events.test_http import Doors, now
from tests.support.credentials import issue_key
from tests.support.http import client_of

from .conftest import ISSUER, SPEC, Register  # type: ignore[import-not-found]

SIGNING = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER = "whsec_QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo="
LOG = "/v1/sources/requests"


@pytest.fixture
def doors(database: Database, register: Register, admins: tuple[UUID, UUID]) -> Iterator[Doors]:
    authority = Authority(types=("lms.*",), issuers={"lms": ISSUER})
    source = register(replace(SPEC, profile="standard_webhooks", authority=authority))
    made = Doors(database, source, admins)
    made.add_secret("lms", SIGNING)
    yield made
    if hasattr(made.app.state, "intake"):
        made.app.state.intake.close()


def logged(doors: Doors, query: str = "") -> list[dict[str, Any]]:
    answer = doors.admin.get(LOG + query)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["data"]
    return found


def newest(doors: Doors) -> dict[str, Any]:
    return logged(doors)[0]


def test_why_a_signature_failed_is_told_to_admins_and_not_to_the_sender(doors: Doors) -> None:
    event = doors.event()
    refused = [
        doors.deliver(event, secret=OTHER),
        doors.deliver(event, age_s=412),
        doors.deliver(event, **{"webhook-id": ""}),
    ]
    assert {answer.status_code for answer in refused} == {401}
    assert refused[0].json()["detail"] == "No signature matches."
    assert not {"reason", "skew_s"} & refused[1].json().keys()
    missing, skewed, differs = logged(doors)
    assert (missing["reason"], missing["detail"]) == ("header_missing", {"header": "webhook-id"})
    assert skewed["reason"] == "timestamp_skew"
    assert -420 < skewed["detail"]["skew_s"] <= -412
    assert differs == {
        "source": doors.source.uri,
        "received_at": differs["received_at"],
        "door": "/v1/webhooks/{source}",
        "status": 401,
        "code": "bad_signature",
        "reason": "signature_differs",
        "detail": {},
        "body": differs["body"],
    }
    raw = json.dumps(event).encode()
    assert differs["body"]["bytes"] == len(raw)
    assert len(differs["body"]["sha256_starts"]) == 4


def test_a_secret_that_waits_or_has_ended_is_recognised(doors: Doors) -> None:
    add = AddSecret("lms", OTHER, doors.admins[0])
    execute(doors.database, lambda work, one: sources.propose_secret(work, one, box=doors.box), add)
    doors.deliver(doors.event(), secret=OTHER)
    assert newest(doors)["reason"] == "secret_waits"
    execute(doors.database, lambda work, name: sources.end_secrets(work, name, by=None), "lms")
    doors.app.state.intake.forget()
    doors.deliver(doors.event())
    assert newest(doors)["reason"] == "secret_ended"


def test_what_is_wrong_with_a_key(doors: Doors, admins: tuple[UUID, UUID]) -> None:
    def knock(text: str) -> dict[str, Any]:
        client = client_of(doors.app, Authorization=f"Bearer {text}")
        answer = client.post("/v1/events", json=doors.event())
        assert answer.status_code == 401
        assert answer.json()["code"] == "credentials_refused"
        return newest(doors)

    key = issue_key(doors.database, admins, doors.source.uri, "events:write")
    assert knock(key.text + "x")["reason"] == "key_secret_differs"
    draft = CreateKey("n", frozenset({"events:write"}), doors.source.uri, created_by=admins[0])
    assert knock(execute(doors.database, create_key, draft).text)["reason"] == "key_waits"
    execute(doors.database, revoke_key, RevokeKey(key.key.key_id, admins[0]))
    revoked = knock(key.text)
    assert (revoked["reason"], revoked["source"]) == ("key_revoked", doors.source.uri)
    assert revoked["detail"]["ended_at"].endswith("Z")
    unknown = knock("vk_06aqm3k5n8w4s2r1p0vt_nothing")
    assert (unknown["reason"], unknown["source"]) == ("key_malformed", None)
    other = "vk" + key.text[2:6] + ("0" if key.text[6] != "0" else "1") + key.text[7:]
    assert knock(other)["reason"] in {"key_unknown", "key_malformed"}
    assert knock("vkt_nothing")["reason"] == "token_unknown"
    assert all(row["source"] for row in logged(doors, "?source=lms"))
    assert len(logged(doors, "?source=lms")) == 3
    before = len(logged(doors))
    plain = execute(doors.database, create_key, CreateKey("reads", frozenset({"journal:read"})))
    client = client_of(doors.app, Authorization=f"Bearer {plain.text}x")
    assert client.get("/v1/events").status_code == 401
    assert client_of(doors.app, Authorization="Bearer a.b.c").get("/v1/events").status_code == 401
    assert len(logged(doors)) == before, "a key of no source is nobody's refusal here"


def test_what_a_source_states_wrongly_is_noted_by_field_and_never_by_content(doors: Doors) -> None:
    doors.state(doors.event(subject="lms:", data={"section": "Ivan Petrov"}))
    assert newest(doors)["detail"] == {"field": "subject", "index": 0}
    doors.state(doors.event(data={"ivan@example.org": {"email": "ivan@example.org"}}))
    personal = newest(doors)
    assert (personal["code"], personal["body"]) == ("personal_field", None)
    doors.deliver(doors.event(type="ivan.petrov"))
    assert newest(doors)["code"] == "type_not_allowed"
    doors.state(doors.event(source="https://ivan.example"))
    doors.lms.get("/v1/redemptions/ivan")
    with doors.database.engine.connect() as connection:
        rows = connection.execute(sa.text("SELECT r::text FROM refused_requests r")).scalars().all()
    assert len(rows) >= 5
    assert not [row for row in rows if "ivan" in row.lower() or SIGNING in row]


def test_operands_are_kept_by_name_and_only_as_words_of_ours() -> None:
    kept = {"field": "data.score", "index": 3, "limit_name": "batch_events_max"}
    dropped = {"field": "data.Иван", "subject": "lms:1", "expected": "a\nb", "header": ["x"]}
    assert tellable(kept) == kept
    assert tellable(dropped) == {}


def test_only_admins_read_it(doors: Doors) -> None:
    assert doors.anybody.get(LOG).status_code == 401
    assert doors.lms.get(LOG).status_code == 403
    assert doors.admin.get(f"{LOG}?source=nobody").status_code == 404


def test_it_is_short_and_one_sort_pushes_out_no_other(
    doors: Doors, monkeypatch: pytest.MonkeyPatch
) -> None:
    doors.deliver(doors.event(), age_s=1_000)
    for _ in range(KEPT_OF_EACH + 5):
        doors.deliver(doors.event(), secret=OTHER)
    rows = logged(doors, "?limit=100")
    assert [row["reason"] for row in rows] == ["signature_differs"] * KEPT_OF_EACH + [
        "timestamp_skew"
    ]
    first = doors.admin.get(f"{LOG}?limit=2").json()
    second = doors.admin.get(f"{LOG}?limit=2&cursor={first['next_cursor']}").json()
    assert [*first["data"], *second["data"]] == rows[:4]
    monkeypatch.setattr(refusals, "NOTED_RATE", Rate("noted", 1, 3_600))
    doors.app.state.refusals = refusals.RefusalLog(doors.database, doors.box)
    for age_s in (2_000, 3_000, 4_000):
        assert doors.deliver(doors.event(), age_s=age_s).status_code == 401
    assert [row["reason"] for row in logged(doors, "?limit=100")].count("timestamp_skew") == 2


def test_it_is_forgotten(doors: Doors) -> None:
    old = Refusal(doors.source.uri, "/v1/events", 401, "bad_signature", "no_secret")
    execute(doors.database, note, old)
    doors.deliver(doors.event(), secret=OTHER)
    ago = now() - KEPT_FOR - timedelta(seconds=1)
    with doors.database.engine.begin() as connection:
        aged = sa.text("UPDATE refused_requests SET received_at = :at WHERE reason = 'no_secret'")
        connection.execute(aged, {"at": ago})
    assert [row["reason"] for row in logged(doors)] == ["signature_differs"], "not shown, either"
    assert doors.count("refused_requests") == 2
    assert forget_old(doors.database) == 1
    assert doors.count("refused_requests") == 1
    assert [job for job in JOBS if job.name == "refusals.forget"]


def test_what_cannot_be_noted_changes_no_answer(
    doors: Doors, caplog: pytest.LogCaptureFixture
) -> None:
    broken = sa.text("UPDATE source_secrets SET expires_at = now(), sealed = 'not sealed'")
    with doors.database.engine.begin() as connection:
        connection.execute(broken)
    answer = doors.deliver(doors.event())
    assert (answer.status_code, answer.json()["code"]) == (401, "bad_signature")
    assert "was not noted" in caplog.text
    assert logged(doors) == []


def test_every_reason_has_words() -> None:
    catalogue = load_catalogue()
    told = {key.removeprefix("requests.reason.") for key in catalogue.messages["en"]} & {
        key.removeprefix("requests.help.") for key in catalogue.messages["en"]
    }
    assert {mistake.value for mistake in Mistake} <= told
