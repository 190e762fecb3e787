"""What a statement says, as values; pure.

An entry belongs to the week in which it was *recorded*. Its business time may lie weeks before,
when an event came late or was taken back; by that time a statement would change after it was read,
and could show a lot below zero. So, for every stage of points:

    opening ──moves recorded in the week, in the order of the journal──▶ closing = next opening
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from ledger.journal.model import AccountKey, AccountKind, EntryKind
from ledger.kernel.errors import ErrorKind, VkladError
from ledger.kernel.units import Money, Points
from ledger.lots.history import HistoryEntry
from ledger.lots.model import STAGE_BY_ACCOUNT, ZERO, Lot, Stage
from ledger.programme.calendar import (
    Calendar,
    first_day_of_week,
    week_from_text,
    week_text,
)
from ledger.scoring.store import AwardKey

MOVES_MAX: Final = 100
"""Moves told one by one; those after them are told together, by kind."""
SOON: Final = timedelta(days=30)
WEEKS_OF_HOURS: Final = 8


class UnknownWeek(VkladError):
    """Not a week such as 2026-W47, or one that has not begun."""

    code = "unknown_week"
    kind = ErrorKind.NOT_FOUND


@dataclass(frozen=True, slots=True)
class Balance:
    """What a member has by stage, and what is owed; as a difference each may be negative."""

    available: Points = ZERO
    pending: Points = ZERO
    held: Points = ZERO
    debt: Points = ZERO

    def __add__(self, other: Balance) -> Balance:
        return Balance(
            self.available + other.available,
            self.pending + other.pending,
            self.held + other.held,
            self.debt + other.debt,
        )

    def __sub__(self, other: Balance) -> Balance:
        return Balance(
            self.available - other.available,
            self.pending - other.pending,
            self.held - other.held,
            self.debt - other.debt,
        )

    def __bool__(self) -> bool:
        return self != Balance()

    @property
    def total(self) -> Points:
        """Everything in lots, whatever its stage; debt stands beside it."""
        return self.available + self.pending + self.held


@dataclass(frozen=True, slots=True)
class Week:
    """An ISO week of a zone: from ``since``, inclusive, to ``until``, exclusive."""

    number: int
    text: str
    since: datetime
    until: datetime

    def is_over(self, now: datetime) -> bool:
        """Whether nothing more can be recorded in it."""
        return now >= self.until


@dataclass(frozen=True, slots=True)
class Explained:
    """What one award came to at the revision that an entry or a cap was about."""

    award_id: UUID
    key: AwardKey
    earned_at: datetime
    revision: int
    points: int
    excess: int
    receipt: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class OrderPaid:
    """The order that points took something off, and how much."""

    number: str
    discount: Money


@dataclass(frozen=True, slots=True)
class Move:
    """An entry, what it changed, and the award behind it if there is one."""

    entry: HistoryEntry
    change: Balance
    award: Explained | None


@dataclass(frozen=True, slots=True)
class KindOfMove:
    """All entries of one kind in the week: how many, and what they changed together."""

    kind: EntryKind
    count: int
    change: Balance


@dataclass(frozen=True, slots=True)
class Due:
    """Points that become available, or expire, at a moment.

    ``waits``: its day has come, and it is pending until its condition is seen to be met.
    """

    at: datetime
    points: Points
    waits: bool = False


@dataclass(frozen=True, slots=True)
class WeekOfMinutes:
    """Minutes invested that count in one week."""

    week: int
    minutes: int


@dataclass(frozen=True, slots=True)
class PastWeek:
    """A week in which something was recorded, and what there was when it ended."""

    week: Week
    closing: Balance


@dataclass(frozen=True, slots=True)
class Statement:
    """One member's week.

    ``kinds`` are all moves by kind; ``moves`` the first ``MOVES_MAX`` one by one, and ``rest`` the
    others by kind. ``trimmed`` are awards of which a cap took something. ``minutes`` is empty where
    the programme measures no time. ``weeks`` are those in which anything was recorded, newest
    first.
    """

    member_id: UUID
    week: Week
    made_at: datetime
    opening: Balance
    closing: Balance
    kinds: tuple[KindOfMove, ...]
    moves: tuple[Move, ...]
    rest: tuple[KindOfMove, ...]
    pending: tuple[Due, ...]
    expiring: tuple[Due, ...]
    trimmed: tuple[Explained, ...]
    streaks: tuple[Explained, ...]
    minutes: tuple[WeekOfMinutes, ...]
    weeks: tuple[PastWeek, ...]

    @property
    def change(self) -> Balance:
        """What the week changed in all."""
        return sum((each.change for each in self.kinds), Balance())


def week_of(text: str, calendar: Calendar, now: datetime) -> Week:
    """The week that a text such as ``2026-W47`` names.

    Raises:
        UnknownWeek: it names none, or one that has not begun.
    """
    try:
        number = week_from_text(text)
        found = week_by_number(number, calendar)
    except (ValueError, OverflowError) as error:
        raise UnknownWeek(f"{text[:16]!r} is not a week such as 2026-W47.") from error
    if found.text != text or found.since > now:
        raise UnknownWeek(f"{text[:16]!r} is not a week that has begun.")
    return found


def week_at(moment: datetime, calendar: Calendar) -> Week:
    """The week in which a moment lies."""
    local = moment.astimezone(calendar.rules).date()
    return week_by_number(_week_of_date(local), calendar)


def week_by_number(number: int, calendar: Calendar) -> Week:
    """A week by its number since that of 1969-12-29."""
    return Week(
        number,
        week_text(number),
        calendar.start_of_day(first_day_of_week(number)).floor_datetime(),
        calendar.start_of_day(first_day_of_week(number + 1)).floor_datetime(),
    )


def balance_of(amounts: Iterable[tuple[AccountKind, Points]]) -> Balance:
    """What accounts hold together, by stage; a debt's account is below zero, debt is not."""
    stages = dict.fromkeys(Stage, ZERO)
    debt = ZERO
    for kind, amount in amounts:
        if kind is AccountKind.DEBT:
            debt -= amount
        else:
            stages[STAGE_BY_ACCOUNT[kind]] += amount
    return Balance(stages[Stage.AVAILABLE], stages[Stage.PENDING], stages[Stage.HELD], debt)


def rest_of(kinds: Sequence[KindOfMove], moves: Sequence[Move]) -> tuple[KindOfMove, ...]:
    """What is left of all moves by kind when those told one by one are taken out."""
    told: dict[EntryKind, KindOfMove] = {}
    for move in moves:
        kind = move.entry.kind
        before = told.get(kind, KindOfMove(kind, 0, Balance()))
        told[kind] = KindOfMove(kind, before.count + 1, before.change + move.change)
    left = []
    for each in kinds:
        seen = told.get(each.kind, KindOfMove(each.kind, 0, Balance()))
        if each.count > seen.count:
            left.append(KindOfMove(each.kind, each.count - seen.count, each.change - seen.change))
    return tuple(left)


def closings(changes: Mapping[int, Balance], calendar: Calendar) -> list[PastWeek]:
    """What there was at the end of each week in which something changed, newest first."""
    so_far = Balance()
    found = []
    for number in sorted(changes):
        so_far += changes[number]
        found.append(PastWeek(week_by_number(number, calendar), so_far))
    return found[::-1]


def pending_of(
    lots: Mapping[UUID, Lot], balances: Mapping[AccountKey, Points], at: datetime
) -> tuple[Due, ...]:
    """What was pending at a moment by when it becomes available, nearest first.

    Whose day has come and which is pending still waits for its condition.
    """
    due: dict[datetime, Points] = {}
    for key, amount in balances.items():
        lot = None if key.owner is None else lots.get(key.owner)
        if key.kind is AccountKind.LOT_PENDING and amount and lot is not None:
            activates_at = lot.activates_at
            due[activates_at] = due.get(activates_at, ZERO) + amount
    return tuple(Due(day, points, day <= at) for day, points in sorted(due.items()))


def expiring_of(
    lots: Mapping[UUID, Lot], balances: Mapping[AccountKey, Points], at: datetime
) -> tuple[Due, ...]:
    """What there was at a moment by when it expires, of what does so within ``SOON``."""
    due: dict[datetime, Points] = {}
    for key, amount in balances.items():
        lot = lots.get(key.owner) if key.owner is not None else None
        if lot is None or lot.expires_at is None or not amount:
            continue
        if at <= lot.expires_at < at + SOON:
            due[lot.expires_at] = due.get(lot.expires_at, ZERO) + amount
    return tuple(Due(at, points) for at, points in sorted(due.items()))


def streaks_of(found: Sequence[Explained]) -> tuple[Explained, ...]:
    """The newest award that tells a streak of days, and the newest that tells one of weeks."""
    newest: dict[str, Explained] = {}
    for each in sorted(found, key=lambda one: one.earned_at):
        for multiplier in each.receipt.get("multipliers", ()):
            for kind in ("days_in_a_row", "weeks_in_a_row"):
                if multiplier["because"].get(kind):
                    newest[kind] = each
    return tuple(newest[kind] for kind in sorted(newest))


def is_trimmed(receipt: Mapping[str, Any]) -> bool:
    """Whether a cap took something of an award."""
    caps = receipt.get("caps")
    if caps is not None:
        return any(each["kept"] != each["amount"] for each in caps)
    return bool(receipt.get("cap") and receipt.get("trimmed"))


def _week_of_date(day: date) -> int:
    year, number, _ = day.isocalendar()
    return week_from_text(f"{year}-W{number:02d}")
