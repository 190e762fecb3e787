"""Programme versions over HTTP: kept, asked for, approved by another person, read by anybody."""

from __future__ import annotations

import hashlib
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from starlette.testclient import TestClient

from ledger.kernel.ids import format_id, parse_id
from ledger.kernel.transaction import Database
from ledger.preview.service import PREVIEW_PREFIX, work_out
from tests.world import World

EXAMPLES = Path(__file__).parents[3] / "examples" / "programmes"
DAILY = (EXAMPLES / "daily.yaml").read_text()
WEEKLY = (EXAMPLES / "weekly.yaml").read_text()
IN_UTC = DAILY.replace("zone: Europe/Moscow", "zone: UTC")
BY_WEEK = WEEKLY.replace("zone: UTC", "zone: Europe/Moscow")
LONG_AGO = "2020-01-01T00:00:00Z"
UNKNOWN_HASH = f"0x{'0' * 64}"
_KEYS = count()


def code(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def send(client: TestClient, path: str, key: str | None = None, **body: object) -> httpx.Response:
    headers = {"Idempotency-Key": key or f"k{next(_KEYS)}"}
    answer: httpx.Response = client.post(path, json=body, headers=headers)
    return answer


def keep(client: TestClient, source: str = DAILY) -> str:
    answer = client.post("/v1/programmes", json={"source": source})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["hash"])


def propose(client: TestClient, programme: str, effective_at: str = LONG_AGO) -> dict[str, Any]:
    answer = send(client, f"/v1/programmes/{programme}/activations", effective_at=effective_at)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def decide(
    client: TestClient, change: dict[str, Any], decision: str = "approved", **other: str
) -> httpx.Response:
    body = {"decision": decision, "content_hash": change["content_hash"], **other}
    return send(client, f"/v1/programme-changes/{change['id']}/decisions", **body)


def test_an_invalid_programme_is_422_with_line_field_and_example(admin: TestClient) -> None:
    wrong = DAILY.replace("points: 11.5", "points: many")
    line = wrong.splitlines().index("    points: many") + 1
    answer = admin.post("/v1/programmes", json={"source": wrong})
    assert code(answer) == (422, "programme_invalid")
    (fault,) = answer.json()["faults"]
    assert fault["line"] == line
    assert fault["field"].endswith("points")
    assert fault["wrong"]
    assert "points" in fault["example"]
    assert admin.get("/v1/programmes").json()["data"] == []


def test_text_that_is_no_programme_is_422(admin: TestClient) -> None:
    for source in ("", "{", "- a", "\t", "&a [*a]", "programme: !!python/name:os.system"):
        assert code(admin.post("/v1/programmes", json={"source": source})) == (
            422,
            "programme_invalid",
        )


def test_the_same_meaning_is_kept_once(admin: TestClient, anybody: TestClient) -> None:
    first = keep(admin)
    assert keep(admin, f"# A remark changes nothing.\n{DAILY}") == first
    (listed,) = admin.get("/v1/programmes").json()["data"]
    assert (listed["hash"], listed["name"], listed["version"]) == (first, "daily", "1")
    read = anybody.get(f"/v1/programmes/{first}").json()
    assert (read["source"], read["zone"], read["period"]) == (DAILY, "Europe/Moscow", "at_once")


def test_only_an_admin_keeps_proposes_and_decides(
    admin: TestClient, anna: TestClient, anybody: TestClient
) -> None:
    body = {"source": DAILY}
    assert code(anna.post("/v1/programmes", json=body)) == (403, "role_required")
    assert anybody.post("/v1/programmes", json=body).status_code == 401
    stored = keep(admin)
    path = f"/v1/programmes/{stored}/activations"
    assert code(send(anna, path, effective_at=LONG_AGO)) == (403, "not_an_admin")
    assert send(anybody, path, effective_at=LONG_AGO).status_code == 401
    change = propose(admin, stored)
    assert code(decide(anna, change)) == (403, "not_an_admin")
    assert code(anna.get("/v1/programme-changes")) == (403, "role_required")


def test_nothing_is_in_force_until_two_admins_agreed(
    world: World, admin: TestClient, second_admin: TestClient, anybody: TestClient
) -> None:
    assert code(anybody.get("/v1/programmes/in-force")) == (404, "no_programme_in_force")
    stored = keep(admin)
    change = propose(admin, stored)
    assert (change["hash"], change["decision"]) == (stored, None)
    assert code(anybody.get("/v1/programmes/in-force")) == (404, "no_programme_in_force")
    decided = decide(second_admin, change)
    assert decided.status_code == 201
    assert decided.json()["decision"] == "approved"
    found = anybody.get("/v1/programmes/in-force").json()
    assert (found["hash"], found["effective_at"], found["source"]) == (stored, LONG_AGO, DAILY)
    assert found["cause"]["proposed_by"] == format_id("mem", world.first_admin)
    assert found["cause"]["approved_by"] == format_id("mem", world.second_admin)
    (activation,) = anybody.get("/v1/programme-activations").json()["data"]
    assert (activation["hash"], activation["cause"]) == (stored, found["cause"])
    (listed,) = admin.get("/v1/programme-changes").json()["data"]
    assert listed["decided_by"] == format_id("mem", world.second_admin)


def test_a_later_version_never_takes_effect_in_the_past(
    admin: TestClient, second_admin: TestClient, anybody: TestClient
) -> None:
    decide(second_admin, propose(admin, keep(admin)))
    newer = keep(admin, DAILY.replace('version: "1"', 'version: "2"'))
    change = propose(admin, newer)
    assert decide(second_admin, change).status_code == 201
    found = anybody.get("/v1/programmes/in-force").json()
    assert found["hash"] == newer
    assert found["effective_at"] > change["proposed_at"]


def test_whoever_proposed_may_not_approve_but_may_withdraw(
    admin: TestClient, anybody: TestClient
) -> None:
    change = propose(admin, keep(admin))
    assert code(decide(admin, change)) == (403, "programme_needs_another_person")
    assert anybody.get("/v1/programme-activations").json()["data"] == []
    withdrawn = decide(admin, change, "rejected")
    assert (withdrawn.status_code, withdrawn.json()["decision"]) == (201, "rejected")


def test_other_content_than_was_proposed_is_409(
    admin: TestClient, second_admin: TestClient, anybody: TestClient
) -> None:
    stored = keep(admin)
    change, other = propose(admin, stored), propose(admin, stored, "2021-01-01T00:00:00Z")
    assert change["content_hash"] != other["content_hash"]
    refused = decide(second_admin, change, content_hash=other["content_hash"])
    assert code(refused) == (409, "programme_change_differs")
    assert anybody.get("/v1/programme-activations").json()["data"] == []


@pytest.mark.parametrize("first", ["approved", "rejected"])
@pytest.mark.parametrize("second", ["approved", "rejected"])
def test_what_was_decided_stays_so(
    admin: TestClient, second_admin: TestClient, anybody: TestClient, first: str, second: str
) -> None:
    change = propose(admin, keep(admin))
    assert decide(second_admin, change, first).status_code == 201
    again = decide(second_admin, change, second)
    assert code(again) == (409, "programme_change_decided")
    assert again.json()["decision"] == first
    activations = len(anybody.get("/v1/programme-activations").json()["data"])
    assert activations == (first == "approved")


def test_a_version_already_in_force_is_409_and_leaves_the_change_open(
    admin: TestClient, second_admin: TestClient
) -> None:
    stored = keep(admin)
    decide(second_admin, propose(admin, stored))
    again = propose(admin, stored)
    assert code(decide(second_admin, again)) == (409, "programme_already_in_force")
    newest, _ = admin.get("/v1/programme-changes").json()["data"]
    assert (newest["id"], newest["decision"]) == (again["id"], None)


@pytest.mark.parametrize("source", [WEEKLY, IN_UTC, BY_WEEK])
def test_zone_and_period_may_change(
    admin: TestClient, second_admin: TestClient, anybody: TestClient, source: str
) -> None:
    decide(second_admin, propose(admin, keep(admin)))
    assert decide(second_admin, propose(admin, keep(admin, source))).status_code == 201
    assert len(anybody.get("/v1/programme-activations").json()["data"]) == 2


def test_a_restatement_is_previewed_agreed_to_and_approved(
    database: Database, admin: TestClient, second_admin: TestClient
) -> None:
    decide(second_admin, propose(admin, keep(admin)))
    newer = keep(admin, DAILY.replace('version: "1"', 'version: "2"'))
    path = f"/v1/programmes/{newer}"
    asked: dict[str, object] = {"effective_at": LONG_AGO, "mode": "restatement"}
    change = send(admin, f"{path}/activations", **asked).json()
    assert code(decide(second_admin, change)) == (409, "consent_missing")
    answer = send(admin, f"{path}/previews", **asked)
    assert (answer.status_code, answer.json()["state"]) == (202, "running")
    preview = f"/v1/programme-previews/{answer.json()['id']}"
    assert code(admin.get(f"{preview}/result")) == (404, "unknown_preview")
    work_out(database, parse_id(PREVIEW_PREFIX, answer.json()["id"]))
    finished = admin.get(preview).json()
    assert finished["state"] == "finished"
    result = admin.get(f"{preview}/result")
    assert hashlib.sha256(result.content).hexdigest() == finished["digest"]
    assert admin.get(f"{preview}/result?kind=csv").text.startswith("member,before,after")
    consents = f"/v1/programme-changes/{change['id']}/consents"
    assert code(send(admin, consents, preview_digest="0" * 64)) == (409, "preview_differs")
    agreed = send(admin, consents, preview_digest=finished["digest"])
    assert agreed.status_code == 201
    assert agreed.json()["preview_digest"] == finished["digest"]
    assert code(send(admin, consents, preview_digest=finished["digest"])) == (409, "consent_given")
    assert decide(second_admin, change).json()["decision"] == "approved"


def test_a_top_up_of_what_it_cannot_be_compared_with_is_409(
    admin: TestClient, second_admin: TestClient
) -> None:
    decide(second_admin, propose(admin, keep(admin)))
    path = f"/v1/programmes/{keep(admin, WEEKLY)}/activations"
    change = send(admin, path, effective_at=LONG_AGO, mode="top_up").json()
    assert code(decide(second_admin, change)) == (409, "top_up_incomparable")


def test_the_same_request_again_proposes_once(admin: TestClient) -> None:
    path = f"/v1/programmes/{keep(admin)}/activations"
    answers = [send(admin, path, "one-key", effective_at=LONG_AGO) for _ in range(2)]
    assert answers[0].json() == answers[1].json()
    assert len(admin.get("/v1/programme-changes").json()["data"]) == 1


@pytest.mark.parametrize("text", ["x", "0x", f"0x{'0' * 63}", f"0x{'g' * 64}", "0" * 64, "0x" * 9])
def test_what_is_no_hash_is_404(admin: TestClient, text: str) -> None:
    assert code(admin.get(f"/v1/programmes/{text}")) == (404, "bad_programme_hash")
    answer = send(admin, f"/v1/programmes/{text}/activations", effective_at=LONG_AGO)
    assert code(answer) == (404, "bad_programme_hash")


def test_what_is_not_stored_is_404(admin: TestClient) -> None:
    read = admin.get(f"/v1/programmes/{UNKNOWN_HASH}")
    assert code(read) == (404, "unknown_programme")
    path = f"/v1/programmes/{UNKNOWN_HASH}/activations"
    assert code(send(admin, path, effective_at=LONG_AGO)) == (404, "unknown_programme")
    nobodys = {"id": format_id("pch", UUID(int=1)), "content_hash": "0" * 64}
    assert code(decide(admin, nobodys)) == (404, "unknown_programme_change")


def test_a_time_without_an_offset_is_422(admin: TestClient) -> None:
    path = f"/v1/programmes/{keep(admin)}/activations"
    for wrong in ("2020-01-01T00:00:00", "soon", None):
        answer = send(admin, path, effective_at=wrong)
        assert code(answer) == (422, "request_invalid")
