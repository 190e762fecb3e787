"""Every kind of refusal as RFC 9457 says, in the reader's language, with nothing leaked."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi import FastAPI
from pydantic import BaseModel

from api.http.problems import STATUS_OF_KIND, responses
from ledger.kernel.errors import ErrorKind, VkladError
from tests.support.http import ORIGIN, client_of


class Line(BaseModel):
    price: int


class Body(BaseModel):
    lines: list[Line]


class ShortOfPoints(VkladError):
    code = "short_of_points"
    kind = ErrorKind.INVALID


@pytest.fixture
def app_with_routes(app: FastAPI) -> FastAPI:
    @app.post("/v1/orders")
    def orders(body: Body) -> dict[str, int]:
        return {"lines": len(body.lines)}

    @app.get("/v1/raise/{kind}", responses=responses(*STATUS_OF_KIND.values()))
    def raising(kind: str) -> None:
        failing = type("Failing", (VkladError,), {"code": f"x_{kind}", "kind": ErrorKind(kind)})
        raise failing("It is so.", shortfall=40)

    @app.get("/v1/crash")
    def crash() -> None:
        raise RuntimeError("the password is hunter2")

    @app.get("/v1/short", responses=responses(422))
    def short() -> None:
        raise ShortOfPoints("40 points short.", shortfall=40, status="taken")

    return app


@pytest.mark.parametrize("kind", list(ErrorKind))
def test_each_kind_has_its_status_and_a_whole_document(
    app_with_routes: FastAPI, kind: ErrorKind
) -> None:
    answer = client_of(app_with_routes).get(f"/v1/raise/{kind}")
    problem = answer.json()
    assert answer.status_code == STATUS_OF_KIND[kind]
    assert answer.headers["content-type"] == "application/problem+json"
    assert problem["type"] == f"{ORIGIN}/problems/x_{kind}"
    assert (problem["code"], problem["status"]) == (f"x_{kind}", STATUS_OF_KIND[kind])
    assert problem["detail"] == "It is so."
    assert problem["shortfall"] == 40
    assert problem["instance"] == f"/v1/raise/{kind}"


def test_every_kind_is_in_the_table() -> None:
    assert set(STATUS_OF_KIND) == set(ErrorKind)


def test_operands_never_replace_members_of_the_standard(app_with_routes: FastAPI) -> None:
    problem = client_of(app_with_routes).get("/v1/short").json()
    assert problem["status"] == 422


def test_language_follows_the_reader(app_with_routes: FastAPI) -> None:
    client = client_of(app_with_routes)
    english = client.get("/v1/nothing", headers={"accept-language": "en"})
    russian = client.get("/v1/nothing", headers={"accept-language": "fr, ru-RU;q=0.9, en;q=0.8"})
    assert english.json()["title"] == "Not found"
    assert russian.json()["title"] == "Не найдено"
    assert russian.headers["content-language"] == "ru"
    assert english.json()["code"] == russian.json()["code"] == "no_such_path"


def test_a_code_without_a_message_is_told_by_its_kind_and_sentence(
    app_with_routes: FastAPI,
) -> None:
    problem = client_of(app_with_routes).get("/v1/short", headers={"accept-language": "ru"}).json()
    assert problem["title"] == "Выполнить нельзя"
    assert problem["detail"] == "40 points short."


def test_a_body_that_is_not_json_is_400(app_with_routes: FastAPI) -> None:
    answer = client_of(app_with_routes).post(
        "/v1/orders", content=b'{"lines": [', headers={"content-type": "application/json"}
    )
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed_json")


def test_json_of_another_shape_is_422_and_says_where(app_with_routes: FastAPI) -> None:
    answer = client_of(app_with_routes).post(
        "/v1/orders", json={"lines": [{"price": 1}, {"price": "hunter2"}]}
    )
    assert (answer.status_code, answer.json()["code"]) == (422, "request_invalid")
    assert answer.json()["errors"][0]["pointer"] == "/lines/1/price"
    assert "hunter2" not in answer.text


@pytest.mark.parametrize("content_type", ["text/plain", "application/xml", None])
def test_another_content_type_is_415(app_with_routes: FastAPI, content_type: str | None) -> None:
    headers = {} if content_type is None else {"content-type": content_type}
    answer = client_of(app_with_routes).post("/v1/orders", content=b"{}", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")


def test_no_body_at_all_is_422(app_with_routes: FastAPI) -> None:
    assert client_of(app_with_routes).post("/v1/orders").status_code == 422


def test_another_method_is_405_and_names_the_right_one(app_with_routes: FastAPI) -> None:
    answer = client_of(app_with_routes).get("/v1/orders")
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
    assert answer.headers["allow"] == "POST"


def test_a_crash_is_500_with_the_request_id_and_no_insides(app_with_routes: FastAPI) -> None:
    answer = client_of(app_with_routes).get("/v1/crash")
    assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")
    assert answer.json()["request_id"] == answer.headers["x-request-id"]
    assert "hunter2" not in answer.text


def test_a_database_that_is_down_is_503_with_retry_after(app_with_routes: FastAPI) -> None:
    answer = client_of(app_with_routes).get("/readyz")
    assert (answer.status_code, answer.json()["code"]) == (503, "database_unavailable")
    assert int(answer.headers["retry-after"]) > 0


def test_a_refused_identity_says_how_to_identify(app_with_routes: FastAPI) -> None:
    answer = client_of(app_with_routes).get("/v1/raise/unauthenticated")
    assert answer.headers["www-authenticate"].startswith("Bearer")


def test_openapi_states_the_problem_document(app_with_routes: FastAPI) -> None:
    description: dict[str, Any] = client_of(app_with_routes).get("/v1/openapi.json").json()
    assert description["openapi"].startswith("3.1")
    refusal = description["paths"]["/v1/orders"]["post"]["responses"]["422"]
    assert list(refusal["content"]) == ["application/problem+json"]
