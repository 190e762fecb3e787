"""The figures of the reference programme, and when it is looked."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

import pytest

from ledger.inactivity.model import (
    checks_between,
    days_away,
    decays,
    last_check,
    moment_of,
    next_check,
    warned_from,
)
from ledger.programme.model_life import Inactivity, InactivityStep

REFERENCE = Inactivity(
    steps=tuple(
        InactivityStep(days, Fraction(share)) for days, share in ((90, 5), (180, 10), (366, 15))
    ),
    to_rewards=True,
    warning_days=14,
)
CHECK = date(2026, 4, 1)


@pytest.mark.parametrize(
    ("days", "share"),
    [(0, 0), (89, 0), (90, 5), (179, 5), (180, 10), (365, 10), (366, 15), (4000, 15), (-1, 0)],
)
def test_the_share_by_whole_days(days: int, share: int) -> None:
    assert REFERENCE.share(days) == share


@pytest.mark.parametrize(
    ("before", "days"),
    [
        (timedelta(days=90), 90),
        (timedelta(days=90) - timedelta(microseconds=1), 89),
        (timedelta(days=365, hours=23), 365),
        (timedelta(0), 0),
        (-timedelta(microseconds=1), -1),
    ],
)
def test_days_are_whole(before: timedelta, days: int) -> None:
    assert days_away(moment_of(CHECK) - before, CHECK) == days


def test_it_is_looked_four_times_a_year() -> None:
    assert list(checks_between(date(2026, 1, 1), date(2027, 1, 1))) == [
        date(2026, 4, 1),
        date(2026, 7, 1),
        date(2026, 10, 1),
        date(2027, 1, 1),
    ]
    assert list(checks_between(date(2026, 3, 31), date(2026, 3, 31))) == []


@pytest.mark.parametrize(
    ("day", "last", "following"),
    [
        (date(2026, 1, 1), date(2026, 1, 1), date(2026, 4, 1)),
        (date(2026, 3, 31), date(2026, 1, 1), date(2026, 4, 1)),
        (date(2026, 9, 30), date(2026, 7, 1), date(2026, 10, 1)),
        (date(2026, 10, 1), date(2026, 10, 1), date(2027, 1, 1)),
        (date(2026, 12, 31), date(2026, 10, 1), date(2027, 1, 1)),
    ],
)
def test_the_checks_around_a_day(day: date, last: date, following: date) -> None:
    assert (last_check(day), next_check(day)) == (last, following)
    assert moment_of(last) == datetime(last.year, last.month, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("today", "first"),
    [
        (date(2026, 3, 10), None),
        (date(2026, 3, 11), date(2026, 4, 1)),
        (date(2026, 3, 17), date(2026, 4, 1)),
        (date(2026, 3, 18), date(2026, 4, 1)),
        (date(2026, 3, 19), date(2026, 7, 1)),
        (date(2026, 3, 31), date(2026, 7, 1)),
        (date(2026, 4, 1), None),
    ],
)
def test_a_warning_is_in_time_or_for_the_check_after(today: date, first: date | None) -> None:
    assert warned_from(today, 14) == first


@pytest.mark.parametrize(
    ("share", "available", "bridged", "lost"),
    [
        (5, 100, 0, 5),
        (5, 19, 0, 0),
        (5, 39, 0, 1),
        (15, 999, 0, 149),
        (10, 5, 995, 5),
        (0, 9, 0, 0),
    ],
)
def test_a_share_is_rounded_down_and_takes_what_there_is(
    share: int, available: int, bridged: int, lost: int
) -> None:
    assert decays(Fraction(share), available, bridged) == lost
