"""Weekly accrual: weights of the week, times its multipliers, rounded once when the week closes.

What is kept between facts is the open weeks (two at most) and the weeks in a row so far.
"""

from __future__ import annotations

from fractions import Fraction

from ledger.kernel.clock import Instant
from ledger.kernel.units import Points
from ledger.programme.calendar import week_of_day, week_text
from ledger.programme.model import AttributeMultiplier, Multiplier, WeekStreakMultiplier
from ledger.scoring.at_once import streak_factor
from ledger.scoring.attributes import Timelines
from ledger.scoring.model import Entitlement, Fact, PeriodCause
from ledger.scoring.pipeline import Counted
from ledger.scoring.plan import Plan, VersionPlan, round_points
from ledger.scoring.receipts import (
    AppliedMultiplier,
    Contribution,
    PeriodReceipt,
    WeekStreakBasis,
)


class Weekly:
    """What one member is entitled to, week by week."""

    def __init__(self, plan: Plan, member: str, timelines: Timelines) -> None:
        self._plan = plan
        self._member = member
        self._timelines = timelines
        self._open: dict[int, list[Counted]] = {}
        self._streak: tuple[int, int] | None = None
        """First and last week of the weeks in a row with something earned."""
        self._done: list[Entitlement] = []

    def see(self, fact: Fact, day: int) -> None:
        """Nothing: a week in a row is one with something earned."""

    def add(self, counted: list[Counted], day: int) -> None:
        """Take what the pipeline counted of one fact."""
        if counted:
            self._open.setdefault(week_of_day(day), []).extend(counted)

    def pass_to(self, day: int) -> None:
        """A fact falls on ``day``: weeks that no later fact can fall in are worked out."""
        week = week_of_day(day - 1)
        if self._open and min(self._open) < week:
            self._work_out(week)

    def finish(self, closed_until: Instant | None) -> list[Entitlement]:
        """What closed at or before ``closed_until`` (``None``: everything), in order of weeks."""
        if self._open:
            self._work_out(max(self._open) + 1)
        return [
            entitlement
            for entitlement in self._done
            if closed_until is None or entitlement.earned_at <= closed_until
        ]

    def _work_out(self, before: int) -> None:
        for week in sorted(each for each in self._open if each < before):
            counted = self._open.pop(week)
            is_next = self._streak is not None and self._streak[1] == week - 1
            first = self._streak[0] if self._streak is not None and is_next else week
            self._streak = first, week
            self._done.append(self._award(week, counted, WeekStreakBasis(week - first + 1, first)))

    def _award(self, week: int, counted: list[Counted], streak: WeekStreakBasis) -> Entitlement:
        close = self._plan.close_of_week(week)
        version = counted[0].version
        programme = version.programme
        base = sum((each.planned.rule.points for each in counted), Fraction(0))
        exact = base
        applied: list[AppliedMultiplier] = []
        for name in programme.period_multipliers:
            one = self._applied(programme.multipliers[name], version, close, streak)
            exact *= one.factor
            applied.append(one)
        points = round_points(exact, programme.rounding)
        receipt = PeriodReceipt(
            week=week,
            closed_at=close,
            programme=programme,
            contributions=tuple(_contribution(each) for each in counted),
            base=base,
            multipliers=tuple(applied),
            exact=exact,
            points=points,
        )
        return Entitlement(
            beneficiary=self._member,
            rule=programme.name,
            cause=PeriodCause(week_text(week)),
            points=Points(points),
            excess=Points(0),
            earned_at=close,
            receipt=receipt,
        )

    def _applied(
        self,
        multiplier: Multiplier,
        version: VersionPlan,
        close: Instant,
        streak: WeekStreakBasis,
    ) -> AppliedMultiplier:
        if isinstance(multiplier, AttributeMultiplier):
            basis = self._timelines.of(version, multiplier.attribute).before(close)
            return AppliedMultiplier(multiplier.name, multiplier.table[basis.value], basis)
        assert isinstance(multiplier, WeekStreakMultiplier), "checked when the programme was read"
        factor = streak_factor(multiplier.table, streak.weeks)
        return AppliedMultiplier(multiplier.name, factor, streak)


def _contribution(counted: Counted) -> Contribution:
    rule = counted.planned.rule
    return Contribution(counted.fact, rule.rule_id, counted.day, rule.points, counted.limit)
