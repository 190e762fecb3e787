"""How long points live, when they vest, and the money behind them: frozen values of a programme.

Nothing of it touches what a fact earns; whoever settles awards, and the jobs of the calendar, read
it from the version in force.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Final, Literal

from ledger.programme.model_earning import CapScope


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

BENEFICIARY: Final = "beneficiary"
"""``who`` of a condition: the member who was awarded; else a path such as ``data.guest``."""


@dataclass(frozen=True, slots=True)
class Active:
    """``who`` acted within so many days before the points mature."""

    who: str
    within_days: int


@dataclass(frozen=True, slots=True)
class Happened:
    """An event of a type with ``who`` as its subject, from the award's own event to maturity.

    With ``within_days`` only the first so many days of that count.
    """

    event_type: str
    who: str
    within_days: int | None


VestingCondition = Active | Happened


@dataclass(frozen=True, slots=True)
class Vesting:
    """How long points are pending, and what has to be so when that is over.

    ``days_max``: how far whoever grants points of this kind may set it instead.
    """

    months: int = 0
    days: int = 0
    condition: VestingCondition | None = None
    days_max: int | None = None


@dataclass(frozen=True, slots=True)
class InactivityStep:
    """From so many whole days on, this share (per cent) of what is available decays."""

    days: int
    share: Fraction


@dataclass(frozen=True, slots=True)
class Inactivity:
    """What of an absent member's available points decays, once a quarter, after a warning."""

    steps: tuple[InactivityStep, ...]
    to_rewards: bool
    warning_days: int

    def share(self, days: int) -> Fraction:
        """Per cent after so many whole days without an act."""
        return next((s.share for s in reversed(self.steps) if s.days <= days), Fraction(0))


@dataclass(frozen=True, slots=True)
class Emission:
    """Points that come into being each day, by pool; in a pool's order, the last takes the rest."""

    start: date
    yearly: int
    halve_every_years: int | None
    pools: tuple[tuple[str, Fraction], ...]


@dataclass(frozen=True, slots=True)
class Budget:
    """At most so many points are paid, in a calendar span of the zone, of what ``of`` covers."""

    budget_id: str
    of: CapScope
    points: int
    per: Literal["month", "year", "lifetime"]
