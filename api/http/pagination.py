"""Lists: ``{data, next_cursor}``, keyset pages, cursors that only we can make.

    @router.get("/v1/members/{member_id}/entries")
    def entries(page: PageHere, ...) -> JSONResponse:
        with database.read() as work:
            rows = store.entries_after(work, member_id, after=page.after, limit=page.fetch)
        return page.answer(rows, key=lambda row: [row.sequence], render=entry_json)

``page.after`` is what ``key`` returned for the last item of the page before, ``None`` on the first
page. Fetch ``page.fetch`` rows (one more than shown) so that the last page is known to be it. A
cursor is bound to the path and the filters it was given out for.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Final, TypeVar, cast

import orjson
from fastapi import Depends, Query, Request
from fastapi.responses import JSONResponse

from api.http.parts import parts_of
from ledger.kernel.canonical import Json
from ledger.kernel.errors import ErrorKind, VkladError

_Item = TypeVar("_Item")

LIMIT_DEFAULT: Final = 20
LIMIT_MAX: Final = 100
_CURSOR_LENGTH_MAX: Final = 1024
_MAC_BYTES: Final = 16

Key = list[str | int | None]


class BadCursor(VkladError):
    """A cursor that this list did not give out."""

    code = "bad_cursor"
    kind = ErrorKind.MALFORMED


@dataclass(frozen=True, slots=True)
class Page:
    """One page asked for: at most ``limit`` items after the key ``after``."""

    limit: int
    after: Key | None
    secret: bytes
    scope: str

    @property
    def fetch(self) -> int:
        """How many rows to read: one more than is shown."""
        return self.limit + 1

    def next_cursor(self, items: Sequence[_Item], key: Callable[[_Item], Key]) -> str | None:
        """The cursor after the shown items, or ``None`` on the last page."""
        if len(items) <= self.limit:
            return None
        return encode_cursor(key(items[self.limit - 1]), self.scope, self.secret)

    def body(
        self,
        items: Sequence[_Item],
        *,
        key: Callable[[_Item], Key],
        render: Callable[[_Item], Json],
    ) -> Mapping[str, Json]:
        """``{data, next_cursor}`` of ``fetch`` rows read."""
        shown = items[: self.limit]
        return {
            "data": [render(item) for item in shown],
            "next_cursor": self.next_cursor(items, key),
        }

    def answer(
        self,
        items: Sequence[_Item],
        *,
        key: Callable[[_Item], Key],
        render: Callable[[_Item], Json],
    ) -> JSONResponse:
        """As :meth:`body`, as a response."""
        return JSONResponse(self.body(items, key=key, render=render))


def encode_cursor(key: Key, scope: str, secret: bytes) -> str:
    """An opaque cursor for ``key`` within ``scope``."""
    payload = orjson.dumps(key)
    return base64.urlsafe_b64encode(_mac(payload, scope, secret) + payload).decode().rstrip("=")


def decode_cursor(cursor: str, scope: str, secret: bytes) -> Key:
    """Back from :func:`encode_cursor`.

    Raises:
        BadCursor: not ours, changed, or from another list or filter.
    """
    try:
        padded = cursor[:_CURSOR_LENGTH_MAX] + "=" * (-len(cursor) % 4)
        raw = base64.b64decode(padded, altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadCursor("The cursor is not one that this list gave out.") from error
    mac, payload = raw[:_MAC_BYTES], raw[_MAC_BYTES:]
    if not hmac.compare_digest(mac, _mac(payload, scope, secret)):
        raise BadCursor("The cursor is not one that this list gave out.")
    return cast("Key", orjson.loads(payload))


def page_of_request(
    request: Request,
    limit: Annotated[int, Query(ge=1, le=LIMIT_MAX)] = LIMIT_DEFAULT,
    cursor: Annotated[str | None, Query(max_length=_CURSOR_LENGTH_MAX)] = None,
) -> Page:
    """The page a list request asks for."""
    filters = sorted(
        (name, value)
        for name, value in request.query_params.multi_items()
        if name not in {"limit", "cursor"}
    )
    scope = f"{request.url.path}?{filters!r}"
    secret = parts_of(request).secret
    after = None if cursor is None else decode_cursor(cursor, scope, secret)
    return Page(limit, after, secret, scope)


PageHere = Annotated[Page, Depends(page_of_request)]


def _mac(payload: bytes, scope: str, secret: bytes) -> bytes:
    key = hmac.digest(secret, b"vklad.cursor", hashlib.sha256)
    return hmac.digest(key, scope.encode() + b"\0" + payload, hashlib.sha256)[:_MAC_BYTES]
