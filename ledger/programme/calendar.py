"""Local days and ISO weeks of a zone, by arithmetic on whole numbers.

A day is its number since 1970-01-01, a week the number of its Monday's week since the one of
1969-12-29. The rules of zones come from the ``tzdata`` package that is pinned with the product, not
from the machine, so the same facts fall on the same days everywhere.

         UTC second  ──offset of the zone──▶  local second  ──// 86 400──▶  day  ──// 7──▶  week
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from importlib import resources
from typing import Final
from zoneinfo import ZoneInfo

from ledger.kernel.clock import Instant
from ledger.kernel.errors import ErrorKind, VkladError
from ledger.programme.model_earning import Per

DAY_S: Final = 86_400
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_ORDINAL: Final = date(1970, 1, 1).toordinal()
_THURSDAY: Final = 3
"""1970-01-01 was a Thursday: three days into its ISO week."""
SECONDS_FROM: Final = int((datetime(1900, 1, 1, tzinfo=UTC) - _EPOCH).total_seconds())
SECONDS_UNTIL: Final = int((datetime(9000, 1, 1, tzinfo=UTC) - _EPOCH).total_seconds())
"""Instants that can be scored: from the year 1900 up to, not including, the year 9000."""


class UnknownZone(VkladError):
    """A zone that the time zone database does not list."""

    code = "unknown_zone"
    kind = ErrorKind.INVALID


class Calendar:
    """Local days and weeks of one zone; remembers offsets it has looked up."""

    def __init__(self, zone: str) -> None:
        self.zone = zone
        self._rules = _load_zone(zone)
        self._offsets: dict[int, int | None] = {}

    @property
    def rules(self) -> ZoneInfo:
        """The rules of the zone, for what is reckoned by its wall clock."""
        return self._rules

    def day(self, instant: Instant) -> int:
        """The local day on which ``instant`` falls."""
        return (instant.seconds + self._offset(instant.seconds)) // DAY_S

    def start_of_day(self, day: int) -> Instant:
        """The first instant from which on the local day is ``day`` or later.

        Where a clock turns back over midnight (St. John's till 2011), that is the second midnight.
        """
        low, high = (day - 2) * DAY_S, (day + 2) * DAY_S
        # Local days of real zones never run back by more than a day, so two days either side hold
        # the one place where the answer turns from "before" to "from here on".
        while low < high:
            middle = (low + high) // 2
            if (middle + self._offset(middle)) // DAY_S >= day:
                high = middle
            else:
                low = middle + 1
        return Instant(low)

    def has_day(self, day: int) -> bool:
        """Whether there is such a local day: a change of zone may have left one out."""
        return self.start_of_day(day) != self.start_of_day(day + 1)

    def close_of_span(self, per: Per, span: int) -> Instant:
        """When a day, week or month is over: the first instant of the next."""
        return self.start_of_day(first_day_of_span(per, span + 1))

    def _offset(self, seconds: int) -> int:
        utc_day = seconds // DAY_S
        if utc_day not in self._offsets:
            first, last = self._look_up(utc_day * DAY_S), self._look_up((utc_day + 1) * DAY_S - 1)
            self._offsets[utc_day] = first if first == last else None
        offset = self._offsets[utc_day]
        return self._look_up(seconds) if offset is None else offset

    def _look_up(self, seconds: int) -> int:
        local = (_EPOCH + timedelta(seconds=seconds)).astimezone(self._rules)
        offset = local.utcoffset()
        assert offset is not None, "a zone has an offset at every instant"
        return offset // timedelta(seconds=1)


def week_of_day(day: int) -> int:
    """The ISO week of a day."""
    return (day + _THURSDAY) // 7


def first_day_of_week(week: int) -> int:
    """The Monday of a week."""
    return 7 * week - _THURSDAY


def month_of_day(day: int) -> int:
    """The calendar month of a day, counted from January of the year 0."""
    date_of_day = date.fromordinal(day + _EPOCH_ORDINAL)
    return 12 * date_of_day.year + date_of_day.month - 1


def first_day_of_month(month: int) -> int:
    """The first of a month."""
    return date(month // 12, month % 12 + 1, 1).toordinal() - _EPOCH_ORDINAL


def month_text(month: int) -> str:
    """``2026-03``."""
    return f"{month // 12:04d}-{month % 12 + 1:02d}"


def span_of_day(per: Per, day: int) -> int:
    """The number of the span in which a day lies: itself, its week, its month, or 0 for ever."""
    if per is Per.DAY:
        return day
    if per is Per.WEEK:
        return week_of_day(day)
    return month_of_day(day) if per is Per.MONTH else 0


def first_day_of_span(per: Per, span: int) -> int:
    """The first day of a day, week or month by its number."""
    if per is Per.DAY:
        return span
    if per is Per.WEEK:
        return first_day_of_week(span)
    assert per is Per.MONTH, "a lifetime has no first day"
    return first_day_of_month(span)


def span_text(per: Per, span: int) -> str:
    """``2026-03-02``, ``2026-W10``, ``2026-03`` or ``lifetime``."""
    if per is Per.DAY:
        return day_text(span)
    if per is Per.WEEK:
        return week_text(span)
    return month_text(span) if per is Per.MONTH else Per.LIFETIME.value


def day_of_date(day: date) -> int:
    """The number of a day."""
    return day.toordinal() - _EPOCH_ORDINAL


def day_text(day: int) -> str:
    """``2026-03-02``."""
    return date.fromordinal(day + _EPOCH_ORDINAL).isoformat()


def week_text(week: int) -> str:
    """``2026-W10``, ISO 8601."""
    year, number, _ = date.fromordinal(first_day_of_week(week) + _EPOCH_ORDINAL).isocalendar()
    return f"{year}-W{number:02d}"


def week_from_text(text: str) -> int:
    """Back from :func:`week_text`."""
    year, number = text.split("-W")
    monday = date.fromisocalendar(int(year), int(number), 1)
    return week_of_day(monday.toordinal() - _EPOCH_ORDINAL)


def is_scorable(instant: Instant) -> bool:
    """Whether the calendar reaches ``instant``."""
    return SECONDS_FROM <= instant.seconds < SECONDS_UNTIL


def _load_zone(name: str) -> ZoneInfo:
    package = resources.files("tzdata")
    if name not in package.joinpath("zones").read_text("utf-8").split():
        raise UnknownZone(f"{name[:64]!r} is not a zone such as Europe/Moscow or UTC.", zone=name)
    with package.joinpath("zoneinfo").joinpath(*name.split("/")).open("rb") as file:
        return ZoneInfo.from_file(file, key=name)
