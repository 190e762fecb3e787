"""Quarters of a year, and what one of them came to. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Final

from ledger.kernel.errors import ErrorKind, VkladError
from ledger.reports.keeping_store import Counted
from ledger.reports.model import Acts, Liability, Span

QUARTERS: Final = 4
_MONTHS: Final = 3
_TEXT: Final = re.compile(r"(20\d\d)-q([1-4])\Z", re.IGNORECASE)


class UnknownQuarter(VkladError):
    """No quarter of this name has a report: it is none, to come, or before the first entry."""

    code = "unknown_quarter"
    kind = ErrorKind.NOT_FOUND


@dataclass(frozen=True, slots=True, order=True)
class Quarter:
    """Three months from January, April, July or October on; ``number`` is 1 to 4."""

    year: int
    number: int

    @classmethod
    def of(cls, day: date) -> Quarter:
        """The one in which a day lies."""
        return cls(day.year, (day.month - 1) // _MONTHS + 1)

    @classmethod
    def from_text(cls, text: str) -> Quarter:
        """By its name: ``2026-q3``.

        Raises:
            UnknownQuarter: it is none.
        """
        found = _TEXT.match(text)
        if found is None:
            raise unknown(text)
        return cls(int(found[1]), int(found[2]))

    @property
    def text(self) -> str:
        """``2026-q3``."""
        return f"{self.year}-q{self.number}"

    @property
    def first(self) -> date:
        """Its first day."""
        return date(self.year, (self.number - 1) * _MONTHS + 1, 1)

    @property
    def before(self) -> Quarter:
        """The one before it."""
        return self._at(-1)

    @property
    def after(self) -> Quarter:
        """The one after it."""
        return self._at(1)

    def _at(self, steps: int) -> Quarter:
        place = self.year * QUARTERS + self.number - 1 + steps
        return Quarter(place // QUARTERS, place % QUARTERS + 1)


@dataclass(frozen=True, slots=True)
class QuarterReport:
    """A quarter, the one before it for comparison (``None``: nothing had moved), and its end.

    ``until`` is the day after the last one told of: the quarter's end, or tomorrow while it is
    under way. ``liability`` is at the rate of that time; by its four quarters, this one included.
    """

    quarter: Quarter
    is_over: bool
    until: date
    counted: Counted
    span: Span
    before: Span | None
    liability: Liability
    acts: tuple[Acts, ...]


def unknown(text: str) -> UnknownQuarter:
    """There is no report of this quarter."""
    return UnknownQuarter(
        f"There is no report {text[:16]!r}. Reports are named as in 2026-q3, from the quarter of "
        "the first entry to the one under way.",
        quarter=text[:16],
    )
