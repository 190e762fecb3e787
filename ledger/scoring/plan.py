"""Activations made ready for the fold: which version scores what, and what to look at where.

         BEGINNING        effective_at of v2      effective_at of v3
             │──── v1 ────────│──── v2 ─────────────│──── v3 ────▶     events (or closes)

A later activation wins wherever both are in force. Everything here follows from the activations
alone and is worked out once for any number of members.

What a top-up does beside them is a plan of its own in ``Plan.top_ups``: the same activations, with
that one among them as a restatement. A member is entitled to the greater of what each plan says.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from ledger.kernel.clock import Instant
from ledger.programme.calendar import DAY_S, Calendar
from ledger.programme.expressions import Expression
from ledger.programme.model import (
    ACTOR,
    Attribute,
    DayStreakMultiplier,
    Programme,
    Rule,
    WeekStreakMultiplier,
)
from ledger.programme.model_earning import Cap, CapScope, Freezes, Limit, Per
from ledger.programme.top_up import incomparable
from ledger.scoring.eras import Era, eras_of
from ledger.scoring.history import FieldPath, path_of
from ledger.scoring.model import Activation, ActivationMode, ActivationRefused, Fact
from ledger.scoring.products import Products

_DAYS_BACK_MAX: Final = 1
"""Local days run back by at most one where a zone turns its clock back over midnight."""
_DAYS_BACK_MAX_OF_ZONES: Final = 2
"""Zones are at most 31 hours apart, so a change of zone takes dates back by two days at most."""


@dataclass(frozen=True, slots=True)
class CapAccount:
    """What is added up for caps: what ``of`` covers, by span; the same in two versions is one."""

    per: Per
    of: CapScope


@dataclass(frozen=True, slots=True)
class PlannedCap:
    """A cap and the place of what it bounds in ``Plan.cap_accounts``."""

    cap: Cap
    account: int


@dataclass(frozen=True, slots=True)
class RulePlan:
    """A rule with its paths split; ``to`` is ``None`` for the actor."""

    rule: Rule
    index: int
    to: FieldPath | None
    once_per: tuple[FieldPath, ...]
    once_lists: tuple[tuple[FieldPath, ...], ...]
    """Every ``once_per`` that any version states for this rule id: an event uses up all of them."""
    counted_per: tuple[Per, ...]
    """Spans for which any version limits this rule id: what counts is counted in all of them."""
    limits: tuple[tuple[int, Limit], ...]
    """The rule's limits, each with the place of its span in ``counted_per``."""
    caps: tuple[PlannedCap, ...]
    """Caps of this version that bound an award (where points wait for a close: a weight)."""
    feeds: tuple[int, ...]
    """Places of the accounts that such an award or weight is added to."""


@dataclass(frozen=True, slots=True)
class FreezePlan:
    """How a streak is frozen, and the attribute that excuses, without its words."""

    freezes: Freezes | None
    attribute: Attribute | None


@dataclass(frozen=True, slots=True)
class DayStreak:
    """What makes a day active; the same in two versions is one streak."""

    condition: str
    types: frozenset[str]
    freezes: FreezePlan


@dataclass(frozen=True, slots=True)
class VersionPlan:
    """One version, indexed by event type."""

    index: int
    programme: Programme
    effective_at: Instant
    rules_by_type: dict[str, tuple[RulePlan, ...]]
    owners_by_type: dict[str, tuple[FieldPath, ...]]
    """Fields that name whose thing was acted on."""
    conditioned: frozenset[str]
    """Types that some rule has a condition or an expression of points for."""
    streaks: dict[str, int]
    """Multiplier name → place of its streak in ``Plan.streaks`` or ``Plan.week_streaks``."""
    period_caps: tuple[PlannedCap, ...]
    """Caps that bound what is awarded at a close."""
    period_feeds: tuple[int, ...]
    """Places of the accounts that what is awarded at a close is added to."""


class Plan:
    """What a sequence of activations, in the order decided, comes to.

    Raises:
        ActivationRefused: a top-up that has nothing to be compared with.
    """

    def __init__(self, activations: Sequence[Activation]) -> None:
        _refuse_incomparable(activations)
        self.top_ups: tuple[Plan, ...] = tuple(Plan(each) for each in _as_restatements(activations))
        activations = [each for each in activations if each.mode is not ActivationMode.TOP_UP]
        self.streaks: tuple[DayStreak, ...] = _streaks(activations)
        self.week_streaks: tuple[FreezePlan, ...] = _week_streaks(activations)
        self.cap_accounts: tuple[CapAccount, ...] = _cap_accounts(activations)
        once_lists = _once_lists(activations)
        self._counted_per = _counted_per(activations)
        self.versions: tuple[VersionPlan, ...] = tuple(
            self._version(index, activation, once_lists)
            for index, activation in enumerate(activations)
        )
        self._latest_first = tuple(reversed(self.versions))
        self.eras: tuple[Era, ...] = eras_of(self._in_force())
        zones = {era.calendar.zone for era in self.eras}
        self.days_back = _DAYS_BACK_MAX if len(zones) == 1 else _DAYS_BACK_MAX_OF_ZONES
        self.attribute_types = frozenset(
            attribute.event_type
            for activation in activations
            for attribute in activation.programme.attributes.values()
        )
        self._participants = _participant_paths(
            [*self.versions, *(each for plan in self.top_ups for each in plan.versions)]
        )
        self.products = Products()
        self._by_period: dict[tuple[int, int], VersionPlan | None] = {}
        self._closes: dict[tuple[int, int], Instant] = {}

    def version_at(self, time: Instant) -> VersionPlan | None:
        """The version in force at an instant; ``None`` before the first."""
        for version in self._latest_first:
            if version.effective_at.seconds < time.seconds or version.effective_at <= time:
                return version
        return None

    @property
    def is_periodic(self) -> bool:
        """Whether points are ever awarded when a period closes."""
        return any(era.per is not None for era in self.eras)

    def era_at(self, time: Instant) -> Era:
        """The stretch of one zone and period in which an instant lies."""
        if len(self.eras) > 1:
            for era in reversed(self.eras):
                if era.start <= time:
                    return era
        return self.eras[0]

    def day_of(self, time: Instant) -> int:
        """The local day of an instant, in the zone of then."""
        return self.era_at(time).calendar.day(time)

    def calendar_of_day(self, day: int) -> Calendar:
        """The calendar in use on a local day, at noon UTC of that date."""
        return self.era_at(Instant(day * DAY_S + DAY_S // 2)).calendar

    def has_day(self, day: int) -> bool:
        """Whether there is such a local day; a zone may have left one out."""
        return self.calendar_of_day(day).has_day(day)

    def start_of_day(self, day: int) -> Instant:
        """When a local day begins."""
        return self.calendar_of_day(day).start_of_day(day)

    def version_of_period(self, era: Era, period: int) -> VersionPlan | None:
        """The version in force when a period closes, which scores the whole of it.

        Of a period that a change of zone or period ends, the version that began it.
        """
        key = era.index, period
        if key not in self._by_period:
            close = era.natural_close(period)
            if era.end is not None and close >= era.end:
                close = max(era.start_of(period), era.start)
            self._by_period[key] = self.version_at(close)
        return self._by_period[key]

    def version_for(self, fact: Fact, day: int) -> VersionPlan | None:
        """The version that scores ``fact``, whose local day is ``day``."""
        era = self.era_at(fact.time)
        if era.per is not None:
            return self.version_of_period(era, era.span(day))
        return self.version_at(fact.time)

    def close_of_period(self, era: Era, period: int) -> Instant:
        """When a period closes."""
        key = era.index, period
        if key not in self._closes:
            self._closes[key] = era.close_of(period)
        return self._closes[key]

    def participant_paths(self, event_type: str) -> tuple[FieldPath, ...]:
        """Fields, besides the subject, that name members who take part in such an event."""
        return self._participants.get(event_type, ())

    def _in_force(self) -> list[tuple[Instant, Programme]]:
        """Since when each version is in force, until the next one is."""
        turns = sorted({version.effective_at for version in self.versions})
        found = ((since, self.version_at(since)) for since in turns)
        return [(since, version.programme) for since, version in found if version is not None]

    def _version(
        self,
        index: int,
        activation: Activation,
        once_lists: dict[str, tuple[tuple[FieldPath, ...], ...]],
    ) -> VersionPlan:
        programme = activation.programme
        rules: dict[str, list[RulePlan]] = {}
        owners: dict[str, list[FieldPath]] = {}
        for place, rule in enumerate(programme.rules):
            spans = self._counted_per.get(rule.rule_id, ())
            planned = RulePlan(
                rule=rule,
                index=place,
                to=None if rule.to == ACTOR else path_of(rule.to),
                once_per=tuple(path_of(path) for path in rule.once_per),
                once_lists=once_lists.get(rule.rule_id, ()),
                counted_per=spans,
                limits=tuple((spans.index(limit.per), limit) for limit in rule.limits),
                caps=self._caps(programme, rule),
                feeds=self._feeds(programme, rule),
            )
            owner = planned.to or (path_of(rule.owner) if rule.owner else None)
            for event_type in rule.on:
                rules.setdefault(event_type, []).append(planned)
                if owner and owner not in owners.setdefault(event_type, []):
                    owners[event_type].append(owner)
        return VersionPlan(
            index=index,
            programme=programme,
            effective_at=activation.effective_at,
            rules_by_type={kind: tuple(each) for kind, each in rules.items()},
            owners_by_type={kind: tuple(paths) for kind, paths in owners.items()},
            conditioned=frozenset(
                kind
                for rule in programme.rules
                if rule.when is not None or isinstance(rule.points, Expression)
                for kind in rule.on
            ),
            streaks=self._places(programme),
            period_caps=self._caps(programme, None),
            period_feeds=self._feeds(programme, None),
        )

    def _places(self, programme: Programme) -> dict[str, int]:
        places: dict[str, int] = {}
        for name, multiplier in programme.multipliers.items():
            if isinstance(multiplier, DayStreakMultiplier):
                places[name] = self.streaks.index(_streak(programme, multiplier))
            elif isinstance(multiplier, WeekStreakMultiplier):
                freezes = _freeze_plan(programme, multiplier.freezes)
                places[name] = self.week_streaks.index(freezes)
        return places

    def _caps(self, programme: Programme, rule: Rule | None) -> tuple[PlannedCap, ...]:
        """Caps on what ``rule`` earns; ``None``: on what a period does."""
        return tuple(
            PlannedCap(cap, self.cap_accounts.index(CapAccount(cap.per, cap.of)))
            for cap in programme.every_cap
            if _bounds(cap.of, programme, rule)
        )

    def _feeds(self, programme: Programme, rule: Rule | None) -> tuple[int, ...]:
        return tuple(
            place
            for place, account in enumerate(self.cap_accounts)
            if _bounds(account.of, programme, rule)
        )


def _bounds(scope: CapScope, programme: Programme, rule: Rule | None) -> bool:
    """Whether a scope takes in an award by ``rule``; ``None``: a period's award.

    Where points wait for a close, rules and categories have weights, the programme has awards.
    """
    if rule is None:
        return programme.is_periodic and scope.is_programme
    if programme.is_periodic and scope.is_programme:
        return False
    return scope.covers(rule.rule_id, rule.category)


def _as_restatements(activations: Sequence[Activation]) -> list[list[Activation]]:
    """For each top-up the activations with it as a restatement, and without the others."""
    return [
        [
            replace(each, mode=ActivationMode.RESTATEMENT) if each is top_up else each
            for each in activations
            if each is top_up or each.mode is not ActivationMode.TOP_UP
        ]
        for top_up in activations
        if top_up.mode is ActivationMode.TOP_UP
    ]


def _refuse_incomparable(activations: Sequence[Activation]) -> None:
    for place, activation in enumerate(activations):
        if activation.mode is ActivationMode.TOP_UP:
            for before in activations[:place]:
                why = incomparable(activation.programme, before.programme)
                if why is not None:
                    raise ActivationRefused(why)


def _streak(programme: Programme, multiplier: DayStreakMultiplier) -> DayStreak:
    freezes = _freeze_plan(programme, multiplier.freezes)
    return DayStreak(multiplier.condition, frozenset(multiplier.types), freezes)


def _freeze_plan(programme: Programme, freezes: Freezes | None) -> FreezePlan:
    if freezes is None or freezes.attribute is None:
        return FreezePlan(freezes, None)
    return FreezePlan(
        freezes, replace(programme.attributes[freezes.attribute], title=None, names={})
    )


def _streaks(activations: Sequence[Activation]) -> tuple[DayStreak, ...]:
    found: list[DayStreak] = []
    for activation in activations:
        for multiplier in activation.programme.multipliers.values():
            if isinstance(multiplier, DayStreakMultiplier):
                streak = _streak(activation.programme, multiplier)
                if streak not in found:
                    found.append(streak)
    return tuple(found)


def _week_streaks(activations: Sequence[Activation]) -> tuple[FreezePlan, ...]:
    found: list[FreezePlan] = []
    for activation in activations:
        for multiplier in activation.programme.multipliers.values():
            if isinstance(multiplier, WeekStreakMultiplier):
                freezes = _freeze_plan(activation.programme, multiplier.freezes)
                if freezes not in found:
                    found.append(freezes)
    return tuple(found)


def _cap_accounts(activations: Sequence[Activation]) -> tuple[CapAccount, ...]:
    found = {
        CapAccount(cap.per, cap.of): None
        for activation in activations
        for cap in activation.programme.every_cap
    }
    return tuple(found)


def _counted_per(activations: Sequence[Activation]) -> dict[str, tuple[Per, ...]]:
    found: dict[str, dict[Per, None]] = {}
    for activation in activations:
        for rule in activation.programme.rules:
            for limit in rule.limits:
                found.setdefault(rule.rule_id, {})[limit.per] = None
    return {rule_id: tuple(spans) for rule_id, spans in found.items()}


def _once_lists(
    activations: Sequence[Activation],
) -> dict[str, tuple[tuple[FieldPath, ...], ...]]:
    found: dict[str, dict[tuple[FieldPath, ...], None]] = {}
    for activation in activations:
        for rule in activation.programme.rules:
            if rule.once_per:
                paths = tuple(path_of(path) for path in rule.once_per)
                found.setdefault(rule.rule_id, {})[paths] = None
    return {rule_id: tuple(lists) for rule_id, lists in found.items()}


def _participant_paths(versions: Sequence[VersionPlan]) -> dict[str, tuple[FieldPath, ...]]:
    found: dict[str, dict[FieldPath, None]] = {}
    for version in versions:
        taken = ((one.on, (path_of(one.to),)) for one in version.programme.reductions if one.to)
        for event_type, paths in (*version.owners_by_type.items(), *taken):
            found.setdefault(event_type, {}).update(dict.fromkeys(paths))
    return {event_type: tuple(paths) for event_type, paths in found.items()}
