"""The hot doors: plain ASGI, with nothing of what a framework does for a route.

A door is handed a request and says what is answered with 202. Everything around it is as for every
route: the envelope outside, and problems made of what it raises.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

from starlette.requests import ClientDisconnect, Request
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

_ACCEPTED: Final = 202
_JSON: Final = (b"content-type", b"application/json")


class Door:
    """An ASGI endpoint; ``answer`` gives the JSON of a 202, or raises what is wrong.

    ``path`` is its template, by which its requests are counted as those of any route.
    """

    def __init__(self, path: str, answer: Callable[[Request], Awaitable[bytes]]) -> None:
        self.path = path
        self._answer = answer

    def route(self) -> Route:
        """What the application finds it by."""
        return Route(self.path, self, methods=["POST"])

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        scope["route"] = self  # A framework's route says so itself, a plain one does not.
        body = await self._answer(Request(scope, receive, send))
        length = (b"content-length", str(len(body)).encode())
        await send({"type": "http.response.start", "status": _ACCEPTED, "headers": [length, _JSON]})
        await send({"type": "http.response.body", "body": body})


def headers_of(request: Request) -> dict[str, str]:
    """Headers by name in small letters; of several of one name the first."""
    given = reversed(request.scope["headers"])
    return {str(name, "latin-1"): str(value, "latin-1") for name, value in given}


async def body_of(request: Request) -> bytes:
    """The whole body, which the envelope bounds.

    Raises:
        ClientDisconnect: the client went away before its end.
    """
    receive = request.receive
    message = await receive()
    chunks: list[bytes] = []
    while message["type"] == "http.request":
        chunk: bytes = message.get("body", b"")
        if not message.get("more_body", False):
            return b"".join((*chunks, chunk)) if chunks else chunk
        chunks.append(chunk)
        message = await receive()
    raise ClientDisconnect
