"""The words of this room, pure: sources, events as they come, facts as they are kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Final, Literal, NamedTuple
from uuid import UUID

from ledger.kernel.clock import Instant
from ledger.members.model import IdentityKey

FUTURE_MAX: Final = timedelta(minutes=5)
"""How far ahead of our clock an event may be dated."""
LATENESS_DAYS_DEFAULT: Final = 30
HOURLY_BUDGET_DEFAULT: Final = 100_000
EVENT_ID_LENGTH_MAX: Final = 512
TYPE_LENGTH_MAX: Final = 128
TEXT_LENGTH_MAX: Final = 512
"""Longest text a declared field keeps: enough for ids and addresses, not for what people wrote."""
INTEGER_MAX: Final = 2**53 - 1
"""The greatest whole number every JSON reader keeps exactly (RFC 8259, section 6)."""
BATCH_EVENTS_MAX: Final = 1_000
RETRACTED: Final = "activity.retracted"
REFERENCE_PREFIX: Final = "idn"
"""An identity in a fact's data is ``idn_…``: its reference, never who it is."""
KEYED_PREFIX: Final = "keyed"
"""A device or network in a fact's data is ``keyed_…``: a hash under this installation's key."""
ANY: Final = "*"

ExactJson = str | int | bool | Decimal | None | Sequence["ExactJson"] | Mapping[str, "ExactJson"]
"""JSON in which a number is never a float."""
Scalar = str | int | bool | Decimal
"""What a declared field holds; a fraction is exact."""


class FieldKind(StrEnum):
    """What a declared field of an event may hold."""

    IDENTITY = "identity"
    """``provider:subject``; kept as a reference."""
    KEY = "key"
    """Text or a whole number that names a thing; compared, never computed with."""
    STRING = "string"
    INTEGER = "integer"
    DECIMAL = "decimal"
    BOOLEAN = "boolean"
    TIME = "time"
    VALUE = "value"
    """Any one of text, number and boolean: an attribute's value."""
    KEYED = "keyed"
    """Text or a number that tells a device or a card; kept as a keyed hash, so only compared.

    Dropped, like an address that is none, where it cannot be read: it only helps to compare.
    """
    NETWORK = "network"
    """An IP address; kept as a keyed hash of its /24 or /48."""


Fields = Mapping[str, FieldKind]


@dataclass(frozen=True, slots=True)
class Authority:
    """What a source may assert.

    ``types``: event types, ``lms.*`` for all below, ``*`` for any. ``issuers``: the issuer of each
    identity provider it may name, ``*`` for every other provider. ``attributes``: of members, ``*``
    for any. ``declared``: types of its own with their fields.
    """

    types: tuple[str, ...] = ()
    issuers: Mapping[str, str] = field(default_factory=dict)
    attributes: tuple[str, ...] = ()
    declared: Mapping[str, Fields] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Source:
    """Somebody who states events; ``uri`` is their ``source`` attribute (CloudEvents)."""

    source_id: UUID
    uri: str
    name: str
    profile: str
    state: Literal["active", "suspended"]
    authority: Authority
    lateness_days: int = LATENESS_DAYS_DEFAULT
    hourly_budget: int = HOURLY_BUDGET_DEFAULT


@dataclass(frozen=True, slots=True)
class ObjectStep:
    """A step in the life of an object that may come and go (see ``objects``)."""

    object_id: str
    number: int


class IncomingEvent(NamedTuple):
    """An event as a source states it, after its profile's mapping.

    ``time`` absent: the source does not say when, so ours is used and no re-send can differ by it.
    ``step``: it restores or removes an object. ``body`` is kept in the erasable store. A tuple, as
    what is made of each event on the hot path is: several times quicker made than a dataclass.
    """

    id: str
    type: str
    subject: str | None
    time: Instant | None
    data: Mapping[str, ExactJson]
    step: ObjectStep | None = None
    body: bytes | None = None


class AdmittedEvent(NamedTuple):
    """An event its source may assert, reduced to what its type declares.

    Made by ``admission`` alone. Identities are still keys here; facts get references.
    """

    id: str
    type: str
    recognised: bool
    occurred: Instant
    time_is_ours: bool
    subject: IdentityKey | None
    identities: Mapping[str, IdentityKey]
    values: Mapping[str, Scalar]
    step: ObjectStep | None = None
    body: bytes | None = None

    def identity_keys(self) -> list[IdentityKey]:
        """Every identity in it."""
        named = list(self.identities.values())
        return named if self.subject is None else [self.subject, *named]

    def retracts(self) -> str | None:
        """The id of the event it takes back."""
        return str(self.values["id"]) if self.type == RETRACTED else None

    def says_the_same(self, other: AdmittedEvent) -> bool:
        """Whether a re-send of one could be the other; a time of ours does not count."""
        return (self.type, self.subject, self.identities, self.values) == (
            other.type,
            other.subject,
            other.identities,
            other.values,
        ) and (self.time_is_ours or other.time_is_ours or self.occurred == other.occurred)


class OnConflict(StrEnum):
    """What to do when an id is known with other content: it never changes the first."""

    REFUSE = "refuse"
    """Refuse the whole batch: the sender can read our answer."""
    REPORT = "report"
    """Keep the rest: a vendor would only send it again."""


@dataclass(frozen=True, slots=True)
class AcceptEvents:
    """Store these events of one source, all or (on a conflict, if so asked) none."""

    source: Source
    events: Sequence[AdmittedEvent]
    on_conflict: OnConflict = OnConflict.REFUSE
    budgeted: bool = True
    """Whether they count against the source's hourly budget; an import by an operator does not."""


class Outcome(NamedTuple):
    """What became of one event; ``event_id`` is the stored fact's, also for a duplicate.

    Absent for a step that repeats another under a new number.
    """

    id: str
    status: Literal["accepted", "duplicate", "conflict"]
    event_id: UUID | None


class StoredFact(NamedTuple):
    """A fact as it is kept.

    ``data`` holds declared fields only, identities among them as ``idn_…``
    (``references`` gives them by field).
    """

    event_id: UUID
    source: str
    source_event_id: str
    type: str
    subject_reference: UUID | None
    occurred: Instant
    data: Mapping[str, Scalar]


@dataclass(frozen=True, slots=True)
class EventSummary:
    """A fact as a list shows it."""

    fact: StoredFact
    recognised: bool
    retracted: bool
    parked: bool
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class Conflict:
    """An id that came again with other content, which changed nothing."""

    conflict_id: UUID
    source: str
    source_event_id: str
    type: str
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class FactlessDelivery:
    """A delivery that passed its signature and left no fact; of its bytes only a digest is kept."""

    source: str
    kind: str
    outcome: Literal["ignored", "refused"]
    reason: str
    body_digest: bytes | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
    """A delivery that left no fact, and why."""

    delivery_id: UUID
    source: str
    received_at: datetime
    kind: str
    outcome: Literal["ignored", "refused"]
    reason: str


@dataclass(frozen=True, slots=True)
class SourceActivity:
    """How a source is doing: when we last heard of it, and up to when it told us."""

    source: str
    last_received_at: datetime
    newest_occurred_at: datetime
    accepted_last_day: int
    parked: int


@dataclass(frozen=True, slots=True)
class UnknownType:
    """A type that nothing declares: stored without data, earning nothing until a rule names it."""

    type: str
    source: str
    count: int
    last_recorded_at: datetime
