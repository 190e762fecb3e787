"""Work that must happen after a commit, written in the same transaction.

A row names a topic, a key and a small payload. Whoever consumes a topic drains it: the rows of one
key are taken together, in order, under a lock of the key that other drainers skip, and are marked
done in the transaction that does the work. The broker only says "look": losing every message in it
loses nothing, because rows stay until they are done. A row that fails is tried again for ever, ever
more rarely; how often it failed is for people to see (:func:`failing`), never a reason to drop it.

    put ──commit──▶ waiting ──drain (key locked, skipped by others)──▶ done ──forget──▶ gone
                       ▲                    │ refused or crashed
                       └────── not_before ──┘
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import orjson
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from ledger.kernel.arrays import JSON_TEXT, TEXT, TIME, given
from ledger.kernel.canonical import Json
from ledger.kernel.pipeline import Pipeline, Prepared
from ledger.kernel.transaction import Database, DatabaseUnavailable, Work, execute, metadata

RETRY_AFTER_MAX: Final = timedelta(minutes=10)
KEYS_PER_DRAIN_MAX: Final = 1_000
WAITING_COUNTED_MAX: Final = 1_000
FORGOTTEN_AT_ONCE_MAX: Final = 10_000
_ERROR_LENGTH_MAX: Final = 500

outbox = sa.Table(
    "outbox",
    metadata,
    sa.Column("outbox_id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
    sa.Column("topic", sa.Text, nullable=False),
    sa.Column("key", sa.Text, nullable=False),
    sa.Column("payload", pg.JSONB, nullable=False),
    sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("not_before", sa.DateTime(timezone=True), nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False, server_default=sa.text("0")),
    sa.Column("last_error", sa.Text),
    sa.Column("done_at", sa.DateTime(timezone=True)),
    sa.Index(
        "ix_outbox_waiting",
        "topic",
        "key",
        "outbox_id",
        postgresql_where=sa.text("done_at IS NULL"),
    ),
)


_NEW: Final = given("new", key=TEXT, payload=JSON_TEXT)
_NOW: Final = sa.bindparam("now", type_=TIME)
_PUT: Final = outbox.insert().from_select(
    ["key", "payload", "topic", "created_at", "not_before"],
    sa.select(
        _NEW.table.c.key,
        # A JSON null comes out of the recordset as SQL's, and the payload is JSON's.
        sa.func.coalesce(_NEW.table.c.payload, sa.text("'null'::jsonb")),
        sa.bindparam("topic", type_=TEXT),
        _NOW,
        _NOW,
    ),
)
"""Built once: asking for work is part of every hot path."""
_PUT_PREPARED: Final = Prepared(_PUT)


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """One waiting piece of work."""

    outbox_id: int
    topic: str
    key: str
    payload: Json
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Part:
    """The keys that one of several drainers looks at: those whose hash modulo ``of`` is ``index``.

    It only keeps drainers out of each other's way; the lock in :func:`take` is what excludes.
    """

    index: int = 0
    of: int = 1


WHOLE: Final = Part()


@dataclass(frozen=True, slots=True)
class Failing:
    """A key whose work keeps failing."""

    topic: str
    key: str
    attempts: int
    last_error: str | None
    not_before: datetime


def put(work: Work, topic: str, key: str, payload: Json = None) -> None:
    """Ask for work on ``topic`` once this transaction is committed."""
    put_many(work, topic, [(key, payload)])


def put_many(work: Work, topic: str, rows: Sequence[tuple[str, Json]]) -> None:
    """As :func:`put`, for several keys in one statement."""
    if rows:
        work.connection.execute(_PUT, _new_rows(work, topic, rows))


def send_many(line: Pipeline, topic: str, rows: Sequence[tuple[str, Json]]) -> None:
    """As :func:`put_many`, together with the other statements of a pipeline."""
    if rows:
        line.send(_PUT_PREPARED, _new_rows(line.work, topic, rows))


def waiting_keys(
    work: Work, topic: str, limit: int = KEYS_PER_DRAIN_MAX, part: Part = WHOLE
) -> list[str]:
    """Keys of ``topic`` with work due now, oldest first, at most ``limit``."""
    query = (
        sa.select(outbox.c.key)
        .where(outbox.c.topic == topic, outbox.c.done_at.is_(None), outbox.c.not_before <= work.now)
        .group_by(outbox.c.key)
        .order_by(sa.func.min(outbox.c.outbox_id))
        .limit(limit)
    )
    if part.of > 1:
        unsigned = sa.func.hashtextextended(outbox.c.key, 0).op("&")(2**62 - 1)
        query = query.where(sa.func.mod(unsigned, part.of) == part.index)
    return list(work.connection.execute(query).scalars())


def waiting_rows(work: Work, topics: Sequence[str]) -> dict[str, int]:
    """How many rows of each of ``topics`` are due, counted up to ``WAITING_COUNTED_MAX``.

    Topics with none are absent.
    """
    names = sa.func.unnest(sa.cast(list(topics), pg.ARRAY(sa.Text)))
    asked = names.table_valued(sa.column("topic", sa.Text), name="asked").render_derived()
    some = (
        sa.select(sa.literal(1).label("one"))
        .where(
            outbox.c.topic == asked.c.topic,
            outbox.c.done_at.is_(None),
            outbox.c.not_before <= work.now,
        )
        .limit(WAITING_COUNTED_MAX)
        .correlate(asked)
        .lateral()
    )
    query = (
        sa.select(asked.c.topic, sa.func.count(some.c.one).label("waiting"))
        .select_from(asked.join(some, sa.true()))
        .group_by(asked.c.topic)
    )
    return {row.topic: row.waiting for row in work.connection.execute(query)}


def take(work: Work, topic: str, key: str) -> list[OutboxRow]:
    """Lock one key for this transaction and mark its waiting rows done; they come in order.

    Empty if there are none or another drainer holds the key: rows put meanwhile are not handed to
    a second one, which could overtake the first. If the transaction rolls back they wait again.
    """
    lock = sa.func.pg_try_advisory_xact_lock(sa.func.hashtextextended(f"{topic}\x1f{key}", 1))
    if not work.connection.execute(sa.select(lock)).scalar_one():
        return []
    rows = work.connection.execute(
        outbox.update()
        .where(
            outbox.c.topic == topic,
            outbox.c.key == key,
            outbox.c.done_at.is_(None),
            outbox.c.not_before <= work.now,
        )
        .values(done_at=work.now)
        .returning(
            outbox.c.outbox_id,
            outbox.c.topic,
            outbox.c.key,
            outbox.c.payload,
            outbox.c.created_at,
        )
    ).mappings()
    return sorted((OutboxRow(**row) for row in rows), key=lambda row: row.outbox_id)


def postpone(database: Database, topic: str, key: str, error: str) -> None:
    """Put a key's waiting rows off after a failure, doubling up to ``RETRY_AFTER_MAX``."""

    def later(work: Work, _: None) -> None:
        seconds = sa.func.least(
            sa.cast(RETRY_AFTER_MAX.total_seconds(), sa.Float),
            sa.func.power(2.0, sa.func.least(outbox.c.attempts, 20)),
        )
        work.connection.execute(
            outbox.update()
            .where(outbox.c.topic == topic, outbox.c.key == key, outbox.c.done_at.is_(None))
            .values(
                attempts=outbox.c.attempts + 1,
                last_error=error[:_ERROR_LENGTH_MAX],
                not_before=work.now
                + sa.cast(sa.func.make_interval(0, 0, 0, 0, 0, 0, seconds), sa.Interval),
            )
        )

    execute(database, later, None)


def defer(work: Work, topic: str, key: str, until: datetime) -> None:
    """Leave a key's waiting rows until then: nothing failed, it is not their time."""
    work.connection.execute(
        outbox.update()
        .where(outbox.c.topic == topic, outbox.c.key == key, outbox.c.done_at.is_(None))
        .values(not_before=until)
    )


def drain(
    database: Database,
    topic: str,
    handle: Callable[[str], None],
    *,
    on_failure: Callable[[str, Exception], None],
    keys_max: int = KEYS_PER_DRAIN_MAX,
    part: Part = WHOLE,
) -> int:
    """Handle every key of ``topic`` (or of a part of it) that is due; the number handled.

    ``handle(key)`` opens its own transaction, calls :func:`take` in it and does the work there. A
    key that fails is reported to ``on_failure`` and postponed; the others go on.

    Raises:
        DatabaseUnavailable: nothing more can be done now; everything left stays waiting.
    """
    with database.read() as work:
        keys = waiting_keys(work, topic, keys_max, part)
    handled = 0
    for key in keys:
        try:
            handle(key)
        except DatabaseUnavailable:
            raise
        except Exception as error:  # noqa: BLE001 - the entry point of every consumer
            on_failure(key, error)
            postpone(database, topic, key, f"{type(error).__name__}: {error}")
        else:
            handled += 1
    return handled


def failing(work: Work, attempts_min: int = 3, limit: int = 100) -> list[Failing]:
    """Keys that failed at least ``attempts_min`` times in a row, worst first."""
    attempts = sa.func.max(outbox.c.attempts)
    query = (
        sa.select(
            outbox.c.topic,
            outbox.c.key,
            attempts.label("attempts"),
            sa.func.max(outbox.c.last_error).label("last_error"),
            sa.func.min(outbox.c.not_before).label("not_before"),
        )
        .where(outbox.c.done_at.is_(None), outbox.c.attempts >= attempts_min)
        .group_by(outbox.c.topic, outbox.c.key)
        .order_by(attempts.desc(), outbox.c.topic, outbox.c.key)
        .limit(limit)
    )
    return [Failing(**row) for row in work.connection.execute(query).mappings()]


def forget(work: Work, done_before: datetime) -> int:
    """Delete rows done before ``done_before``, ``FORGOTTEN_AT_ONCE_MAX`` at most; the number."""
    old = (
        sa.select(outbox.c.outbox_id)
        .where(outbox.c.done_at < done_before)
        .order_by(outbox.c.outbox_id)
        .limit(FORGOTTEN_AT_ONCE_MAX)
    )
    return work.connection.execute(outbox.delete().where(outbox.c.outbox_id.in_(old))).rowcount


def _new_rows(work: Work, topic: str, rows: Sequence[tuple[str, Json]]) -> dict[str, Any]:
    new = _NEW.rows((key, orjson.dumps(payload)) for key, payload in rows)
    return {**new, "topic": topic, "now": work.now}
