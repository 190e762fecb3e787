"""``Idempotency-Key`` over HTTP: one effect, one answer, whoever asks how often."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from uuid import UUID

import httpx
import pytest
import sqlalchemy as sa
from fastapi import FastAPI, Response
from pydantic import BaseModel
from starlette.testclient import TestClient

from api.auth.keys import CreateKey, create_key
from api.http.idempotency import OnceHere, once_responses
from ledger.kernel.errors import ErrorKind, VkladError
from ledger.kernel.ids import format_id
from ledger.kernel.transaction import Database, Work, execute
from ledger.members import store as members
from ledger.members.tables import members as members_table
from tests.support.http import client_of


class Failing(VkladError):
    code = "x_failing"


class Body(BaseModel):
    count: int
    fail: str | None = None


@dataclass(frozen=True)
class Create:
    count: int
    fail: str | None


def _create(work: Work, command: Create) -> list[UUID]:
    made = [work.ids.new(work.now) for _ in range(command.count)]
    members.insert_members(work, made, "en")
    if command.fail is not None:
        kind = ErrorKind(command.fail)
        raise type("Failing", (Failing,), {"kind": kind})("It fails.", count=command.count)
    return made


@pytest.fixture
def client(app: FastAPI, timed: Database) -> TestClient:
    @app.post("/v1/toys", status_code=201, responses=once_responses(404, 410))
    def toys(body: Body, once: OnceHere) -> Response:
        return once(
            _create,
            Create(body.count, body.fail),
            render=lambda made: {"z": 1, "ids": [format_id("mem", one) for one in made], "a": 2},
        )

    @app.post("/v1/other-toys", status_code=201)
    def others(body: Body, once: OnceHere) -> Response:
        return once(_create, Create(body.count, body.fail), render=len)

    return client_of(app, authorization=f"Bearer {_key(timed)}")


def _key(database: Database) -> str:
    return execute(database, create_key, CreateKey("toy", frozenset())).text


def _members(database: Database) -> int:
    with database.read() as work:
        query = sa.select(sa.func.count()).select_from(members_table)
        return work.connection.execute(query).scalar_one()


def _post(
    client: TestClient, key: str | None, path: str = "/v1/toys", **body: object
) -> httpx.Response:
    headers = {} if key is None else {"idempotency-key": key}
    return client.post(path, json={"count": 1} | body, headers=headers)


def _code(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def test_the_second_answer_is_the_first_byte_for_byte(client: TestClient, timed: Database) -> None:
    first, second = _post(client, "order-1"), _post(client, '"order-1"')
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.content == second.content
    assert "idempotency-replayed" not in first.headers
    assert second.headers["idempotency-replayed"] == "true"
    assert _members(timed) == 1


@pytest.mark.parametrize("kind", ["conflict", "gone", "invalid"])
def test_a_refusal_of_a_stored_kind_is_told_again_and_left_no_trace(
    client: TestClient, timed: Database, kind: str
) -> None:
    first, second = (_post(client, "k", fail=kind) for _ in range(2))
    assert first.content == second.content
    assert first.status_code == second.status_code in {409, 410, 422}
    assert second.headers["content-type"] == "application/problem+json"
    assert second.headers["idempotency-replayed"] == "true"
    assert first.json()["count"] == 1
    assert _members(timed) == 0


@pytest.mark.parametrize(
    "kind", ["malformed", "unauthenticated", "forbidden", "not_found", "unavailable"]
)
def test_any_other_refusal_may_be_tried_again_with_the_key(
    client: TestClient, timed: Database, kind: str
) -> None:
    assert _code(_post(client, "k", fail=kind))[1] == "x_failing"
    assert _members(timed) == 0
    again = _post(client, "k")
    assert (again.status_code, "idempotency-replayed" in again.headers) == (201, False)


def test_another_body_path_or_query_under_the_key_is_422(client: TestClient) -> None:
    assert _post(client, "k").status_code == 201
    for changed in (
        _post(client, "k", count=2),
        _post(client, "k", "/v1/other-toys"),
        _post(client, "k", "/v1/toys?dry=1"),
    ):
        assert _code(changed) == (422, "idempotency_key_reused")
    assert _post(client, "k").status_code == 201


def test_keys_of_two_principals_do_not_meet(
    client: TestClient, app: FastAPI, timed: Database
) -> None:
    other = client_of(app, authorization=f"Bearer {_key(timed)}")
    assert _post(client, "k").content != _post(other, "k").content
    assert _members(timed) == 2


def test_a_missing_key_is_400(client: TestClient, timed: Database) -> None:
    assert _code(_post(client, None)) == (400, "idempotency_key_missing")
    assert _members(timed) == 0


@pytest.mark.parametrize("key", ["", " ", '""', '"a', "x" * 256, '"a"b"', "a b", "a\tb"])
def test_a_malformed_key_is_400(client: TestClient, key: str) -> None:
    assert _code(_post(client, key)) == (400, "idempotency_key_malformed")


def test_a_key_of_the_greatest_length_is_taken(client: TestClient) -> None:
    assert _post(client, "x" * 255).status_code == 201


def test_a_body_that_is_refused_uses_no_key(client: TestClient) -> None:
    assert _code(_post(client, "k", count="many")) == (422, "request_invalid")
    assert _post(client, "k").status_code == 201


def test_many_at_once_have_one_effect(client: TestClient, timed: Database) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: _post(client, "k"), range(24)))
    told = {answer.content for answer in answers if answer.status_code == 201}
    running = [answer for answer in answers if answer.status_code != 201]
    assert len(told) == 1
    assert all(_code(answer) == (409, "request_in_progress") for answer in running)
    assert _members(timed) == 1
