"""Request ids, security headers, body limits, measurements."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from fastapi import FastAPI, Request
from fastapi.testclient import TestClient
from starlette.requests import ClientDisconnect

from api.http.door import Door
from api.http.limits import BODY_LIMITS, body_limit_of
from api.http.problems import responses
from api.settings import Settings
from tests.support.http import ORIGIN, client_of


@pytest.fixture
def app_with_sink(app: FastAPI) -> FastAPI:
    @app.post("/v1/sink", responses=responses(413))
    async def sink(request: Request) -> dict[str, int]:
        return {"bytes": len(await request.body())}

    @app.post("/v1/sink/json")
    def json_sink(body: dict[str, str]) -> dict[str, int]:
        return {"fields": len(body)}

    return app


def test_every_answer_has_an_id_and_the_security_headers(app: FastAPI) -> None:
    for path in ("/healthz", "/v1/nothing"):
        headers = client_of(app).get(path).headers
        assert len(headers["x-request-id"]) == 24
        assert "'unsafe-inline'" not in headers["content-security-policy"]
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"


def test_a_plain_request_id_is_kept_and_any_other_replaced(app: FastAPI) -> None:
    client = client_of(app)
    kept = client.get("/healthz", headers={"x-request-id": "order-1042.retry"})
    replaced = client.get("/healthz", headers={"x-request-id": "a b\tc<script>"})
    assert kept.headers["x-request-id"] == "order-1042.retry"
    assert "script" not in replaced.headers["x-request-id"]


def _chunks(total: int) -> Iterator[bytes]:
    for _ in range(total // 4096):
        yield b"x" * 4096


@pytest.mark.parametrize("path", ["/v1/sink", "/v1/sink/json"])
@pytest.mark.parametrize("stated", [True, False])
def test_a_body_over_the_limit_is_413_and_names_it(
    app_with_sink: FastAPI,
    path: str,
    stated: bool,  # noqa: FBT001 - a case
) -> None:
    limit = body_limit_of(path)
    size = limit.bytes_max // 4096 * 4096 + 8192
    content: bytes | Iterator[bytes] = b"x" * size if stated else _chunks(size)
    answer = client_of(app_with_sink).post(
        path, content=content, headers={"content-type": "application/json"}
    )
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")
    assert answer.json()["limit_name"] == limit.name == "body_bytes_max"
    assert answer.json()["limit_bytes"] == limit.bytes_max


def test_a_body_at_the_limit_is_taken(app_with_sink: FastAPI) -> None:
    limit = body_limit_of("/v1/sink").bytes_max
    assert client_of(app_with_sink).post("/v1/sink", content=b"x" * limit).json() == {
        "bytes": limit
    }


def test_the_last_limit_holds_for_every_path() -> None:
    assert BODY_LIMITS[-1].prefix == ""


def test_requests_are_counted_by_route_not_by_address(app: FastAPI) -> None:
    client = client_of(app)
    client.get("/healthz")
    client.get("/v1/members/mem_secret")
    client.get("/nowhere/mem_secret")
    text = client.get("/metrics").text
    assert 'vklad_http_requests_total{method="GET",route="/healthz",status="200"} 1.0' in text
    assert 'route="/v1/members/{member_id}",status="401"' in text
    assert 'route="other",status="404"' in text
    assert "mem_secret" not in text


def test_the_hot_doors_are_counted_by_their_templates(app: FastAPI) -> None:
    client = client_of(app)
    client.post("/v1/events")
    client.post("/v1/webhooks/mem_secret")
    text = client.get("/metrics").text
    assert 'vklad_http_requests_total{method="POST",route="/v1/events",status="401"} 1.0' in text
    assert 'route="/v1/webhooks/{source}",status="503"' in text
    assert "mem_secret" not in text


def test_a_client_that_went_away_is_no_error_of_ours(
    app: FastAPI, caplog: pytest.LogCaptureFixture
) -> None:
    async def gone(_: Request) -> bytes:
        raise ClientDisconnect

    sent: list[object] = []

    async def receive() -> dict[str, str]:
        return {"type": "http.disconnect"}

    async def send(message: object) -> None:
        sent.append(message)

    app.router.routes.insert(0, Door("/v1/gone", gone).route())
    scope = {"type": "http", "method": "POST", "path": "/v1/gone", "headers": []}
    asyncio.run(app(scope, receive, send))
    text = client_of(app).get("/metrics").text
    assert 'vklad_http_requests_total{method="POST",route="/v1/gone",status="0"} 1.0' in text
    assert sent == []
    assert [record for record in caplog.records if record.exc_info] == []


@pytest.mark.parametrize(
    "settings",
    [
        Settings(public_url="https://points.school.org"),
        Settings(public_url=ORIGIN, host="0.0.0.0"),  # noqa: S104 - nothing listens
    ],
)
def test_counters_take_a_key_wherever_others_may_come_from(
    app: FastAPI, settings: Settings
) -> None:
    """Also from a socket of this machine, which behind a proxy is everybody's."""
    app.state.parts.settings = settings
    here = TestClient(app, base_url=ORIGIN, client=("127.0.0.1", 50_000))
    refused = here.get("/metrics")
    assert (refused.status_code, refused.json()["code"]) == (401, "credentials_missing")
