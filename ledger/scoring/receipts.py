"""Receipts: every number of an award with the fact or setting behind it.

A receipt holds exact values and turns them into JSON only when asked: fractions as texts, times as
RFC 3339. With the facts it names and the programme version it names, anyone can work the award out
again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

from ledger.kernel.canonical import Json, plain_json
from ledger.kernel.clock import Instant
from ledger.programme.calendar import day_text, span_text, week_text
from ledger.programme.expressions import Expression, number_at
from ledger.programme.model import AttributeValue, Programme
from ledger.programme.model_earning import Cap, Limit, Over
from ledger.programme.model_time import MEASURED
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
        if self.stated_by is not None:
            assert self.stated_at is not None, "whatever is stated is stated at some time"
            stated = {**_cause(self.stated_by), "time": self.stated_at.isoformat()}
        return {"attribute": self.attribute, "value": self.value, "stated_by": stated}


@dataclass(frozen=True, slots=True)
class Bridged:
    """What was forgiven within a streak so far, and the freezes left in the span of its last day.

    ``latest`` are the first and last day of the latest gap.
    """

    frozen: int
    excused: int
    latest: tuple[int, int] | None
    left: int

    def to_json(self) -> dict[str, Json]:
        """In days (of a streak of weeks: in weeks)."""
        latest: Json = None
        if self.latest is not None:
            latest = {"from": day_text(self.latest[0]), "to": day_text(self.latest[1])}
        return {
            "frozen": self.frozen,
            "excused": self.excused,
            "latest": latest,
            "freezes_left": self.left,
        }


@dataclass(frozen=True, slots=True)
class DayStreakBasis:
    """How many active days in a row, the day itself included; 0 if it is not one."""

    days: int
    first_day: int
    bridged: Bridged | None

    def to_json(self) -> dict[str, Json]:
        """``since`` is the first day of the streak."""
        return {
            "days_in_a_row": self.days,
            "since": day_text(self.first_day) if self.days else None,
            **_bridged(self.bridged),
        }


@dataclass(frozen=True, slots=True)
class WeekStreakBasis:
    """How many weeks in a row with something earned, this one included; 0 if it is none."""

    weeks: int
    first_week: int
    bridged: Bridged | None

    def to_json(self) -> dict[str, Json]:
        """``since`` is the first week of the streak."""
        return {
            "weeks_in_a_row": self.weeks,
            "since": week_text(self.first_week) if self.weeks else None,
            **_bridged(self.bridged),
        }


class AppliedMultiplier(NamedTuple):
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


class LimitUse(NamedTuple):
    """Which of the events that count in a limit's span this one was."""

    position: int
    limit: Limit

    def to_json(self) -> dict[str, Json]:
        """``position`` of ``count`` in a span."""
        return {"per": self.limit.per.value, "count": self.limit.count, "position": self.position}


class CapUse(NamedTuple):
    """A cap, what had been awarded in its span before, and what it made of ``amount``."""

    cap: Cap
    span: int
    points: int
    awarded_before: int | Fraction
    because: AttributeBasis | None
    amount: int | Fraction

    @property
    def left(self) -> int | Fraction:
        """What the cap still allowed."""
        return max(0, self.points - self.awarded_before)

    @property
    def kept(self) -> int | Fraction:
        """What it let through."""
        left = self.left
        if self.amount <= left:
            return self.amount
        return 0 if self.cap.over is Over.REFUSE else left

    def to_json(self) -> dict[str, Json]:
        """Whole points; where a cap bounds the weights of a period, exact texts."""
        return {
            "per": self.cap.per.value,
            "points": self.points,
            "because": None if self.because is None else self.because.to_json(),
            "awarded_before": _amount(self.awarded_before),
            "left": _amount(self.left),
        }

    def to_named_json(self) -> dict[str, Json]:
        """As :meth:`to_json`, with which cap it is, of what, and what it made of the amount."""
        of = self.cap.of
        return {
            "id": self.cap.cap_id,
            "of": "programme"
            if of.is_programme
            else {"category": of.category}
            if of.category is not None
            else {"rules": list(of.rules)},
            "span": span_text(self.cap.per, self.span),
            "over": self.cap.over.value,
            **self.to_json(),
            "amount": _amount(self.amount),
            "kept": _amount(self.kept),
        }


@dataclass(frozen=True, slots=True)
class ReductionUse:
    """What refunds of the purchase, or votes against the thing, took back of an award.

    ``earlier`` is what of the refunds awards for earlier payments of the order account for.
    """

    whole: Fraction
    refunded: Fraction
    points: int
    by: tuple[EventCause, ...]
    takes: int = 0
    earlier: Fraction = Fraction(0)

    def to_json(self) -> dict[str, Json]:
        """Amounts as exact texts; ``points`` went back. Of votes: what each of them ``takes``."""
        if self.takes:
            return {
                "takes": self.takes,
                "points": self.points,
                "by": [_cause(each) for each in self.by],
            }
        return {
            "whole": exact_text(self.whole),
            "refunded": exact_text(self.refunded),
            **({"earlier": exact_text(self.earlier)} if self.earlier else {}),
            "points": self.points,
            "by": [_cause(each) for each in self.by],
        }


class EventReceipt(NamedTuple):
    """How one event came to its points."""

    fact: Fact
    programme: Programme
    rule_id: str
    day: int
    base: Fraction
    multipliers: tuple[AppliedMultiplier, ...]
    limits: tuple[LimitUse, ...]
    exact: Fraction
    rounded: int
    caps: tuple[CapUse, ...]
    points: int
    reduction: ReductionUse | None = None

    def to_json(self) -> dict[str, Json]:
        """The receipt as it is stored and shown."""
        taken = 0 if self.reduction is None else self.reduction.points
        return {
            "event": _fact(self.fact),
            "programme": _programme(self.programme),
            "rule": self.rule_id,
            "day": day_text(self.day),
            "base": exact_text(self.base),
            **_formula(self.programme, self.rule_id, self.fact),
            **_limits(self.limits),
            "multipliers": [multiplier.to_json() for multiplier in self.multipliers],
            "exact": exact_text(self.exact),
            "rounding": self.programme.rounding.value,
            "rounded": self.rounded,
            **_caps(self.caps, self.programme),
            "trimmed": self.rounded - self.points - taken,
            **({} if self.reduction is None else {"reduction": self.reduction.to_json()}),
            "points": self.points,
        }


@dataclass(frozen=True, slots=True)
class Contribution:
    """What one event put into a period: what its rule states, as far as caps let it through."""

    fact: Fact
    rule_id: str
    day: int
    stated: Fraction
    limits: tuple[LimitUse, ...]
    caps: tuple[CapUse, ...]

    @property
    def weight(self) -> Fraction:
        """What counted."""
        return Fraction(self.caps[-1].kept) if self.caps else self.stated

    def to_json(self, programme: Programme) -> dict[str, Json]:
        """Weights as exact texts; ``programme`` is the version that states the rule."""
        capped: dict[str, Json] = {}
        if self.caps:
            capped["stated"] = exact_text(self.stated)
            capped["caps"] = [each.to_named_json() for each in self.caps]
        return {
            "event": _fact(self.fact),
            "rule": self.rule_id,
            "day": day_text(self.day),
            "weight": exact_text(self.weight),
            **_formula(programme, self.rule_id, self.fact),
            **_limits(self.limits),
            **capped,
        }


@dataclass(frozen=True, slots=True)
class PeriodReceipt:
    """How one period came to its points; ``period`` is its name."""

    period: str
    last_day: int
    closed_at: Instant
    programme: Programme
    contributions: tuple[Contribution, ...]
    base: Fraction
    multipliers: tuple[AppliedMultiplier, ...]
    exact: Fraction
    rounded: int
    caps: tuple[CapUse, ...]
    points: int

    def to_json(self) -> dict[str, Json]:
        """The receipt as it is stored and shown."""
        capped: dict[str, Json] = {}
        if self.caps:
            capped["rounded"] = self.rounded
            capped |= _caps(self.caps, self.programme)
            capped["trimmed"] = self.rounded - self.points
        return {
            "period": self.period,
            "closed_at": self.closed_at.isoformat(),
            "programme": _programme(self.programme),
            "contributions": [each.to_json(self.programme) for each in self.contributions],
            "base": exact_text(self.base),
            "multipliers": [multiplier.to_json() for multiplier in self.multipliers],
            "exact": exact_text(self.exact),
            "rounding": self.programme.rounding.value,
            **capped,
            "points": self.points,
        }


Receipt = EventReceipt | PeriodReceipt


def _formula(programme: Programme, rule_id: str, fact: Fact) -> dict[str, Json]:
    """Where points are an expression: what it says, and the number in each field it reads."""
    rule = programme.rule(rule_id)
    if not isinstance(rule.points, Expression):
        return {}
    return {
        "expression": rule.points.text,
        "fields": {path: exact_text(number_at(fact.data, path)) for path in rule.points.fields},
    }


def _bridged(bridged: Bridged | None) -> dict[str, Json]:
    return {} if bridged is None else {"bridged": bridged.to_json()}


def _limits(uses: tuple[LimitUse, ...]) -> dict[str, Json]:
    """``limit`` is the one of the shortest span; where there are several, ``limits`` has all."""
    said: dict[str, Json] = {"limit": uses[0].to_json() if uses else None}
    if len(uses) > 1:
        said["limits"] = [each.to_json() for each in uses]
    return said


def _caps(uses: tuple[CapUse, ...], programme: Programme) -> dict[str, Json]:
    """``cap`` is the daily one; where a programme states others too, ``caps`` has all."""
    daily = next((each for each in uses if each.cap is programme.cap), None)
    said: dict[str, Json] = {"cap": None if daily is None else daily.to_json()}
    if programme.caps:
        said["caps"] = [each.to_named_json() for each in uses]
    return said


def _amount(amount: int | Fraction) -> Json:
    return amount if isinstance(amount, int) else exact_text(amount)


def _fact(fact: Fact) -> dict[str, Json]:
    """``measured``, of time invested: what became of the minutes that do not count."""
    measured = fact.data.get(MEASURED)
    return {
        "source": fact.source,
        "id": fact.id,
        "type": fact.type,
        "time": fact.time.isoformat(),
        **({"measured": plain_json(measured)} if isinstance(measured, Mapping) else {}),
    }


def _cause(cause: EventCause) -> dict[str, Json]:
    return {"source": cause.source, "id": cause.id}


def _programme(programme: Programme) -> dict[str, Json]:
    return {
        "name": programme.name,
        "version": programme.version,
        "hash": programme.hash_text,
    }
