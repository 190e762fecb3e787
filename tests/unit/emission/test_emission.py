"""How many points each day brings: the figures of the reference programme, and the calendar."""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction

import pytest

from ledger.emission.model import points_of_day, split, year_of
from ledger.programme.model_life import Emission

POOLS = (("rewards", 50), ("treasury", 20), ("startup", 15), ("team", 10), ("liquidity", 5))
REFERENCE = Emission(
    start=date(2026, 1, 1),
    yearly=1_000_000_000,
    halve_every_years=4,
    pools=tuple((pool, Fraction(share)) for pool, share in POOLS),
)


@pytest.mark.parametrize("year", [0, 1, 2, 3])
def test_a_day_of_the_first_four_years(year: int) -> None:
    for day in (date(2026 + year, 1, 1), date(2026 + year, 6, 15), date(2026 + year, 12, 31)):
        assert points_of_day(REFERENCE, day) == 2_739_726
        assert year_of(REFERENCE, day) == year


@pytest.mark.parametrize(
    ("day", "points"),
    [
        (date(2029, 12, 31), 2_739_726),
        (date(2030, 1, 1), 1_369_863),
        (date(2033, 12, 31), 1_369_863),
        (date(2034, 1, 1), 684_931),
        (date(2038, 1, 1), 342_465),
    ],
)
def test_it_is_halved_every_four_years(day: date, points: int) -> None:
    assert points_of_day(REFERENCE, day) == points


def test_the_pools_of_a_day_are_floored_and_the_last_takes_the_rest() -> None:
    assert split(REFERENCE, 2_739_726) == [
        ("rewards", 1_369_863),
        ("treasury", 547_945),
        ("startup", 410_958),
        ("team", 273_972),
        ("liquidity", 136_988),
    ]


def test_a_leap_year_brings_no_more_than_another() -> None:
    def of_year(year: int) -> int:
        first = date(year, 1, 1)
        days = (date(year + 1, 1, 1) - first).days
        return sum(points_of_day(REFERENCE, first + timedelta(n)) for n in range(days))

    assert points_of_day(REFERENCE, date(2028, 2, 29)) == 0
    assert of_year(2027) == of_year(2028) == 365 * 2_739_726


@pytest.mark.parametrize(
    ("start", "day", "year"),
    [
        (date(2026, 9, 1), date(2027, 8, 31), 0),
        (date(2026, 9, 1), date(2027, 9, 1), 1),
        (date(2028, 2, 29), date(2029, 2, 28), 0),
        (date(2028, 2, 29), date(2029, 3, 1), 1),
    ],
)
def test_years_are_counted_from_the_start(start: date, day: date, year: int) -> None:
    assert year_of(Emission(start, 1000, None, REFERENCE.pools), day) == year


def test_nothing_before_the_start_and_no_halving_where_none_is_stated() -> None:
    forever = Emission(date(2026, 1, 1), 3650, None, REFERENCE.pools)
    assert points_of_day(forever, date(2025, 12, 31)) == 0
    assert points_of_day(forever, date(2099, 12, 31)) == 10
    assert split(forever, 10) == [
        ("rewards", 5),
        ("treasury", 2),
        ("startup", 1),
        ("team", 1),
        ("liquidity", 1),
    ]
