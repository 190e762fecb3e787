"""Statements behind the lists, and what is written for them alone.

Pages by id, which is the order of arrival, newest first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from ledger.events.model import (
    RETRACTED,
    Conflict,
    Delivery,
    EventSummary,
    FactlessDelivery,
    SourceActivity,
    UnknownType,
)
from ledger.events.settlement import NewConflict, content_digest
from ledger.events.store import FACT_COLUMNS, is_retracted, read_fact
from ledger.events.tables import (
    deliveries,
    event_conflicts,
    event_participants,
    events,
    retractions,
    source_hours,
)
from ledger.kernel.arrays import BYTES, TEXT, UUID_, table_of
from ledger.kernel.transaction import Work
from ledger.members.model import IdentityKey
from ledger.members.tables import identities

TYPES_SHOWN_MAX: Final = 100


def insert_conflicts(
    work: Work, conflicts: Sequence[NewConflict], references: Mapping[IdentityKey, UUID]
) -> None:
    """Show these to admins, each content once."""
    new = table_of(
        "new",
        conflict_id=(UUID_, [work.ids.new(work.now) for _ in conflicts]),
        source=(TEXT, [one.source for one in conflicts]),
        source_event_id=(TEXT, [one.event.id for one in conflicts]),
        type=(TEXT, [one.event.type for one in conflicts]),
        content_digest=(BYTES, [content_digest(one.event, references) for one in conflicts]),
    )
    statement = pg.insert(event_conflicts).from_select(
        [*(column.name for column in new.c), "recorded_at"],
        sa.select(new, sa.literal(work.now)),
    )
    work.connection.execute(
        statement.on_conflict_do_nothing(
            index_elements=["source", "source_event_id", "content_digest"]
        )
    )


def insert_delivery(work: Work, delivery: FactlessDelivery) -> None:
    """Remember a delivery that left no fact."""
    work.connection.execute(
        deliveries.insert().values(
            delivery_id=work.ids.new(work.now), received_at=work.now, **asdict(delivery)
        )
    )


def recent_events(
    work: Work, *, source: str | None, before: UUID | None, limit: int
) -> list[EventSummary]:
    """Facts, retractions too, those before ``before``."""
    query = _summaries().order_by(events.c.event_id.desc()).limit(limit)
    if source is not None:
        query = query.where(events.c.source == source)
    if before is not None:
        query = query.where(events.c.event_id < before)
    return [_summary(row) for row in work.connection.execute(query)]


def events_of_member(
    work: Work, member_id: UUID, *, before: UUID | None, limit: int
) -> list[EventSummary]:
    """Facts in which a member takes part, retracted ones too, those before ``before``."""
    query = (
        _summaries()
        .where(events.c.event_id.in_(_taken_part(member_id)), events.c.type != RETRACTED)
        .order_by(events.c.event_id.desc())
        .limit(limit)
    )
    if before is not None:
        query = query.where(events.c.event_id < before)
    return [_summary(row) for row in work.connection.execute(query)]


def one_event(work: Work, event_id: UUID) -> EventSummary | None:
    """One fact, retracted or not; a retraction is none."""
    query = _summaries().where(events.c.event_id == event_id, events.c.type != RETRACTED)
    row = work.connection.execute(query).one_or_none()
    return None if row is None else _summary(row)


def takes_part(work: Work, member_id: UUID, event_id: UUID) -> bool:
    """Whether an event names the member."""
    query = sa.select(sa.literal(event_id).in_(_taken_part(member_id)))
    return bool(work.connection.execute(query).scalar_one())


def retracted_by(work: Work, source: str, source_event_id: str) -> tuple[str, bool]:
    """What retracted an event, and whether that was an event of its source."""
    retraction = events.alias("retraction")
    query = (
        sa.select(retractions.c.retracted_by, retraction.c.event_id.is_not(None))
        .outerjoin(
            retraction,
            (retraction.c.source == retractions.c.source)
            & (retraction.c.source_event_id == retractions.c.retracted_by),
        )
        .where(
            retractions.c.source == source,
            retractions.c.source_event_id == source_event_id,
        )
    )
    row = work.connection.execute(query).one()
    return row[0], row[1]


def conflicts(work: Work, *, before: UUID | None, limit: int) -> list[Conflict]:
    """Ids that came again with other content."""
    shown = event_conflicts
    query = (
        sa.select(
            shown.c.conflict_id,
            shown.c.source,
            shown.c.source_event_id,
            shown.c.type,
            shown.c.recorded_at,
        )
        .order_by(shown.c.conflict_id.desc())
        .limit(limit)
    )
    if before is not None:
        query = query.where(shown.c.conflict_id < before)
    return [Conflict(*row) for row in work.connection.execute(query)]


def unknown_types(work: Work) -> list[UnknownType]:
    """Types that nothing declares, most frequent first, at most ``TYPES_SHOWN_MAX``."""
    count = sa.func.count().label("count")
    query = (
        sa.select(events.c.type, events.c.source, count, sa.func.max(events.c.recorded_at))
        .where(sa.not_(events.c.recognised))
        .group_by(events.c.type, events.c.source)
        .order_by(count.desc(), events.c.type, events.c.source)
        .limit(TYPES_SHOWN_MAX)
    )
    return [UnknownType(*row) for row in work.connection.execute(query)]


def deliveries_of(
    work: Work, *, source: str | None, before: UUID | None, limit: int
) -> list[Delivery]:
    """Deliveries that left no fact."""
    shown = deliveries
    query = (
        sa.select(
            shown.c.delivery_id,
            shown.c.source,
            shown.c.received_at,
            shown.c.kind,
            shown.c.outcome,
            shown.c.reason,
        )
        .order_by(shown.c.delivery_id.desc())
        .limit(limit)
    )
    if source is not None:
        query = query.where(shown.c.source == source)
    if before is not None:
        query = query.where(shown.c.delivery_id < before)
    return [Delivery(*row) for row in work.connection.execute(query)]


def source_activity(work: Work) -> list[SourceActivity]:
    """How each source that ever stated anything is doing, by address."""
    last_day = source_hours.c.hour > work.now - timedelta(days=1)
    waiting = (
        sa.select(events.c.source, sa.func.count().label("parked"))
        .join(identities, identities.c.reference == events.c.subject_reference)
        .where(identities.c.member_id.is_(None))
        .group_by(events.c.source)
        .subquery()
    )
    query = (
        sa.select(
            source_hours.c.source,
            sa.func.max(source_hours.c.last_received_at),
            sa.func.max(source_hours.c.newest_occurred_at),
            sa.func.coalesce(sa.func.sum(source_hours.c.accepted).filter(last_day), 0),
            sa.func.coalesce(sa.func.max(waiting.c.parked), 0),
        )
        .outerjoin(waiting, waiting.c.source == source_hours.c.source)
        .group_by(source_hours.c.source)
        .order_by(source_hours.c.source)
    )
    return [SourceActivity(*row) for row in work.connection.execute(query)]


def _summaries() -> sa.Select[Any]:
    parked = identities.c.reference.is_not(None) & identities.c.member_id.is_(None)
    return sa.select(
        *FACT_COLUMNS,
        events.c.recognised,
        events.c.recorded_at,
        is_retracted().label("retracted"),
        parked.label("parked"),
    ).outerjoin(identities, identities.c.reference == events.c.subject_reference)


def _summary(row: sa.Row[Any]) -> EventSummary:
    return EventSummary(read_fact(row), row.recognised, row.retracted, row.parked, row.recorded_at)


def _taken_part(member_id: UUID) -> sa.Select[UUID]:
    return (
        sa.select(event_participants.c.event_id)
        .join(identities, identities.c.reference == event_participants.c.reference)
        .where(identities.c.member_id == member_id)
    )
