"""Stretches of time with one zone and one kind of period, and what becomes of periods at a change.

     era 0: weeks in UTC        era 1: at once, Moscow       era 2: weeks in Moscow
     ───────────────────┃──────────────────────────────┃──────────────────────▶
      W9 │ W10 │ W11 ┄┄┄┃                              ┃┄┄┄ W14 │ W15 │
                   closes here                     begins here

An event belongs to the era of the version in force at its time. A period that a change of zone or
kind meets on its way is cut short there; what began it closes it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ledger.kernel.clock import Instant
from ledger.programme.calendar import Calendar, first_day_of_span, span_of_day, span_text
from ledger.programme.model import Period, Programme
from ledger.programme.model_earning import Per


@dataclass(frozen=True, slots=True)
class Era:
    """From ``start`` (the first: from ever) up to, not including, ``end`` (``None``: goes on)."""

    index: int
    calendar: Calendar
    period: Period
    per: Per | None
    """The span of a period that closes; ``None`` for awards at once."""
    start: Instant
    end: Instant | None

    def span(self, day: int) -> int:
        """The number of the period in which a local day lies."""
        assert self.per is not None, "asked where points wait for a close"
        return span_of_day(self.per, day)

    def natural_close(self, period: int) -> Instant:
        """When a period would close if nothing changed."""
        return self.calendar.close_of_span(self.period.per, period)

    def start_of(self, period: int) -> Instant:
        """When a period begins by the calendar."""
        return self.calendar.start_of_day(first_day_of_span(self.period.per, period))

    def is_cut_short(self, period: int) -> bool:
        """Whether the era ends while the period is open."""
        return self.end is not None and self.end < self.natural_close(period)

    def close_of(self, period: int) -> Instant:
        """When a period closes: by the calendar, or where the era ends."""
        close = self.natural_close(period)
        return close if self.end is None or close <= self.end else self.end

    def last_day_of(self, period: int) -> int:
        """The local day on which a period ends."""
        if not self.is_cut_short(period):
            return first_day_of_span(self.period.per, period + 1) - 1
        assert self.end is not None, "cut short by an end"
        return self.calendar.day(Instant(self.end.seconds - 1))

    def name_of(self, period: int) -> str:
        """``2026-W10``; a part of it says in which instants it begins or ends.

        ``2026-W10..2026-03-05T12:00:00Z`` is the part up to that noon, and
        ``2026-03-05T12:00:00Z..2026-W10`` the rest.
        """
        name = span_text(self.period.per, period)
        if self.index and self.start_of(period) < self.start:
            name = f"{self.start.isoformat()}..{name}"
        if self.is_cut_short(period):
            assert self.end is not None, "cut short by an end"
            name = f"{name}..{self.end.isoformat()}"
        return name


def eras_of(in_force: Sequence[tuple[Instant, Programme]]) -> tuple[Era, ...]:
    """The eras of versions in force one after another: since when, and which.

    Without a version there is one era in which nothing is scored.
    """
    found: list[Era] = []
    for since, programme in in_force:
        last = found[-1] if found else None
        same = (last.calendar.zone, last.period) if last else None
        if last is not None and same == (programme.zone, programme.period):
            continue
        if last is not None:
            found[-1] = replace(last, end=since)
        calendar = Calendar(programme.zone)
        per = programme.period.per if programme.is_periodic else None
        found.append(Era(len(found), calendar, programme.period, per, since, None))
    return tuple(found) or (Era(0, Calendar("UTC"), Period.AT_ONCE, None, Instant(0), None),)


def last_close(eras: Sequence[Era], now: Instant) -> Instant | None:
    """The latest moment, not after ``now``, at which a period closed; ``None``: none has yet."""
    for era in reversed(eras):
        if era.start > now and era.index:
            continue
        if era.per is None:
            continue
        if era.end is not None and era.end <= now:
            return era.end
        close = era.start_of(era.span(era.calendar.day(now)))
        if close > era.start or not era.index:
            return close
    return None
