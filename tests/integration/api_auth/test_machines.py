"""API keys, OAuth2 client credentials, scopes, rate limits."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa
from fastapi import FastAPI

from api.auth.keys import CreatedKey, CreateKey, create_key, principal_of_key
from api.auth.model import (
    ACCESS_TOKEN_LIFE,
    SCOPES,
    SOURCE_SCOPES,
    SourceKeyRequired,
    UnknownScope,
)
from api.auth.tables import access_tokens, api_keys
from api.http import principal
from api.http.health import is_public
from api.http.limits import ANONYMOUS_RATE, MACHINE_RATE
from ledger.events.model import Source
from ledger.events.sources import service as sources
from ledger.kernel.ids import format_id
from ledger.kernel.transaction import Database, execute
from ledger.members import store as members
from tests.integration.api_auth.conftest import make_admin, member_id_of
from tests.support.clock import SetClock
from tests.support.credentials import issue_key
from tests.support.http import client_of
from tests.support.sign_in import Browser


@pytest.fixture
def key(timed: Database) -> CreatedKey:
    return execute(timed, create_key, CreateKey("shop", frozenset({"members:read"})))


def _bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


def _code(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def _who(app: FastAPI, token: str) -> httpx.Response:
    return client_of(app).get("/v1/session", headers=_bearer(token))


def test_a_key_is_a_machine_with_its_scopes(app: FastAPI, key: CreatedKey) -> None:
    told = _who(app, key.text).json()
    assert told == {
        "kind": "machine",
        "subject": format_id("key", key.key.key_id),
        "roles": [],
        "scopes": ["members:read"],
        "csrf": None,
    }


def test_a_key_bound_to_a_source_is_that_source(
    app: FastAPI, timed: Database, source: Source
) -> None:
    with timed.read() as work:
        first, second = (grant.member_id for grant in members.list_roles(work))
    key = issue_key(timed, (first, second), source.uri, "events:write")
    told = _who(app, key.text).json()
    assert (told["kind"], told["subject"]) == ("source", source.uri)


def test_a_key_speaks_only_for_a_source_that_is_there_and_on(
    app: FastAPI, admin: Browser, timed: Database, source: Source
) -> None:
    imported = execute(timed, sources.source_for_import, "https://old.example")
    assert imported.state == "active"

    def ask(uri: str) -> httpx.Response:
        body = {"name": "bot", "scopes": ["events:write"], "source": uri}
        headers = {"x-csrf-token": admin.csrf}
        return admin.client.post("/v1/api-keys", json=body, headers=headers)

    assert _code(ask("https://nowhere.example")) == (404, "unknown_source")
    assert _code(ask(imported.uri)) == (403, "source_has_no_door")
    execute(timed, sources.suspend_source, source.name)
    assert _code(ask(source.uri)) == (403, "source_suspended")
    with timed.read() as work:
        assert not work.connection.execute(sa.select(api_keys)).all()


def test_the_secret_is_not_stored(key: CreatedKey, timed: Database) -> None:
    with timed.read() as work:
        row = work.connection.execute(sa.select(api_keys)).one()
    assert all(key.secret not in str(value) for value in row)


def test_a_key_with_anything_changed_is_refused(app: FastAPI, key: CreatedKey) -> None:
    other_id = f"vk_{'0' * 26}_{key.secret}"
    for text in (key.text[:-1], f"{key.text}x", key.text.swapcase(), other_id, "vk_", "vk_x_y"):
        assert _code(_who(app, text)) in {(401, "credentials_refused"), (401, "token_refused")}


def test_a_key_ends_at_its_time(app: FastAPI, timed: Database, clock: SetClock) -> None:
    command = CreateKey("brief", frozenset(), expires_at=clock.now() + timedelta(minutes=1))
    text = execute(timed, create_key, command).text
    assert _who(app, text).status_code == 200
    clock.forward(timedelta(minutes=1))
    assert _code(_who(app, text)) == (401, "credentials_refused")


def test_a_scope_that_does_not_exist_is_refused(timed: Database) -> None:
    with pytest.raises(UnknownScope) as refused:
        execute(timed, create_key, CreateKey("x", frozenset({"grants:approve"})))
    assert refused.value.operands["scope"] == "grants:approve"


@pytest.mark.parametrize("scope", sorted(SOURCE_SCOPES))
def test_what_moves_points_or_states_facts_takes_a_key_of_a_source(
    timed: Database, admin: Browser, scope: str
) -> None:
    with pytest.raises(SourceKeyRequired) as refused:
        execute(timed, create_key, CreateKey("x", frozenset({"members:read", scope})))
    assert refused.value.operands["scope"] == scope
    body, headers = {"name": "x", "scopes": [scope]}, {"x-csrf-token": admin.csrf}
    answer = admin.client.post("/v1/api-keys", json=body, headers=headers)
    assert _code(answer) == (422, "source_key_required")
    older = execute(timed, create_key, CreateKey("x", frozenset({"members:read"})))
    execute(
        timed,
        lambda work, _: work.connection.execute(
            api_keys.update().values(scopes=["members:read", scope])
        ),
        None,
    )
    with timed.read() as work:
        assert principal_of_key(work, older.text).scopes == {"members:read"}


def test_a_key_without_the_scope_is_403_and_told_which(app: FastAPI, timed: Database) -> None:
    text = execute(timed, create_key, CreateKey("x", frozenset({"journal:read"}))).text
    answer = client_of(app).get("/v1/members", headers=_bearer(text))
    assert _code(answer) == (403, "scope_required")
    assert "members:read" in answer.json()["scopes"]


def test_what_is_counted_is_told_to_a_key_for_it(app: FastAPI, timed: Database) -> None:
    app.dependency_overrides[is_public] = lambda: True
    told = [
        client_of(app).get("/metrics", headers=_bearer(made.text)).status_code
        for scope in ("metrics:read", "journal:read")
        for made in [execute(timed, create_key, CreateKey("x", frozenset({scope})))]
    ]
    assert told == [200, 403]


def test_every_scope_is_asked_for_somewhere() -> None:
    folder = Path(principal.__file__).parent
    text = "".join(path.read_text(encoding="utf-8") for path in folder.rglob("*.py"))
    assert [scope for scope in SCOPES if f'"{scope}"' not in text] == []


def test_a_machine_is_nobodys_self(app: FastAPI, key: CreatedKey) -> None:
    answer = client_of(app).get("/v1/members/me", headers=_bearer(key.text))
    assert _code(answer) == (403, "member_required")


def test_a_machine_never_has_a_role(app: FastAPI, key: CreatedKey) -> None:
    answer = client_of(app).get("/v1/api-keys", headers=_bearer(key.text))
    assert _code(answer) == (403, "role_required")


# Keys by admins


def test_two_admins_make_and_one_revokes_keys(
    app: FastAPI,
    admin: Browser,
    browser: Callable[[], Browser],
    timed: Database,
    source: Source,
    *,
    key: CreatedKey,
) -> None:
    csrf = {"x-csrf-token": admin.csrf}
    body = {"name": "bot", "scopes": ["events:write"], "source": source.uri}
    made = admin.client.post("/v1/api-keys", json=body, headers=csrf)
    assert (made.status_code, made.json()["state"]) == (201, "draft")
    assert _code(_who(app, made.json()["key"])) == (401, "credentials_refused")
    approval = f"/v1/sources/credentials/{made.json()['id']}/approve"
    yes = {"digest": made.json()["digest"]}
    own = admin.client.post(approval, json=yes, headers=csrf)
    assert _code(own) == (403, "credential_needs_another_person")
    keyed = client_of(app).post(approval, json=yes, headers=_bearer(key.text))
    assert _code(keyed) == (403, "member_required")
    second = browser()
    second.sign_in("second-admin")
    make_admin(timed, member_id_of(second))
    agreed = second.client.post(approval, json=yes, headers={"x-csrf-token": second.csrf})
    assert agreed.status_code == 200
    assert _who(app, made.json()["key"]).json()["subject"] == source.uri
    listed = admin.client.get("/v1/api-keys").json()["data"]
    named = [(row["name"], row["state"], row["revoked_at"]) for row in listed]
    assert named == [("shop", "approved", None), ("bot", "approved", None)]
    assert [row["approved_by"] for row in listed] == [
        None,
        format_id("mem", member_id_of(second)),
    ]
    assert made.json()["client_secret"] not in admin.client.get("/v1/api-keys").text
    path = f"/v1/api-keys/{made.json()['id']}"
    assert admin.client.delete(path, headers=csrf).status_code == 204
    assert _code(_who(app, made.json()["key"])) == (401, "credentials_refused")
    assert _code(admin.client.delete(path, headers=csrf)) == (404, "no_such_key")


def test_a_member_makes_no_keys(student: Browser) -> None:
    answer = student.client.post(
        "/v1/api-keys", json={"name": "x", "scopes": []}, headers={"x-csrf-token": student.csrf}
    )
    assert _code(answer) == (403, "role_required")


def test_lists_are_paged_by_cursors_that_only_we_make(admin: Browser, timed: Database) -> None:
    for number in range(5):
        execute(timed, create_key, CreateKey(f"key {number}", frozenset()))
    names, cursor, pages = [], None, 0
    while pages == 0 or cursor:
        query = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        answer = admin.client.get("/v1/api-keys", params=query).json()
        names += [row["name"] for row in answer["data"]]
        cursor, pages = answer["next_cursor"], pages + 1
    assert (names, pages) == ([f"key {number}" for number in range(5)], 3)
    first = admin.client.get("/v1/api-keys?limit=2").json()["next_cursor"]
    for bad in (f"{first}x", first[:-3], "x", "", "é"):
        answer = admin.client.get("/v1/api-keys", params={"cursor": bad})
        assert _code(answer) == (400, "bad_cursor"), bad
    assert _code(admin.client.get("/v1/members", params={"cursor": first})) == (400, "bad_cursor")


@pytest.mark.parametrize("limit", ["0", "101", "-1", "many"])
def test_a_limit_out_of_range_is_422(admin: Browser, limit: str) -> None:
    answer = admin.client.get("/v1/api-keys", params={"limit": limit})
    assert _code(answer) == (422, "request_invalid")


# OAuth2 client credentials


def _token(app: FastAPI, **form: str) -> httpx.Response:
    return client_of(app).post("/oauth/token", data=form)


def _client(key: CreatedKey) -> dict[str, str]:
    return {
        "grant_type": "client_credentials",
        "client_id": format_id("key", key.key.key_id),
        "client_secret": key.secret,
    }


def test_a_client_gets_a_token_that_is_the_key(app: FastAPI, key: CreatedKey) -> None:
    answer = _token(app, **_client(key))
    assert answer.headers["cache-control"] == "no-store"
    assert answer.json()["token_type"] == "Bearer"
    assert answer.json()["expires_in"] == 3600
    assert answer.json()["scope"] == "members:read"
    assert _who(app, answer.json()["access_token"]).json()["scopes"] == ["members:read"]


def test_a_client_may_use_http_basic(app: FastAPI, key: CreatedKey) -> None:
    client = _client(key)
    basic = b64encode(f"{client['client_id']}:{key.secret}".encode()).decode()
    answer = client_of(app).post(
        "/oauth/token",
        data={"grant_type": "client_credentials"},
        headers={"authorization": f"Basic {basic}"},
    )
    assert answer.status_code == 200


def test_a_token_has_no_more_scopes_than_asked_and_than_the_key(
    app: FastAPI, timed: Database
) -> None:
    command = CreateKey("x", frozenset({"members:read", "balances:read"}))
    key = execute(timed, create_key, command)
    answer = _token(app, **_client(key), scope="members:read journal:read")
    assert answer.json()["scope"] == "members:read"


def test_a_token_ends_after_an_hour_and_with_its_key(
    app: FastAPI, key: CreatedKey, clock: SetClock, timed: Database
) -> None:
    first = _token(app, **_client(key)).json()["access_token"]
    clock.forward(ACCESS_TOKEN_LIFE)
    assert _code(_who(app, first)) == (401, "credentials_refused")
    second = _token(app, **_client(key)).json()["access_token"]
    assert _who(app, second).status_code == 200
    execute(
        timed,
        lambda work, _: work.connection.execute(api_keys.update().values(revoked_at=work.now)),
        None,
    )
    assert _code(_who(app, second)) == (401, "credentials_refused")


def test_a_token_is_not_stored(app: FastAPI, key: CreatedKey, timed: Database) -> None:
    token = _token(app, **_client(key)).json()["access_token"]
    with timed.read() as work:
        row = work.connection.execute(sa.select(access_tokens)).one()
    assert all(token not in str(value) for value in row)


@pytest.mark.parametrize(
    ("changed", "status", "error"),
    [
        ({"client_secret": "wrong"}, 401, "invalid_client"),
        ({"client_id": "key_" + "0" * 26}, 401, "invalid_client"),
        ({"client_id": "nonsense"}, 401, "invalid_client"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"scope": "everything"}, 400, "invalid_scope"),
    ],
)
def test_a_client_is_refused_as_the_standard_says(
    app: FastAPI, key: CreatedKey, changed: dict[str, str], status: int, error: str
) -> None:
    answer = _token(app, **(_client(key) | changed))
    assert (answer.status_code, answer.json()) == (status, {"error": error})


def test_a_client_without_credentials_is_refused(app: FastAPI) -> None:
    answer = _token(app, grant_type="client_credentials")
    assert (answer.status_code, answer.json()) == (401, {"error": "invalid_client"})
    assert answer.headers["www-authenticate"].startswith("Basic")


def test_the_metadata_names_the_token_endpoint(app: FastAPI) -> None:
    metadata = client_of(app).get("/.well-known/oauth-authorization-server").json()
    assert metadata["token_endpoint"].endswith("/oauth/token")


# Rates


def test_every_answer_to_a_principal_says_what_is_left(app: FastAPI, key: CreatedKey) -> None:
    first, second = _who(app, key.text), _who(app, key.text)
    assert first.headers["ratelimit-policy"] == f'"machine";q={MACHINE_RATE.quota};w=60'
    left = [int(answer.headers["ratelimit"].split(";")[1][2:]) for answer in (first, second)]
    assert left[0] == MACHINE_RATE.quota - 1
    assert left[1] <= left[0]


def test_guessing_credentials_from_one_address_is_429(app: FastAPI) -> None:
    answers = (_who(app, "vk_guess") for _ in range(3 * ANONYMOUS_RATE.quota))
    answer = next(answer for answer in answers if answer.status_code != 401)
    assert _code(answer) == (429, "too_many_requests")
    assert int(answer.headers["retry-after"]) == answer.json()["retry_after_s"] >= 1
    assert answer.headers["ratelimit"].startswith('"anonymous";r=0;')
