"""When it is looked, for how long somebody has been away, and how much of it decays. Pure.

last act ──── whole UTC days ────▶ check: 1 January, April, July, October, 00:00 UTC
warning ──── at least so many days ────▶ the first check that takes something
 └─ given in the week that ends with the last day in time, so one night's failure moves nothing
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from typing import Final

from ledger.kernel.canonical import Json
from ledger.programme.model_life import Inactivity
from ledger.programme.numbers import exact_text

DAY: Final = timedelta(days=1)
EARLY: Final = timedelta(days=7)
"""How long the job that warns may stand still, and nobody's decay moves by a quarter."""
_MONTHS: Final = 3
_DECEMBER: Final = 12


def last_check(day: date) -> date:
    """The last day of a check that is not after ``day``."""
    return date(day.year, (day.month - 1) // _MONTHS * _MONTHS + 1, 1)


def next_check(day: date) -> date:
    """The first day of a check after ``day``."""
    last = last_check(day)
    month = last.month + _MONTHS
    return date(last.year + month // (_DECEMBER + 1), (month - 1) % _DECEMBER + 1, 1)


def checks_between(after: date, until: date) -> Iterator[date]:
    """Days of checks after ``after``, not after ``until``."""
    check = next_check(after)
    while check <= until:
        yield check
        check = next_check(check)


def moment_of(check: date) -> datetime:
    """When a check's day begins."""
    return datetime(check.year, check.month, check.day, tzinfo=UTC)


def days_away(last_act: datetime, check: date) -> int:
    """Whole days from the last act to a check."""
    return (moment_of(check) - last_act) // DAY


def warned_from(today: date, warning_days: int) -> date | None:
    """The first check for which a warning of today would be in time.

    ``None`` if it is too early to warn of the next one: warnings begin :data:`EARLY` before the
    last day on which they are in time, and whoever was not warned yet is until then. A warning that
    is late for the next check is one for the check after it.
    """
    check = next_check(today)
    if today < check - warning_days * DAY - EARLY:
        return None
    return check if today + warning_days * DAY <= check else next_check(check)


def decays(share: Fraction, available: int, bridged: int) -> int:
    """How many of the available points decay, rounded down.

    What stands behind tokens counts for the share, and stays where it is.
    """
    wanted = Fraction(available + bridged) * share / 100
    return min(available, wanted.numerator // wanted.denominator)


def basis_of(inactivity: Inactivity, check: date, last_act: datetime) -> dict[str, Json]:
    """What an entry states: which check, how many days, which share."""
    days = days_away(last_act, check)
    return {
        "check": check.isoformat(),
        "since": last_act.isoformat(),
        "days": days,
        "share": exact_text(inactivity.share(days)),
    }
