"""``POST /v1/events``: CloudEvents of a source, by its API key; and what admins see of facts.

Structured, batch and binary mode. A batch is stored whole or not at all, and the error names the
index. The answer comes after the commit; scoring is behind it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from typing import Annotated, Final, TypeVar
from uuid import UUID

import orjson
from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import JSONResponse, Response

from api.auth.model import Principal
from api.http.door import Door, body_of, headers_of
from api.http.pagination import Page, PageHere
from api.http.parts import DatabaseHere, parts_of
from api.http.principal import allow, machine_of
from api.http.problems import UnsupportedMediaType, responses
from api.telling import hashes_of_events
from api.webhooks import cloudevents
from api.webhooks.exact_json import read_json
from api.webhooks.intake import Intake
from api.webhooks.secret_box import FernetBox
from ledger.events.listing import store as listing
from ledger.events.model import Conflict, Delivery, EventSummary, IncomingEvent, OnConflict, Outcome
from ledger.kernel.canonical import Json
from ledger.kernel.ids import format_id
from ledger.kernel.transaction import Database

router = APIRouter(prefix="/v1", tags=["facts"])

Overseer = Annotated[Principal, Depends(allow(roles=("admin", "auditor")))]
OfSource = Annotated[str | None, Query(max_length=512)]
_MEDIA_TYPES: Final = f"{cloudevents.STRUCTURED} / {cloudevents.BATCH}"
_opening: Final = threading.Lock()

_Row = TypeVar("_Row")


def intake_of(request: Request) -> Intake:
    """The application's door for events, opened at its first use."""
    state = request.app.state
    intake: Intake | None = getattr(state, "intake", None)
    if intake is None:
        with _opening:
            intake = getattr(state, "intake", None)
            if intake is None:
                parts = parts_of(request)
                intake = state.intake = Intake(
                    parts.database, FernetBox(parts.secret), hashes_of_events(parts.secret)
                )
    return intake


@router.post(
    "/events",
    status_code=202,
    responses=responses(400, 401, 403, 404, 409, 413, 415, 422, 429, 503),
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                cloudevents.STRUCTURED: {"schema": {"type": "object"}},
                cloudevents.BATCH: {"schema": {"type": "array", "items": {"type": "object"}}},
            },
        }
    },
)
async def state_events(request: Request) -> Response:
    """Take one event or a batch, durably, before the answer."""
    return accepted(await _state(request))


async def _state(request: Request) -> bytes:
    principal = await machine_of(request, "events:write")
    assert principal.source is not None, "no key of no source has this scope"
    intake = intake_of(request)
    source = await intake.source_at(principal.source)
    events = await _events(request, source.uri)
    outcomes = await intake.accept(source, events, OnConflict.REFUSE)
    return orjson.dumps(outcomes_json(outcomes))


DOOR: Final = Door("/v1/events", _state).route()
"""The same path for the hot way in: without the framework's dependencies, which it has none of."""


@router.get("/events", responses=responses(400, 401, 403, 422, 503))
def list_events(
    database: DatabaseHere, page: PageHere, _: Overseer, source: OfSource = None
) -> JSONResponse:
    """Facts, newest first, without saying who."""
    found = partial(listing.recent_events, source=source)
    return _page(database, page, found, lambda row: row.fact.event_id, _event_json)


@router.get("/events/conflicts", responses=responses(400, 401, 403, 422, 503))
def list_conflicts(database: DatabaseHere, page: PageHere, _: Overseer) -> JSONResponse:
    """Ids that came again with other content, newest first."""
    return _page(database, page, listing.conflicts, lambda row: row.conflict_id, _conflict_json)


@router.get("/events/unknown-types", responses=responses(400, 401, 403, 422, 503))
def list_unknown_types(database: DatabaseHere, _: Overseer) -> JSONResponse:
    """Types that nothing declares, most frequent first."""
    with database.read() as work:
        rows = listing.unknown_types(work)
    return JSONResponse(
        {
            "data": [
                {
                    "type": row.type,
                    "source": row.source,
                    "count": row.count,
                    "last_recorded_at": row.last_recorded_at.isoformat(),
                }
                for row in rows
            ],
            "next_cursor": None,
        }
    )


@router.get("/events/deliveries", responses=responses(400, 401, 403, 422, 503))
def list_deliveries(
    database: DatabaseHere, page: PageHere, _: Overseer, source: OfSource = None
) -> JSONResponse:
    """Deliveries that left no fact, newest first."""
    found = partial(listing.deliveries_of, source=source)
    return _page(database, page, found, lambda row: row.delivery_id, _delivery_json)


def accepted(answer: bytes) -> Response:
    """The answer after the commit."""
    return Response(answer, status_code=202, media_type="application/json")


def outcomes_json(outcomes: list[Outcome]) -> dict[str, Json]:
    """What a source is told of what it stated."""
    return {
        "data": [
            {
                "id": None if one.event_id is None else format_id("evt", one.event_id),
                "event": one.id,
                "status": one.status,
            }
            for one in outcomes
        ]
    }


async def _events(request: Request, source_uri: str) -> list[IncomingEvent]:
    headers = headers_of(request)
    media_type = headers.get("content-type", "").partition(";")[0].strip().lower()
    binary = media_type == "application/json" and "ce-specversion" in headers
    if not binary and media_type not in {cloudevents.STRUCTURED, cloudevents.BATCH}:
        raise UnsupportedMediaType(f"This path takes {_MEDIA_TYPES}.", expected=_MEDIA_TYPES)
    body = await body_of(request)
    if binary:
        return [cloudevents.read_binary(headers, body, source_uri)]
    if media_type == cloudevents.BATCH:
        return cloudevents.read_batch(read_json(body), source_uri)
    return [cloudevents.read_event(read_json(body), source_uri)]


def _page(
    database: Database,
    page: Page,
    found: Callable[..., list[_Row]],
    id_of: Callable[[_Row], UUID],
    render: Callable[[_Row], Json],
) -> JSONResponse:
    """One page of what ``found(work, before=, limit=)`` reads, newest first."""
    before = None if page.after is None else UUID(str(page.after[0]))
    with database.read() as work:
        rows = found(work, before=before, limit=page.fetch)
    return page.answer(rows, key=lambda row: [str(id_of(row))], render=render)


def _event_json(row: EventSummary) -> Json:
    fact = row.fact
    return {
        "id": format_id("evt", fact.event_id),
        "source": fact.source,
        "event": fact.source_event_id,
        "type": fact.type,
        "occurred_at": fact.occurred.isoformat(),
        "recorded_at": row.recorded_at.isoformat(),
        "recognised": row.recognised,
        "retracted": row.retracted,
        "parked": row.parked,
    }


def _conflict_json(row: Conflict) -> Json:
    return {
        "source": row.source,
        "event": row.source_event_id,
        "type": row.type,
        "recorded_at": row.recorded_at.isoformat(),
    }


def _delivery_json(row: Delivery) -> Json:
    return {
        "source": row.source,
        "kind": row.kind,
        "outcome": row.outcome,
        "reason": row.reason,
        "received_at": row.received_at.isoformat(),
    }
