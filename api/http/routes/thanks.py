"""``/v1/thanks``: giving thanks out of a monthly allowance, and moderating them."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict, Field

from api.auth.model import Principal
from api.http.idempotency import OnceHere, once_responses
from api.http.pagination import PageHere
from api.http.parts import DatabaseHere
from api.http.principal import CurrentMember, current_member, require_role
from api.http.problems import responses
from ledger.kernel.canonical import Json
from ledger.kernel.clock import Instant
from ledger.kernel.ids import format_id, parse_id
from ledger.thanks import service, store
from ledger.thanks.model import (
    LINK_LENGTH_MAX,
    PREFIX,
    REASON_LENGTH_MAX,
    GiveThanks,
    TakeBack,
    Thanks,
    most_now,
)

router = APIRouter(prefix="/v1/thanks", tags=["thanks"])
Moderator = Annotated[Principal, Depends(require_role("moderator", "admin"))]


class ThanksBody(BaseModel):
    """Thanks to give."""

    model_config = ConfigDict(extra="forbid")

    to: Annotated[str, Field(max_length=64)]
    points: Annotated[int, Field(strict=True, ge=1, le=10**9)]
    reason: Annotated[str, Field(min_length=1, max_length=REASON_LENGTH_MAX)]
    link: Annotated[str, Field(max_length=LINK_LENGTH_MAX)] | None = None


@router.get("/allowance", responses=responses(401, 403, 404, 409, 503))
def allowance(
    member_id: CurrentMember, database: DatabaseHere, to: str | None = None
) -> JSONResponse:
    """What is left of the month's allowance; with ``to``, what of it that member may get now."""
    receiver = None if to is None else parse_id("mem", to)
    with database.read() as work:
        found = service.allowance_of(work, member_id, receiver)
    return JSONResponse(
        {
            "month": found.month,
            "allowance": found.terms.allowance,
            "per_gift": found.terms.per_gift,
            "per_pair": found.terms.per_pair,
            "given": found.used.points,
            "left": found.left,
            "most_now": most_now(found.terms, found.used),
        }
    )


@router.post("", status_code=201, responses=once_responses(404))
def give(body: ThanksBody, once: OnceHere, member_id: CurrentMember) -> Response:
    """Give thanks; what counts of them is decided now, and stated in the answer."""
    command = GiveThanks(member_id, parse_id("mem", body.to), body.points, body.reason, body.link)
    return once(service.give, command, render=thanks_json)


@router.get("", responses=responses(400, 401, 403, 503))
def mine(page: PageHere, member_id: CurrentMember, database: DatabaseHere) -> JSONResponse:
    """What whoever asks gave and got, newest first."""
    with database.read() as work:
        found = store.page(work, member_id, _before(page.after), page.fetch)
    return page.answer(found, key=lambda one: [str(one.thanks_id)], render=thanks_json)


@router.get("/everybody", responses=responses(400, 401, 403, 503))
def everybody(page: PageHere, _: Moderator, database: DatabaseHere) -> JSONResponse:
    """All thanks, newest first, for moderators."""
    with database.read() as work:
        found = store.page(work, None, _before(page.after), page.fetch)
    return page.answer(found, key=lambda one: [str(one.thanks_id)], render=thanks_json)


@router.post("/{thanks_id}/void", status_code=200, responses=once_responses(404))
def void(thanks_id: str, moderator: Moderator, once: OnceHere) -> Response:
    """Take thanks back: they earn nothing. What they used up of the allowance stays used."""
    command = TakeBack(parse_id(PREFIX, thanks_id), current_member(moderator))
    return once(service.take_back, command, render=thanks_json, status=200)


def thanks_json(gift: Thanks) -> dict[str, Json]:
    """A gift with its words, for who gave it, who got it and moderators."""
    decision = gift.decision
    return {
        "id": format_id(PREFIX, gift.thanks_id),
        "event": format_id("evt", gift.event_id),
        "from": _member(gift.giver),
        "to": _member(gift.receiver),
        "points": gift.points,
        "counted": decision.counted,
        "ring": decision.ring,
        "month": gift.month,
        "number": decision.number,
        "left": decision.left,
        "given_at": Instant.of(gift.given_at).isoformat(),
        "reason": gift.reason,
        "link": gift.link,
        "taken_back": gift.is_taken_back,
    }


def _member(member_id: UUID | None) -> str | None:
    return None if member_id is None else format_id("mem", member_id)


def _before(after: list[str | int | None] | None) -> UUID | None:
    return None if after is None else UUID(str(after[0]))
