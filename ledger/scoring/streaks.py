"""Days and weeks in a row: what one member's streaks are at each day or week, in order.

Whether a day is active may become known after its first events, so a day's streak is told when the
day is over. What is kept between facts is the days that are not, and the last run of each streak.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from ledger.programme.calendar import Calendar
from ledger.scoring.model import Fact
from ledger.scoring.plan import Plan
from ledger.scoring.receipts import DayStreakBasis, WeekStreakBasis


@dataclass(slots=True)
class Run:
    """A streak up to its last active day or week."""

    first: int
    last: int
    length: int


@dataclass(slots=True)
class _OpenDay:
    """What is known of a day so far; the flags are by place in ``Plan.streaks``."""

    opened: set[int] = field(default_factory=set)
    worked: set[int] = field(default_factory=set)


class DayStreaks:
    """Every day streak that any version has (``Plan.streaks``)."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._open: dict[int, _OpenDay] = {}
        self._known: dict[int, dict[int, DayStreakBasis]] = {}
        """Active days that are over → place of the streak → the streak that day."""
        self._runs: dict[int, Run] = {}

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
                self._known.setdefault(day, {})[place] = self._reach(place, day)

    def at(self, place: int, day: int) -> DayStreakBasis:
        """The streak at a day that is over."""
        known = self._known.get(day, {}).get(place)
        return DayStreakBasis(0, day) if known is None else known

    def forget_before(self, day: int) -> None:
        """Days before ``day`` are not asked for again."""
        for over in [each for each in self._known if each < day]:
            del self._known[over]

    def _day(self, day: int) -> _OpenDay:
        if day not in self._open:
            self._open[day] = _OpenDay()
        return self._open[day]

    def _reach(self, place: int, day: int) -> DayStreakBasis:
        run = self._runs.get(place)
        if run is not None and not misses_a_day(self._plan.calendar, run.last, day):
            run.last, run.length = day, run.length + 1
        else:
            run = self._runs[place] = Run(day, day, 1)
        return DayStreakBasis(run.length, run.first)


class WeekStreak:
    """Weeks in a row with something earned."""

    def __init__(self) -> None:
        self._run: Run | None = None

    def at(self, week: int, *, is_active: bool) -> WeekStreakBasis:
        """The streak at a week that is over; weeks come in order."""
        if not is_active:
            return WeekStreakBasis(0, week)
        run = self._run
        if run is not None and run.last == week - 1:
            run.last, run.length = week, run.length + 1
        else:
            run = self._run = Run(week, week, 1)
        return WeekStreakBasis(run.length, run.first)


def misses_a_day(calendar: Calendar, last: int, day: int) -> bool:
    """Whether a local day lies between; a change of zone may have left one out."""
    return any(calendar.has_day(between) for between in range(last + 1, day))
