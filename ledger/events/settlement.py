"""What becomes of each admitted event, given what is stored: pure.

An event is identified by (source, id). The first received stands for ever: the same content again
is a duplicate, other content a conflict that changes nothing. A batch that refuses conflicts is
stored whole or not at all; batches of other senders in the same transaction are not touched by it.

Objects that come and go. A forum post is deleted and restored, and what was retracted stays
retracted; so each restoration is a fact of its own, the object's next generation:

    post:10  ──retracted──▶  post:10~1  ──retracted──▶  post:10~2
    created                  recovered                  recovered

Events that ``follows_object`` name the object. Stating it lands on the first generation that is not
retracted; retracting it lands on the newest one that was ever stated.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from ledger.events.errors import BudgetSpent, EventConflict
from ledger.events.model import (
    GENERATIONS_MAX,
    REFERENCE_PREFIX,
    AcceptEvents,
    AdmittedEvent,
    OnConflict,
    Outcome,
    Scalar,
)
from ledger.kernel import ids
from ledger.kernel.canonical import Json, digest
from ledger.kernel.errors import VkladError
from ledger.members.model import IdentityKey

SECONDS_PER_HOUR: Final = 3_600

FactKey = tuple[str, str]
"""(source, id): what identifies an event."""


@dataclass(frozen=True, slots=True)
class KnownEvent:
    """What is stored of an event."""

    event_id: UUID
    content_digest: bytes


@dataclass(frozen=True, slots=True)
class Known:
    """What is stored of everything a group of commands may touch."""

    events: Mapping[FactKey, KnownEvent]
    retracted: frozenset[FactKey]
    references: Mapping[IdentityKey, UUID]
    accepted_this_hour: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class NewFact:
    """An event to be stored."""

    event_id: UUID
    source: str
    event: AdmittedEvent


@dataclass(frozen=True, slots=True)
class NewConflict:
    """An id that came with other content."""

    source: str
    event: AdmittedEvent


@dataclass(slots=True)
class Settlement:
    """What to write, and what to answer to each command."""

    facts: list[NewFact] = field(default_factory=list)
    conflicts: list[NewConflict] = field(default_factory=list)
    answers: list[list[Outcome] | VkladError] = field(default_factory=list)


def generation(object_id: str, number: int) -> str:
    """The event id of an object's generation; the first is the object's own id."""
    return object_id if number == 0 else f"{object_id}~{number}"


def candidates(event: AdmittedEvent) -> list[str]:
    """Every event id whose state decides where this event lands."""
    if not event.follows_object:
        return [event.id]
    object_id = event.retracts() or event.id
    generations = [generation(object_id, number) for number in range(GENERATIONS_MAX)]
    return [event.id, *generations, *(f"{one}:retracted" for one in generations)]


def settle(
    commands: Sequence[AcceptEvents], known: Known, now: datetime, new_id: Callable[[], UUID]
) -> Settlement:
    """Decide on all commands in order, each seeing what the ones before it store."""
    settlement = Settlement()
    staged: dict[FactKey, NewFact] = {}
    spent = dict(known.accepted_this_hour)
    for command in commands:
        desk = _Desk(command, known, staged, new_id)
        for event in command.events:
            desk.take(event)
        refusal = _refusal(command, desk, spent.get(command.source.uri, 0), now)
        settlement.conflicts += desk.conflicts
        if refusal is not None:
            settlement.answers.append(refusal)
            continue
        staged |= desk.own
        spent[command.source.uri] = spent.get(command.source.uri, 0) + len(desk.own)
        settlement.answers.append(desk.outcomes)
    settlement.facts = list(staged.values())
    return settlement


class _Desk:
    """One command being settled on top of what is stored and staged."""

    def __init__(
        self,
        command: AcceptEvents,
        known: Known,
        staged: Mapping[FactKey, NewFact],
        new_id: Callable[[], UUID],
    ) -> None:
        self._source = command.source.uri
        self._known = known
        self._staged = staged
        self._new_id = new_id
        self.own: dict[FactKey, NewFact] = {}
        self.outcomes: list[Outcome] = []
        self.conflicts: list[NewConflict] = []

    def take(self, stated: AdmittedEvent) -> None:
        if self._is_repeated_removal(stated):
            return
        event = self._placed(stated) if stated.follows_object else stated
        key = (self._source, event.id)
        staged = self.own.get(key) or self._staged.get(key)
        known = self._known.events.get(key)
        if known is not None:
            same = known.content_digest == content_digest(event, self._known.references)
            self._repeat(event, known.event_id, same=same)
        elif staged is not None:
            self._repeat(event, staged.event_id, same=staged.event.says_the_same(event))
        else:
            fact = NewFact(self._new_id(), self._source, event)
            self.own[key] = fact
            self.outcomes.append(Outcome(event.id, "accepted", fact.event_id))

    def _repeat(self, event: AdmittedEvent, event_id: UUID, *, same: bool) -> None:
        if not same:
            self.conflicts.append(NewConflict(self._source, event))
        self.outcomes.append(Outcome(event.id, "duplicate" if same else "conflict", event_id))

    def _is_repeated_removal(self, stated: AdmittedEvent) -> bool:
        """A removal with an id of its own that came before stays with what it removed then."""
        if not stated.follows_object or stated.retracts() in (None, stated.id):
            return False
        key = (self._source, stated.id)
        known = self._known.events.get(key) or self._staged.get(key) or self.own.get(key)
        if known is not None:
            self.outcomes.append(Outcome(stated.id, "duplicate", known.event_id))
        return known is not None

    def _placed(self, event: AdmittedEvent) -> AdmittedEvent:
        """The event with the ids of the generation it belongs to."""
        target = event.retracts()
        if target is None:
            living = (
                number
                for number in range(GENERATIONS_MAX)
                if not self._is_retracted(generation(event.id, number))
            )
            return replace(event, id=generation(event.id, next(living, 0)))
        stated = [
            number
            for number in range(GENERATIONS_MAX)
            if self._is_stated(generation(target, number))
        ]
        newest = generation(target, stated[-1] if stated else 0)
        event_id = f"{newest}:retracted" if event.id == target else event.id
        return replace(event, id=event_id, values={**event.values, "id": newest})

    def _is_stated(self, event_id: str) -> bool:
        key = (self._source, event_id)
        return key in self._known.events or key in self._staged or key in self.own

    def _is_retracted(self, event_id: str) -> bool:
        if (self._source, event_id) in self._known.retracted:
            return True
        return any(
            fact.source == self._source and fact.event.retracts() == event_id
            for fact in (*self._staged.values(), *self.own.values())
        )


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
    content: dict[str, Json] = {
        "type": event.type,
        "time": None if event.time_is_ours else event.occurred.isoformat(),
        "subject": None if event.subject is None else _text(references.get(event.subject)),
        "identities": {name: _text(references.get(key)) for name, key in event.identities.items()},
        "values": {name: _plain(value) for name, value in event.values.items()},
    }
    return digest(content)


def kept_data(event: AdmittedEvent, references: Mapping[IdentityKey, UUID]) -> dict[str, Scalar]:
    """``data`` as a fact keeps it: declared values, and references in place of identities."""
    named = {name: _text(references[key]) for name, key in event.identities.items()}
    return {**event.values, **named}


def _text(reference: UUID | None) -> str:
    return "unknown" if reference is None else ids.format_id(REFERENCE_PREFIX, reference)


def _plain(value: Scalar) -> Json:
    """A decimal as its normal text, marked, so that 4.50 is 4.5 and never the text "4.5"."""
    if isinstance(value, Decimal):
        return {"decimal": format(value.normalize(), "f")}
    return value
