"""Members over HTTP, and roles given by two admins."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest
from fastapi import FastAPI

from api.auth.keys import CreateKey, create_key
from ledger.kernel.ids import format_id
from ledger.kernel.transaction import Database, execute
from tests.integration.api_auth.conftest import make_admin, member_id_of
from tests.support.http import client_of
from tests.support.sign_in import Browser

Browsers = Callable[[], Browser]


@pytest.fixture
def second_admin(browser: Browsers, timed: Database) -> Browser:
    signed_in = browser()
    signed_in.sign_in("second-admin")
    make_admin(timed, member_id_of(signed_in))
    return signed_in


def _code(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def _id(browser: Browser) -> str:
    return format_id("mem", member_id_of(browser))


def _send(browser: Browser, method: str, path: str, **body: object) -> httpx.Response:
    return browser.client.request(
        method, path, json=body or None, headers={"x-csrf-token": browser.csrf}
    )


def test_a_role_takes_two_admins(admin: Browser, second_admin: Browser, student: Browser) -> None:
    path = f"/v1/members/{_id(student)}/roles"
    assert _send(admin, "POST", path, role="teacher").status_code == 202
    assert student.client.get("/v1/session").json()["roles"] == ["member"]
    refused = _send(admin, "POST", f"{path}/teacher/approval")
    assert _code(refused) == (403, "role_needs_another_person")
    granted = _send(second_admin, "POST", f"{path}/teacher/approval")
    assert granted.json()["state"] == "granted"
    assert student.client.get("/v1/session").json()["roles"] == ["member", "teacher"]


def test_nobody_approves_their_own_promotion(
    admin: Browser, second_admin: Browser, student: Browser
) -> None:
    path = f"/v1/members/{_id(second_admin)}/roles"
    _send(admin, "POST", path, role="auditor")
    refused = _send(second_admin, "POST", f"{path}/auditor/approval")
    assert _code(refused) == (403, "role_needs_another_person")


def test_a_role_that_was_not_proposed_is_not_approved(admin: Browser, student: Browser) -> None:
    answer = _send(admin, "POST", f"/v1/members/{_id(student)}/roles/teacher/approval")
    assert _code(answer) == (409, "role_not_proposed")


def test_a_role_that_does_not_exist_is_422(admin: Browser, student: Browser) -> None:
    path = f"/v1/members/{_id(student)}/roles"
    assert _code(_send(admin, "POST", path, role="king")) == (422, "request_invalid")
    assert _code(_send(admin, "POST", f"{path}/king/approval")) == (422, "request_invalid")


def test_taking_a_role_away_takes_one_and_ends_the_sessions(
    admin: Browser, second_admin: Browser, student: Browser, timed: Database
) -> None:
    path = f"/v1/members/{_id(second_admin)}/roles/admin"
    assert _code(_send(admin, "DELETE", path)) == (409, "too_few_admins")
    make_admin(timed, member_id_of(student))
    assert _send(admin, "DELETE", path).status_code == 204
    assert second_admin.client.get("/v1/session").status_code == 401
    second_admin.sign_in("second-admin")
    assert second_admin.client.get("/v1/session").json()["roles"] == ["member"]


def test_a_member_gives_no_roles_and_sees_no_others(student: Browser, admin: Browser) -> None:
    path = f"/v1/members/{_id(student)}"
    assert _code(_send(student, "POST", f"{path}/roles", role="admin")) == (403, "role_required")
    assert _code(_send(student, "DELETE", f"{path}/roles/admin")) == (403, "role_required")
    for reading in ("/v1/members", "/v1/members/roles", f"/v1/members/{_id(admin)}"):
        assert _code(student.client.get(reading)) == (403, "role_required")


def test_an_admin_sees_members_with_names_and_roles(admin: Browser, student: Browser) -> None:
    listed = admin.client.get("/v1/members").json()["data"]
    assert {row["display_name"] for row in listed} == {"Anna Volkova", "Maria Sokolova"}
    one = admin.client.get(f"/v1/members/{_id(admin)}").json()
    assert (one["roles"], one["wallet"]) == (["admin"], None)
    roles = admin.client.get("/v1/members/roles").json()["data"]
    assert [(row["role"], row["state"]) for row in roles] == [("admin", "granted")]


def test_a_key_sees_members_without_names(app: FastAPI, student: Browser, timed: Database) -> None:
    key = execute(timed, create_key, CreateKey("crm", frozenset({"members:read"}))).text
    client = client_of(app, authorization=f"Bearer {key}")
    for found in (
        client.get("/v1/members").json()["data"][0],
        client.get(f"/v1/members/{_id(student)}").json(),
    ):
        assert found["id"] == _id(student)
        assert "display_name" not in found


@pytest.mark.parametrize("member", ["mem_" + "0" * 26, "mem_x", "evt_" + "0" * 26, "1"])
def test_an_unknown_member_is_404(admin: Browser, member: str) -> None:
    assert admin.client.get(f"/v1/members/{member}").status_code == 404
