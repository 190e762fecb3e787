"""Accrual by day, week or month: a period's weights, times its multipliers, rounded once.

What is kept between facts is the open periods (two at most), what caps have been used and the days
or weeks in a row so far.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from ledger.kernel.clock import Instant
from ledger.kernel.units import Points
from ledger.programme.calendar import first_day_of_span, span_of_day
from ledger.programme.model import AttributeMultiplier, DayStreakMultiplier, Multiplier, Period
from ledger.scoring.at_once import streak_factor
from ledger.scoring.attributes import Timelines
from ledger.scoring.eras import Era
from ledger.scoring.model import Entitlement, Fact, PeriodCause
from ledger.scoring.pipeline import Counted
from ledger.scoring.plan import Plan, VersionPlan
from ledger.scoring.receipts import (
    AppliedMultiplier,
    CapUse,
    Contribution,
    PeriodReceipt,
    WeekStreakBasis,
)
from ledger.scoring.rounding import round_points
from ledger.scoring.running import Running
from ledger.scoring.state import State
from ledger.scoring.state_book import Reader, Writer


class Periodic:
    """What one member is entitled to, period by period."""

    def __init__(
        self, plan: Plan, era: Era, member: str, timelines: Timelines, running: Running
    ) -> None:
        self._plan = plan
        self._era = era
        self._per = era.period.per
        self._forgets = len(plan.eras) == 1
        self._member = member
        self._timelines = timelines
        self._open: dict[int, list[Contribution]] = {}
        self._versions: dict[int, VersionPlan] = {}
        """Of open periods."""
        self._caps = running.caps
        self._days = running.days
        self._weeks = running.weeks
        self._done: list[Entitlement] = []

    def see(self, fact: Fact, day: int) -> None:
        """Take note of an act of the member's own, whether or not anything counts it."""
        if self._era.period is Period.DAY:
            self._days.see(fact, day)

    def add(self, counted: list[Counted], day: int) -> None:
        """Take what the pipeline counted of one fact."""
        if counted:
            period = span_of_day(self._per, day)
            self._versions[period] = counted[0].version
            self._open.setdefault(period, []).extend(self._contribution(each) for each in counted)

    def pass_to(self, day: int) -> None:
        """A fact falls on ``day``: periods that no later fact can fall in are worked out."""
        first_open = day - self._plan.days_back
        self._days.close(first_open)
        period = span_of_day(self._per, first_open)
        if self._open and min(self._open) < period:
            self._work_out(period)
            if self._forgets:
                self._caps.forget_before(first_day_of_span(self._per, period))
        if self._forgets:
            self._days.forget_before(first_open)

    @property
    def is_idle(self) -> bool:
        """Whether nothing waits."""
        return not self._open

    def state(self, book: Writer) -> State:
        """The open periods; what was awarded is no part of it."""
        return [
            [
                period,
                self._versions[period].index,
                [book.contribution(each, self._versions[period]) for each in parts],
            ]
            for period, parts in self._open.items()
        ]

    def restore(self, state: State, book: Reader) -> None:
        """Go on from where :meth:`state` was written."""
        for period, index, parts in state:
            version = self._versions[period] = self._plan.versions[index]
            self._open[period] = [book.contribution(each, version) for each in parts]

    @property
    def done(self) -> Sequence[Entitlement]:
        """What has been worked out so far, closed or not, in order."""
        return self._done

    def finish(self, closed_until: Instant | None) -> list[Entitlement]:
        """What closed at or before ``closed_until`` (``None``: everything), in order of periods."""
        if self._open:
            last = max(self._open) + 1
            self._days.close(first_day_of_span(self._per, last))
            self._work_out(last)
        return [
            entitlement
            for entitlement in self._done
            if closed_until is None or entitlement.earned_at <= closed_until
        ]

    def _work_out(self, before: int) -> None:
        for period in sorted(each for each in self._open if each < before):
            self._done.append(self._award(period, self._open.pop(period)))

    def _award(self, period: int, parts: list[Contribution]) -> Entitlement:
        close = self._plan.close_of_period(self._era, period)
        version = self._versions.pop(period)
        programme = version.programme
        base = sum((each.weight for each in parts), Fraction(0))
        exact = base
        weeks: list[WeekStreakBasis] = []
        if self._era.period is Period.WEEK:
            weeks = self._weeks.close(period, is_active=bool(base))
        applied: list[AppliedMultiplier] = []
        for name in programme.period_multipliers:
            one = self._applied(programme.multipliers[name], version, period, weeks)
            exact *= one.factor
            applied.append(one)
        points = rounded = round_points(exact, programme.rounding)
        last_day = self._era.last_day_of(period)
        name = self._era.name_of(period)
        caps: tuple[CapUse, ...] = ()
        if version.period_caps:
            left, caps = self._caps.bound(
                rounded,
                version.period_caps,
                last_day,
                lambda name: self._timelines.of(version, name).before(close),
            )
            points = int(left)
        self._caps.use(points, version.period_feeds, last_day)
        receipt = PeriodReceipt(
            period=name,
            last_day=last_day,
            closed_at=close,
            programme=programme,
            contributions=tuple(parts),
            base=base,
            multipliers=tuple(applied),
            exact=exact,
            rounded=rounded,
            caps=caps,
            points=points,
        )
        return Entitlement(
            beneficiary=self._member,
            rule=programme.name,
            cause=PeriodCause(name),
            points=Points(points),
            excess=Points(rounded - points),
            earned_at=close,
            receipt=receipt,
        )

    def _contribution(self, counted: Counted) -> Contribution:
        """What an event puts into its period; caps of rules and categories bound it at once."""
        fact, planned, version = counted.fact, counted.planned, counted.version
        rule = planned.rule
        caps: tuple[CapUse, ...] = ()
        if planned.caps:
            _, caps = self._caps.bound(
                counted.points,
                planned.caps,
                counted.day,
                lambda name: self._timelines.of(version, name).at(fact.time),
            )
        part = Contribution(fact, rule.rule_id, counted.day, counted.points, counted.limits, caps)
        if planned.feeds:
            self._caps.use(part.weight, planned.feeds, counted.day)
        return part

    def _applied(
        self,
        multiplier: Multiplier,
        version: VersionPlan,
        period: int,
        weeks: list[WeekStreakBasis],
    ) -> AppliedMultiplier:
        if isinstance(multiplier, AttributeMultiplier):
            close = self._plan.close_of_period(self._era, period)
            basis = self._timelines.of(version, multiplier.attribute).before(close)
            return AppliedMultiplier(multiplier.name, multiplier.table[basis.value], basis)
        if isinstance(multiplier, DayStreakMultiplier):
            days = self._days.at(version.streaks[multiplier.name], period)
            factor = streak_factor(multiplier.table, days.days)
            return AppliedMultiplier(multiplier.name, factor, days)
        streak = weeks[version.streaks[multiplier.name]]
        factor = streak_factor(multiplier.table, streak.weeks)
        return AppliedMultiplier(multiplier.name, factor, streak)
