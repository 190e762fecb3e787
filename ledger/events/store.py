"""Statements over facts: how they are read back, and their bodies erased. One each."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from itertools import groupby
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa

from ledger.events.model import RETRACTED, StoredFact
from ledger.events.tables import (
    deliveries,
    event_bodies,
    event_participants,
    events,
    retractions,
)
from ledger.kernel.arrays import (
    any_uuid,
)
from ledger.kernel.clock import Instant
from ledger.kernel.transaction import Work
from ledger.members.erasures.store import holds_any
from ledger.members.tables import identities

STREAM_ROWS: Final = 5_000
"""Rows in memory at once when all facts are read."""
ERASED: Final = "erased"
"""What stands where words about somebody stood."""


def facts_of_member(work: Work, member_id: UUID) -> list[StoredFact]:
    """Every fact in which the member takes part, retracted ones left out, in order.

    In order of time at full precision, then source, then id by code points.
    """
    mine = (
        sa.select(event_participants.c.event_id)
        .join(identities, identities.c.reference == event_participants.c.reference)
        .where(identities.c.member_id == member_id)
    )
    query = _facts_query().where(events.c.event_id.in_(mine)).order_by(*_ORDER)
    return [read_fact(row) for row in work.connection.execute(query)]


def facts_by_member(work: Work) -> Iterator[tuple[UUID, list[StoredFact]]]:
    """As :func:`facts_of_member` for every member who has facts, by member id.

    Memory is bounded by one member's history: rows come by a server-side cursor.
    """
    taking_part = (
        sa.select(identities.c.member_id, event_participants.c.event_id)
        .join(event_participants, event_participants.c.reference == identities.c.reference)
        .where(identities.c.member_id.is_not(None))
        .distinct()
        .subquery()
    )
    query = (
        _facts_query()
        .add_columns(taking_part.c.member_id)
        .join(taking_part, taking_part.c.event_id == events.c.event_id)
        .order_by(taking_part.c.member_id, *_ORDER)
    )
    rows = work.connection.execution_options(yield_per=STREAM_ROWS).execute(query)
    for member_id, group in groupby(rows, key=lambda row: row.member_id):
        yield member_id, [read_fact(row) for row in group]


def facts_by_id(work: Work, event_ids: Sequence[UUID]) -> list[StoredFact]:
    """Those of the events that are facts: retracted ones are left out."""
    query = _facts_query().where(events.c.event_id == any_uuid("ids", event_ids))
    return [read_fact(row) for row in work.connection.execute(query)]


def all_facts(work: Work) -> Iterator[StoredFact]:
    """Every fact, parked ones too, retracted ones left out, in order, streamed."""
    query = _facts_query().order_by(*_ORDER)
    for row in work.connection.execution_options(yield_per=STREAM_ROWS).execute(query):
        yield read_fact(row)


def erase_bodies(work: Work, references: Iterable[UUID]) -> int:
    """Erase what was sent about these identities; how many bodies that were."""
    taking_part = sa.select(event_participants.c.event_id).where(
        event_participants.c.reference == any_uuid("refs", references)
    )
    return work.connection.execute(
        event_bodies.delete().where(event_bodies.c.event_id.in_(taking_part))
    ).rowcount


def erase_reasons(work: Work, words: Sequence[str]) -> None:
    """Blank what was said of refused deliveries where any of these words stands."""
    if words:
        said = deliveries.c.reason
        work.connection.execute(
            deliveries.update().where(holds_any(said, words)).values(reason=ERASED)
        )


def read_fact(row: sa.Row[Any]) -> StoredFact:
    """A fact from a row that has :data:`FACT_COLUMNS`."""
    whole = Instant.of(row.occurred_at)
    return StoredFact(
        row.event_id,
        row.source,
        row.source_event_id,
        row.type,
        row.subject_reference,
        Instant(whole.seconds, row.occurred_fraction),
        json.loads(row.data_text, parse_float=Decimal),
    )


FACT_COLUMNS: Final = (
    events.c.event_id,
    events.c.source,
    events.c.source_event_id,
    events.c.type,
    events.c.subject_reference,
    events.c.occurred_at,
    events.c.occurred_fraction,
    sa.cast(events.c.data, sa.Text).label("data_text"),
)
_ORDER: Final = (
    events.c.occurred_at,
    events.c.occurred_fraction,
    events.c.source,
    events.c.source_event_id,
)


def is_retracted() -> sa.ColumnElement[bool]:
    """Whether an event of the enclosing query was retracted; a retraction cannot be."""
    return sa.and_(
        events.c.type != RETRACTED,
        sa.exists().where(
            retractions.c.source == events.c.source,
            retractions.c.source_event_id == events.c.source_event_id,
        ),
    )


def _facts_query() -> sa.Select[Any]:
    return sa.select(*FACT_COLUMNS).where(events.c.type != RETRACTED, sa.not_(is_retracted()))
