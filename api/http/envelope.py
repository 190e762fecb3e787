"""What every request and response carries, as one plain ASGI layer around the application.

In: a body limit, an ``X-Request-Id``. Out: that id, security headers, rate-limit headers, a
measurement. An exception that nobody expected ends here as a 500 that names the request id and
nothing else. It knows nothing of who asks or what for.
"""

from __future__ import annotations

import logging
import re
import secrets
import time
from collections.abc import Iterable, Mapping
from typing import Any, Final

from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.http.limits import BodyLimit, BodyTooLarge, body_limit_of, header_of, refuse_length
from api.http.metrics import Metrics
from api.http.problems import InternalError, Refused, respond

SECURITY_HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        "font-src 'self'; connect-src 'self'; manifest-src 'self'; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
}
"""No inline script or style anywhere, nothing from another host, no framing (OWASP)."""
_STRICT_TRANSPORT: Final = "max-age=31536000; includeSubDomains"
REQUEST_ID: Final = b"x-request-id"
RawHeader = tuple[bytes, bytes]
_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9._-]{8,64}\Z")

_logger = logging.getLogger(__name__)


class Envelope:
    """The outermost layer; ``host`` is the application, for its state and its error page."""

    def __init__(self, app: ASGIApp, *, metrics: Metrics, public_url: str) -> None:
        self._app = app
        self._metrics = metrics
        headers = dict(SECURITY_HEADERS)
        if public_url.startswith("https://"):
            headers["Strict-Transport-Security"] = _STRICT_TRANSPORT
        self._headers = [(name.lower().encode(), value.encode()) for name, value in headers.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection; anything but HTTP passes through untouched."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started_at_s = time.perf_counter()
        request_id = _request_id(scope)
        state = scope.setdefault("state", {})
        state["request_id"] = request_id
        answered = _Answered(send, request_id, self._headers, state)
        limit = body_limit_of(scope["path"])
        try:
            refuse_length(scope, limit)
            await self._app(scope, _limited(limit, receive), answered)
        except BodyTooLarge as error:
            await respond(Request(scope), error)(scope, receive, answered)
        except ClientDisconnect:
            _logger.info("Request %s: the client went away.", request_id)  # Nobody's fault here.
        except Exception:
            _logger.exception("Request %s failed.", request_id)
            if answered.status:
                raise
            problem = InternalError("Something broke on our side.", request_id=request_id)
            await respond(Request(scope), problem)(scope, receive, answered)
        finally:
            self._metrics.observe(scope, answered.status, time.perf_counter() - started_at_s)


class _Answered:
    """``send`` that stamps the head of the response and remembers its status (0: none yet)."""

    def __init__(
        self, send: Send, request_id: str, headers: list[RawHeader], state: Mapping[str, Any]
    ) -> None:
        self._send = send
        self._request_id = request_id
        self._headers = headers
        self._state = state
        self.status = 0

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            message["headers"] = self._stamped(message.get("headers", ()))
        await self._send(message)

    def _stamped(self, given: Iterable[RawHeader]) -> list[RawHeader]:
        """The headers with the id, and with those of ours that the response does not set itself."""
        headers = [header for header in given if header[0] != REQUEST_ID]
        headers.append((REQUEST_ID, self._request_id.encode()))
        names = {name for name, _ in headers}
        headers += [header for header in self._headers if header[0] not in names]
        for name, value in self._state.get("rate_headers", {}).items():
            raw = name.lower().encode()
            if raw not in names:
                headers.append((raw, value.encode()))
        return headers


def _request_id(scope: Scope) -> str:
    """The caller's id if it is a plain one, else a new one."""
    given = header_of(scope, REQUEST_ID)
    return given if _REQUEST_ID.match(given) else secrets.token_hex(12)


def _limited(limit: BodyLimit, receive: Receive) -> Receive:
    """``receive`` that refuses once more than the path's limit has come in."""
    seen = 0

    async def limited() -> Message:
        nonlocal seen
        message = await receive()
        if message["type"] == "http.request":
            seen += len(message.get("body", b""))
            if seen > limit.bytes_max:
                raise Refused(limit.error())
        return message

    return limited
