"""Statements over facts: what accepting needs, and how facts are read back. One each."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import groupby
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from ledger.events.model import RETRACTED, Scalar, StoredFact
from ledger.events.objects import ObjectHistory, stated_number
from ledger.events.settlement import (
    FactKey,
    KnownEvent,
    NewFact,
    NewRetraction,
    content_digest,
    kept_data,
)
from ledger.events.tables import (
    event_bodies,
    event_participants,
    events,
    retractions,
    source_hours,
)
from ledger.kernel.arrays import (
    BYTES,
    COUNT,
    FLAG,
    JSON_TEXT,
    TEXT,
    TIME,
    UUID_,
    any_text,
    any_uuid,
    table_of,
)
from ledger.kernel.clock import Instant
from ledger.kernel.transaction import Work
from ledger.members.model import IdentityKey
from ledger.members.tables import identities

STREAM_ROWS: Final = 5_000
"""Rows in memory at once when all facts are read."""


def known_events(work: Work, keys: Sequence[FactKey]) -> dict[FactKey, KnownEvent]:
    """Those of the keys that are stored."""
    asked = _keys(keys)
    rows = work.connection.execute(
        sa.select(
            events.c.source, events.c.source_event_id, events.c.event_id, events.c.content_digest
        ).join(asked, _same(events, asked))
    )
    return {(row[0], row[1]): KnownEvent(row[2], bytes(row[3])) for row in rows}


def object_histories(work: Work, objects: Sequence[FactKey]) -> dict[FactKey, ObjectHistory]:
    """The numbered steps stored of each (source, object).

    Ids of steps begin with the object's and a colon; the character after the colon ends the range.
    """
    asked = table_of(
        "asked",
        source=(TEXT, [source for source, _ in objects]),
        object_id=(TEXT, [object_id for _, object_id in objects]),
    )
    last = sa.func.concat(asked.c.object_id, ";")
    rows = work.connection.execute(
        sa.select(
            events.c.source,
            asked.c.object_id,
            events.c.source_event_id,
            sa.cast(events.c.data["step"].astext, sa.BigInteger),
        ).join(
            asked,
            sa.and_(
                events.c.source == asked.c.source,
                events.c.source_event_id > sa.func.concat(asked.c.object_id, ":"),
                events.c.source_event_id < last,
            ),
        )
    )
    stated: dict[FactKey, dict[str, int]] = {}
    removed: dict[FactKey, dict[str, int]] = {}
    for source, object_id, event_id, removal in rows:
        number = stated_number(event_id)
        if removal is not None:
            removed.setdefault((source, object_id), {})[event_id] = removal
        elif number is not None:
            stated.setdefault((source, object_id), {})[event_id] = number
    return {
        key: ObjectHistory(stated.get(key, {}), removed.get(key, {}))
        for key in stated.keys() | removed.keys()
    }


def accepted_this_hour(work: Work, sources: Iterable[str]) -> dict[str, int]:
    """Events accepted in the running hour, by source."""
    rows = work.connection.execute(
        sa.select(source_hours.c.source, source_hours.c.accepted).where(
            source_hours.c.hour == _hour(work.now),
            source_hours.c.source == any_text("sources", sources),
        )
    )
    return {row.source: row.accepted for row in rows}


def insert_facts(
    work: Work, facts: Sequence[NewFact], references: Mapping[IdentityKey, UUID]
) -> int:
    """Store facts; how many were not there yet.

    Fewer than given means that another transaction stored one of them a moment ago.
    """
    new = table_of(
        "new",
        event_id=(UUID_, [fact.event_id for fact in facts]),
        source=(TEXT, [fact.source for fact in facts]),
        source_event_id=(TEXT, [fact.event.id for fact in facts]),
        type=(TEXT, [fact.event.type for fact in facts]),
        recognised=(FLAG, [fact.event.recognised for fact in facts]),
        subject_reference=(
            UUID_,
            [fact.event.subject and references[fact.event.subject] for fact in facts],
        ),
        occurred_at=(TIME, [fact.event.occurred.floor_datetime() for fact in facts]),
        occurred_fraction=(TEXT, [fact.event.occurred.fraction for fact in facts]),
        data=(JSON_TEXT, [_to_json(kept_data(fact.event, references)) for fact in facts]),
        content_digest=(BYTES, [content_digest(fact.event, references) for fact in facts]),
    )
    columns = [column.name for column in new.c]
    rows = sa.select(new, sa.literal(work.now))
    statement = pg.insert(events).from_select([*columns, "recorded_at"], rows)
    return work.connection.execute(
        statement.on_conflict_do_nothing(index_elements=["source", "source_event_id"]),
        execution_options={"preserve_rowcount": True},
    ).rowcount


def insert_participants(
    work: Work, facts: Sequence[NewFact], references: Mapping[IdentityKey, UUID]
) -> None:
    """Store who takes part in each fact, and as what."""
    rows = [
        (fact.event_id, role, references[key])
        for fact in facts
        for role, key in _participants(fact)
    ]
    if not rows:
        return
    new = table_of(
        "new",
        event_id=(UUID_, [row[0] for row in rows]),
        role=(TEXT, [row[1] for row in rows]),
        reference=(UUID_, [row[2] for row in rows]),
    )
    work.connection.execute(
        event_participants.insert().from_select(["event_id", "role", "reference"], sa.select(new))
    )


def insert_retractions(work: Work, taken_back: Sequence[NewRetraction]) -> None:
    """Remember what counts no longer; who took it back first stays."""
    new = table_of(
        "new",
        source=(TEXT, [one.source for one in taken_back]),
        source_event_id=(TEXT, [one.target for one in taken_back]),
        retracted_by=(TEXT, [one.retracted_by for one in taken_back]),
    )
    columns = ["source", "source_event_id", "retracted_by"]
    statement = pg.insert(retractions).from_select(
        [*columns, "recorded_at"], sa.select(new, sa.literal(work.now))
    )
    work.connection.execute(statement.on_conflict_do_nothing())


def insert_bodies(work: Work, facts: Sequence[NewFact]) -> None:
    """Keep what was sent, where it can be erased."""
    work.connection.execute(
        event_bodies.insert(),
        [{"event_id": fact.event_id, "body": fact.event.body} for fact in facts],
    )


def start_again(work: Work) -> None:
    """Have ``execute`` run the whole transaction again: what it decided on has changed."""
    work.connection.exec_driver_sql(
        "DO $$ BEGIN RAISE EXCEPTION 'an event was stored meanwhile' "
        "USING ERRCODE = 'serialization_failure'; END $$"
    )


def count_accepted(work: Work, facts: Sequence[NewFact]) -> None:
    """Add to the running hour of each source."""
    by_source: dict[str, list[NewFact]] = {}
    for fact in facts:
        by_source.setdefault(fact.source, []).append(fact)
    names = sorted(by_source)
    new = table_of(
        "new",
        source=(TEXT, names),
        accepted=(COUNT, [len(by_source[name]) for name in names]),
        newest=(
            TIME,
            [max(f.event.occurred for f in by_source[name]).floor_datetime() for name in names],
        ),
    )
    row = pg.insert(source_hours).from_select(
        ["source", "hour", "accepted", "last_received_at", "newest_occurred_at"],
        sa.select(
            new.c.source,
            sa.literal(_hour(work.now)),
            new.c.accepted,
            sa.literal(work.now),
            new.c.newest,
        ),
    )
    then, now = source_hours.c, row.excluded
    work.connection.execute(
        row.on_conflict_do_update(
            index_elements=["source", "hour"],
            set_={
                "accepted": then.accepted + now.accepted,
                "last_received_at": sa.func.greatest(then.last_received_at, now.last_received_at),
                "newest_occurred_at": sa.func.greatest(
                    then.newest_occurred_at, now.newest_occurred_at
                ),
            },
        )
    )


def members_in(work: Work, references: Iterable[UUID], targets: Sequence[FactKey]) -> list[UUID]:
    """Members behind these references, or taking part in these events, in id order."""
    told = sa.select(identities.c.member_id).where(
        identities.c.reference == any_uuid("refs", references), identities.c.member_id.is_not(None)
    )
    if targets:
        asked = _keys(targets)
        touched = (
            sa.select(identities.c.member_id)
            .join(event_participants, event_participants.c.reference == identities.c.reference)
            .join(events, events.c.event_id == event_participants.c.event_id)
            .join(asked, _same(events, asked))
            .where(identities.c.member_id.is_not(None))
        )
        told = told.union(touched).subquery().select()
    return sorted(set(work.connection.execute(told).scalars()))


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


def _participants(fact: NewFact) -> list[tuple[str, IdentityKey]]:
    named = list(fact.event.identities.items())
    return named if fact.event.subject is None else [("subject", fact.event.subject), *named]


def _keys(keys: Sequence[FactKey]) -> sa.TableValuedAlias:
    return table_of(
        "asked", source=(TEXT, [key[0] for key in keys]), id=(TEXT, [key[1] for key in keys])
    )


def _same(table: sa.Table, asked: sa.TableValuedAlias) -> sa.ColumnElement[bool]:
    return sa.and_(table.c.source == asked.c.source, table.c.source_event_id == asked.c.id)


def _hour(now: datetime) -> datetime:
    return now - timedelta(minutes=now.minute, seconds=now.second, microseconds=now.microsecond)


def _to_json(data: Mapping[str, Scalar]) -> str:
    """JSON text with exact decimals: PostgreSQL keeps them as numeric."""
    members = (f"{json.dumps(name)}:{_to_text(value)}" for name, value in data.items())
    return f"{{{','.join(members)}}}"


def _to_text(value: Scalar) -> str:
    return format(value, "f") if isinstance(value, Decimal) else json.dumps(value)
