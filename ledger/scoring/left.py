"""What limits and caps still leave one member at an instant, read off the fold that scores.

Nothing is counted a second time: the fold takes every fact, works out what waits, and is asked what
has been used up. Where points wait for the close of a period, caps are used up only then, so what
they leave cannot be said before.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from ledger.kernel.clock import Instant
from ledger.programme.calendar import span_of_day
from ledger.programme.model_earning import Cap, Limit, Per
from ledger.scoring.model import Fact
from ledger.scoring.plan import Plan, PlannedCap, VersionPlan
from ledger.scoring.project import MemberFold, Members, fold_of


@dataclass(frozen=True, slots=True)
class LimitLeft:
    """How many more events of a rule count, and when all of them do again (never: ``None``)."""

    rule: str
    limit: Limit
    used: int
    again: Instant | None

    @property
    def left(self) -> int:
        """Events that still count; a version may allow fewer than one before it did."""
        return max(0, self.limit.count - self.used)


@dataclass(frozen=True, slots=True)
class CapLeft:
    """How many more points a cap lets through, and when all of them again (never: ``None``)."""

    cap: Cap
    allowed: int
    used: int | Fraction
    again: Instant | None

    @property
    def left(self) -> int:
        """Whole points that still fit."""
        return max(0, int(self.allowed - self.used))


@dataclass(frozen=True, slots=True)
class Left:
    """What every limit and cap of the version in force leaves."""

    limits: tuple[LimitLeft, ...] = ()
    caps: tuple[CapLeft, ...] = ()

    def of_rule(self, rule_id: str) -> tuple[LimitLeft, ...]:
        """Of one rule's limits."""
        return tuple(each for each in self.limits if each.rule == rule_id)


def left(
    plan: Plan,
    member: str,
    history: Sequence[Fact],
    at: Instant,
    *,
    closed_until: Instant | None,
    resolve: Members = None,
) -> Left:
    """What is left to ``member`` at ``at``; ``history`` is settled and in order.

    A top-up beside the plan is left out of account: it only ever gives more.
    """
    version = plan.version_at(at)
    if version is None:
        return Left()
    fold = fold_of(plan, member, history, resolve)
    for fact in history:
        fold.take(fact)
    fold.finish(closed_until)
    asked = _Asked(plan, version, fold, at)
    return Left(tuple(asked.limits()), tuple(asked.caps()))


class _Asked:
    def __init__(self, plan: Plan, version: VersionPlan, fold: MemberFold, at: Instant) -> None:
        self._day = plan.day_of(at)
        self._calendar = plan.calendar_of_day(self._day)
        self._waits_for_close = plan.era_at(at).per is not None
        self._version = version
        self._fold = fold
        self._at = at

    def limits(self) -> list[LimitLeft]:
        """Each limit of each rule, in the order stated."""
        found = {}
        for planned in (one for rules in self._version.rules_by_type.values() for one in rules):
            rule = planned.rule
            for limit in rule.limits:
                span, again = self._span(limit.per)
                used = self._fold.counted(rule.rule_id, limit.per, span)
                found[rule.rule_id, limit] = LimitLeft(rule.rule_id, limit, used, again)
        return list(found.values())

    def caps(self) -> list[CapLeft]:
        """Each cap in the order in which they apply."""
        if self._waits_for_close:
            return []
        planned: dict[str, PlannedCap] = {}
        for rules in self._version.rules_by_type.values():
            planned |= {cap.cap.cap_id: cap for rule in rules for cap in rule.caps}
        stated = (cap.cap_id for cap in self._version.programme.every_cap)
        return [self._cap(planned[name]) for name in stated if name in planned]

    def _cap(self, planned: PlannedCap) -> CapLeft:
        cap = planned.cap
        allowed = cap.points
        if cap.attribute is not None:
            basis = self._fold.attribute(self._version, cap.attribute, self._at)
            allowed = cap.table[basis.value]
        assert allowed is not None, "a cap is by attribute or for everybody"
        span, again = self._span(cap.per)
        return CapLeft(cap, allowed, self._fold.capped(planned.account, span), again)

    def _span(self, per: Per) -> tuple[int, Instant | None]:
        span = span_of_day(per, self._day)
        again = None if per is Per.LIFETIME else self._calendar.close_of_span(per, span)
        return span, again
