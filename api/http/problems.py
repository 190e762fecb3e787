"""Errors over HTTP: RFC 9457 problem documents, and the one table from kind to status.

A use case raises a ``VkladError``; nobody catches it. Here its ``kind`` becomes the status, its
``code`` stays as it is, its operands become members, and title and detail are in the reader's
language: ``errors.<code>`` of the catalogues, else the kind's title and the error's own English
sentence. That sentence has the values in it, so English needs a detail only where it says more.
Outside ``/v1`` the same error is a page (``api.pages``), by ``ErrorPage``.

    raise InsufficientPoints("…", shortfall=40)
    → 422 {"type": "…/problems/insufficient_points", "title": "…", "status": 422,
           "detail": "…", "code": "insufficient_points", "shortfall": 40}
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any, Final, Protocol, cast

import orjson
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from api.http.parts import catalogue_of, language_of_request, parts_of
from api.i18n.catalogue import Catalogue, Language
from ledger.kernel.errors import ErrorKind, Operand, VkladError

STATUS_OF_KIND: Final[Mapping[ErrorKind, int]] = {
    ErrorKind.MALFORMED: 400,
    ErrorKind.UNAUTHENTICATED: 401,
    ErrorKind.FORBIDDEN: 403,
    ErrorKind.NOT_FOUND: 404,
    ErrorKind.CONFLICT: 409,
    ErrorKind.GONE: 410,
    ErrorKind.STALE: 412,
    ErrorKind.TOO_LARGE: 413,
    ErrorKind.UNSUPPORTED_MEDIA: 415,
    ErrorKind.INVALID: 422,
    ErrorKind.PRECONDITION_REQUIRED: 428,
    ErrorKind.RATE_LIMITED: 429,
    ErrorKind.UNAVAILABLE: 503,
}
MEDIA_TYPE: Final = "application/problem+json"
RETRY_AFTER_S: Final = 2
"""What a client is told to wait after a 503."""
_PLACES_MAX: Final = 20

_logger = logging.getLogger(__name__)

Problem = dict[str, Operand]


class RequestInvalid(VkladError):
    """A body or parameter that is well-formed but not what the path takes."""

    code = "request_invalid"
    kind = ErrorKind.INVALID


class MalformedJson(VkladError):
    """A body that is not JSON."""

    code = "malformed_json"
    kind = ErrorKind.MALFORMED


class MalformedBody(VkladError):
    """A body that cannot be read as what it says it is."""

    code = "malformed_body"
    kind = ErrorKind.MALFORMED


class UnsupportedMediaType(VkladError):
    """A body of another content type than the path takes."""

    code = "unsupported_media_type"
    kind = ErrorKind.UNSUPPORTED_MEDIA


class NoSuchPath(VkladError):
    """An address that nothing answers."""

    code = "no_such_path"
    kind = ErrorKind.NOT_FOUND


class MethodNotAllowed(VkladError):
    """An address that does not take the method (delivered as 405, which no kind stands for)."""

    code = "method_not_allowed"
    kind = ErrorKind.NOT_FOUND


class InternalError(VkladError):
    """A programmer's error, told to the client without its insides (delivered as 500)."""

    code = "internal_error"
    kind = ErrorKind.UNAVAILABLE


_STATUS_OF_CODE: Final = {MethodNotAllowed.code: 405, InternalError.code: 500}


class Refused(HTTPException):
    """A ``VkladError`` raised where the framework lets only its own exceptions through."""

    def __init__(self, error: VkladError) -> None:
        super().__init__(status_of(error), error.message)
        self.error = error


class Notes(Protocol):
    """Where refusals are noted that a source's admins may look at."""

    def note(self, request: Request, error: VkladError) -> None:
        """Keep it, if it is one of those."""
        ...


class ErrorPage(Protocol):
    """How an error is shown to a person with a browser; registered by the pages."""

    def __call__(self, request: Request, problem: Problem, headers: dict[str, str]) -> Response:
        """The page, or a redirect to signing in."""
        ...


def status_of(error: VkladError) -> int:
    """The HTTP status of an error."""
    return _STATUS_OF_CODE.get(error.code, STATUS_OF_KIND[error.kind])


def problem_of(
    error: VkladError, catalogue: Catalogue, language: Language, public_url: str
) -> Problem:
    """The problem document of an error, without ``instance``."""
    key = f"errors.{error.code}"
    detail = error.message
    operands = _writable(error.operands)
    if catalogue.can_fill(language, f"{key}.detail", operands):
        detail = catalogue.text(language, f"{key}.detail", **operands)
    title = (
        f"{key}.title" if catalogue.has(language, f"{key}.title") else f"errors.{error.kind}.title"
    )
    members: Problem = {
        "type": f"{public_url}/problems/{error.code}",
        "title": catalogue.text(language, title),
        "status": status_of(error),
        "detail": detail,
        "code": error.code,
    }
    return error.operands | members


def problem_here(request: Request, error: VkladError) -> Problem:
    """As :func:`problem_of`, for one request."""
    parts = parts_of(request)
    problem = problem_of(
        error, catalogue_of(request), language_of_request(request), parts.settings.origin
    )
    return {**problem, "instance": request.url.path}


def respond(request: Request, error: VkladError) -> Response:
    """The response for an error: a problem document, or a page for a browser outside ``/v1``."""
    problem = problem_here(request, error)
    headers = _headers(request, error)
    error_page: ErrorPage | None = getattr(request.app.state, "error_page", None)
    if error_page is not None and _wants_page(request):
        return error_page(request, problem, headers)
    return Response(
        orjson.dumps(problem),
        status_code=status_of(error),
        media_type=MEDIA_TYPE,
        headers=headers,
    )


def install(app: FastAPI) -> None:
    """Let the application answer every exception that may reach it."""
    app.add_exception_handler(VkladError, _on_error)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(HTTPException, _on_http)


def responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The ``responses=`` of a route for these refusals, so that OpenAPI states each."""
    return {
        status: {
            "description": _DESCRIPTIONS[status],
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
        for status in statuses
    }


_DESCRIPTIONS: Final = {
    status: kind.value.replace("_", " ").capitalize() for kind, status in STATUS_OF_KIND.items()
} | {405: "Method not allowed", 500: "Internal error"}

PROBLEM_SCHEMA: Final[dict[str, Any]] = {
    "title": "Problem",
    "description": "RFC 9457 problem document; the operands of the error are further members.",
    "type": "object",
    "required": ["type", "title", "status", "detail", "code"],
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "title": {"type": "string", "description": "In the language of Accept-Language."},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "In the language of Accept-Language."},
        "code": {"type": "string", "description": "Stable; act on this."},
        "instance": {"type": "string"},
    },
    "additionalProperties": True,
}


def _on_error(request: Request, error: Exception) -> Response:
    """On a thread of its own, as the framework calls what is no coroutine."""
    ours = cast("VkladError", error)
    notes: Notes | None = getattr(request.app.state, "refusals", None)
    if notes is not None:
        notes.note(request, ours)
    return respond(request, ours)


def _on_http(request: Request, error: Exception) -> Response:
    if isinstance(error, Refused):
        return _on_error(request, error.error)
    assert isinstance(error, HTTPException)
    ours: VkladError
    if error.status_code == 404:
        ours = NoSuchPath("There is nothing at this address.")
    elif error.status_code == 405:
        allowed = (error.headers or {}).get("Allow", "")
        ours = MethodNotAllowed("This address does not take this method.", allowed=allowed)
    else:
        ours = MalformedBody("The body could not be read.")
    response = respond(request, ours)
    response.headers.update(error.headers or {})
    return response


def _on_invalid(request: Request, error: Exception) -> Response:
    return respond(request, _from_validation(request, cast("RequestValidationError", error)))


def _from_validation(request: Request, error: RequestValidationError) -> VkladError:
    found = list(error.errors())[:_PLACES_MAX]
    for item in found:
        if item["type"] == "json_invalid":
            return MalformedJson("The body is not JSON.", position=int(item["loc"][-1]))
    if any(item["loc"][:1] == ("body",) for item in found) and _is_foreign(request):
        return UnsupportedMediaType(
            "This path takes application/json.", expected="application/json"
        )
    places: list[Operand] = [
        {"pointer": _pointer(item["loc"]), "code": item["type"], "detail": item["msg"]}
        for item in found
    ]
    named = ", ".join(_pointer(item["loc"]) for item in found)
    return RequestInvalid(f"Not accepted: {named}.", places=named, errors=places)


def _is_foreign(request: Request) -> bool:
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    ours = media_type == "application/json" or media_type.endswith("+json")
    form = media_type in {"application/x-www-form-urlencoded", "multipart/form-data"}
    return request.headers.get("content-length", "0") != "0" and not ours and not form


def _pointer(location: tuple[int | str, ...]) -> str:
    """RFC 6901 below the body; ``query.limit`` for what is not in it."""
    head, *rest = location
    if head == "body":
        return "/" + "/".join(str(part).replace("~", "~0").replace("/", "~1") for part in rest)
    return ".".join(str(part) for part in location)


def _headers(request: Request, error: VkladError) -> dict[str, str]:
    headers = {
        "Content-Language": language_of_request(request),
        "Vary": "Accept-Language, Cookie",
        "Cache-Control": "no-store",
    }
    if error.kind is ErrorKind.UNAUTHENTICATED:
        headers["WWW-Authenticate"] = 'Bearer realm="vklad"'
    if error.kind is ErrorKind.RATE_LIMITED:
        headers["Retry-After"] = str(error.operands.get("retry_after_s", RETRY_AFTER_S))
    elif status_of(error) == 503:
        headers["Retry-After"] = str(RETRY_AFTER_S)
    return headers


def _wants_page(request: Request) -> bool:
    path = request.url.path
    return not path.startswith(("/v1/", "/oauth/", "/.well-known/")) and "text/html" in (
        request.headers.get("accept", "")
    )


def _writable(operands: Mapping[str, Operand]) -> dict[str, str | int | bool | None]:
    return {
        name: ", ".join(map(str, value)) if isinstance(value, list) else value
        for name, value in operands.items()
        if not isinstance(value, dict)
    }
