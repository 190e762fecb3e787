"""How much a stake weighs. Pure, and in whole numbers, so that everybody gets the same.

    weight of a stake after n whole days = floor(live points × (10⁶ − f(n)) / 10⁶)
    f(n) = floor(10⁶ × 2^(−n / 7))

It grows towards the points themselves and never beyond: half of them after seven days, three
quarters after fourteen. That is conviction voting with a half-life of seven days (M. Zargham,
"Social Sensor Fusion", BlockScience 2018; the Commons Stack's "Conviction Voting", 2019), where a
preference that has not changed converges so. Unlike there, what is let go weighs nothing at once:
the points can be spent at once as well.

``f`` is worked out as the greatest whole r with r^7 × 2^n ≤ 10^42, so no number is ever rounded
that a computer could round otherwise.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from ledger.kernel.canonical import Json
from ledger.kernel.errors import ErrorKind, VkladError
from ledger.kernel.units import Points

PREFIX: Final = "stk"
HALF_LIFE_DAYS: Final = 7
SCALE: Final = 10**6
STAKE_LIFE: Final = timedelta(days=365)
"""A stake that nobody let go of ends after this time; it can be made anew."""
STAKES_MAX: Final = 20
"""Open stakes of one person."""
_DAY: Final = timedelta(days=1)


class BadStake(VkladError):
    """No whole number of points above zero."""

    code = "bad_stake"
    kind = ErrorKind.INVALID


class UnknownStake(VkladError):
    """No such stake, or not one of the caller's."""

    code = "unknown_stake"
    kind = ErrorKind.NOT_FOUND


class TooManyStakes(VkladError):
    """The member has as many open stakes as one may have; ``limit``."""

    code = "too_many_stakes"
    kind = ErrorKind.CONFLICT


class NotStakeable(VkladError):
    """The project is not one that can be put first any more; ``state`` says why."""

    code = "not_stakeable"
    kind = ErrorKind.CONFLICT


@dataclass(frozen=True, slots=True)
class StakedPart:
    """What of a stake is of one lot; it weighs until that lot expires (``None``: never)."""

    points: Points
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class Stake:
    """An open stake; its id is its hold's. Whose it is, is not published."""

    stake_id: UUID
    project_id: UUID
    member_id: UUID
    placed_at: datetime
    ends_at: datetime
    parts: tuple[StakedPart, ...]

    @property
    def points(self) -> Points:
        """Everything that is held."""
        return Points(sum(part.points.amount for part in self.parts))

    def live(self, at: datetime) -> Points:
        """What of it has not expired."""
        alive = (part for part in self.parts if part.expires_at is None or at < part.expires_at)
        return Points(sum(part.points.amount for part in alive))

    def weight(self, at: datetime) -> int:
        """What it weighs at a moment, rounded down."""
        days = max(0, (at - self.placed_at) // _DAY)
        return self.live(at).amount * grown(days) // SCALE

    def to_json(self) -> dict[str, Json]:
        """As it is published: everything that its weight depends on, and not whose it is."""
        return {
            "id": str(self.stake_id),
            "project": str(self.project_id),
            "placed_at": self.placed_at.isoformat(),
            "parts": [
                {
                    "points": part.points.amount,
                    "expires_at": None if part.expires_at is None else part.expires_at.isoformat(),
                }
                for part in self.parts
            ],
        }


@dataclass(frozen=True, slots=True)
class Priority:
    """How a project stands: its weight, what is staked on it, by how many stakes."""

    project_id: UUID
    weight: int
    points: Points
    stakes: int


def grown(days: int) -> int:
    """How much of its points a stake weighs after so many whole days, of ``SCALE``."""
    return SCALE - _root(SCALE**HALF_LIFE_DAYS >> days)


def ranking(stakes: Iterable[Stake], at: datetime) -> list[Priority]:
    """Projects by weight, the heaviest first; of equal ones the older project."""
    found: dict[UUID, Priority] = {}
    for stake in stakes:
        before = found.get(stake.project_id, Priority(stake.project_id, 0, Points(0), 0))
        found[stake.project_id] = Priority(
            stake.project_id,
            before.weight + stake.weight(at),
            before.points + stake.live(at),
            before.stakes + 1,
        )
    return sorted(found.values(), key=lambda each: (-each.weight, each.project_id))


def _root(number: int) -> int:
    """The greatest whole number whose ``HALF_LIFE_DAYS``-th power is at most ``number``."""
    low, high = 0, SCALE
    while low < high:
        middle = (low + high + 1) // 2
        if middle**HALF_LIFE_DAYS <= number:
            low = middle
        else:
            high = middle - 1
    return low
