"""What the programme in force says of the bridge; where it says nothing, the school's policy."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

from ledger.kernel.transaction import Work
from ledger.kernel.units import Points
from ledger.lots.waiting import Room
from ledger.programme import service as programmes
from ledger.programme.calendar import Calendar, day_of_date
from ledger.programme.model import BridgeTerms
from ledger.settlement.lifetime import expiry_of
from oracle.bridge import terms_store
from oracle.bridge.model import BridgePolicy

YEARS_MAX: Final = 100
"""Years over which others' points are spread; what is beyond them comes at once."""


@dataclass(frozen=True, slots=True)
class OthersLife:
    """The life of points out of others' tokens: when there is room for how many, else how long."""

    rooms: tuple[Room, ...]
    expires_at: datetime


def limits_now(work: Work, policy: BridgePolicy) -> BridgePolicy:
    """The policy, with what the programme in force states in its place."""
    found = _in_force(work)
    if found is None:
        return policy
    terms, _ = found
    days, least, most = terms.refund_window_days, terms.points_min, terms.points_max
    return replace(
        policy,
        refund_window=policy.refund_window if days is None else timedelta(days=days),
        points_min=policy.points_min if least is None else Points(least),
        points_max=policy.points_max if most is None else Points(most),
    )


def others_life(work: Work, member_id: UUID, policy: BridgePolicy) -> OthersLife:
    """How long others' points last, and how many of them a member may have in which year."""
    found = _in_force(work)
    if found is None:
        return OthersLife((), work.now + policy.returned_validity)
    terms, calendar = found
    expires_at = _expires(terms, work.now, calendar, policy)
    if terms.returned_points_per_year is None:
        return OthersLife((), expires_at)
    this_year = work.now.astimezone(calendar.rules).year
    used: Counter[int] = Counter()
    for activates_at, points in terms_store.others_lots(
        work, member_id, _start_of_year(this_year, calendar)
    ):
        used[activates_at.astimezone(calendar.rules).year] += points
    rooms = []
    for year in range(this_year, this_year + YEARS_MAX):
        left = terms.returned_points_per_year - used[year]
        if left > 0:
            activates_at = max(work.now, _start_of_year(year, calendar))
            expires = _expires(terms, activates_at, calendar, policy)
            rooms.append(Room(Points(left), activates_at, expires))
    return OthersLife(tuple(rooms), expires_at)


def _in_force(work: Work) -> tuple[BridgeTerms, Calendar] | None:
    try:
        programme = programmes.in_force(work, work.now).programme
    except programmes.NoProgrammeInForce:
        return None
    return None if programme.bridge is None else (programme.bridge, Calendar(programme.zone))


def _expires(
    terms: BridgeTerms, activates_at: datetime, calendar: Calendar, policy: BridgePolicy
) -> datetime:
    if terms.returned_validity is None:
        return activates_at + policy.returned_validity
    return expiry_of(terms.returned_validity, activates_at, calendar)


def _start_of_year(year: int, calendar: Calendar) -> datetime:
    return calendar.start_of_day(day_of_date(date(year, 1, 1))).floor_datetime()
