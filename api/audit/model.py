"""The period of an export, and what is in one. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final

from ledger.kernel.errors import ErrorKind, VkladError

_YEAR: Final = re.compile(r"(\d{4})", re.ASCII)
_QUARTER: Final = re.compile(r"(\d{4})-Q([1-4])", re.ASCII)
_MONTH: Final = re.compile(r"(\d{4})-(0[1-9]|1[0-2])", re.ASCII)
_DAYS: Final = re.compile(r"(\d{4}-\d\d-\d\d)\.\.(\d{4}-\d\d-\d\d)", re.ASCII)


class BadPeriod(VkladError):
    """A period that cannot be read, or that ends before it begins."""

    code = "bad_period"
    kind = ErrorKind.INVALID


@dataclass(frozen=True, slots=True)
class Period:
    """From ``since`` up to ``until``, exclusive; days are UTC's."""

    since: datetime
    until: datetime


def parse_period(text: str) -> Period:
    """A year, quarter or month, or days as in ``2026-03-01..2026-03-15``, the last included.

    Raises:
        BadPeriod: none of these.
    """
    try:
        first, after = _days(text)
        found = Period(_midnight(first), _midnight(after))
    except (ValueError, OverflowError) as error:
        raise BadPeriod(
            f"{text[:32]!r} is no period: 2026, 2026-Q1, 2026-03 or 2026-03-01..2026-03-15.",
            period=text[:32],
        ) from error
    if found.since >= found.until:
        raise BadPeriod(f"{text} ends before it begins.", period=text)
    return found


def _days(text: str) -> tuple[date, date]:
    """The first day, and the first one after."""
    if match := _YEAR.fullmatch(text):
        return _months(int(match[1]), 1, 12)
    if match := _QUARTER.fullmatch(text):
        return _months(int(match[1]), 3 * int(match[2]) - 2, 3)
    if match := _MONTH.fullmatch(text):
        return _months(int(match[1]), int(match[2]), 1)
    if match := _DAYS.fullmatch(text):
        first, last = date.fromisoformat(match[1]), date.fromisoformat(match[2])
        return first, last + timedelta(days=1)
    raise ValueError(text)


def _months(year: int, month: int, count: int) -> tuple[date, date]:
    after = year * 12 + month - 1 + count
    return date(year, month, 1), date(after // 12, after % 12 + 1, 1)


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
