"""Receipts: every number of an award with the fact or setting behind it.

A receipt holds exact values and turns them into JSON only when asked: fractions as texts, times as
RFC 3339. With the facts it names and the programme version it names, anyone can work the award out
again.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from ledger.kernel.canonical import Json
from ledger.kernel.clock import Instant
from ledger.programme.calendar import day_text, week_text
from ledger.programme.model import AttributeValue, Programme
from ledger.programme.numbers import exact_text
from ledger.scoring.model import EventCause, Fact


@dataclass(frozen=True, slots=True)
class AttributeBasis:
    """An attribute's value and the fact that stated it; no fact behind the default."""

    attribute: str
    value: AttributeValue
    stated_by: EventCause | None
    stated_at: Instant | None

    def to_json(self) -> dict[str, Json]:
        """``stated_by`` is null for the default."""
        stated: Json = None
        if self.stated_by is not None and self.stated_at is not None:
            stated = {**_cause(self.stated_by), "time": self.stated_at.isoformat()}
        return {"attribute": self.attribute, "value": self.value, "stated_by": stated}


@dataclass(frozen=True, slots=True)
class DayStreakBasis:
    """How many active days in a row, the day itself included; 0 if it is not one."""

    days: int
    first_day: int

    def to_json(self) -> dict[str, Json]:
        """``since`` is the first day of the streak."""
        return {
            "days_in_a_row": self.days,
            "since": day_text(self.first_day) if self.days else None,
        }


@dataclass(frozen=True, slots=True)
class WeekStreakBasis:
    """How many weeks in a row with something earned, the week itself included."""

    weeks: int
    first_week: int

    def to_json(self) -> dict[str, Json]:
        """``since`` is the first week of the streak."""
        return {"weeks_in_a_row": self.weeks, "since": week_text(self.first_week)}


@dataclass(frozen=True, slots=True)
class AppliedMultiplier:
    """A factor, and why it is that one."""

    name: str
    factor: Fraction
    because: AttributeBasis | DayStreakBasis | WeekStreakBasis

    def to_json(self) -> dict[str, Json]:
        """The factor as an exact text."""
        return {
            "name": self.name,
            "factor": exact_text(self.factor),
            "because": self.because.to_json(),
        }


@dataclass(frozen=True, slots=True)
class LimitUse:
    """Which of the events that count that day this one was."""

    position: int
    count: int

    def to_json(self) -> dict[str, Json]:
        """``position`` of ``count`` a day."""
        return {"per": "day", "count": self.count, "position": self.position}


@dataclass(frozen=True, slots=True)
class CapUse:
    """The day's cap, what had been awarded that day before, and so what was left."""

    points: int
    awarded_before: int
    because: AttributeBasis | None

    @property
    def left(self) -> int:
        """What the cap still allowed."""
        return max(0, self.points - self.awarded_before)

    def to_json(self) -> dict[str, Json]:
        """All in whole points."""
        return {
            "per": "day",
            "points": self.points,
            "because": None if self.because is None else self.because.to_json(),
            "awarded_before": self.awarded_before,
            "left": self.left,
        }


@dataclass(frozen=True, slots=True)
class EventReceipt:
    """How one event came to its points."""

    fact: Fact
    programme: Programme
    rule_id: str
    day: int
    base: Fraction
    multipliers: tuple[AppliedMultiplier, ...]
    limit: LimitUse | None
    exact: Fraction
    rounded: int
    cap: CapUse | None
    points: int

    def to_json(self) -> dict[str, Json]:
        """The receipt as it is stored and shown."""
        return {
            "event": _fact(self.fact),
            "programme": _programme(self.programme),
            "rule": self.rule_id,
            "day": day_text(self.day),
            "base": exact_text(self.base),
            "limit": None if self.limit is None else self.limit.to_json(),
            "multipliers": [multiplier.to_json() for multiplier in self.multipliers],
            "exact": exact_text(self.exact),
            "rounding": self.programme.rounding.value,
            "rounded": self.rounded,
            "cap": None if self.cap is None else self.cap.to_json(),
            "trimmed": self.rounded - self.points,
            "points": self.points,
        }


@dataclass(frozen=True, slots=True)
class Contribution:
    """What one event put into a week."""

    fact: Fact
    rule_id: str
    day: int
    weight: Fraction
    limit: LimitUse | None

    def to_json(self) -> dict[str, Json]:
        """The weight as an exact text."""
        return {
            "event": _fact(self.fact),
            "rule": self.rule_id,
            "day": day_text(self.day),
            "weight": exact_text(self.weight),
            "limit": None if self.limit is None else self.limit.to_json(),
        }


@dataclass(frozen=True, slots=True)
class PeriodReceipt:
    """How one week came to its points."""

    week: int
    closed_at: Instant
    programme: Programme
    contributions: tuple[Contribution, ...]
    base: Fraction
    multipliers: tuple[AppliedMultiplier, ...]
    exact: Fraction
    points: int

    def to_json(self) -> dict[str, Json]:
        """The receipt as it is stored and shown."""
        return {
            "period": week_text(self.week),
            "closed_at": self.closed_at.isoformat(),
            "programme": _programme(self.programme),
            "contributions": [each.to_json() for each in self.contributions],
            "base": exact_text(self.base),
            "multipliers": [multiplier.to_json() for multiplier in self.multipliers],
            "exact": exact_text(self.exact),
            "rounding": self.programme.rounding.value,
            "points": self.points,
        }


Receipt = EventReceipt | PeriodReceipt


def _fact(fact: Fact) -> dict[str, Json]:
    return {
        "source": fact.source,
        "id": fact.id,
        "type": fact.type,
        "time": fact.time.isoformat(),
    }


def _cause(cause: EventCause) -> dict[str, Json]:
    return {"source": cause.source, "id": cause.id}


def _programme(programme: Programme) -> dict[str, Json]:
    return {
        "name": programme.name,
        "version": programme.version,
        "hash": programme.hash_text,
    }
