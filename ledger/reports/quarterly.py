"""The report of a quarter, for every member. Reads what was counted; writes nothing."""

from __future__ import annotations

from datetime import date, timedelta

from ledger.kernel.clock import Instant
from ledger.kernel.transaction import Work
from ledger.preview.money import Rates, rates_of
from ledger.programme import service as programmes
from ledger.programme.calendar import Calendar, day_of_date
from ledger.reports import store
from ledger.reports.keeping_store import Counted
from ledger.reports.model import Moved, by_category, liability, spans
from ledger.reports.quarters import QUARTERS, Quarter, QuarterReport, unknown
from ledger.reports.service import categories, require_counted, today_of


def quarters(work: Work) -> list[Quarter]:
    """Those that have a report, newest first; the newest is under way.

    Raises:
        NothingCountedYet: there are no figures at all.
    """
    counted = require_counted(work)
    first = store.first_day(work)
    assert first is not None, "something was counted"
    found = [Quarter.of(today_of(work, counted))]
    while found[-1] > Quarter.of(first):
        found.append(found[-1].before)
    return found


def report(work: Work, text: str) -> QuarterReport:
    """The report of a quarter by its name, as in ``2026-q3``.

    Raises:
        NothingCountedYet: there are no figures at all.
        UnknownQuarter: there is no report of it.
    """
    quarter = Quarter.from_text(text)
    known = quarters(work)
    if quarter not in known:
        raise unknown(text)
    counted = require_counted(work)
    year = [quarter]
    while len(year) < QUARTERS:
        year.append(year[-1].before)
    firsts = [each.first for each in reversed(year)]
    found = spans(store.flows_by(work, "quarter", firsts[0], quarter.after.first), firsts)
    past = sum((each.moved for each in found), Moved())
    is_over = quarter != known[0]
    until = quarter.after.first if is_over else today_of(work, counted) + timedelta(days=1)
    acts = store.acts_of_rules(work, quarter.first, quarter.after.first)
    return QuarterReport(
        quarter=quarter,
        is_over=is_over,
        until=until,
        counted=counted,
        span=found[-1],
        before=found[-2] if quarter.before in known else None,
        liability=liability(
            found[-1].closing.outstanding, past, firsts[0], _rates(work, counted, until)
        ),
        acts=by_category(acts, categories(work)),
    )


def _rates(work: Work, counted: Counted, until: date) -> Rates:
    """Those in force at the end of what is told, or now if that is to come."""
    end = Calendar(counted.zone).start_of_day(day_of_date(until)).floor_datetime()
    at = min(end - timedelta(microseconds=1), work.now)
    try:
        programme = programmes.in_force(work, at).programme
    except programmes.NoProgrammeInForce:
        return Rates({})
    return rates_of(programme, Instant.of(at))
