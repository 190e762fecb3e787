"""How long points live, when they vest, and the money behind them: frozen values of a programme.

Nothing of it touches what a fact earns; whoever settles awards, and the jobs of the calendar, read
it from the version in force.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Term:
    """A length of life in the calendar of the programme's zone; one of the three is not zero.

    Month arithmetic clamps: 31 January and one month is the end of February.
    """

    years: int = 0
    months: int = 0
    days: int = 0


@dataclass(frozen=True, slots=True)
class EndOf:
    """Until the end of the calendar month or year in which ``after`` has passed."""

    span: Literal["month", "year"]
    after: Term | None = None


@dataclass(frozen=True, slots=True)
class OnDay:
    """Until a local day begins: that of one ``year``, or without one the next of its name.

    29 February is the 28th in other years.
    """

    month: int
    day: int
    year: int | None = None


Validity = Term | EndOf | OnDay
"""Counted from the moment at which points can be spent."""
