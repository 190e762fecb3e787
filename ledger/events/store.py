"""Statements over facts: how they are read back, and their bodies erased. One each."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from itertools import chain, groupby
from operator import itemgetter
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
from ledger.journal.store import raw_cursor
from ledger.kernel.arrays import (
    any_uuid,
)
from ledger.kernel.clock import Instant
from ledger.kernel.pipeline import Prepared
from ledger.kernel.transaction import Work
from ledger.members.erasures.words_store import holds_any
from ledger.members.tables import identities

STREAM_ROWS: Final = 5_000
"""Rows in memory at once when all facts are read."""
ERASED: Final = "erased"
"""What stands where words about somebody stood."""


def facts_of_member(work: Work, member_id: UUID, from_id: UUID | None = None) -> list[StoredFact]:
    """Every fact in which the member takes part, retracted ones left out, in order.

    In order of time at full precision, then source, then id by code points. ``from_id``: only
    those with this id or a higher one.
    """
    given: dict[str, Any] = {"member_id": member_id}
    statement = _OF_MEMBER
    if from_id is not None:
        statement, given["from_id"] = _OF_MEMBER_FROM, from_id
    with raw_cursor(work) as cursor:
        cursor.execute(statement.text, statement.parameters(given))
        return _read_facts(cursor.fetchall())


def facts_by_member(work: Work) -> Iterator[tuple[UUID, list[StoredFact]]]:
    """As :func:`facts_of_member` for every member who has facts, by member id.

    Memory is bounded by one member's history: rows come by a server-side cursor.
    """
    with raw_cursor(work, "facts_by_member") as cursor:
        cursor.execute(_BY_MEMBER.text, _BY_MEMBER.parameters({}))
        some = iter(lambda: cursor.fetchmany(STREAM_ROWS), [])
        for member_id, rows in groupby(chain.from_iterable(some), key=itemgetter(-1)):
            yield member_id, _read_facts(rows)


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
        _content(row.data_text),
    )


def _read_facts(rows: Iterable[tuple[Any, ...]]) -> list[StoredFact]:
    """Facts from rows of :data:`_PLAIN_COLUMNS`; what comes after them is not looked at."""
    return [
        StoredFact(
            event_id,
            source,
            source_event_id,
            kind,
            subject,
            Instant(seconds, fraction),
            _content(text),
        )
        for event_id, source, source_event_id, kind, subject, seconds, fraction, text, *_ in rows
    ]


def _content(text: str) -> dict[str, Any]:
    return _EXACT.decode(text) if text != "{}" else {}


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


def _facts_query(columns: Sequence[sa.ColumnElement[Any]] = FACT_COLUMNS) -> sa.Select[Any]:
    return sa.select(*columns).where(events.c.type != RETRACTED, sa.not_(is_retracted()))


_EXACT: Final = json.JSONDecoder(parse_float=Decimal)
_SECONDS: Final = sa.cast(
    sa.extract("epoch", sa.func.date_trunc(sa.literal_column("'second'"), events.c.occurred_at)),
    sa.BigInteger,
)
"""Whole ones since 1970, rounded down; their digits are kept beside them."""
_PLAIN_COLUMNS: Final = (
    events.c.event_id,
    events.c.source,
    events.c.source_event_id,
    events.c.type,
    events.c.subject_reference,
    _SECONDS.label("seconds"),
    events.c.occurred_fraction,
    sa.cast(events.c.data, sa.Text).label("data_text"),
)
"""As :data:`FACT_COLUMNS`, in the driver's own types: for whole histories."""
_EVENTS_OF_MEMBER: Final = (
    sa.select(event_participants.c.event_id)
    .join(identities, identities.c.reference == event_participants.c.reference)
    .where(identities.c.member_id == sa.bindparam("member_id", type_=sa.Uuid))
)
_LATER_EVENTS: Final = _EVENTS_OF_MEMBER.where(
    event_participants.c.event_id >= sa.bindparam("from_id", type_=sa.Uuid)
)
_OF_MEMBER: Final = Prepared(
    _facts_query(_PLAIN_COLUMNS).where(events.c.event_id.in_(_EVENTS_OF_MEMBER)).order_by(*_ORDER)
)
_OF_MEMBER_FROM: Final = Prepared(
    _facts_query(_PLAIN_COLUMNS).where(events.c.event_id.in_(_LATER_EVENTS)).order_by(*_ORDER)
)
_TAKING_PART: Final = (
    sa.select(identities.c.member_id, event_participants.c.event_id)
    .join(event_participants, event_participants.c.reference == identities.c.reference)
    .where(identities.c.member_id.is_not(None))
    .distinct()
    .subquery()
)
_BY_MEMBER: Final = Prepared(
    _facts_query((*_PLAIN_COLUMNS, _TAKING_PART.c.member_id))
    .join(_TAKING_PART, _TAKING_PART.c.event_id == events.c.event_id)
    .order_by(_TAKING_PART.c.member_id, *_ORDER)
)
