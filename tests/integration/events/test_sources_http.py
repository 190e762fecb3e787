"""Registering a source over HTTP, by two admins, up to its first signed delivery."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from fastapi import FastAPI

from api.audit import acts_store
from api.auth.sessions import OpenSession, open_session
from api.http.app import create_app
from api.http.principal import CSRF_HEADER, SESSION_COOKIE
from api.i18n.catalogue import refuse_missing
from api.webhooks import standard_webhooks
from ledger.kernel.ids import format_id, parse_id
from ledger.kernel.transaction import Database, execute
from ledger.members import service as members
from ledger.members.model import CreateMember
from tests.support.http import ORIGIN, TestParts, client_of

SPEC = {
    "name": "lms",
    "uri": "https://lms.example",
    "profile": "standard_webhooks",
    "authority": {"types": ["lms.*"], "issuers": {"lms": "https://lms.example"}},
}


@pytest.fixture
def app(database: Database) -> Iterator[FastAPI]:
    made = create_app(TestParts(database), on_missing=refuse_missing)
    yield made
    if hasattr(made.state, "intake"):
        made.state.intake.close()


def person(app: FastAPI, database: Database, member_id: UUID) -> Any:
    opened = execute(database, open_session, OpenSession(member_id))
    client = client_of(app, **{CSRF_HEADER: opened.session.csrf or "", "Origin": ORIGIN})
    client.cookies.set(SESSION_COOKIE, opened.cookie)
    return client


def test_from_proposal_to_first_delivery(
    app: FastAPI, database: Database, admins: tuple[UUID, UUID]
) -> None:
    first, second = (person(app, database, admin) for admin in admins)
    made = first.post("/v1/sources/changes", json=SPEC)
    assert made.status_code == 201, made.text
    change = made.json()
    path = f"/v1/sources/changes/{change['id']}"
    yes = {"digest": change["digest"]}
    own = first.post(f"{path}/approve", json=yes)
    assert (own.status_code, own.json()["code"]) == (403, "source_needs_another_person")
    unread = second.post(f"{path}/approve", json={"digest": "0" * 64})
    assert (unread.status_code, unread.json()["code"]) == (409, "source_change_not_as_read")
    approved = second.post(f"{path}/approve", json=yes)
    assert (approved.status_code, approved.json()["state"]) == (200, "active")

    made = first.post("/v1/sources/lms/secrets", json={}).json()
    secret = made["secret"]
    (issued,) = second.get("/v1/sources/lms/secrets").json()["data"]
    assert (issued["issued_by"], issued["expires_at"]) == (format_id("mem", admins[0]), None)
    assert (issued["id"], issued["state"], issued["approved_by"]) == (made["id"], "draft", None)
    page = second.get("/admin/sources")
    assert "Signing secret issued by" in page.text
    assert secret not in page.text
    assert deliver(app, secret).status_code == 401
    two_agree(first, second, made)
    (issued,) = second.get("/v1/sources/lms/secrets").json()["data"]
    assert (issued["state"], issued["approved_by"]) == ("approved", format_id("mem", admins[1]))
    app.state.intake.forget()
    answer = deliver(app, secret)
    assert answer.status_code == 202, answer.text
    (listed,) = second.get("/v1/sources").json()["data"]
    assert (listed["name"], listed["accepted_last_day"], listed["parked"]) == ("lms", 1, 1)
    (shown,) = second.get("/v1/sources/changes").json()["data"]
    assert shown["state"] == "approved"
    assert second.delete("/v1/sources/lms/secrets").status_code == 204
    app.state.intake.forget()
    assert deliver(app, secret).status_code == 401
    assert second.post("/v1/sources/lms/suspend").status_code == 204
    assert second.get("/v1/sources").json()["data"][0]["state"] == "suspended"


def test_who_ended_something_alone_is_in_the_audit_export(
    app: FastAPI, database: Database, admins: tuple[UUID, UUID]
) -> None:
    """One person is enough to suspend, end secrets and revoke; the export says which."""
    first, second = (person(app, database, admin) for admin in admins)
    change = first.post("/v1/sources/changes", json=SPEC).json()
    yes = {"digest": change["digest"]}
    second.post(f"/v1/sources/changes/{change['id']}/approve", json=yes)
    made = first.post("/v1/api-keys", json={"name": "looks", "scopes": ["journal:read"]}).json()
    assert second.delete("/v1/sources/lms/secrets").status_code == 204
    assert second.delete(f"/v1/api-keys/{made['id']}").status_code == 204
    for _ in range(2):
        assert second.post("/v1/sources/lms/suspend").status_code == 204
    every = (datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC))
    with database.read() as work:
        told = [(one.act, one.by, one.on, one.rest) for one in acts_store.acts(work, *every)]
    by, uri = str(admins[1]), SPEC["uri"]
    key = str(parse_id("key", made["id"]))
    assert ("key.revoked", by, key, {"name": "looks"}) in told
    assert [one for one in told if one[0] == "source.ended"] == [
        ("source.ended", by, uri, {"act": "secrets_ended"}),
        ("source.ended", by, uri, {"act": "suspended"}),
    ]


def two_agree(first: Any, second: Any, made: dict[str, Any]) -> None:
    """What the first made the second approves, after everything else was refused."""
    path = f"/v1/sources/credentials/{made['id']}"
    yes = {"digest": made["digest"]}
    own = first.post(f"{path}/approve", json=yes)
    assert (own.status_code, own.json()["code"]) == (403, "credential_needs_another_person")
    unread = second.post(f"{path}/approve", json={"digest": "0" * 64})
    assert (unread.status_code, unread.json()["code"]) == (409, "credential_not_as_read")
    approved = second.post(f"{path}/approve", json=yes)
    assert (approved.status_code, approved.json()["state"]) == (200, "approved")
    late = first.post(f"{path}/reject")
    assert (late.status_code, late.json()["code"]) == (409, "credential_decided")
    (listed,) = second.get("/v1/sources/credentials").json()["data"]
    assert listed == approved.json()
    assert "secret" not in listed


def deliver(app: FastAPI, secret: str) -> Any:
    stamp = int(datetime.now(UTC).timestamp())  # noqa: TID251 - a test's own clock
    body = json.dumps(
        {
            "type": "lms.section.read",
            "timestamp": datetime.fromtimestamp(stamp, UTC).isoformat(),
            "data": {"subject": "lms:1", "section": "s"},
        }
    ).encode()
    return client_of(app).post(
        "/v1/webhooks/lms",
        content=body,
        headers={
            "Content-Type": "application/json",
            "webhook-id": "msg_1",
            "webhook-timestamp": str(stamp),
            "webhook-signature": standard_webhooks.sign(secret, "msg_1", stamp, body),
        },
    )


def test_a_proposal_is_rejected(
    app: FastAPI, database: Database, admins: tuple[UUID, UUID]
) -> None:
    first = person(app, database, admins[0])
    change = first.post("/v1/sources/changes", json=SPEC).json()
    path = f"/v1/sources/changes/{change['id']}"
    no = {"digest": change["digest"]}
    assert first.post(f"{path}/reject", json=no).status_code == 204
    again = first.post(f"{path}/reject", json=no)
    assert (again.status_code, again.json()["code"]) == (409, "source_change_decided")


def test_what_is_refused(app: FastAPI, database: Database, admins: tuple[UUID, UUID]) -> None:
    admin = person(app, database, admins[0])
    member = execute(database, members.create_member, CreateMember()).member_id
    stranger = person(app, database, member)
    cases = [
        (admin, "/changes", {**SPEC, "profile": "pigeon"}, 422, "source_spec_invalid"),
        (admin, "/changes", {**SPEC, "name": "A B"}, 422, "source_spec_invalid"),
        (admin, "/changes/srx_0/approve", {"digest": "0" * 64}, 404, "bad_id"),
        (admin, "/changes/srx_0/approve", {"digest": "0"}, 422, "request_invalid"),
        (admin, "/nobody/secrets", {}, 404, "unknown_source"),
        (admin, "/credentials/sec_0/approve", {"digest": "0" * 64}, 404, "bad_id"),
        (admin, "/credentials/mem_0/reject", {}, 404, "bad_id"),
        (stranger, "/credentials/sec_0/approve", {"digest": "0" * 64}, 403, "role_required"),
        (admin, "/nobody/suspend", {}, 404, "unknown_source"),
        (stranger, "/changes", SPEC, 403, "role_required"),
        (client_of(app), "/changes", SPEC, 401, "credentials_missing"),
    ]
    for who, path, body, status, code in cases:
        answer = who.post(f"/v1/sources{path}", json=body)
        assert (answer.status_code, answer.json()["code"]) == (status, code), path
    assert stranger.get("/v1/sources").status_code == 403


def test_a_secret_must_fit_the_profile(
    app: FastAPI, database: Database, admins: tuple[UUID, UUID]
) -> None:
    first, second = (person(app, database, admin) for admin in admins)
    for spec in (SPEC, {**SPEC, "name": "keyed", "uri": "https://k.example", "profile": "bearer"}):
        change = first.post("/v1/sources/changes", json=spec).json()
        yes = {"digest": change["digest"]}
        second.post(f"/v1/sources/changes/{change['id']}/approve", json=yes)
    bad = first.post("/v1/sources/lms/secrets", json={"secret": "x" * 20})
    assert (bad.status_code, bad.json()["code"]) == (422, "secret_invalid")
    none = first.post("/v1/sources/keyed/secrets", json={})
    assert (none.status_code, none.json()["code"]) == (422, "source_spec_invalid")


def test_a_single_admins_notice_is_public_and_says_no_more_than_needed(
    app: FastAPI, database: Database, admins: tuple[UUID, UUID]
) -> None:
    first, second = (person(app, database, admin) for admin in admins)
    change = first.post("/v1/sources/changes", json=SPEC).json()
    yes = {"digest": change["digest"]}
    second.post(f"/v1/sources/changes/{change['id']}/approve", json=yes)
    with database.engine.begin() as connection:
        connection.execute(
            sa.text("DELETE FROM member_roles WHERE member_id = :m"), {"m": admins[1]}
        )
    made = first.post("/v1/sources/lms/secrets", json={}).json()
    early = first.post(
        f"/v1/sources/credentials/{made['id']}/approve", json={"digest": made["digest"]}
    )
    assert (early.status_code, early.json()["code"]) == (409, "credential_announced")
    (notice,) = client_of(app).get("/v1/sources/credentials/notices").json()["data"]
    assert set(notice) == {"id", "kind", "source", "proposed_at", "announced_until"}
    assert (notice["id"], notice["announced_until"]) == (made["id"], made["announced_until"])
    assert "announced publicly" in first.get("/admin/sources").text
    assert first.post(f"/v1/sources/credentials/{made['id']}/reject").status_code == 204
    assert client_of(app).get("/v1/sources/credentials/notices").json()["data"] == []
