"""Expiry against a judge that walks the clock quarter by quarter and looks at its face."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.programme.calendar import Calendar
from ledger.programme.model_life import EndOf, OnDay
from ledger.settlement.lifetime import expiry_of

QUARTER = timedelta(minutes=15)
zones = st.sampled_from(["UTC", "Europe/Moscow", "Europe/Berlin", "Asia/Kathmandu", "Asia/Beirut"])
quarters = st.builds(
    lambda days, quarter: datetime(2023, 1, 1, tzinfo=UTC) + timedelta(days) + quarter * QUARTER,
    st.integers(0, 1500),
    st.integers(0, 95),
)


def first_quarter_after(moment: datetime, zone: str, gone: object) -> datetime:
    """The first quarter of an hour after ``moment`` from whose local date on it is gone."""
    assert callable(gone)
    # Whole days are skipped while the date stays short of what is looked for.
    while not gone((moment + timedelta(days=2)).astimezone(ZoneInfo(zone)).date()):
        moment += timedelta(days=1)
    while True:
        moment += QUARTER
        if gone(moment.astimezone(ZoneInfo(zone)).date()):
            return moment


@settings(max_examples=150, deadline=None)
@given(quarters, zones, st.sampled_from(["month", "year"]))
def test_the_end_of_a_span_is_when_its_name_changes(
    activates: datetime, zone: str, span: str
) -> None:
    def name(day: date) -> tuple[int, int]:
        return (day.year, day.month if span == "month" else 0)

    now = name(activates.astimezone(ZoneInfo(zone)).date())
    judged = first_quarter_after(activates, zone, lambda day: name(day) > now)
    ours = expiry_of(EndOf("month" if span == "month" else "year"), activates, Calendar(zone))
    assert ours == judged


@settings(max_examples=150, deadline=None)
@given(quarters, zones, st.dates(date(2023, 1, 1), date(2024, 12, 31)))
def test_a_day_of_the_year_is_the_next_of_its_name(
    activates: datetime, zone: str, named: date
) -> None:
    today = activates.astimezone(ZoneInfo(zone)).date()

    def is_it(day: date) -> bool:
        if (named.month, named.day) == (2, 29) and (day + timedelta(1)).day == 1:
            return day.month == 2
        return (day.month, day.day) == (named.month, named.day)

    target = today + timedelta(1)
    while not is_it(target):
        target += timedelta(1)
    judged = first_quarter_after(activates, zone, lambda day: day >= target)
    assert expiry_of(OnDay(named.month, named.day), activates, Calendar(zone)) == judged


@given(quarters, zones, st.dates(date(2023, 1, 1), date(2028, 12, 31)))
def test_a_stated_day_ends_them_and_nothing_is_dead_on_arrival(
    activates: datetime, zone: str, stated: date
) -> None:
    validity = OnDay(stated.month, stated.day, stated.year)
    expires = expiry_of(validity, activates, Calendar(zone))
    local = activates.astimezone(ZoneInfo(zone)).date()
    assert expires > activates
    assert expires.astimezone(ZoneInfo(zone)).date() == max(stated, local + timedelta(days=1))
