"""The calendar of votes for people: a month, its days and what happens on each, in their own time.

The browser says in which time zone its reader is (``static/calendar.mjs``, a cookie); until it has,
and without scripts, all times are UTC, and the page says so.
"""

from __future__ import annotations

from calendar import Calendar
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Final
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from api.calendars import Speaker
from api.http.parts import PartsHere
from api.i18n import formats
from api.pages.rendering import View, ViewHere
from governance.calendar import service
from governance.calendar.model import Moment, MomentKind, Subject, Window

router: Final = APIRouter(include_in_schema=False)

ZONE_COOKIE: Final = "vklad_zone"
ICONS: Final = {
    Subject.PROPOSAL: "vote",
    Subject.POLL: "chart",
    Subject.TASK: "spark",
    Subject.MEMORANDUM: "book",
}
TONES: Final = {
    MomentKind.OPENS: "info",
    MomentKind.CLOSES: "warn",
    MomentKind.CANCELED: "quiet",
    MomentKind.WITHDRAWN: "quiet",
}
_MONTH: Final = r"^20[0-9]{2}-(0[1-9]|1[0-2])$"
_UTC: Final = ZoneInfo("UTC")


@router.get("/calendar")
def calendar_page(
    view: ViewHere,
    parts: PartsHere,
    month: Annotated[str | None, Query(pattern=_MONTH)] = None,
) -> Response:
    """One month: which days have something, and what it is."""
    zone = zone_of(view.request)
    with parts.database.read() as work:
        today = work.now.astimezone(zone).date()
        first = today.replace(day=1) if month is None else date.fromisoformat(f"{month}-01")
        found = service.moments(work, Window(_start(first, zone), _start(_next(first), zone)))
    days: dict[date, list[Moment]] = defaultdict(list)
    for each in found:
        days[each.at.astimezone(zone).date()].append(each)
    feed = f"{parts.settings.origin}/v1/governance/calendar.ics?language={view.language}"
    return view.render(
        "calendar/month.html",
        first=first,
        month=formats.write_month(first, view.language),
        before=f"{_start(first, zone) - timedelta(days=1):%Y-%m}",
        after=f"{_next(first):%Y-%m}",
        weekdays=[formats.write_weekday(n, view.language) for n in range(7)],
        weeks=Calendar().monthdatescalendar(first.year, first.month),
        days=dict(days),
        today=today,
        zone=zone.key,
        clock=lambda moment: formats.write_clock(moment, view.language, zone),
        speaker=_speaker(view),
        icons=ICONS,
        tones=TONES,
        feed=feed,
    )


def zone_of(request: Request) -> ZoneInfo:
    """The reader's time zone as their browser told it, else UTC."""
    try:
        return ZoneInfo(request.cookies.get(ZONE_COOKIE, "UTC"))
    except (LookupError, ValueError, OSError):
        return _UTC  # A cookie may hold anything, a path of a folder too.


def _speaker(view: View) -> Speaker:
    return Speaker(view.catalogue, view.language)


def _start(day: date, zone: ZoneInfo) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)


def _next(first: date) -> date:
    return (first + timedelta(days=31)).replace(day=1)
