"""What becomes of each admitted event, given what is stored: pure.

An event is identified by (source, id). The first received stands for ever: the same content again
is a duplicate, other content a conflict that changes nothing. A batch that refuses conflicts is
stored whole or not at all; batches of other senders in the same transaction are not touched by it.
What a retraction takes back is decided in ``objects``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Final, NamedTuple
from uuid import UUID

import orjson

from ledger.events.errors import BudgetSpent, EventConflict
from ledger.events.model import (
    KEYED_PREFIX,
    REFERENCE_PREFIX,
    AcceptEvents,
    AdmittedEvent,
    OnConflict,
    Outcome,
    Scalar,
)
from ledger.events.objects import ObjectHistory, is_repeated, taken_back
from ledger.kernel import ids
from ledger.kernel.canonical import Json
from ledger.kernel.clock import Instant
from ledger.kernel.errors import VkladError
from ledger.members.model import IdentityKey

SECONDS_PER_HOUR: Final = 3_600
_KEYED: Final = f"{KEYED_PREFIX}_"

FactKey = tuple[str, str]
"""(source, id): what identifies an event."""


@dataclass(frozen=True, slots=True)
class KnownEvent:
    """What is stored of an event."""

    event_id: UUID
    content_digest: bytes


@dataclass(frozen=True, slots=True)
class Known:
    """What is stored of everything a group of commands may touch; objects by (source, object)."""

    events: Mapping[FactKey, KnownEvent]
    objects: Mapping[FactKey, ObjectHistory]
    references: Mapping[IdentityKey, UUID]
    accepted_this_hour: Mapping[str, int]


class NewFact(NamedTuple):
    """An event to be stored."""

    event_id: UUID
    source: str
    event: AdmittedEvent


@dataclass(frozen=True, slots=True)
class NewRetraction:
    """An event, stored or not yet, that counts no longer."""

    source: str
    target: str
    retracted_by: str


@dataclass(frozen=True, slots=True)
class NewConflict:
    """An id that came with other content."""

    source: str
    event: AdmittedEvent


@dataclass(slots=True)
class Settlement:
    """What to write, and what to answer to each command."""

    facts: list[NewFact] = field(default_factory=list)
    retractions: list[NewRetraction] = field(default_factory=list)
    conflicts: list[NewConflict] = field(default_factory=list)
    answers: list[list[Outcome] | VkladError] = field(default_factory=list)


def settle(
    commands: Sequence[AcceptEvents], known: Known, now: datetime, new_id: Callable[[], UUID]
) -> Settlement:
    """Decide on all commands in order, each seeing what the ones before it store."""
    settlement = Settlement()
    staged: dict[FactKey, NewFact] = {}
    objects = dict(known.objects)
    spent = dict(known.accepted_this_hour)
    for command in commands:
        uri = command.source.uri
        desk = _Desk(uri, known, staged, objects, new_id)
        for event in command.events:
            desk.take(event)
        refusal = _refusal(command, desk, spent.get(uri, 0), now)
        settlement.conflicts += desk.conflicts
        if refusal is not None:
            settlement.answers.append(refusal)
            continue
        staged |= desk.own
        objects |= desk.objects
        spent[uri] = spent.get(uri, 0) + len(desk.own)
        settlement.retractions += desk.retractions
        settlement.answers.append(desk.outcomes)
    settlement.facts = list(staged.values())
    return settlement


class _Desk:
    """One command being settled on top of what is stored and staged."""

    def __init__(
        self,
        source: str,
        known: Known,
        staged: Mapping[FactKey, NewFact],
        objects: Mapping[FactKey, ObjectHistory],
        new_id: Callable[[], UUID],
    ) -> None:
        self._source = source
        self._known = known
        self._staged = staged
        self._new_id = new_id
        self.objects = dict(objects)
        self.own: dict[FactKey, NewFact] = {}
        self.outcomes: list[Outcome] = []
        self.retractions: list[NewRetraction] = []
        self.conflicts: list[NewConflict] = []

    def take(self, event: AdmittedEvent) -> None:
        key = (self._source, event.id)
        known = self._known.events.get(key)
        staged = self.own.get(key) or self._staged.get(key)
        if known is not None:
            same = known.content_digest == content_digest(event, self._known.references)
            self._repeat(event, known.event_id, same=same or _is_removal(event))
        elif staged is not None:
            same = staged.event.says_the_same(event)
            self._repeat(event, staged.event_id, same=same or _is_removal(event))
        elif event.step is not None and is_repeated(event, self._object(event)):
            self.outcomes.append(Outcome(event.id, "duplicate", None))
        else:
            self._store(event)

    def _store(self, event: AdmittedEvent) -> None:
        fact = NewFact(self._new_id(), self._source, event)
        self.own[self._source, event.id] = fact
        self.outcomes.append(Outcome(event.id, "accepted", fact.event_id))
        history = None if event.step is None else self._object(event)
        self.retractions += [
            NewRetraction(self._source, target, retracted_by)
            for target, retracted_by in taken_back(event, history)
        ]
        if event.step is not None and history is not None:
            self.objects[self._source, event.step.object_id] = history.after(event)

    def _object(self, event: AdmittedEvent) -> ObjectHistory:
        assert event.step is not None, "only of an object's step"
        return self.objects.get((self._source, event.step.object_id), ObjectHistory())

    def _repeat(self, event: AdmittedEvent, event_id: UUID, *, same: bool) -> None:
        if not same:
            self.conflicts.append(NewConflict(self._source, event))
        self.outcomes.append(Outcome(event.id, "duplicate" if same else "conflict", event_id))


def _is_removal(event: AdmittedEvent) -> bool:
    """Its id says all of it but the step's number, which the first one keeps."""
    return event.step is not None and event.retracts() is not None


def _refusal(command: AcceptEvents, desk: _Desk, spent: int, now: datetime) -> VkladError | None:
    if command.on_conflict is OnConflict.REFUSE and desk.conflicts:
        index = [outcome.status for outcome in desk.outcomes].index("conflict")
        return EventConflict(
            f"The event {desk.outcomes[index].id} is known with other content. The first stands.",
            id=desk.outcomes[index].id,
            index=index,
        )
    if command.budgeted and desk.own and spent + len(desk.own) > command.source.hourly_budget:
        return BudgetSpent(
            f"This source may state {command.source.hourly_budget} events an hour and stated "
            f"{spent}.",
            limit_events=command.source.hourly_budget,
            retry_after_s=SECONDS_PER_HOUR - int(now.timestamp()) % SECONDS_PER_HOUR,
        )
    return None


def content_digest(event: AdmittedEvent, references: Mapping[IdentityKey, UUID]) -> bytes:
    """What a re-send is compared by: SHA-256 over the mapped event's canonical form (RFC 8785).

    Identities count by reference, so that nobody can be found by trying subjects against it; one
    without a reference counts as unknown, which no stored event has.
    """
    return hashlib.sha256(canonical_content(content_of(event, references))).digest()


def content_of(
    event: AdmittedEvent, references: Mapping[IdentityKey, UUID]
) -> dict[str, str | dict[str, Json] | None]:
    """What of an event counts when a re-send is compared.

    Not the keyed hashes: with another key, or sent before they were kept, it is the same event.
    """
    return {
        "type": event.type,
        "time": None if event.time_is_ours else _moment(event.occurred),
        "subject": None if event.subject is None else _hex(references.get(event.subject)),
        "identities": {name: _hex(references.get(key)) for name, key in event.identities.items()},
        "values": {
            name: _plain(value) for name, value in event.values.items() if not _is_keyed(value)
        },
    }


def canonical_content(content: Mapping[str, str | dict[str, Json] | None]) -> bytes:
    """The RFC 8785 form, ten times quicker than ``kernel.canonical`` and the same here.

    Names are ASCII, texts have no control characters, whole numbers are below 2^53 and there are
    no floats, which leaves nothing in which the two could differ.
    """
    return orjson.dumps(content, option=orjson.OPT_SORT_KEYS)


def kept_data(event: AdmittedEvent, references: Mapping[IdentityKey, UUID]) -> dict[str, Scalar]:
    """``data`` as a fact keeps it: declared values, and references in place of identities."""
    named = {
        name: ids.format_id(REFERENCE_PREFIX, references[key])
        for name, key in event.identities.items()
    }
    return {**event.values, **named}


def _is_keyed(value: Scalar) -> bool:
    return isinstance(value, str) and value.startswith(_KEYED)


def _moment(occurred: Instant) -> str:
    """Seconds since 1970 and every stated digit after them."""
    return f"{occurred.seconds}.{occurred.fraction}"


def _hex(reference: UUID | None) -> str:
    return "unknown" if reference is None else reference.hex


def _plain(value: Scalar) -> Json:
    """A decimal as its normal text, marked, so that 4.50 is 4.5 and never the text "4.5"."""
    if isinstance(value, Decimal):
        return {"decimal": format(value.normalize(), "f")}
    return value
