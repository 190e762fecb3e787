"""When the calendar period that a limit counts began, in the programme's zone. Pure."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Final

from ledger.kernel.clock import Instant
from ledger.programme.calendar import Calendar
from ledger.redemption.terms import LimitPeriod

_EPOCH: Final = date(1970, 1, 1)


def period_start(at: datetime, per: LimitPeriod, calendar: Calendar) -> datetime:
    """The first moment of the local day, ISO week, month or year in which ``at`` falls."""
    first = _first_day(local_day(at, calendar), per)
    return calendar.start_of_day((first - _EPOCH).days).floor_datetime()


def local_day(at: datetime, calendar: Calendar) -> date:
    """The local day on which ``at`` falls."""
    return _EPOCH + timedelta(days=calendar.day(Instant.of(at)))


def _first_day(day: date, per: LimitPeriod) -> date:
    match per:
        case LimitPeriod.DAY:
            return day
        case LimitPeriod.WEEK:
            return day - timedelta(days=day.weekday())
        case LimitPeriod.MONTH:
            return day.replace(day=1)
        case LimitPeriod.YEAR:
            return day.replace(month=1, day=1)
