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
    day_text,
    first_day_of_week,
    is_scorable,
    week_from_text,
    week_of_day,
    week_text,
)

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


def test_the_left_out_day_is_passed_over() -> None:
    apia = Calendar("Pacific/Apia")
    day = (date(2011, 12, 31) - date(1970, 1, 1)).days
    assert day_text(apia.previous_day(day)) == "2011-12-29"
    assert day_text(apia.previous_day(day + 1)) == "2011-12-31"


def test_a_week_closes_with_its_sunday() -> None:
    close = Calendar("Europe/Moscow").close_of_week(week_from_text("2026-W10"))
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
