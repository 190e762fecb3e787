from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.lots.validity import Validity, expires_at

MOSCOW = ZoneInfo("Europe/Moscow")
BERLIN = ZoneInfo("Europe/Berlin")
UTC_ZONE = ZoneInfo("UTC")


def _utc(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


@pytest.mark.parametrize(
    ("start", "validity", "zone", "end"),
    [
        ("2026-01-31T10:00+00:00", Validity(months=1), UTC_ZONE, "2026-02-28T10:00+00:00"),
        ("2024-01-31T10:00+00:00", Validity(months=1), UTC_ZONE, "2024-02-29T10:00+00:00"),
        ("2024-02-29T10:00+00:00", Validity(months=12), UTC_ZONE, "2025-02-28T10:00+00:00"),
        ("2026-08-31T10:00+00:00", Validity(months=18), UTC_ZONE, "2028-02-29T10:00+00:00"),
        ("2026-12-15T10:00+00:00", Validity(months=1), UTC_ZONE, "2027-01-15T10:00+00:00"),
        ("2026-01-31T10:00+00:00", Validity(months=1, days=1), UTC_ZONE, "2026-03-01T10:00+00:00"),
        # The month ends by Moscow's calendar: 31 January there is still 30 January in UTC.
        ("2026-01-31T00:30+03:00", Validity(months=1), MOSCOW, "2026-02-28T00:30+03:00"),
        # Wall time is kept over a change of clocks.
        ("2026-03-01T12:00+01:00", Validity(months=1), BERLIN, "2026-04-01T12:00+02:00"),
        ("2026-03-28T12:00+01:00", Validity(days=1), BERLIN, "2026-03-29T12:00+02:00"),
        # 02:30 is skipped on 29 March 2026 in Berlin, and comes twice on 25 October.
        ("2026-03-28T02:30+01:00", Validity(days=1), BERLIN, "2026-03-29T03:30+02:00"),
        ("2026-10-24T02:30+02:00", Validity(days=1), BERLIN, "2026-10-25T02:30+02:00"),
    ],
)
def test_the_calendar_of_the_zone(start: str, validity: Validity, zone: ZoneInfo, end: str) -> None:
    assert expires_at(_utc(start), validity, zone) == _utc(end)


@given(
    st.datetimes(datetime(2000, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - hypothesis wants naive bounds
    st.integers(0, 36),
    st.integers(0, 400),
    st.sampled_from([MOSCOW, BERLIN, UTC_ZONE]),
)
def test_a_lot_lives_about_as_long_as_was_said(
    start: datetime, months: int, days: int, zone: ZoneInfo
) -> None:
    if months or days:
        lived = expires_at(start, Validity(months, days), zone) - start
        least = timedelta(days=28 * months + days) - timedelta(hours=3)
        most = timedelta(days=31 * months + days) + timedelta(hours=3)
        assert least <= lived <= most


@pytest.mark.parametrize(("months", "days"), [(0, 0), (-1, 5), (1, -1)])
def test_a_validity_is_some_time(months: int, days: int) -> None:
    with pytest.raises(AssertionError):
        Validity(months, days)
