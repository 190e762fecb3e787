"""When a declared sync releases a source's facts, and what is wrong when it does not: pure.

declared ok, count within 3 %  ──▶ released up to ``complete_until`` (exclusive)
declared failed, count differs ──▶ the watermark stays where it was
nothing declared for 48 hours  ──▶ it stays, too, and is an alert
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Literal
from uuid import UUID

from ledger.kernel.errors import ErrorKind, VkladError

FRESH_MAX: Final = timedelta(hours=48)
DIFFERENCE_MAX_PERCENT: Final = 3
FUTURE_MAX: Final = timedelta(minutes=5)
COUNT_MAX: Final = 10**12

Status = Literal["ok", "failed"]


class Obstacle(StrEnum):
    """Why a source's later facts wait."""

    FAILED = "failed"
    OLD = "old"
    COUNT = "count"


class SyncInvalid(VkladError):
    """A declaration that cannot be one."""

    code = "sync_invalid"
    kind = ErrorKind.INVALID


class NotThisSource(VkladError):
    """A source declares its own syncs, and no other's."""

    code = "not_this_source"
    kind = ErrorKind.FORBIDDEN


@dataclass(frozen=True, slots=True)
class DeclareSync:
    """What a source says: it has told everything before ``complete_until``, ``count`` events.

    ``declared_by``: the admin who says it for the source; nobody is the source itself.
    """

    name: str
    status: Status
    complete_until: datetime
    count: int | None
    declared_by: UUID | None = None


@dataclass(frozen=True, slots=True)
class Sync:
    """A declaration as it is kept, and what became of it."""

    source: str
    number: int
    status: Status
    complete_until: datetime
    stated: int | None
    stored: int
    is_released: bool
    released_until: datetime
    declared_at: datetime
    declared_by: UUID | None = None


@dataclass(frozen=True, slots=True)
class Readiness:
    """How a source stands: its last declaration, and what is in the way of later facts."""

    source: str
    last: Sync | None
    obstacle: Obstacle | None

    @property
    def released_until(self) -> datetime | None:
        """Facts before it are scored; ``None``: all are."""
        return None if self.last is None else self.last.released_until

    @property
    def is_ready(self) -> bool:
        """Whether nothing of it waits without a reason to."""
        return self.obstacle is None


def releases(status: Status, stated: int | None, stored: int) -> bool:
    """Whether a declaration is of a complete source."""
    return status == "ok" and (stated is None or not differs(stated, stored))


def differs(stated: int, stored: int) -> bool:
    """Whether two counts are more than 3 % of ours apart."""
    return 100 * abs(stated - stored) > DIFFERENCE_MAX_PERCENT * stored


def watermark(
    before: Sync | None, *, complete_until: datetime, is_released: bool, now: datetime
) -> datetime:
    """Up to when facts are scored after a declaration; it never goes back.

    What was stated before a source began to declare stays: it was scored by then.
    """
    held = now if before is None else before.released_until
    return max(held, complete_until) if is_released else held


def readiness(source: str, last: Sync | None, now: datetime) -> Readiness:
    """How a source stands, by its last declaration; one that never made any is ready."""
    if last is None:
        return Readiness(source, None, None)
    obstacle: Obstacle | None = None
    if last.status == "failed":
        obstacle = Obstacle.FAILED
    elif not last.is_released:
        obstacle = Obstacle.COUNT
    elif now - last.declared_at > FRESH_MAX:
        obstacle = Obstacle.OLD
    return Readiness(source, last, obstacle)
