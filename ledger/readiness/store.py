"""Statements over declared syncs."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from ledger.events.tables import event_participants, events, sources
from ledger.kernel.transaction import Work
from ledger.members.tables import identities
from ledger.readiness.model import Sync
from ledger.readiness.tables import source_syncs


def lock_source(work: Work, uri: str) -> None:
    """One declaration of a source at a time."""
    query = sa.select(sources.c.uri).where(sources.c.uri == uri)
    work.connection.execute(query.with_for_update(key_share=True))


def insert(work: Work, sync: Sync) -> None:
    """Keep a declaration."""
    work.connection.execute(
        source_syncs.insert().values(
            source=sync.source,
            number=sync.number,
            status=sync.status,
            complete_until=sync.complete_until,
            stated=sync.stated,
            stored=sync.stored,
            is_released=sync.is_released,
            released_until=sync.released_until,
            declared_at=sync.declared_at,
            declared_by=sync.declared_by,
        )
    )


def last_syncs(work: Work) -> dict[str, Sync]:
    """The last declaration of every source that made one, by address."""
    latest = (
        sa.select(source_syncs.c.source, sa.func.max(source_syncs.c.number).label("number"))
        .group_by(source_syncs.c.source)
        .subquery()
    )
    query = sa.select(source_syncs).join(
        latest,
        (latest.c.source == source_syncs.c.source) & (latest.c.number == source_syncs.c.number),
    )
    return {row.source: _sync(row) for row in work.connection.execute(query)}


def count_before(work: Work, uri: str, until: datetime) -> int:
    """How many events of a source happened before a moment, retracted ones and retractions too."""
    query = sa.select(sa.func.count()).where(events.c.source == uri, events.c.occurred_at < until)
    return int(work.connection.execute(query).scalar_one())


def members_touched(work: Work, uri: str, since: datetime) -> list[UUID]:
    """Members who take part in a source's events from a moment on."""
    query = (
        sa.select(identities.c.member_id)
        .join(event_participants, event_participants.c.reference == identities.c.reference)
        .join(events, events.c.event_id == event_participants.c.event_id)
        .where(
            events.c.source == uri,
            events.c.occurred_at >= since,
            identities.c.member_id.is_not(None),
        )
        .distinct()
        .order_by(identities.c.member_id)
    )
    return list(work.connection.execute(query).scalars())


def _sync(row: sa.Row[Any]) -> Sync:
    return Sync(
        row.source,
        row.number,
        row.status,
        row.complete_until,
        row.stated,
        row.stored,
        row.is_released,
        row.released_until,
        row.declared_at,
        row.declared_by,
    )
