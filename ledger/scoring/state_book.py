"""Events that wait in a fold, as JSON and back.

Facts stand in it by number: they are stored and never change, so that only which they are is
written down. Rules, limits and caps stand by their place in the version.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

from ledger.kernel.clock import Instant
from ledger.programme.model import Programme
from ledger.programme.model_time import COUNTED, MEASURED
from ledger.scoring.model import EventCause, Fact
from ledger.scoring.pipeline import Counted
from ledger.scoring.plan import Plan, RulePlan, VersionPlan
from ledger.scoring.receipts import (
    AttributeBasis,
    CapUse,
    Contribution,
    LimitUse,
)
from ledger.scoring.state import State, amount_state, number_text, read_amount
from ledger.scoring.time_invested import with_counted


class Writer:
    """Writes down one fold's state; ``kept`` are the facts without which it cannot be read."""

    def __init__(self) -> None:
        self.kept: dict[EventCause, int] = {}
        self.earliest: Instant | None = None
        """The time of the first fact that still waits for an award."""

    def fact(self, fact: Fact) -> State:
        """A fact that waits: its number, and what was measured of it, if anything was."""
        self.earliest = fact.time if self.earliest is None else min(self.earliest, fact.time)
        number = self.kept.setdefault(fact.cause, len(self.kept))
        told = fact.data.get(MEASURED)
        if not isinstance(told, Mapping):
            return [number]
        return [number, fact.data.get(COUNTED), dict(told)]

    def counted(self, counted: Counted) -> State:
        """An event that a rule counts."""
        return [
            self.fact(counted.fact),
            counted.version.index,
            counted.planned.index,
            counted.day,
            _limits(counted.limits, counted.planned.rule.limits),
            number_text(counted.points),
        ]

    def contribution(self, part: Contribution, version: VersionPlan) -> State:
        """What an event put into a period that ``version`` scores."""
        programme = version.programme
        return [
            self.fact(part.fact),
            part.rule_id,
            part.day,
            number_text(part.stated),
            _limits(part.limits, programme.rule(part.rule_id).limits),
            [_cap_use(use, programme) for use in part.caps],
        ]


class Reader:
    """Reads back what a :class:`Writer` wrote, under the same plan and with the facts it kept."""

    def __init__(self, plan: Plan, kept: Sequence[Fact]) -> None:
        self.plan = plan
        self._kept = kept

    def fact(self, state: State) -> Fact:
        """A fact that waits."""
        number, *measured = state
        fact = self._kept[number]
        return with_counted(fact, *measured) if measured else fact

    def counted(self, state: State) -> Counted:
        """An event that a rule counts."""
        fact_state, version_index, rule_index, day, limits, points = state
        fact = self.fact(fact_state)
        version = self.plan.versions[version_index]
        planned = _rule_plan(version, fact.type, rule_index)
        uses = tuple(LimitUse(used, planned.rule.limits[place]) for used, place in limits)
        stated = planned.rule.points  # A number is the very object by which products are known.
        exact = stated if isinstance(stated, Fraction) else Fraction(points)
        return Counted(fact, version, planned, day, uses, exact)

    def contribution(self, state: State, version: VersionPlan) -> Contribution:
        """What an event put into a period that ``version`` scores."""
        fact_state, rule_id, day, stated, limits, caps = state
        rule_limits = version.programme.rule(rule_id).limits
        return Contribution(
            self.fact(fact_state),
            rule_id,
            day,
            Fraction(stated),
            tuple(LimitUse(used, rule_limits[place]) for used, place in limits),
            tuple(_read_cap_use(each, version.programme) for each in caps),
        )


def _rule_plan(version: VersionPlan, event_type: str, index: int) -> RulePlan:
    return next(each for each in version.rules_by_type[event_type] if each.index == index)


def _limits(uses: Sequence[LimitUse], stated: Sequence[object]) -> State:
    return [[use.position, stated.index(use.limit)] for use in uses]


def _cap_use(use: CapUse, programme: Programme) -> State:
    return [
        programme.every_cap.index(use.cap),
        use.span,
        use.points,
        amount_state(use.awarded_before),
        None if use.because is None else _basis(use.because),
        amount_state(use.amount),
    ]


def _read_cap_use(state: State, programme: Programme) -> CapUse:
    place, span, points, before, basis, amount = state
    return CapUse(
        programme.every_cap[place],
        span,
        points,
        read_amount(before),
        None if basis is None else _read_basis(basis),
        read_amount(amount),
    )


def _basis(basis: AttributeBasis) -> State:
    stated: State = None
    if basis.stated_by is not None:
        by, at = basis.stated_by, basis.stated_at
        assert at is not None, "whatever is stated is stated at some time"
        stated = [by.source, by.id, at.seconds, at.fraction]
    return [basis.attribute, basis.value, stated]


def _read_basis(state: State) -> AttributeBasis:
    attribute, value, stated = state
    if stated is None:
        return AttributeBasis(attribute, value, None, None)
    source, event_id, seconds, fraction = stated
    return AttributeBasis(
        attribute, value, EventCause(source, event_id), Instant(seconds, fraction)
    )
