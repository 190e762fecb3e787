"""Local days and weeks against the standard library's own arithmetic."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.kernel.clock import Instant
from ledger.programme.calendar import (
    Calendar,
    UnknownZone,
    day_of_date,
    day_text,
    first_day_of_span,
    first_day_of_week,
    is_scorable,
    span_of_day,
    span_text,
    week_from_text,
    week_of_day,
    week_text,
)
from ledger.programme.model_earning import Per

ZONES = [
    "UTC",
    "Europe/Moscow",
    "America/New_York",
    "America/St_Johns",
    "America/Sao_Paulo",
    "Africa/Cairo",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Africa/Monrovia",
]
CALENDARS = {zone: Calendar(zone) for zone in ZONES}
FROM, TO = (
    int(datetime(1950, 1, 1, tzinfo=UTC).timestamp()),
    int(datetime(2060, 1, 1, tzinfo=UTC).timestamp()),
)


@given(st.sampled_from(ZONES), st.integers(FROM, TO))
def test_the_day_is_the_date_on_the_wall(zone: str, seconds: int) -> None:
    on_the_wall = datetime.fromtimestamp(seconds, ZoneInfo(zone)).date()
    assert day_text(CALENDARS[zone].day(Instant(seconds))) == on_the_wall.isoformat()


@given(st.sampled_from(ZONES), st.dates(date(1950, 1, 1), date(2060, 1, 1)))
def test_a_day_starts_where_the_date_turns(zone: str, day: date) -> None:
    number = (day - date(1970, 1, 1)).days
    start = CALENDARS[zone].start_of_day(number)
    at = datetime.fromtimestamp(start.seconds, ZoneInfo(zone))
    before = datetime.fromtimestamp(start.seconds - 1, ZoneInfo(zone))
    assert at.date() >= day
    assert before.date() < day


@given(st.dates(date(1950, 1, 1), date(2060, 1, 1)))
def test_weeks_are_those_of_the_standard(day: date) -> None:
    number = (day - date(1970, 1, 1)).days
    week = week_of_day(number)
    year, iso_week, _ = day.isocalendar()
    assert week_text(week) == f"{year}-W{iso_week:02d}"
    assert week_from_text(week_text(week)) == week
    assert first_day_of_week(week) == number - day.weekday()


@given(st.dates(date(1950, 1, 1), date(2060, 1, 1)))
def test_spans_are_those_of_the_calendar(day: date) -> None:
    number = (day - date(1970, 1, 1)).days
    forms = {Per.DAY: "%Y-%m-%d", Per.WEEK: "%G-W%V", Per.MONTH: "%Y-%m", Per.LIFETIME: "lifetime"}
    for per, form in forms.items():
        assert span_text(per, span_of_day(per, number)) == day.strftime(form)
        if per is not Per.LIFETIME:
            first = first_day_of_span(per, span_of_day(per, number))
            after = first_day_of_span(per, span_of_day(per, number) + 1)
            assert first <= number < after
            assert (
                span_of_day(per, first) == span_of_day(per, after - 1) == span_of_day(per, number)
            )
            assert span_of_day(per, after) == span_of_day(per, number) + 1


def test_a_lifetime_is_one_span_whenever_it_is() -> None:
    assert {span_of_day(Per.LIFETIME, day) for day in (-1, 0, 20_000)} == {0}


@given(st.dates(date(1950, 1, 1), date(2060, 1, 1)))
def test_a_date_is_the_day_that_is_written_like_it(day: date) -> None:
    assert day_text(day_of_date(day)) == day.isoformat()


def test_a_clock_turned_back_over_midnight_starts_the_day_once() -> None:
    # St. John's: 00:01 went back to 23:01; the day is there to stay from 03:30 UTC.
    day = (date(2009, 11, 1) - date(1970, 1, 1)).days
    assert Calendar("America/St_Johns").start_of_day(day).isoformat() == "2009-11-01T03:30:00Z"


@pytest.mark.parametrize(
    ("per", "day", "close"),
    [
        (Per.DAY, date(2026, 3, 8), "2026-03-08T21:00:00Z"),
        (Per.WEEK, date(2026, 3, 8), "2026-03-08T21:00:00Z"),
        (Per.MONTH, date(2026, 3, 8), "2026-03-31T21:00:00Z"),
        (Per.MONTH, date(2026, 12, 8), "2026-12-31T21:00:00Z"),
    ],
)
def test_when_a_period_closes(per: Per, day: date, close: str) -> None:
    span = span_of_day(per, (day - date(1970, 1, 1)).days)
    assert Calendar("Europe/Moscow").close_of_span(per, span).isoformat() == close


def test_the_left_out_day_is_passed_over() -> None:
    apia = Calendar("Pacific/Apia")
    day = (date(2011, 12, 31) - date(1970, 1, 1)).days
    assert not apia.has_day(day - 1)
    assert apia.has_day(day - 2)
    assert apia.has_day(day)


def test_a_week_closes_with_its_sunday() -> None:
    close = Calendar("Europe/Moscow").close_of_span(Per.WEEK, week_from_text("2026-W10"))
    assert close.isoformat() == "2026-03-08T21:00:00Z"


@pytest.mark.parametrize("zone", ["Mars/Base", "", "../UTC", "utc", "posix/UTC", "/etc/passwd"])
def test_zones_that_the_database_does_not_list(zone: str) -> None:
    with pytest.raises(UnknownZone) as caught:
        Calendar(zone)
    assert caught.value.code == "unknown_zone"


@pytest.mark.parametrize(
    ("time", "expected"),
    [
        ("1899-12-31T23:59:59Z", False),
        ("1900-01-01T00:00:00Z", True),
        ("8999-12-31T23:59:59Z", True),
        ("9000-01-01T00:00:00Z", False),
    ],
)
def test_the_calendar_has_ends(time: str, expected: bool) -> None:  # noqa: FBT001
    instant = Instant.parse(time)
    assert is_scorable(instant) is expected
    if expected:
        for calendar in CALENDARS.values():
            assert abs(calendar.start_of_day(calendar.day(instant)).seconds - instant.seconds) < (
                timedelta(days=2).total_seconds()
            )
