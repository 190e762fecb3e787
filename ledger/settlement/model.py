"""What settling an award needs to know, and what it came to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from ledger.kernel.canonical import Json
from ledger.kernel.units import Points
from ledger.lots.waiting import Vesting as WaitsFor
from ledger.programme.calendar import Calendar
from ledger.programme.canonical_life import condition_form
from ledger.programme.model import Programme
from ledger.programme.model_life import Term, Vesting
from ledger.settlement.lifetime import after_term, expiry_of

ZERO: Final = Points(0)


class Reason(StrEnum):
    """Why what an award paid is not what it is worth."""

    POOL = "pool"
    """The rewards pool was empty, or others waited for it already: paid later, oldest first."""
    BUDGET = "budget"
    """A budget is used up: never paid."""
    GONE = "gone"
    """Worth less than was paid, and time had taken that back for good (cancelled, decayed)."""


@dataclass(frozen=True, slots=True)
class Worth:
    """An award that is worth something else than before, by its ``revision`` (from 1).

    ``programme`` is the version that says so; ``None`` if nothing earns it any more.
    """

    award_id: UUID
    member_id: UUID
    rule_id: str
    revision: int
    difference: int
    earned_at: datetime
    programme: Programme | None
    why: Json


@dataclass(frozen=True, slots=True)
class Gap:
    """What an award's entry did not move of a revision's difference, and why."""

    award_id: UUID
    revision: int
    reason: Reason
    change: int


@dataclass(frozen=True, slots=True)
class Life:
    """When a new lot can be spent, until when, and what has to hold first."""

    activates_at: datetime
    expires_at: datetime | None
    waits_for: WaitsFor | None


@dataclass(frozen=True, slots=True)
class Settled:
    """The entry of each award that moved something."""

    entries: Mapping[UUID, UUID | None]


def life_of(programme: Programme, rule_id: str, earned_at: datetime, paid_at: datetime) -> Life:
    """The life of points that a rule awarded at ``earned_at`` and that are paid at ``paid_at``.

    Vesting counts from when they were earned, expiry from when they can be spent.
    """
    calendar = Calendar(programme.zone)
    rule = next((rule for rule in programme.rules if rule.rule_id == rule_id), None)
    vesting = None if rule is None else rule.vesting
    matures_at = earned_at if vesting is None else matures(vesting, earned_at, calendar)
    activates_at = max(matures_at, paid_at)
    validity = programme.validity_of(rule_id)
    return Life(
        activates_at=activates_at,
        expires_at=None if validity is None else expiry_of(validity, activates_at, calendar),
        waits_for=None if vesting is None else waits_for(vesting, programme),
    )


def matures(vesting: Vesting, earned_at: datetime, calendar: Calendar) -> datetime:
    """When points that vest so are no longer pending."""
    if not (vesting.months or vesting.days):
        return earned_at
    return after_term(Term(months=vesting.months, days=vesting.days), earned_at, calendar)


def waits_for(vesting: Vesting, programme: Programme) -> WaitsFor | None:
    """What has to hold when they mature; ``None`` if only time counts."""
    if vesting.condition is None:
        return None
    return WaitsFor(condition_form(vesting.condition), programme.emission is not None)
