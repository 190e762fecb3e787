"""How many points a day brings, and which pool gets how many. Pure.

Years are counted from the day emission began: year 0 runs to the day before its first anniversary.
A day has one part in 365 of its year, rounded down; 29 February has none, so a leap year brings no
more than any other. Each pool's share is rounded down, the pool named last takes the rest.
"""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from typing import Final

from ledger.programme.model_life import Emission

DAYS_OF_A_YEAR: Final = 365
_LEAP_DAY: Final = (2, 29)


def year_of(emission: Emission, day: date) -> int:
    """The year of emission that a day lies in, from 0; below 0 before it began."""
    before = (day.month, day.day) < (emission.start.month, emission.start.day)
    return day.year - emission.start.year - before


def points_of_day(emission: Emission, day: date) -> int:
    """The points of a local day, rounded down."""
    if day < emission.start or (day.month, day.day) == _LEAP_DAY:
        return 0
    halvings = 0
    if emission.halve_every_years is not None:
        halvings = year_of(emission, day) // emission.halve_every_years
    return emission.yearly // (DAYS_OF_A_YEAR << halvings)


def split(emission: Emission, points: int) -> list[tuple[str, int]]:
    """What each pool gets, each rounded down but the last, which takes the rest."""
    shares = [(pool, int(Fraction(points) * share / 100)) for pool, share in emission.pools[:-1]]
    return [*shares, (emission.pools[-1][0], points - sum(share for _, share in shares))]
