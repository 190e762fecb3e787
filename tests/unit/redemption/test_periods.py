from __future__ import annotations

from datetime import UTC, datetime

import pytest

from ledger.programme.calendar import Calendar
from ledger.redemption.periods import period_start
from ledger.redemption.terms import LimitPeriod


@pytest.mark.parametrize(
    ("per", "start"),
    [
        # 31 March 2026, 22:30 UTC is Wednesday 1 April, 01:30 in Moscow.
        (LimitPeriod.DAY, datetime(2026, 3, 31, 21, tzinfo=UTC)),
        (LimitPeriod.WEEK, datetime(2026, 3, 29, 21, tzinfo=UTC)),
        (LimitPeriod.MONTH, datetime(2026, 3, 31, 21, tzinfo=UTC)),
        (LimitPeriod.YEAR, datetime(2025, 12, 31, 21, tzinfo=UTC)),
    ],
)
def test_periods_begin_in_the_zone_of_the_programme(per: LimitPeriod, start: datetime) -> None:
    at = datetime(2026, 3, 31, 22, 30, tzinfo=UTC)
    assert period_start(at, per, Calendar("Europe/Moscow")) == start


def test_a_period_begins_with_its_first_moment() -> None:
    midnight = datetime(2026, 3, 1, tzinfo=UTC)
    assert period_start(midnight, LimitPeriod.MONTH, Calendar("UTC")) == midnight
