"""Same key and same input: same answer, one effect (DESIGN 3, rule 5).

The key's row is written in the transaction of the effect. Refusals of the stored kinds are rolled
back to a savepoint and stored too; every other failure leaves no row, so the caller may try again
with the same key.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeVar

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from ledger.kernel.canonical import Json
from ledger.kernel.errors import ErrorKind, VkladError
from ledger.kernel.transaction import Database, Work, execute, metadata

_Command = TypeVar("_Command")

STORED_REFUSALS: Final = {ErrorKind.CONFLICT, ErrorKind.GONE, ErrorKind.INVALID}
"""The kinds delivered as 409, 410 and 422."""
KEY_LENGTH_MAX: Final = 255

idempotency_keys = sa.Table(
    "idempotency_keys",
    metadata,
    sa.Column("principal", sa.Text, primary_key=True),
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("request_digest", pg.BYTEA, nullable=False),
    sa.Column("status", sa.SmallInteger, nullable=False),
    sa.Column("answer", pg.JSONB, nullable=False),
    sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("octet_length(request_digest) = 32", name="digest_is_sha256"),
)


class KeyReused(VkladError):
    """The key already answered another request."""

    code = "idempotency_key_reused"
    kind = ErrorKind.INVALID


class RequestInProgress(VkladError):
    """The first request with this key has not been answered yet."""

    code = "request_in_progress"
    kind = ErrorKind.CONFLICT


@dataclass(frozen=True, slots=True)
class Answer:
    """What a caller is told: HTTP status and JSON body; ``replayed`` if it was told before."""

    status: int
    body: Json
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class Request:
    """Who asks, under which key, for what (the digest covers method, path and body)."""

    principal: str
    key: str
    digest: bytes


def execute_once(
    database: Database,
    request: Request,
    use_case: Callable[[Work, _Command], Answer],
    command: _Command,
    *,
    refusal: Callable[[VkladError], Answer],
) -> Answer:
    """Run ``use_case`` at most once for this key.

    Raises:
        KeyReused: the key belongs to a request with another digest.
        RequestInProgress: the first one is still running.
        VkladError: a refusal of a kind that is not stored.
    """

    def once(work: Work, inner: _Command) -> Answer:
        if not _try_lock(work, request):
            raise RequestInProgress(
                "A request with this Idempotency-Key is still running. Ask again in a moment."
            )
        stored = _stored(work, request)
        if stored is not None:
            return stored
        savepoint = work.connection.begin_nested()
        try:
            answer = use_case(work, inner)
        except VkladError as error:
            if error.kind not in STORED_REFUSALS:
                raise
            savepoint.rollback()
            answer = refusal(error)
        else:
            savepoint.commit()
        work.connection.execute(
            idempotency_keys.insert().values(
                principal=request.principal,
                key=request.key,
                request_digest=request.digest,
                status=answer.status,
                answer=answer.body,
                created_at=work.now,
            )
        )
        return answer

    return execute(database, once, command)


def _try_lock(work: Work, request: Request) -> bool:
    return bool(
        work.connection.execute(
            sa.select(
                sa.func.pg_try_advisory_xact_lock(
                    sa.func.hashtextextended(f"{request.principal}\x1f{request.key}", 0)
                )
            )
        ).scalar_one()
    )


def _stored(work: Work, request: Request) -> Answer | None:
    row = work.connection.execute(
        sa.select(
            idempotency_keys.c.request_digest,
            idempotency_keys.c.status,
            idempotency_keys.c.answer,
        ).where(
            idempotency_keys.c.principal == request.principal,
            idempotency_keys.c.key == request.key,
        )
    ).one_or_none()
    if row is None:
        return None
    if bytes(row.request_digest) != request.digest:
        raise KeyReused(
            "This Idempotency-Key was used for another request. Use a new key for a new request.",
            key=request.key,
        )
    return Answer(row.status, row.answer, replayed=True)
