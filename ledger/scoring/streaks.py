"""Days and weeks in a row: what one member's streaks are at each day or week, in order.

    active  missed  missed  active        both missed days forgiven: the streak goes on, at 2
      1       ·       ·       2           one of them not: it begins again, at 1, no freeze used

Whether a day is active may become known after its first events, so a day's streak is told when the
day is over. What is kept between facts is the days that are not over, the last run of each streak
and the freezes it has used.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final

from ledger.programme.calendar import first_day_of_week, span_of_day
from ledger.programme.model_earning import Freezes
from ledger.scoring.attributes import Timeline, Timelines
from ledger.scoring.model import Fact
from ledger.scoring.plan import FreezePlan, Plan
from ledger.scoring.receipts import Bridged, DayStreakBasis, WeekStreakBasis
from ledger.scoring.state import State

GAP_DAYS_MAX: Final = 1_100
"""Longest gap that freezes and excuses bridge: three years; each day of one is looked at."""
GAP_WEEKS_MAX: Final = 157


@dataclass(slots=True)
class Run:
    """A streak up to its last active day or week, and what was forgiven within it."""

    first: int
    last: int
    length: int
    frozen: int = 0
    excused: int = 0
    latest: tuple[int, int] | None = None
    """First and last day of the latest gap that was bridged."""


@dataclass(frozen=True, slots=True)
class Steps:
    """What a streak goes by, days or weeks: how far it may jump, and the days of a step."""

    missed: Callable[[int, int], Iterable[int]]
    """Steps between two, those that the calendar has."""
    first_day: Callable[[int], int]
    last_day: Callable[[int], int]
    gap_max: int


class Chain:
    """One streak of one member."""

    def __init__(
        self, steps: Steps, plan: Plan, freeze_plan: FreezePlan, timelines: Timelines
    ) -> None:
        self._steps = steps
        self._plan = plan
        self._freezes: Freezes | None = freeze_plan.freezes
        self._excuse: Timeline | None = None
        if freeze_plan.attribute is not None:
            self._excuse = timelines.stated(freeze_plan.attribute)
        self.run: Run | None = None
        self.used: dict[int, int] = {}
        """Span of ``Freezes.per`` → freezes used in it."""

    def reach(self, step: int) -> Run:
        """An active day or week, later than all before, or the rest of the latest."""
        run = self.run
        if run is not None and run.last == step:
            return run
        if run is not None and self._bridges(run, step):
            run.last, run.length = step, run.length + 1
        else:
            run = self.run = Run(step, step, 1)
        return run

    def state(self) -> State:
        """The last run and the freezes used."""
        run = self.run
        told = None
        if run is not None:
            latest = None if run.latest is None else list(run.latest)
            told = [run.first, run.last, run.length, run.frozen, run.excused, latest]
        return [told, list(self.used.items())]

    def restore(self, state: State) -> None:
        """Go on from where :meth:`state` was written."""
        told, used = state
        self.used, self.run = dict(used), None
        if told is not None:
            first, last, length, frozen, excused, latest = told
            gap = None if latest is None else (latest[0], latest[1])
            self.run = Run(first, last, length, frozen, excused, gap)

    def bridged(self, run: Run) -> Bridged | None:
        """What a receipt says of freezes at the last step of a run."""
        if self._freezes is None:
            return None
        left = self._freezes.count - self.used.get(self._span(run.last), 0)
        return Bridged(run.frozen, run.excused, run.latest, left)

    def _bridges(self, run: Run, step: int) -> bool:
        """Whether every step missed between is forgiven; if so, freezes are used up."""
        if step - run.last - 1 > self._steps.gap_max:
            return False
        missed: list[int] = []
        costs: dict[int, int] = {}
        for each in self._steps.missed(run.last, step):
            if self._freezes is None:
                return False
            missed.append(each)
            if self._is_excused(each):
                continue
            span = self._span(each)
            costs[span] = costs.get(span, 0) + 1
            if self.used.get(span, 0) + costs[span] > self._freezes.count:
                return False
        for span, cost in costs.items():
            self.used[span] = self.used.get(span, 0) + cost
        if missed:
            frozen = sum(costs.values())
            run.frozen, run.excused = run.frozen + frozen, run.excused + len(missed) - frozen
            run.latest = self._steps.first_day(missed[0]), self._steps.last_day(missed[-1])
        return True

    def _is_excused(self, step: int) -> bool:
        if self._excuse is None or self._freezes is None:
            return False
        start = self._plan.start_of_day(self._steps.first_day(step))
        return self._excuse.at(start).value in self._freezes.values

    def _span(self, step: int) -> int:
        assert self._freezes is not None, "asked for where there are freezes"
        return span_of_day(self._freezes.per, self._steps.last_day(step))


@dataclass(slots=True)
class _OpenDay:
    """What is known of a day so far; the flags are by place in ``Plan.streaks``."""

    opened: set[int] = field(default_factory=set)
    worked: set[int] = field(default_factory=set)


class DayStreaks:
    """Every day streak that any version has (``Plan.streaks``)."""

    def __init__(self, plan: Plan, timelines: Timelines) -> None:
        self._plan = plan
        self._open: dict[int, _OpenDay] = {}
        self._known: dict[int, dict[int, DayStreakBasis]] = {}
        """Days that are over → place of the streak → the streak that day."""
        steps = Steps(
            missed=lambda last, day: filter(plan.has_day, range(last + 1, day)),
            first_day=_itself,
            last_day=_itself,
            gap_max=GAP_DAYS_MAX,
        )
        self.chains = [Chain(steps, plan, each.freezes, timelines) for each in plan.streaks]

    def see(self, fact: Fact, day: int) -> None:
        """An act of the member's own, whether or not anything counts it."""
        for place, streak in enumerate(self._plan.streaks):
            if fact.type == streak.condition:
                self._day(day).opened.add(place)
            elif fact.type in streak.types:
                self._day(day).worked.add(place)

    def close(self, before: int) -> None:
        """Days before ``before`` are over."""
        for day in sorted(each for each in self._open if each < before):
            open_day = self._open.pop(day)
            for place in sorted(open_day.opened & open_day.worked):
                chain = self.chains[place]
                run = chain.reach(day)
                basis = DayStreakBasis(run.length, run.first, chain.bridged(run))
                self._known.setdefault(day, {})[place] = basis

    def at(self, place: int, day: int) -> DayStreakBasis:
        """The streak at a day that is over."""
        known = self._known.get(day)
        if known is None:
            known = self._known[day] = {}
        if place not in known:
            known[place] = DayStreakBasis(0, day, None)
        return known[place]

    def forget_before(self, day: int) -> None:
        """Days before ``day`` are not asked for again."""
        for over in [each for each in self._known if each < day]:
            del self._known[over]

    def state(self) -> State:
        """Days that are not over, those that may still be asked for, and the runs."""
        opened = [
            [day, sorted(each.opened), sorted(each.worked)] for day, each in self._open.items()
        ]
        known = [
            [day, [[place, *_basis_state(basis)] for place, basis in streaks.items()]]
            for day, streaks in self._known.items()
        ]
        return [opened, known, [chain.state() for chain in self.chains]]

    def restore(self, state: State) -> None:
        """Go on from where :meth:`state` was written."""
        opened, known, chains = state
        self._open = {day: _OpenDay(set(first), set(second)) for day, first, second in opened}
        self._known = {
            day: {place: _read_basis(basis) for place, *basis in streaks} for day, streaks in known
        }
        for chain, each in zip(self.chains, chains, strict=True):
            chain.restore(each)

    def _day(self, day: int) -> _OpenDay:
        if day not in self._open:
            self._open[day] = _OpenDay()
        return self._open[day]


class WeekStreaks:
    """Weeks in a row with something earned, under each sort of freezes (``Plan.week_streaks``)."""

    def __init__(self, plan: Plan, timelines: Timelines) -> None:
        steps = Steps(
            missed=lambda last, week: range(last + 1, week),
            first_day=first_day_of_week,
            last_day=lambda week: first_day_of_week(week + 1) - 1,
            gap_max=GAP_WEEKS_MAX,
        )
        self.chains = [Chain(steps, plan, each, timelines) for each in plan.week_streaks]

    def close(self, week: int, *, is_active: bool) -> list[WeekStreakBasis]:
        """A week is over; weeks come in order. The streaks at it, by place."""
        if not is_active:
            return [WeekStreakBasis(0, week, None) for _ in self.chains]
        runs = [(chain, chain.reach(week)) for chain in self.chains]
        return [WeekStreakBasis(run.length, run.first, chain.bridged(run)) for chain, run in runs]

    def state(self) -> State:
        """The runs."""
        return [chain.state() for chain in self.chains]

    def restore(self, state: State) -> None:
        """Go on from where :meth:`state` was written."""
        for chain, each in zip(self.chains, state, strict=True):
            chain.restore(each)


def _basis_state(basis: DayStreakBasis) -> State:
    bridged = basis.bridged
    told = None
    if bridged is not None:
        latest = None if bridged.latest is None else list(bridged.latest)
        told = [bridged.frozen, bridged.excused, latest, bridged.left]
    return [basis.days, basis.first_day, told]


def _read_basis(state: State) -> DayStreakBasis:
    days, first_day, told = state
    bridged = None
    if told is not None:
        frozen, excused, latest, left = told
        bridged = Bridged(frozen, excused, None if latest is None else (latest[0], latest[1]), left)
    return DayStreakBasis(days, first_day, bridged)


def _itself(day: int) -> int:
    return day
