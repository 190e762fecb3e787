"""The figures of a school as far as the journal was counted. Reads; writes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from ledger.kernel.clock import Instant
from ledger.kernel.errors import ErrorKind, VkladError
from ledger.kernel.transaction import Work
from ledger.kernel.units import Points, sum_points
from ledger.preview.money import Rates, rates_of
from ledger.programme import service as programmes
from ledger.programme import store as programme_store
from ledger.programme.calendar import Calendar, day_text
from ledger.reports import keeping_store, store
from ledger.reports.keeping_store import Counted
from ledger.reports.model import (
    Acts,
    Cohort,
    Liability,
    Moved,
    Span,
    Spread,
    by_category,
    liability,
    moved,
    spans,
    spread,
)

MONTHS_SHOWN: Final = 24
WEEKS_SHOWN: Final = 26
MONTHS_OF_PAST: Final = 12
"""Months, the one under way included, that say what part of points is spent in the end, and what
acts are made of."""
AHEAD_DAYS: Final = (30, 60, 90)
_MONTHS_A_YEAR: Final = 12
_MONTHS_A_QUARTER: Final = 3
_DAYS_A_WEEK: Final = 7


class NothingCountedYet(VkladError):
    """Reports know nothing of the journal yet."""

    code = "nothing_counted_yet"
    kind = ErrorKind.NOT_FOUND


@dataclass(frozen=True, slots=True)
class Dashboard:
    """Everything on the owner's page, of one moment of the journal.

    ``months`` and ``weeks`` rise and end with the one under way. ``lapsing`` has what ends within
    each of ``AHEAD_DAYS``. ``debtors`` members owe ``debt`` points.
    """

    counted: Counted
    journal_end: int
    months: tuple[Span, ...]
    weeks: tuple[Span, ...]
    past: Moved
    liability: Liability
    cohorts: tuple[Cohort, ...]
    lapsing: tuple[tuple[int, Points], ...]
    spread: Spread
    acts: tuple[Acts, ...]
    debt: Points
    debtors: int


def dashboard(work: Work) -> Dashboard:
    """The figures now.

    Raises:
        NothingCountedYet: there is no transfer, or none was counted.
    """
    counted = require_counted(work)
    today = today_of(work, counted)
    months = _months(work, today)
    past = sum((each.moved for each in months[-MONTHS_OF_PAST:]), Moved())
    since = months[-MONTHS_OF_PAST:][0].first
    held = store.holdings(work)
    return Dashboard(
        counted=counted,
        journal_end=keeping_store.journal_end(work),
        months=months,
        weeks=_weeks(work, today),
        past=past,
        liability=liability(months[-1].closing.outstanding, past, since, _rates(work)),
        cohorts=_cohorts(work),
        lapsing=_lapsing(work),
        spread=spread(owned for owned, _, persons in held for _ in range(persons)),
        acts=by_category(store.acts_of_rules(work, since), categories(work)),
        debt=sum_points(Points(debt * persons) for _, debt, persons in held),
        debtors=sum(persons for _, debt, persons in held if debt),
    )


def require_counted(work: Work) -> Counted:
    """How far the journal was counted.

    Raises:
        NothingCountedYet: not at all.
    """
    counted = keeping_store.counted(work)
    if counted is None:
        raise NothingCountedYet("No points have moved yet, or they are being counted right now.")
    return counted


def today_of(work: Work, counted: Counted) -> date:
    """The day it is where days are counted."""
    day = Calendar(counted.zone).day(Instant.of(max(work.now, counted.recorded_at)))
    return date.fromisoformat(day_text(day))


def categories(work: Work) -> dict[str, str | None]:
    """Rule -> category, of all versions ever activated; the newest that has the rule says."""
    found: dict[str, str | None] = {}
    for activation in programme_store.activations(work):
        programme = programmes.programme_of(activation)
        found.update((rule.rule_id, rule.category) for rule in programme.rules)
    return found


def month_before(first: date, count: int) -> date:
    """The first of the month so many months before."""
    number = first.year * _MONTHS_A_YEAR + first.month - 1 - count
    return date(number // _MONTHS_A_YEAR, number % _MONTHS_A_YEAR + 1, 1)


def _months(work: Work, today: date) -> tuple[Span, ...]:
    this = today.replace(day=1)
    firsts = [month_before(this, back) for back in reversed(range(MONTHS_SHOWN))]
    return _spans(work, "month", firsts)


def _weeks(work: Work, today: date) -> tuple[Span, ...]:
    monday = today - timedelta(days=today.weekday())
    firsts = [monday - timedelta(days=_DAYS_A_WEEK * back) for back in reversed(range(WEEKS_SHOWN))]
    return _spans(work, "week", firsts)


def _spans(work: Work, unit: store.Unit, firsts: Sequence[date]) -> tuple[Span, ...]:
    """Of these, those from the first one on in which anything had moved by its end."""
    found = spans(store.flows_by(work, unit, firsts[0]), firsts)
    begun = [number for number, each in enumerate(found) if each.moved != Moved() or _has(each)]
    return found[begun[0] :] if begun else found[-1:]


def _has(span: Span) -> bool:
    return bool(span.closing.outstanding or span.closing.debt)


def _cohorts(work: Work) -> tuple[Cohort, ...]:
    found = store.flows_by_cohort(work)
    return tuple(Cohort(month, moved(found[month])) for month in sorted(found))


def _lapsing(work: Work) -> tuple[tuple[int, Points], ...]:
    moments = [work.now + timedelta(days=days) for days in AHEAD_DAYS]
    return tuple(zip(AHEAD_DAYS, store.lapsing(work, moments), strict=True))


def _rates(work: Work) -> Rates:
    try:
        programme = programmes.in_force(work, work.now).programme
    except programmes.NoProgrammeInForce:
        return Rates({})
    return rates_of(programme, Instant.of(work.now))
