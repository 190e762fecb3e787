"""Activations made ready for the fold: which version scores what, and what to look at where.

         BEGINNING        effective_at of v2      effective_at of v3
             │──── v1 ────────│──── v2 ─────────────│──── v3 ────▶     events (or closes)

A later activation wins wherever both are in force. Everything here follows from the activations
alone and is worked out once for any number of members.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from ledger.kernel.clock import Instant
from ledger.kernel.units import round_half_up
from ledger.programme.calendar import Calendar, span_of_day
from ledger.programme.expressions import Expression
from ledger.programme.model import (
    ACTOR,
    Attribute,
    DayStreakMultiplier,
    Period,
    Programme,
    Rounding,
    Rule,
    WeekStreakMultiplier,
)
from ledger.programme.model_earning import Cap, CapScope, Freezes, Limit, Per
from ledger.scoring.history import FieldPath, path_of
from ledger.scoring.model import Activation, ActivationMode, ActivationRefused, Fact


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
    """What a sequence of activations comes to.

    Raises:
        ActivationRefused: a mode other than forward, or a zone or period that changes.
    """

    def __init__(self, activations: Sequence[Activation]) -> None:
        _refuse_unexecuted(activations)
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
        self.period = activations[0].programme.period if activations else Period.AT_ONCE
        self.per = None if self.period is Period.AT_ONCE else self.period.per
        self.calendar = Calendar(activations[0].programme.zone if activations else "UTC")
        self.attribute_types = frozenset(
            attribute.event_type
            for activation in activations
            for attribute in activation.programme.attributes.values()
        )
        self._participants = _participant_paths(self.versions)
        self._by_period: dict[int, VersionPlan | None] = {}
        self._closes: dict[int, Instant] = {}

    def version_at(self, time: Instant) -> VersionPlan | None:
        """The version in force at an instant; ``None`` before the first."""
        for version in self._latest_first:
            if version.effective_at <= time:
                return version
        return None

    @property
    def is_periodic(self) -> bool:
        """Whether points are awarded when a period closes."""
        return self.period is not Period.AT_ONCE

    def version_of_period(self, period: int) -> VersionPlan | None:
        """The version in force when a period closes, which scores the whole of it."""
        if period not in self._by_period:
            self._by_period[period] = self.version_at(self.close_of_period(period))
        return self._by_period[period]

    def version_for(self, fact: Fact, day: int) -> VersionPlan | None:
        """The version that scores ``fact``, whose local day is ``day``."""
        if self.per is not None:
            return self.version_of_period(span_of_day(self.per, day))
        return self.version_at(fact.time)

    def close_of_period(self, period: int) -> Instant:
        """When a period closes."""
        if period not in self._closes:
            self._closes[period] = self.calendar.close_of_span(self.period.per, period)
        return self._closes[period]

    def participant_paths(self, event_type: str) -> tuple[FieldPath, ...]:
        """Fields, besides the subject, that name members who take part in such an event."""
        return self._participants.get(event_type, ())

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


def round_points(value: Fraction, rounding: Rounding) -> int:
    """Whole points by the programme's named rounding."""
    if rounding is Rounding.HALF_UP:
        return round_half_up(value)
    assert rounding is Rounding.DOWN, "every rounding of the language is here"
    return value.numerator // value.denominator


def _refuse_unexecuted(activations: Sequence[Activation]) -> None:
    for activation in activations:
        if activation.mode is not ActivationMode.FORWARD:
            raise ActivationRefused(
                f"The activation mode {activation.mode} is not executed by this version; "
                f"{ActivationMode.FORWARD} is.",
                mode=str(activation.mode),
            )
    for one, other in itertools.pairwise(activations):
        for what in ("zone", "period"):
            before, after = getattr(one.programme, what), getattr(other.programme, what)
            if before != after:
                raise ActivationRefused(
                    f"A change of {what} between versions ({before} to {after}) is not executed "
                    "by this version: days and weeks would overlap or be left out.",
                    field=what,
                )


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
        for event_type, paths in version.owners_by_type.items():
            found.setdefault(event_type, {}).update(dict.fromkeys(paths))
    return {event_type: tuple(paths) for event_type, paths in found.items()}
