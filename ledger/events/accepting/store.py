"""The statements of accepting events.

Those that every batch needs are built once: building one costs several times what running it does.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

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
from ledger.kernel import outbox
from ledger.kernel.arrays import (
    BYTES,
    COUNT,
    FLAG,
    JSON_TEXT,
    TEXT,
    TIME,
    UUID_,
    given,
    hexadecimal,
    table_of,
)
from ledger.kernel.canonical import Json
from ledger.kernel.pipeline import Prepared, pipeline
from ledger.kernel.transaction import Work
from ledger.members.model import SCORE_TOPIC, IdentityKey
from ledger.members.tables import identities, personal_identities


class Asked(NamedTuple):
    """What is looked up: events, identities, and the running hour of sources."""

    events: Sequence[FactKey]
    identities: Sequence[IdentityKey]
    sources: Sequence[str]


class KnownIdentity(NamedTuple):
    """An identity's reference, and whose it is if anybody's."""

    reference: UUID
    member_id: UUID | None


_ASKED: Final = given("asked", source=TEXT, id=TEXT)
_asked: Final = _ASKED.table.c
_FOUND: Final = (
    sa.select(events.c.event_id, events.c.content_digest)
    .where(events.c.source == _asked.source, events.c.source_event_id == _asked.id)
    .limit(1)
    .lateral("found")
)
_KNOWN_EVENTS: Final = Prepared(
    sa.select(_asked.source, _asked.id, _FOUND.c.event_id, _FOUND.c.content_digest).join(
        _FOUND, sa.true()
    )
)
"""Each key is looked up by itself, through the unique index: a join is planned while the table is
small, as a scan of all of it, and the plan is kept."""

_NAMED: Final = given("named", provider=TEXT, issuer=TEXT, subject=TEXT)
_named: Final = _NAMED.table.c
_PERSON: Final = (
    sa.select(personal_identities.c.reference, identities.c.member_id)
    .join(identities, identities.c.reference == personal_identities.c.reference)
    .where(
        personal_identities.c.provider == _named.provider,
        personal_identities.c.issuer == _named.issuer,
        personal_identities.c.subject == _named.subject,
    )
    .limit(1)
    .lateral("person")
)
_KNOWN_IDENTITIES: Final = Prepared(
    sa.select(
        _named.provider, _named.issuer, _named.subject, _PERSON.c.reference, _PERSON.c.member_id
    ).join(_PERSON, sa.true())
)

_SOURCES: Final = given("sources", source=TEXT)
_ACCEPTED: Final = Prepared(
    sa.select(source_hours.c.source, source_hours.c.accepted)
    .join(_SOURCES.table, source_hours.c.source == _SOURCES.table.c.source)
    .where(source_hours.c.hour == sa.bindparam("hour", type_=TIME))
)

_NOW: Final = sa.bindparam("now", type_=TIME)
_FACTS: Final = given(
    "facts",
    event_id=UUID_,
    source=TEXT,
    source_event_id=TEXT,
    type=TEXT,
    recognised=FLAG,
    subject_reference=UUID_,
    occurred_at=TIME,
    occurred_fraction=TEXT,
    data=JSON_TEXT,
    content_digest=BYTES,
)
_STORED: Final = (
    pg.insert(events)
    .from_select([*_FACTS.names, "recorded_at"], sa.select(_FACTS.table, _NOW))
    .on_conflict_do_nothing(index_elements=["source", "source_event_id"])
    .returning(events.c.event_id)
    .cte("stored")
)
_PARTS: Final = given("parts", event_id=UUID_, role=TEXT, reference=UUID_)
_TAKING_PART: Final = (
    event_participants.insert()
    .from_select(
        _PARTS.names,
        sa.select(_PARTS.table).join(_STORED, _STORED.c.event_id == _PARTS.table.c.event_id),
    )
    .cte("taking_part")
)
_INSERT_FACTS: Final = Prepared(
    sa.select(sa.func.count()).select_from(_STORED).add_cte(_TAKING_PART)
)

_COUNTS: Final = given("new", source=TEXT, accepted=COUNT, newest=TIME)


def _counting() -> sa.Executable:
    new = _COUNTS.table.c
    row = pg.insert(source_hours).from_select(
        ["source", "hour", "accepted", "last_received_at", "newest_occurred_at"],
        sa.select(new.source, sa.bindparam("hour", type_=TIME), new.accepted, _NOW, new.newest),
    )
    then, now = source_hours.c, row.excluded
    counting = row.on_conflict_do_update(
        index_elements=["source", "hour"],
        set_={
            "accepted": then.accepted + now.accepted,
            "last_received_at": sa.func.greatest(then.last_received_at, now.last_received_at),
            "newest_occurred_at": sa.func.greatest(then.newest_occurred_at, now.newest_occurred_at),
        },
    )
    return counting.returning(then.source, then.accepted)


_COUNT_ACCEPTED: Final = Prepared(_counting())


class Found(NamedTuple):
    """What is stored of what was asked for.

    ``accepted_this_hour``: events accepted in the running hour, by source.
    """

    events: dict[FactKey, KnownEvent]
    identities: dict[IdentityKey, KnownIdentity]
    accepted_this_hour: dict[str, int]


def look_up(work: Work, lock: Prepared, asked: Asked) -> Found:
    """Take the membership's lock, then look for what is stored of these."""
    with pipeline(work) as line:
        line.send(lock, {})
        # Events before identities: of an event seen here, every identity is seen then.
        known_events = line.send(_KNOWN_EVENTS, _ASKED.rows(asked.events))
        identities_ = line.send(_KNOWN_IDENTITIES, _NAMED.rows(asked.identities))
        sources = _SOURCES.rows((source,) for source in asked.sources)
        accepted = line.send(_ACCEPTED, {**sources, "hour": _hour(work.now)})
    return Found(
        {(row[0], row[1]): KnownEvent(row[2], row[3]) for row in known_events.fetchall()},
        {
            IdentityKey(row[0], row[1], row[2]): KnownIdentity(row[3], row[4])
            for row in identities_.fetchall()
        },
        {row[0]: row[1] for row in accepted.fetchall()},
    )


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


class Written(NamedTuple):
    """How many facts were not there yet, and what each source's running hour holds then.

    Fewer than given means that another transaction stored one of them a moment ago.
    """

    stored: int
    accepted_this_hour: dict[str, int]


def write(
    work: Work,
    facts: Sequence[NewFact],
    references: Mapping[IdentityKey, UUID],
    told: Mapping[UUID, Json],
) -> Written:
    """Store facts and who takes part in them, count them, and ask for the members' scoring.

    ``told``: what scoring is told of each member.
    """
    new = _fact_rows(facts, references)
    moment = {"hour": _hour(work.now), "now": work.now}
    with pipeline(work) as line:
        stored = line.send(_INSERT_FACTS, {**new, "now": work.now})
        counted = line.send(_COUNT_ACCEPTED, {**_counts(facts), **moment})
        asked = [(str(member_id), told[member_id]) for member_id in sorted(told)]
        outbox.send_many(line, SCORE_TOPIC, asked)
    return Written(stored.fetchall()[0][0], {row[0]: row[1] for row in counted.fetchall()})


def _fact_rows(facts: Sequence[NewFact], references: Mapping[IdentityKey, UUID]) -> dict[str, str]:
    rows = _FACTS.written(
        [
            {
                "event_id": fact.event_id,
                "source": fact.source,
                "source_event_id": fact.event.id,
                "type": fact.event.type,
                "recognised": fact.event.recognised,
                "subject_reference": None
                if fact.event.subject is None
                else references[fact.event.subject],
                "occurred_at": fact.event.occurred.floor_datetime(),
                "occurred_fraction": fact.event.occurred.fraction,
                "data": kept_data(fact.event, references),
                "content_digest": hexadecimal(content_digest(fact.event, references)),
            }
            for fact in facts
        ]
    )
    parts = _PARTS.rows(
        (fact.event_id, role, references[key])
        for fact in facts
        for role, key in _participants(fact)
    )
    return rows | parts


def _counts(facts: Sequence[NewFact]) -> dict[str, str]:
    by_source: dict[str, list[NewFact]] = {}
    for fact in facts:
        by_source.setdefault(fact.source, []).append(fact)
    return _COUNTS.rows(
        (source, len(own), max(fact.event.occurred for fact in own).floor_datetime())
        for source, own in sorted(by_source.items())
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


def members_taking_part(work: Work, keys: Iterable[FactKey]) -> list[UUID]:
    """Members who take part in these events."""
    rows = (
        sa.select(identities.c.member_id)
        .join(event_participants, event_participants.c.reference == identities.c.reference)
        .join(events, events.c.event_id == event_participants.c.event_id)
        .join(
            _ASKED.table,
            sa.and_(events.c.source == _asked.source, events.c.source_event_id == _asked.id),
        )
        .where(identities.c.member_id.is_not(None))
    )
    return list(work.connection.execute(rows, _ASKED.rows(keys)).scalars())


def _participants(fact: NewFact) -> list[tuple[str, IdentityKey]]:
    named = list(fact.event.identities.items())
    return named if fact.event.subject is None else [("subject", fact.event.subject), *named]


def _hour(now: datetime) -> datetime:
    return now - timedelta(minutes=now.minute, seconds=now.second, microseconds=now.microsecond)
