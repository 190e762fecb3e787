"""The OpenAPI 3.1 description: what FastAPI derives, with our problem document for every refusal.

``docs/openapi.json`` is this, committed; a test says when it is old.
"""

from __future__ import annotations

import json
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from api.http.problems import PROBLEM_SCHEMA, responses

_PREFIXES: Final = ("/v1/", "/oauth/", "/healthz", "/readyz", "/metrics")
_ALWAYS: Final = (429, 500, 503)
_WITH_BODY: Final = (400, 413, 415, 422)
_UNUSED: Final = ("HTTPValidationError", "ValidationError")


def describe(app: FastAPI) -> None:
    """Let ``app`` serve the description of its machine-facing paths (pages are left out)."""

    def description() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _description(app)
        return app.openapi_schema

    app.openapi = description  # type: ignore[method-assign]  # FastAPI's documented way


def as_text(app: FastAPI) -> str:
    """The description as it is committed."""
    return json.dumps(app.openapi(), indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def _description(app: FastAPI) -> dict[str, Any]:
    schema = get_openapi(
        title=app.title,
        version=app.version,
        routes=app.routes,
        summary="The contribution economy of a learning community.",
    )
    schema["paths"] = {
        path: item for path, item in schema["paths"].items() if path.startswith(_PREFIXES)
    }
    components = schema.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    for name in _UNUSED:
        schemas.pop(name, None)
    schemas["Problem"] = PROBLEM_SCHEMA
    components["securitySchemes"] = {
        "bearer": {"type": "http", "scheme": "bearer"},
        "session": {"type": "apiKey", "in": "cookie", "name": "vklad_session"},
    }
    for item in schema["paths"].values():
        for operation in item.values():
            _state_refusals(operation)
    return schema


def _state_refusals(operation: dict[str, Any]) -> None:
    """State what any operation may answer, and what any with a body may."""
    answers = operation.setdefault("responses", {})
    if _is_default(answers.get("422")):
        del answers["422"]
    statuses = _ALWAYS + (_WITH_BODY if "requestBody" in operation else ())
    if "parameters" in operation:
        statuses += (422,)
    for status, answer in responses(*statuses).items():
        answers.setdefault(str(status), answer)


def _is_default(answer: dict[str, Any] | None) -> bool:
    """Whether this is FastAPI's own 422, which we never send."""
    return answer is not None and "application/json" in answer.get("content", {})
