"""``/v1/governance/calendar``: when what is decided, as JSON and as a calendar to subscribe to.

Public, as proposals, polls and projects are.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query
from fastapi.responses import Response
from pydantic import AwareDatetime

from api.calendars import Speaker, entries, moment_json
from api.http.parts import PartsHere, catalogue_of, language_of_request
from api.http.principal import limit_by_address
from api.http.problems import responses
from api.i18n.catalogue import Catalogue, Language
from api.i18n.negotiation import language_of
from governance.calendar import service
from governance.calendar.ical import calendar
from governance.calendar.model import Window
from ledger.kernel.clock import Instant

router: Final = APIRouter(
    prefix="/v1/governance", tags=["governance"], dependencies=[Depends(limit_by_address)]
)

BEHIND: Final = timedelta(days=31)
AHEAD: Final = timedelta(days=93)
"""What is told where nothing else is asked for."""
FEED_BEHIND: Final = timedelta(days=90)
FEED_AHEAD: Final = timedelta(days=300)


@router.get("/calendar", responses=responses(422, 429, 503))
def show(
    parts: PartsHere,
    start: Annotated[AwareDatetime | None, Query(alias="from")] = None,
    end: Annotated[AwareDatetime | None, Query(alias="to")] = None,
) -> dict[str, Any]:
    """Moments of proposals, polls and tasks from a time, inclusive, to another, in order.

    Without times: from a month ago for four months. ``id`` stays when a date moves; ``changes``
    then grows.
    """
    with parts.database.read() as work:
        from_ = start or work.now - BEHIND
        window = Window(from_, end or from_ + BEHIND + AHEAD)
        found = service.moments(work, window)
    origin = parts.settings.origin
    return {
        "from": Instant.of(window.start).isoformat(),
        "to": Instant.of(window.end).isoformat(),
        "data": [moment_json(each, origin) for each in found],
    }


@router.get(
    "/calendar.ics",
    response_class=Response,
    responses={200: {"content": {"text/calendar": {}}}, **responses(422, 429, 503)},
)
def feed(
    parts: PartsHere,
    catalogue: Annotated[Catalogue, Depends(catalogue_of)],
    negotiated: Annotated[Language, Depends(language_of_request)],
    language: str | None = None,
) -> Response:
    """The same for calendar programs to subscribe to (RFC 5545): three months back, ten ahead."""
    with parts.database.read() as work:
        window = Window(work.now - FEED_BEHIND, work.now + FEED_AHEAD)
        found = service.moments(work, window)
    speaker = Speaker(catalogue, language_of(language, catalogue.languages) or negotiated)
    name = catalogue.text(speaker.language, "calendar.name")
    stream = calendar(name, entries(found, speaker, parts.settings.origin))
    headers = {"Content-Disposition": 'inline; filename="vklad.ics"'}
    return Response(stream, media_type="text/calendar; charset=utf-8", headers=headers)
