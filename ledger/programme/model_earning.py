"""How often a rule pays and how much at most: frozen values of a programme.

Spans are those of the calendar in the programme's zone; what is counted in them, and by whom, is
the scorer's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final


class Per(StrEnum):
    """The span that a limit or cap is for: a local day, ISO week, calendar month, or for ever."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    LIFETIME = "lifetime"


@dataclass(frozen=True, slots=True)
class Limit:
    """So many events of a rule count, the first ones of each span."""

    per: Per
    count: int


@dataclass(frozen=True, slots=True)
class Freezes:
    """Missed days (weeks) of a streak that are forgiven: ``count`` in each span, oldest first.

    While ``attribute`` is one of ``values`` at the start of a missed day, it costs no freeze.
    """

    count: int
    per: Per
    attribute: str | None = None
    values: tuple[int | str, ...] = ()


class Over(StrEnum):
    """What a cap does with an award that it does not hold."""

    TRIM = "trim"
    """What fits is awarded, the rest is excess."""
    REFUSE = "refuse"
    """All of it is excess, and what was left stays left."""


@dataclass(frozen=True, slots=True)
class CapScope:
    """What a cap is of: some rules, a category, or the whole programme if neither is stated."""

    rules: tuple[str, ...] = ()
    category: str | None = None

    @property
    def is_programme(self) -> bool:
        """Whether everything that the programme awards counts."""
        return not self.rules and self.category is None

    def covers(self, rule_id: str, category: str | None) -> bool:
        """Whether what a rule of this category earns counts."""
        if self.is_programme:
            return True
        return rule_id in self.rules or (self.category is not None and category == self.category)


WHOLE_PROGRAMME: Final = CapScope()
DAILY_CAP_ID: Final = "cap"
"""The id of the one cap that is stated as ``cap`` and not under ``caps``."""


@dataclass(frozen=True, slots=True)
class Cap:
    """At most so many points a member and span, of what ``of`` covers; the rest is excess.

    Either ``points`` for everybody or ``table`` by the value of ``attribute``.
    """

    points: int | None
    attribute: str | None
    table: Mapping[int | str, int]
    cap_id: str = DAILY_CAP_ID
    of: CapScope = field(default=WHOLE_PROGRAMME)
    per: Per = Per.DAY
    over: Over = Over.TRIM
