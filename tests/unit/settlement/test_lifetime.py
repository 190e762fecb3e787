"""When points expire: every form, in the zone, over changes of clocks and leap years."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from ledger.programme.calendar import Calendar
from ledger.programme.model_life import EndOf, OnDay, Term, Validity
from ledger.settlement.lifetime import expiry_of


def _utc(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


@pytest.mark.parametrize(
    ("validity", "zone", "activates", "expires"),
    [
        (Term(years=1), "UTC", "2024-02-29T10:00+00:00", "2025-02-28T10:00+00:00"),
        (Term(months=1), "Europe/Moscow", "2026-01-31T00:30+03:00", "2026-02-28T00:30+03:00"),
        (EndOf("month"), "UTC", "2026-01-31T23:59+00:00", "2026-02-01T00:00+00:00"),
        (EndOf("month"), "UTC", "2026-02-01T00:00+00:00", "2026-03-01T00:00+00:00"),
        (EndOf("month"), "UTC", "2026-12-31T23:59+00:00", "2027-01-01T00:00+00:00"),
        # 31 January 22:00 in UTC is 1 February in Moscow.
        (EndOf("month"), "Europe/Moscow", "2026-01-31T22:00+00:00", "2026-03-01T00:00+03:00"),
        (EndOf("year"), "UTC", "2026-01-01T00:00+00:00", "2027-01-01T00:00+00:00"),
        (EndOf("year"), "Europe/Moscow", "2026-12-31T21:00+00:00", "2028-01-01T00:00+03:00"),
        (EndOf("year", Term(months=6)), "UTC", "2026-06-30T00:00+00:00", "2027-01-01T00:00+00:00"),
        (EndOf("year", Term(months=6)), "UTC", "2026-07-01T00:00+00:00", "2028-01-01T00:00+00:00"),
        # 31 January and a month is the last of February: to the end of February.
        (EndOf("month", Term(months=1)), "UTC", "2026-01-31T10:00+00:00", "2026-03-01T00:00+00:00"),
        (EndOf("month", Term(days=1)), "UTC", "2026-01-31T10:00+00:00", "2026-03-01T00:00+00:00"),
        # The month ends in summer time, before which the clocks changed.
        (EndOf("month"), "Europe/Berlin", "2026-03-01T12:00+01:00", "2026-04-01T00:00+02:00"),
        (EndOf("month"), "Europe/Berlin", "2026-10-24T12:00+02:00", "2026-11-01T00:00+01:00"),
        (OnDay(9, 1), "UTC", "2026-08-31T23:59+00:00", "2026-09-01T00:00+00:00"),
        (OnDay(9, 1), "UTC", "2026-09-01T00:00+00:00", "2027-09-01T00:00+00:00"),
        (OnDay(9, 1), "Europe/Moscow", "2026-08-31T21:00+00:00", "2027-09-01T00:00+03:00"),
        (OnDay(2, 29), "UTC", "2026-01-01T00:00+00:00", "2026-02-28T00:00+00:00"),
        (OnDay(2, 29), "UTC", "2027-12-01T00:00+00:00", "2028-02-29T00:00+00:00"),
        # Midnight is skipped in Beirut on 29 March 2026: the day begins at one.
        (OnDay(3, 29), "Asia/Beirut", "2026-03-01T00:00+02:00", "2026-03-29T01:00+03:00"),
        (OnDay(9, 1, 2026), "UTC", "2026-08-31T10:00+00:00", "2026-09-01T00:00+00:00"),
        # Spendable on the day itself or later: to the end of that day.
        (OnDay(9, 1, 2026), "UTC", "2026-09-01T00:00+00:00", "2026-09-02T00:00+00:00"),
        (OnDay(9, 1, 2026), "UTC", "2027-01-15T10:00+00:00", "2027-01-16T00:00+00:00"),
    ],
)
def test_when_points_expire(validity: Validity, zone: str, activates: str, expires: str) -> None:
    assert expiry_of(validity, _utc(activates), Calendar(zone)) == _utc(expires)
