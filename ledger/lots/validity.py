"""How long a lot lives, in calendar terms of the programme's zone. Pure."""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class Validity:
    """A span counted on the calendar: months first, then days."""

    months: int = 0
    days: int = 0

    def __post_init__(self) -> None:
        assert self.months >= 0, "a validity is not negative"
        assert self.days >= 0, "a validity is not negative"
        assert self.months or self.days, "a validity of nothing expires at once"


def expires_at(activates_at: datetime, validity: Validity, zone: ZoneInfo) -> datetime:
    """The first moment at which a lot activated then is no longer usable (UTC).

    The wall clock of ``zone`` is moved on by whole months, clamped to the end of a shorter month
    (31 January + 1 month = the last of February), then by whole days. A wall time that a change of
    clocks skips is read with the offset before the change; one that it repeats is its first.
    """
    assert activates_at.tzinfo is not None, "activates_at is a moment"
    local = activates_at.astimezone(zone)
    month_index = local.year * 12 + local.month - 1 + validity.months
    year, month = divmod(month_index, 12)
    day = min(local.day, calendar.monthrange(year, month + 1)[1])
    moved = local.replace(year=year, month=month + 1, day=day, fold=0)
    return (moved + timedelta(days=validity.days)).astimezone(UTC)
