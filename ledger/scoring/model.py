"""What goes into scoring and what comes out: facts, activations, entitlements.

Identities and members are plain texts here; what they are elsewhere is not known.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final, NamedTuple

from ledger.kernel.canonical import ExactJson
from ledger.kernel.clock import Instant
from ledger.kernel.errors import ErrorKind, VkladError
from ledger.kernel.units import Points
from ledger.programme.model import Programme

if TYPE_CHECKING:
    from ledger.scoring.receipts import Receipt

RETRACTED: Final = "activity.retracted"
"""The type of a fact that takes back another of the same source, named in its ``data.id``."""

FROM_THE_BEGINNING: Final = Instant(-(10**12))
"""``effective_at`` of an activation that has always been in force."""


class ActivationRefused(VkladError):
    """Activations that this version cannot score together."""

    code = "activation_refused"
    kind = ErrorKind.INVALID


class Fact(NamedTuple):
    """An activity event as scoring sees it.

    ``subject`` is the identity of whoever acted; some events have none. ``data`` is JSON, its
    numbers exact: one with a point is a ``Decimal``, never a float.
    """

    source: str
    id: str
    type: str
    subject: str | None
    time: Instant
    data: Mapping[str, ExactJson]

    @property
    def cause(self) -> EventCause:
        """What names this fact."""
        return EventCause(self.source, self.id)

    @property
    def order(self) -> tuple[Instant, str, str]:
        """The order of facts: time, then source, then id by code point."""
        return self.time, self.source, self.id


@dataclass(frozen=True, slots=True, order=True)
class EventCause:
    """The event that an award is for."""

    source: str
    id: str


@dataclass(frozen=True, slots=True, order=True)
class PeriodCause:
    """The period that an award is for: an ISO week such as ``2026-W10``."""

    period: str


Cause = EventCause | PeriodCause


class ActivationMode(StrEnum):
    """What an activation does to earlier facts.

    ``forward``: they keep their version. ``restatement``: those from ``effective_at`` on are scored
    anew, whatever was in force. ``top_up``: likewise, where that is more than it was.
    """

    FORWARD = "forward"
    TOP_UP = "top_up"
    RESTATEMENT = "restatement"


@dataclass(frozen=True, slots=True)
class Activation:
    """A programme version is in force for events (periods: closes) from ``effective_at`` on.

    Of several in force at an instant the one activated last counts.
    """

    programme: Programme
    effective_at: Instant = FROM_THE_BEGINNING
    mode: ActivationMode = ActivationMode.FORWARD


class Entitlement(NamedTuple):
    """What a member has earned by one rule for one cause.

    ``rule`` is the rule's id, or for a period the programme's name. ``excess`` is what a cap
    trimmed; it is shown and cannot be spent. ``earned_at`` is the event's time or the period's
    close.
    """

    beneficiary: str
    rule: str
    cause: Cause
    points: Points
    excess: Points
    earned_at: Instant
    receipt: Receipt

    @property
    def key(self) -> tuple[str, str, Cause]:
        """What there is one entitlement for: beneficiary, rule, cause."""
        return self.beneficiary, self.rule, self.cause


@dataclass(frozen=True, slots=True)
class Quarantined:
    """An event that no rule was applied to, because a condition had no answer for it."""

    cause: EventCause
    rule: str
    reason: str
