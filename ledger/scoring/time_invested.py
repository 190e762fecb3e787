"""Minutes that count of those stated: plausible ones, each once, whichever source states them.

    stated ──▶ lies before the event, begins at most two days before it  (else nothing counts)
           ──▶ first session_max minutes
           ──▶ not stated by an earlier event, in order of facts
           ──▶ while the minute's own local day has fewer than day_max

A minute is a whole one of UTC: an interval from ``started``, its seconds cut, for
``floor(minutes)``. What counts is put into the fact as ``data.counted``, where conditions and
expressions of points find it, and ``data.measured`` beside it says what became of the rest. What
an earlier event had and a limit or condition then dropped is stated all the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from ledger.kernel.canonical import ExactJson
from ledger.kernel.clock import BadInstant, Instant
from ledger.programme.model_time import COUNTED, MEASURED, TimeTerms
from ledger.scoring.model import Fact
from ledger.scoring.state import State

MINUTE_S: Final = 60
BACK_MAX: Final = 2 * 24 * 60
"""Minutes: how long before its event an interval may have begun."""
STATED_MAX: Final = 10_000


@dataclass(slots=True)
class TimeBook:
    """One member's minutes so far: which are covered, and how many count of each local day."""

    covered: set[int] = field(default_factory=set)
    days: dict[int, int] = field(default_factory=dict)

    def measure(self, fact: Fact, terms: TimeTerms, day_of: Callable[[Instant], int]) -> Fact:
        """The fact with what counts of it; facts come in order, ``day_of`` tells local days."""
        stated = _interval(fact)
        if stated is None:
            return with_counted(fact, 0, {"implausible": True})
        now = fact.time.seconds // MINUTE_S
        self._forget_before(now - 2 * BACK_MAX)
        begin, minutes = stated
        if begin + minutes > now + 1 or begin < now - BACK_MAX:
            return with_counted(fact, 0, {"stated": minutes, "implausible": True})
        within = min(minutes, terms.session_max)
        told = {"stated": minutes, "beyond_session": minutes - within, "merged": 0, "beyond_day": 0}
        counted = 0
        for minute in range(begin, begin + within):
            if minute in self.covered:
                told["merged"] += 1
                continue
            day = day_of(Instant(minute * MINUTE_S))
            if self.days.get(day, 0) >= terms.day_max:
                told["beyond_day"] += 1
                continue
            self.covered.add(minute)
            self.days[day] = self.days.get(day, 0) + 1
            counted += 1
        return with_counted(fact, counted, told)

    def state(self) -> State:
        """As JSON; covered minutes as first and last of each stretch."""
        stretches: list[list[int]] = []
        for minute in sorted(self.covered):
            if stretches and stretches[-1][1] == minute - 1:
                stretches[-1][1] = minute
            else:
                stretches.append([minute, minute])
        return [stretches, list(self.days.items())]

    def restore(self, state: State) -> None:
        """Go on from where :meth:`state` was written."""
        stretches, days = state
        self.covered = {minute for first, last in stretches for minute in range(first, last + 1)}
        self.days = dict(days)

    def _forget_before(self, minute: int) -> None:
        """No interval of a later fact reaches back so far."""
        if self.covered and min(self.covered) < minute:
            self.covered = {each for each in self.covered if each >= minute}


def with_counted(fact: Fact, counted: int, told: Mapping[str, ExactJson]) -> Fact:
    """The fact as rules see it; whatever its source said under these names is gone."""
    return fact._replace(data={**fact.data, COUNTED: counted, MEASURED: told})


def _interval(fact: Fact) -> tuple[int, int] | None:
    """The first minute and how many; ``None`` if they are not stated so."""
    started, minutes = fact.data.get("started"), fact.data.get("minutes")
    if not isinstance(started, str) or isinstance(minutes, bool):
        return None
    if not isinstance(minutes, int | Decimal) or not 0 <= minutes <= STATED_MAX:
        return None
    try:
        begin = Instant.parse(started)
    except BadInstant:
        return None
    return begin.seconds // MINUTE_S, int(minutes)
