"""``/v1/referrals``: guest passes, handed out, used, and looked at by moderators."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict, Field

from api.auth.model import Principal
from api.http.idempotency import OnceHere, once_responses, with_code
from api.http.pagination import PageHere
from api.http.parts import DatabaseHere, PartsHere
from api.http.principal import CurrentMember, current_member, limit_by_address, require_role
from api.http.problems import responses
from api.referring import referral_json, referrals_of, review_json
from ledger.kernel.canonical import Json
from ledger.kernel.ids import parse_id
from ledger.kernel.transaction import Work, execute
from ledger.redemption.code_text import TYPED_LENGTH_MAX
from ledger.referral import service, store
from ledger.referral.service import (
    PREFIX,
    REASON_LENGTH_MAX,
    ClaimPass,
    IssuePass,
    PassIssued,
    ReviewPass,
)

router = APIRouter(prefix="/v1/referrals", tags=["referrals"])
Moderator = Annotated[Principal, Depends(require_role("moderator", "admin"))]


class ClaimBody(BaseModel):
    """The code of a pass."""

    model_config = ConfigDict(extra="forbid")

    code: Annotated[str, Field(max_length=TYPED_LENGTH_MAX)]


class ReviewBody(BaseModel):
    """A moderator's decision; the reason is for other moderators and auditors."""

    model_config = ConfigDict(extra="forbid", strict=True)

    accepted: bool
    reason: Annotated[str, Field(min_length=1, max_length=REASON_LENGTH_MAX)]


@router.post("", status_code=201, responses=once_responses())
def issue(once: OnceHere, member_id: CurrentMember) -> Response:
    """Hand a pass out. ``code`` is told once; a replayed answer has null."""
    told: list[str] = []

    def carry_out(work: Work, command: IssuePass) -> PassIssued:
        issued = service.issue(work, command)
        told.append(issued.code)
        return issued

    return with_code(once(carry_out, IssuePass(member_id), render=_issued_json), told)


@router.get("", responses=responses(400, 401, 403, 503))
def mine(page: PageHere, member_id: CurrentMember, database: DatabaseHere) -> JSONResponse:
    """The passes that whoever asks handed out, newest first."""
    with database.read() as work:
        found = store.of_inviter(work, member_id, _cursor(page.after), page.fetch)
    return page.answer(found, key=lambda one: [str(one.referral_id)], render=referral_json)


@router.get("/places", responses=responses(401, 403, 409, 503))
def places(member_id: CurrentMember, database: DatabaseHere) -> dict[str, Any]:
    """How many passes are out, and how many more may be."""
    with database.read() as work:
        found = service.places(work, member_id)
    return {"open": found.open, "limit": found.limit, "left": found.left}


@router.post("/claim", status_code=201, responses=once_responses(404, 410))
def claim(
    body: ClaimBody, request: Request, once: OnceHere, parts: PartsHere, member_id: CurrentMember
) -> Response:
    """Use a pass. What became of it is its ``state``; the same again changes nothing."""
    limit_by_address(request)  # Each try is a guess at a code.
    address = request.client.host if request.client else None
    command = ClaimPass(member_id, body.code, address)
    return once(referrals_of(parts).claim, command, render=referral_json)


@router.get("/review", responses=responses(400, 401, 403, 503))
def to_review(page: PageHere, _: Moderator, database: DatabaseHere) -> JSONResponse:
    """Passes that wait for a moderator, oldest first."""
    with database.read() as work:
        found = store.to_review(work, _cursor(page.after), page.fetch)
    return page.answer(found, key=lambda one: [str(one.referral_id)], render=review_json)


@router.post("/{referral_id}/review", responses=responses(401, 403, 404, 409, 422, 503))
def review(
    referral_id: str, body: ReviewBody, moderator: Moderator, database: DatabaseHere
) -> JSONResponse:
    """Let a pass go on, or end it."""
    wanted = parse_id(PREFIX, referral_id)
    command = ReviewPass(wanted, current_member(moderator), body.accepted, body.reason)
    return JSONResponse(review_json(execute(database, service.review, command)))


def _issued_json(issued: PassIssued) -> dict[str, Json]:
    """Without the code: this is what is kept for a repeated request."""
    return {**referral_json(issued.referral), "code": None}


def _cursor(after: list[str | int | None] | None) -> UUID | None:
    return None if after is None else UUID(str(after[0]))
