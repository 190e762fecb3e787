"""Counting the journal for reports: by the clock, a bounded part in each transaction.

    journal   1 ─────────────────────────▶ counted ──────▶ end
                 report_* rows say this             next run

Posters hold the journal's head row until they commit, so numbers become visible in their order and
nothing is ever added before what was counted. If the programme's zone changes, days are others:
everything is dropped and counted again.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Final

from ledger.kernel.clock import Instant
from ledger.kernel.transaction import Database, Work, execute
from ledger.programme import service as programmes
from ledger.programme.calendar import (
    Calendar,
    day_text,
    first_day_of_month,
    month_of_day,
)
from ledger.reports import keeping_store
from ledger.reports.keeping_store import Counted, Starts

PART: Final = 50_000
"""Transfers counted in one transaction."""
PARTS_MAX: Final = 200
"""Parts of one run: ten million transfers."""
_ZONE: Final = "UTC"
"""Of days while no programme is in force."""
_AROUND: Final = timedelta(days=62)
"""Lots are made with their first transfer; months begin well before, and never end too early."""


def count_all(database: Database) -> int:
    """Count what is not counted yet; the number of transfers. Run often."""
    counted = 0
    for _ in range(PARTS_MAX):
        found = execute(database, count_part, None)
        counted += found
        if found < PART:
            break
    return counted


def count_again(database: Database) -> int:
    """Drop what was counted and count everything once more."""
    execute(database, _forget, None)
    return count_all(database)


def count_part(work: Work, _: None) -> int:
    """Count the next part; 0 if there is none, or another process is counting."""
    if not keeping_store.lock(work):
        return 0
    zone = zone_now(work)
    before = keeping_store.counted(work)
    if before is not None and before.zone != zone:
        keeping_store.forget(work)
        before = None
    after = 0 if before is None else before.sequence
    upto = min(keeping_store.journal_end(work), after + PART)
    if upto == after:
        return 0
    first, last = keeping_store.recorded_between(work, after, upto)
    calendar = Calendar(zone)
    return keeping_store.count(
        work,
        after,
        Counted(zone, upto, last if before is None else max(last, before.recorded_at)),
        days_between(calendar, first, last),
        _months(calendar, keeping_store.first_recorded(work) - _AROUND, last + _AROUND),
    )


def zone_now(work: Work) -> str:
    """By whose days is counted: the zone of the programme in force."""
    try:
        return programmes.in_force(work, work.now).programme.zone
    except programmes.NoProgrammeInForce:
        return _ZONE


def days_between(calendar: Calendar, first: datetime, last: datetime) -> Starts:
    """Every local day from that of ``first`` to that of ``last``."""
    numbers = range(calendar.day(Instant.of(first)), calendar.day(Instant.of(last)) + 1)
    return _starts(calendar, list(numbers))


def _months(calendar: Calendar, first: datetime, last: datetime) -> Starts:
    begin, end = (month_of_day(calendar.day(Instant.of(each))) for each in (first, last))
    return _starts(calendar, [first_day_of_month(month) for month in range(begin, end + 1)])


def _starts(calendar: Calendar, days: list[int]) -> Starts:
    return Starts(
        [date.fromisoformat(day_text(day)) for day in days],
        [calendar.start_of_day(day).floor_datetime() for day in days],
    )


def _forget(work: Work, _: None) -> None:
    keeping_store.wait_for_lock(work)
    keeping_store.forget(work)
