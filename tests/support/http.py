"""An HTTP client on an application in this process, and the parts to create one with."""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass, field
from typing import Any

import httpx
from fastapi import FastAPI
from starlette.exceptions import StarletteDeprecationWarning

from api.settings import Settings
from ledger.kernel.transaction import Database

with warnings.catch_warnings():
    warnings.simplefilter("ignore", StarletteDeprecationWarning)
    from starlette.testclient import TestClient


class DocumentedClient(TestClient):
    """Fails the test whose answer has a status that the OpenAPI description does not state."""

    def request(self, method: str, url: Any, **options: Any) -> httpx.Response:
        """As any client's, and checked."""
        answer = super().request(method, url, **options)
        path = answer.request.url.path
        if isinstance(self.app, FastAPI) and path.startswith("/v1/"):
            stated = _stated(self.app, method, path)
            told = f"{method} {path} answered {answer.status_code}, which is not documented."
            assert stated is None or str(answer.status_code) in stated, told
        return answer


def _stated(app: FastAPI, method: str, path: str) -> dict[str, Any] | None:
    """The answers stated for an operation; ``None`` if there is no such operation."""
    found: dict[str, Any] | None = None
    for template, item in _described(app).items():
        if re.fullmatch(re.sub(r"\\{\w+\\}", "[^/]+", re.escape(template)), path):
            found = item.get(method.lower(), {}).get("responses")
            if "{" not in template:
                break
    return found


def _described(app: FastAPI) -> dict[str, Any]:
    """The paths of an application's description; made once for all that have the same routes.

    Routes are the same by the names of what answers them: the functions themselves are made with
    each application, and whoever remembered them would keep it, its database and all.
    """
    routes = frozenset(
        (getattr(route, "path", ""), _name_of(getattr(route, "endpoint", None)))
        for route in app.routes
    )
    if routes not in _DESCRIBED:
        _DESCRIBED[routes] = app.openapi()["paths"]
    return _DESCRIBED[routes]


def _name_of(endpoint: Any) -> str:
    return f"{getattr(endpoint, '__module__', '')}:{getattr(endpoint, '__qualname__', '')}"


_DESCRIBED: dict[frozenset[tuple[str, str]], dict[str, Any]] = {}
ORIGIN = "http://127.0.0.1:8000"
SECRET = bytes(range(32))


@dataclass
class TestParts:
    """The least that ``create_app`` needs."""

    __test__ = False

    database: Database
    settings: Settings = field(default_factory=lambda: Settings(public_url=ORIGIN))
    secret: bytes = SECRET


def client_of(app: FastAPI, **headers: str) -> TestClient:
    """A client that follows no redirect, keeps cookies and sends ``headers`` each time."""
    return DocumentedClient(
        app,
        base_url=ORIGIN,
        follow_redirects=False,
        raise_server_exceptions=False,
        headers=headers,
    )
