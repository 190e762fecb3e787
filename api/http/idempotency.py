"""``Idempotency-Key`` for every POST that moves value: same key and same body, one effect.

    @router.post("/v1/redemptions/{redemption_id}/capture", responses=once_responses(201))
    def capture(redemption_id: str, body: CaptureBody, once: OnceHere) -> Response:
        command = CaptureHold(parse_id("red", redemption_id), ...)
        return once(service.capture, command, render=redemption_json, status=200)

``once`` runs the use case in one transaction together with the key's row. The answer, and a refusal
of status 409, 410 or 422, is stored and told again to every repetition, with
``Idempotency-Replayed: true``. The key belongs to the principal; a key reused with another method,
path or body is refused with 422. Without the header: 400. ``render`` turns what the use case
returned into JSON, inside the transaction and before it is stored.

Only for routes whose principal may be told apart (``principal.py``); webhooks have the event's own
id instead.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Final, TypeVar

import orjson
from fastapi import Depends, Request
from fastapi.responses import Response

from api.http.parts import parts_of
from api.http.principal import PrincipalHere
from api.http.problems import MEDIA_TYPE as PROBLEM_MEDIA_TYPE
from api.http.problems import problem_here, responses
from ledger.kernel import idempotency
from ledger.kernel.canonical import Json
from ledger.kernel.errors import ErrorKind, VkladError
from ledger.kernel.idempotency import Answer, execute_once
from ledger.kernel.transaction import Work

_Command = TypeVar("_Command")
_Result = TypeVar("_Result")

HEADER: Final = "Idempotency-Key"
REPLAYED: Final = "Idempotency-Replayed"
_KEY: Final = re.compile(r'(?:"([\x20-\x21\x23-\x5b\x5d-\x7e]{1,255})"|([\x21-\x7e]{1,255}))\Z')
"""An RFC 9651 string without escapes, or the same bare."""


class IdempotencyKeyMissing(VkladError):
    """A POST that moves value, without a key."""

    code = "idempotency_key_missing"
    kind = ErrorKind.MALFORMED


class IdempotencyKeyMalformed(VkladError):
    """A key that is empty, too long or not printable ASCII."""

    code = "idempotency_key_malformed"
    kind = ErrorKind.MALFORMED


@dataclass(frozen=True, slots=True)
class Once:
    """Runs one use case for one keyed request."""

    request: Request
    keyed: idempotency.Request

    def __call__(
        self,
        use_case: Callable[[Work, _Command], _Result],
        command: _Command,
        *,
        render: Callable[[_Result], Json],
        status: int = 201,
    ) -> Response:
        """The first answer to this key, whoever computes it.

        Raises:
            KeyReused: the key belongs to another request.
            RequestInProgress: the first one is still running.
            VkladError: a refusal that is not stored (400, 401, 403, 404, 429, 503).
        """

        def rendered(work: Work, inner: _Command) -> Answer:
            return Answer(status, render(use_case(work, inner)))

        answer = execute_once(
            parts_of(self.request).database, self.keyed, rendered, command, refusal=self._refusal
        )
        return _response(answer)

    def _refusal(self, error: VkladError) -> Answer:
        problem = problem_here(self.request, error)
        status = problem["status"]
        assert isinstance(status, int)
        return Answer(status, problem)


def parse_key(header: str | None) -> str:
    """The key, quoted (RFC 9651 string) or bare.

    Raises:
        IdempotencyKeyMissing: no header.
        IdempotencyKeyMalformed: not 1 to 255 printable ASCII characters.
    """
    if header is None:
        raise IdempotencyKeyMissing(
            "This request moves value, so it needs the header Idempotency-Key with a new key."
        )
    match = _KEY.match(header.strip())
    if match is None or (header.strip().startswith('"') and match[1] is None):
        raise IdempotencyKeyMalformed(
            "An Idempotency-Key has 1 to 255 printable ASCII characters, in double quotes or bare."
        )
    return match[1] or match[2]


async def request_digest(request: Request) -> bytes:
    """SHA-256 over method, path with query, and the body as received."""
    target = f"{request.method} {request.url.path}?{request.url.query}\n".encode()
    return hashlib.sha256(target + await request.body()).digest()


def once_of_request(
    request: Request,
    principal: PrincipalHere,
    digest: Annotated[bytes, Depends(request_digest)],
) -> Once:
    """The dependency behind ``OnceHere``."""
    key = parse_key(request.headers.get(HEADER))
    return Once(request, idempotency.Request(principal.key, key, digest))


OnceHere = Annotated[Once, Depends(once_of_request)]


def once_responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """``responses(…)`` of a keyed route: ``statuses`` and those that every key may bring."""
    return responses(400, 401, 403, 409, 422, 503, *statuses)


def with_code(answer: Response, told: list[str]) -> Response:
    """The first answer with a code that is told once and never stored.

    ``told`` has one for each time the transaction was run; the last run is the one that counts.
    """
    headers = {"Cache-Control": "no-store"}
    if told and answer.status_code == 201:
        body = orjson.loads(bytes(answer.body)) | {"code": told[-1]}
        content = orjson.dumps(body, option=orjson.OPT_SORT_KEYS)
        return Response(content, 201, headers, media_type="application/json")
    answer.headers.update(headers)
    return answer


def _response(answer: Answer) -> Response:
    """Keys sorted, so that first and replayed answers are the same bytes."""
    return Response(
        orjson.dumps(answer.body, option=orjson.OPT_SORT_KEYS),
        status_code=answer.status,
        media_type=PROBLEM_MEDIA_TYPE if answer.status >= 400 else "application/json",
        headers={REPLAYED: "true"} if answer.replayed else {},
    )
