"""Why, and why not: what became of each fact about a member, rule by rule.

A member asks about events that name them, whoever answers members about any. Nothing here says
whether persons are looking at an award.
"""

from __future__ import annotations

from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Depends
from fastapi.responses import JSONResponse

from api.auth.model import Principal
from api.http.pagination import Page, PageHere
from api.http.parts import DatabaseHere
from api.http.principal import CurrentMember, require_role
from api.http.problems import responses
from ledger.events.listing import store as listing
from ledger.events.model import EventSummary
from ledger.kernel.canonical import Json
from ledger.kernel.clock import Instant
from ledger.kernel.ids import format_id, parse_id
from ledger.kernel.transaction import Database
from ledger.members import service as members
from ledger.preview.explaining import explain_event, explain_own
from ledger.scoring.explain import Outcome

router: Final = APIRouter(prefix="/v1/members", tags=["awards"])

Answering = Annotated[Principal, Depends(require_role("admin", "moderator", "auditor"))]


@router.get("/me/events", responses=responses(400, 401, 403, 503))
def my_events(page: PageHere, database: DatabaseHere, member_id: CurrentMember) -> JSONResponse:
    """Facts that name whoever asks, newest first, taken back ones too."""
    return _page(page, database, member_id)


@router.get("/me/events/{event_id}/explanation", responses=responses(401, 403, 404, 503))
def why(event_id: str, database: DatabaseHere, member_id: CurrentMember) -> JSONResponse:
    """Why an event earned whoever asks what it did, and why not more."""
    wanted = parse_id("evt", event_id)
    with database.read() as work:
        outcomes = explain_own(work, wanted, member_id)
    return JSONResponse(_explanation(event_id, member_id, outcomes))


@router.get("/{member_id}/events", responses=responses(400, 401, 403, 404, 503))
def events_of_member(
    member_id: str, page: PageHere, database: DatabaseHere, _: Answering
) -> JSONResponse:
    """Facts that name a member, for whoever answers members."""
    return _page(page, database, parse_id("mem", member_id))


@router.get("/{member_id}/events/{event_id}/explanation", responses=responses(401, 403, 404, 503))
def why_of_member(
    member_id: str, event_id: str, database: DatabaseHere, _: Answering
) -> JSONResponse:
    """Why any event earned a member what it did, and why not more."""
    wanted, member = parse_id("evt", event_id), parse_id("mem", member_id)
    with database.read() as work:
        members.require_member(work, member)
        outcomes = explain_event(work, wanted, member)
    return JSONResponse(_explanation(event_id, member, outcomes))


def _page(page: Page, database: Database, member_id: UUID) -> JSONResponse:
    before = None if page.after is None else UUID(str(page.after[0]))
    with database.read() as work:
        members.require_member(work, member_id)
        found = listing.events_of_member(work, member_id, before=before, limit=page.fetch)
    return page.answer(found, key=lambda row: [str(row.fact.event_id)], render=_event)


def _event(row: EventSummary) -> dict[str, Json]:
    return {
        "id": format_id("evt", row.fact.event_id),
        "source": row.fact.source,
        "event": row.fact.source_event_id,
        "type": row.fact.type,
        "occurred_at": row.fact.occurred.isoformat(),
        "recorded_at": Instant.of(row.recorded_at).isoformat(),
        "retracted": row.retracted,
    }


def _explanation(event_id: str, member_id: UUID, outcomes: list[Outcome]) -> dict[str, Json]:
    said: list[Json] = [each.to_json() for each in outcomes]
    return {"event": event_id, "member": format_id("mem", member_id), "outcomes": said}
