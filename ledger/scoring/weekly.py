"""Weekly accrual: weights of the week, times its multipliers, rounded once when the week closes.

What is kept between facts is the open weeks (two at most) and the weeks in a row so far.
"""

from __future__ import annotations

from fractions import Fraction

from ledger.kernel.clock import Instant
from ledger.kernel.units import Points
from ledger.programme.calendar import first_day_of_week, week_of_day, week_text
from ledger.programme.model import AttributeMultiplier, Multiplier, WeekStreakMultiplier
from ledger.scoring.at_once import streak_factor
from ledger.scoring.attributes import Timelines
from ledger.scoring.caps import CapBook, Most, most_of
from ledger.scoring.model import Entitlement, Fact, PeriodCause
from ledger.scoring.pipeline import DAYS_BACK_MAX, Counted
from ledger.scoring.plan import Plan, VersionPlan, round_points
from ledger.scoring.receipts import (
    AppliedMultiplier,
    CapUse,
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
        self._open: dict[int, list[Contribution]] = {}
        self._versions: dict[int, VersionPlan] = {}
        """Of open weeks."""
        self._caps = CapBook(plan.cap_accounts)
        self._streak: tuple[int, int] | None = None
        """First and last week of the weeks in a row with something earned."""
        self._done: list[Entitlement] = []

    def see(self, fact: Fact, day: int) -> None:
        """Nothing: a week in a row is one with something earned."""

    def add(self, counted: list[Counted], day: int) -> None:
        """Take what the pipeline counted of one fact."""
        if counted:
            week = week_of_day(day)
            self._versions[week] = counted[0].version
            self._open.setdefault(week, []).extend(self._contribution(each) for each in counted)

    def pass_to(self, day: int) -> None:
        """A fact falls on ``day``: weeks that no later fact can fall in are worked out."""
        week = week_of_day(day - DAYS_BACK_MAX)
        if self._open and min(self._open) < week:
            self._work_out(week)
            self._caps.forget_before(first_day_of_week(week))

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
            parts = self._open.pop(week)
            base = sum((each.weight for each in parts), Fraction(0))
            self._done.append(self._award(week, parts, base, self._streak_at(week, base)))

    def _streak_at(self, week: int, base: Fraction) -> WeekStreakBasis:
        """The streak at ``week``, and remembered for the next; a week without points has none."""
        if not base:
            return WeekStreakBasis(0, week)
        is_next = self._streak is not None and self._streak[1] == week - 1
        first = self._streak[0] if self._streak is not None and is_next else week
        self._streak = first, week
        return WeekStreakBasis(week - first + 1, first)

    def _award(
        self, week: int, parts: list[Contribution], base: Fraction, streak: WeekStreakBasis
    ) -> Entitlement:
        close = self._plan.close_of_week(week)
        version = self._versions.pop(week)
        programme = version.programme
        exact = base
        applied: list[AppliedMultiplier] = []
        for name in programme.period_multipliers:
            one = self._applied(programme.multipliers[name], version, close, streak)
            exact *= one.factor
            applied.append(one)
        rounded = round_points(exact, programme.rounding)
        last_day = first_day_of_week(week + 1) - 1
        points = rounded
        caps: tuple[CapUse, ...] = ()
        if version.period_caps:
            caps = self._caps.bound(
                rounded, version.period_caps, last_day, self._most_at(version, close)
            )
            points = int(caps[-1].kept)
        self._caps.use(points, version.period_feeds, last_day)
        receipt = PeriodReceipt(
            week=week,
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
            cause=PeriodCause(week_text(week)),
            points=Points(points),
            excess=Points(rounded - points),
            earned_at=close,
            receipt=receipt,
        )

    def _contribution(self, counted: Counted) -> Contribution:
        """What an event puts into its week; caps of rules and categories bound it at once."""
        fact, planned, version = counted.fact, counted.planned, counted.version
        caps = self._caps.bound(
            planned.rule.points, planned.caps, counted.day, self._most_of(version, fact)
        )
        rule = planned.rule
        part = Contribution(fact, rule.rule_id, counted.day, rule.points, counted.limits, caps)
        self._caps.use(part.weight, planned.feeds, counted.day)
        return part

    def _most_of(self, version: VersionPlan, fact: Fact) -> Most:
        of = self._timelines.of
        return lambda cap: most_of(cap, lambda name: of(version, name).at(fact.time))

    def _most_at(self, version: VersionPlan, close: Instant) -> Most:
        of = self._timelines.of
        return lambda cap: most_of(cap, lambda name: of(version, name).before(close))

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
