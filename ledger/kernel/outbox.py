"""Work that must happen after a commit, written in the same transaction.

A row names a topic, a key and a small payload. Whoever consumes a topic drains it: the rows of one
key are taken together, in order, under a lock that other drainers skip, and are marked done in the
transaction that does the work. The broker only says "look": losing every message in it loses
nothing, because rows stay until they are done.

    put ──commit──▶ waiting ──drain (locked, skipped by others)──▶ done
                       ▲                    │ refused or crashed
                       └────── not_before ──┘
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from ledger.kernel.canonical import Json
from ledger.kernel.transaction import Database, Work, execute, metadata

RETRY_AFTER_MAX: Final = timedelta(minutes=10)
KEYS_PER_DRAIN_MAX: Final = 1_000

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


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """One waiting piece of work."""

    outbox_id: int
    topic: str
    key: str
    payload: Json
    created_at: datetime


def put(work: Work, topic: str, key: str, payload: Json = None) -> None:
    """Ask for work on ``topic`` once this transaction is committed."""
    put_many(work, topic, [(key, payload)])


def put_many(work: Work, topic: str, rows: Sequence[tuple[str, Json]]) -> None:
    """As :func:`put`, for several keys in one statement."""
    if rows:
        work.connection.execute(
            outbox.insert(),
            [
                {
                    "topic": topic,
                    "key": key,
                    "payload": payload,
                    "created_at": work.now,
                    "not_before": work.now,
                }
                for key, payload in rows
            ],
        )


def waiting_keys(work: Work, topic: str, limit: int = KEYS_PER_DRAIN_MAX) -> list[str]:
    """Keys of ``topic`` with work due now, oldest first, at most ``limit``."""
    query = (
        sa.select(outbox.c.key)
        .where(outbox.c.topic == topic, outbox.c.done_at.is_(None), outbox.c.not_before <= work.now)
        .group_by(outbox.c.key)
        .order_by(sa.func.min(outbox.c.outbox_id))
        .limit(limit)
    )
    return list(work.connection.execute(query).scalars())


def take(work: Work, topic: str, key: str) -> list[OutboxRow]:
    """Lock the waiting rows of one key for this transaction and mark them done.

    Empty if there are none or another drainer holds them. If the transaction rolls back they wait
    again.
    """
    held = (
        sa.select(outbox.c.outbox_id)
        .where(
            outbox.c.topic == topic,
            outbox.c.key == key,
            outbox.c.done_at.is_(None),
            outbox.c.not_before <= work.now,
        )
        .order_by(outbox.c.outbox_id)
        .with_for_update(skip_locked=True)
    )
    rows = (
        work.connection.execute(
            outbox.update()
            .where(outbox.c.outbox_id.in_(held))
            .values(done_at=work.now)
            .returning(
                outbox.c.outbox_id,
                outbox.c.topic,
                outbox.c.key,
                outbox.c.payload,
                outbox.c.created_at,
            )
        )
        .mappings()
        .all()
    )
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
                last_error=error[:500],
                not_before=work.now
                + sa.cast(sa.func.make_interval(0, 0, 0, 0, 0, 0, seconds), sa.Interval),
            )
        )

    execute(database, later, None)


def drain(
    database: Database,
    topic: str,
    handle: Callable[[str], None],
    *,
    keys_max: int = KEYS_PER_DRAIN_MAX,
    on_failure: Callable[[str, Exception], None],
) -> int:
    """Handle every key of ``topic`` that is due; the number handled.

    ``handle(key)`` opens its own transaction, calls :func:`take` in it and does the work there. A
    key that fails is postponed and reported to ``on_failure``; the others go on.
    """
    with database.read() as work:
        keys = waiting_keys(work, topic, keys_max)
    handled = 0
    for key in keys:
        try:
            handle(key)
            handled += 1
        except Exception as error:  # noqa: BLE001 - the entry point of every consumer
            postpone(database, topic, key, f"{type(error).__name__}: {error}")
            on_failure(key, error)
    return handled
