"""Where time enters: one port, and instants at full stated precision.

The only module that may read the machine's clock. Everything else is handed ``now``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

from ledger.kernel.errors import ErrorKind, VkladError

_RFC3339: Final = re.compile(
    r"(\d{4}-\d{2}-\d{2})[Tt]((?:[01]\d|2[0-3]):\d{2}:\d{2})(?:\.(\d+))?([Zz]|[+-]\d{2}:\d{2})\Z",
    re.ASCII,
)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_DAY_S: Final = 86_400
FRACTION_DIGITS_MAX: Final = 32
"""Digits of a second that an instant may state; more is refused, never cut."""


class BadInstant(VkladError):
    """A time that is not RFC 3339 with an offset."""

    code = "bad_instant"
    kind = ErrorKind.INVALID


class Clock(Protocol):
    """The port through which a use case learns what time it is."""

    def now(self) -> datetime:
        """The current time, UTC-aware."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The current time, UTC-aware, to the microsecond."""
        return datetime.now(UTC)  # noqa: TID251 - the one door through which time enters


@dataclass(frozen=True, slots=True, order=True)
class Instant:
    """A moment at the precision it was stated in, comparable exactly.

    ``seconds`` since 1970-01-01T00:00:00Z (floor) and ``fraction``, the decimal digits after the
    point without trailing zeros. Such digit strings compare as the fractions they denote, so the
    generated order is the order in time.
    """

    seconds: int
    fraction: str = ""

    @classmethod
    def parse(cls, text: str) -> Instant:
        """Read an RFC 3339 date-time.

        Raises:
            BadInstant: not RFC 3339, no offset, no such day, a leap second, or over
                ``FRACTION_DIGITS_MAX`` digits of a second.
        """
        match = _RFC3339.match(text)
        if match is None or len(match[3] or "") > FRACTION_DIGITS_MAX:
            raise BadInstant(
                f"{text[:64]!r} is not a time as in 2026-03-02T09:00:00Z (RFC 3339, with offset, "
                f"at most {FRACTION_DIGITS_MAX} digits of a second).",
                time=text[:64],
            )
        day, time, fraction, offset = match.groups()
        try:
            if offset in "Zz":
                whole = datetime.fromisoformat(f"{day}T{time}+00:00")
            else:
                whole = datetime.fromisoformat(f"{day}T{time}{offset}").astimezone(UTC)
        except (ValueError, OverflowError) as error:
            raise BadInstant(
                f"{text!r} is no moment of the calendar: {error}.", time=text
            ) from error
        since = whole - _EPOCH
        return cls(since.days * _DAY_S + since.seconds, fraction.rstrip("0") if fraction else "")

    @classmethod
    def of(cls, moment: datetime) -> Instant:
        """The instant of an aware datetime."""
        assert moment.tzinfo is not None, "a naive datetime is not a moment"
        since = moment - _EPOCH
        fraction = f"{since.microseconds:06d}".rstrip("0") if since.microseconds else ""
        return cls(since.days * _DAY_S + since.seconds, fraction)

    def floor_datetime(self) -> datetime:
        """The same moment as a UTC datetime, digits below the microsecond dropped."""
        microseconds = int(self.fraction[:6].ljust(6, "0")) if self.fraction else 0
        return _EPOCH + timedelta(0, self.seconds, microseconds)

    def isoformat(self) -> str:
        """RFC 3339 in UTC, at full precision."""
        whole = (_EPOCH + timedelta(seconds=self.seconds)).replace(tzinfo=None).isoformat()
        return f"{whole}.{self.fraction}Z" if self.fraction else f"{whole}Z"
