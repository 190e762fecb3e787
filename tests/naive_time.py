"""The judge of time invested: minute by minute, with a set of every minute there is.

Shares no code with the product. An event is ``(time, source, id, started, minutes)`` in whole
seconds since 1970 and minutes.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

Stated = tuple[int, str, str, int, int]
TWO_DAYS = 2880


def naive_minutes(
    events: Iterable[Stated], zone: str, session_max: int, day_max: int
) -> dict[tuple[str, str], int]:
    """(source, id) → how many of its minutes count."""
    taken: set[int] = set()
    found: dict[tuple[str, str], int] = {}
    for time, source, event_id, started, minutes in sorted(events):
        first, now = started // 60, time // 60
        found[source, event_id] = 0
        plausible = first + minutes <= now + 1 and now - first <= TWO_DAYS
        for minute in range(first, first + minutes):
            is_session = minute - first < session_max
            that_day = [each for each in taken if _day(each, zone) == _day(minute, zone)]
            if plausible and is_session and minute not in taken and len(that_day) < day_max:
                taken.add(minute)
                found[source, event_id] += 1
    return found


def _day(minute: int, zone: str) -> date:
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(minutes=minute)
    return moment.astimezone(ZoneInfo(zone)).date()
