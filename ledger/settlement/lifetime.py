"""When points that become spendable at a moment expire, by a programme's words. Pure.

{months: 12}     the same wall time, twelve months on
{end_of: month}  the first instant of the next month
{on: "09-01"}    the first instant of the next 1 September
"""

from __future__ import annotations

import calendar as gregorian
from datetime import date, datetime, timedelta
from typing import Final

from ledger.lots.validity import Validity as Span
from ledger.lots.validity import expires_at
from ledger.programme.calendar import Calendar, day_of_date
from ledger.programme.model_life import EndOf, OnDay, Term, Validity

_FEBRUARY: Final = 2
_LAST_FEBRUARY: Final = 29


def expiry_of(validity: Validity, activates_at: datetime, calendar: Calendar) -> datetime:
    """The first moment at which such points can no longer be spent; after ``activates_at``."""
    if isinstance(validity, Term):
        return after_term(validity, activates_at, calendar)
    if isinstance(validity, EndOf):
        return _end_of(validity, activates_at, calendar)
    return _on_day(validity, activates_at, calendar)


def after_term(term: Term, moment: datetime, calendar: Calendar) -> datetime:
    """A length of life on: the wall clock of the zone is kept, ends of months clamp."""
    span = Span(months=12 * term.years + term.months, days=term.days)
    return expires_at(moment, span, calendar.rules)


def _end_of(validity: EndOf, activates_at: datetime, calendar: Calendar) -> datetime:
    reached = activates_at
    if validity.after is not None:
        reached = after_term(validity.after, activates_at, calendar)
    local = _local_date(reached, calendar)
    if validity.span == "year":
        first = date(local.year + 1, 1, 1)
    else:
        first = date(local.year + local.month // 12, local.month % 12 + 1, 1)
    return _start(first, calendar)


def _on_day(validity: OnDay, activates_at: datetime, calendar: Calendar) -> datetime:
    local = _local_date(activates_at, calendar)
    if validity.year is not None:
        stated = _start(date(validity.year, validity.month, validity.day), calendar)
        return stated if stated > activates_at else _start(local + timedelta(days=1), calendar)
    this_year = _start(_named(local.year, validity), calendar)
    if this_year > activates_at:
        return this_year
    return _start(_named(local.year + 1, validity), calendar)


def _named(year: int, day: OnDay) -> date:
    leap_day = (day.month, day.day) == (_FEBRUARY, _LAST_FEBRUARY)
    if leap_day and not gregorian.isleap(year):
        return date(year, _FEBRUARY, _LAST_FEBRUARY - 1)
    return date(year, day.month, day.day)


def _local_date(moment: datetime, calendar: Calendar) -> date:
    return moment.astimezone(calendar.rules).date()


def _start(day: date, calendar: Calendar) -> datetime:
    return calendar.start_of_day(day_of_date(day)).floor_datetime()
