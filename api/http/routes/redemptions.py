"""Redemptions: hold what a quote promised, then capture, release or refund.

A member, or the LMS on behalf of the order's buyer, holds; what follows is the LMS's alone, since
only it knows what was paid.
"""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict, Field

from api.auth.model import Principal
from api.http.idempotency import OnceHere, once_responses
from api.http.pagination import PageHere
from api.http.parts import DatabaseHere, parts_of
from api.http.principal import allow, require_scope
from api.http.problems import responses
from api.redeeming import (
    caller_of,
    reader_of,
    redeeming_of,
    redemption_json,
    refund_answer,
    refund_json,
)
from ledger.kernel.ids import format_id, parse_id
from ledger.redemption import service
from ledger.redemption.checkout import HoldRedemption, Redeeming
from ledger.redemption.orders import AMOUNT_MINOR_MAX, LINES_MAX, TEXT_LENGTH_MAX
from ledger.redemption.service import (
    CaptureRedemption,
    ListRedemptions,
    RefundRedemption,
    ReleaseRedemption,
)
from ledger.redemption.tokens import TOKEN_LENGTH_MAX

router = APIRouter(prefix="/v1/redemptions", tags=["redemption"])

_WRITE = "redemptions:write"
_READ = ("redemptions:read", _WRITE)
_MINOR_MAX = AMOUNT_MINOR_MAX * LINES_MAX

Token = Annotated[str, Field(max_length=TOKEN_LENGTH_MAX)]
Minor = Annotated[int, Field(ge=0, le=_MINOR_MAX)]
Settler = Annotated[Principal, Depends(require_scope(_WRITE))]
Reader = Annotated[Principal, Depends(allow(roles=("member",), scopes=_READ))]


class HoldBody(BaseModel):
    """The order as the LMS signed it and the quote as we did."""

    model_config = ConfigDict(extra="forbid", strict=True)

    order: Token
    quote: Token


class CaptureBody(BaseModel):
    """Without fields: all that is held, and all that the order leaves to pay was paid."""

    model_config = ConfigDict(extra="forbid", strict=True)

    discount_minor: Minor | None = None
    paid_minor: Minor | None = None


class RefundBody(BaseModel):
    """Money that went back to the member: this much more, under an id of the LMS's own."""

    model_config = ConfigDict(extra="forbid", strict=True)

    refund_id: Annotated[str, Field(min_length=1, max_length=TEXT_LENGTH_MAX)]
    amount_minor: Minor


def _redeeming(request: Request) -> Redeeming:
    return redeeming_of(parts_of(request))


RedeemingHere = Annotated[Redeeming, Depends(_redeeming)]


@router.post("", status_code=201, responses=once_responses(410))
def hold(
    body: HoldBody,
    once: OnceHere,
    redeeming: RedeemingHere,
    principal: Annotated[Principal, Depends(allow(roles=("member",), scopes=(_WRITE,)))],
) -> Response:
    """Set the quoted points aside. 409 ``quote_outdated`` carries a new quote."""
    command = HoldRedemption(caller_of(principal), body.order, body.quote)
    return once(redeeming.hold, command, render=redemption_json)


@router.get("", responses=responses(400, 401, 403, 422, 503))
def list_redemptions(
    page: PageHere,
    database: DatabaseHere,
    principal: Reader,
    order: Annotated[str | None, Query(max_length=TEXT_LENGTH_MAX)] = None,
    member: Annotated[str | None, Query(max_length=64)] = None,
) -> JSONResponse:
    """Newest first: a member's own, a machine's source's, or anybody's for admins."""
    wanted = ListRedemptions(
        caller=reader_of(principal),
        member_id=None if member is None else parse_id("mem", member),
        order_number=order,
        after=None if page.after is None else parse_id("red", str(page.after[0])),
        limit=page.fetch,
    )
    with database.read() as work:
        found = service.list_redemptions(work, wanted)
    return page.answer(
        found,
        key=lambda redemption: [format_id("red", redemption.redemption_id)],
        render=redemption_json,
    )


@router.get("/{redemption_id}", responses=responses(401, 403, 404, 503))
def get(redemption_id: str, database: DatabaseHere, principal: Reader) -> dict[str, Any]:
    """One redemption."""
    wanted = parse_id("red", redemption_id)
    with database.read() as work:
        found = service.find(work, reader_of(principal), wanted)
    return redemption_json(found)


@router.get("/{redemption_id}/refunds", responses=responses(401, 403, 404, 503))
def refunds(redemption_id: str, database: DatabaseHere, principal: Reader) -> dict[str, Any]:
    """Every refund of a redemption, oldest first; never more than its minor units."""
    wanted = parse_id("red", redemption_id)
    with database.read() as work:
        found = service.refunds_of(work, reader_of(principal), wanted)
    return {"data": [refund_json(each) for each in found], "next_cursor": None}


@router.post("/{redemption_id}/capture", status_code=200, responses=once_responses(404, 410))
def capture(redemption_id: str, body: CaptureBody, once: OnceHere, principal: Settler) -> Response:
    """Spend what is held, whole or in part; once."""
    command = CaptureRedemption(
        caller_of(principal),
        parse_id("red", redemption_id),
        discount_minor=body.discount_minor,
        paid_minor=body.paid_minor,
    )
    return once(service.capture, command, render=redemption_json, status=200)


@router.post("/{redemption_id}/release", status_code=200, responses=once_responses(404))
def release(redemption_id: str, once: OnceHere, principal: Settler) -> Response:
    """Give the points back; again changes nothing."""
    command = ReleaseRedemption(caller_of(principal), parse_id("red", redemption_id))
    return once(service.release, command, render=redemption_json, status=200)


@router.post("/{redemption_id}/refunds", status_code=201, responses=once_responses(404))
def refund(redemption_id: str, body: RefundBody, once: OnceHere, principal: Settler) -> Response:
    """Bring points back for money that went back. The same ``refund_id`` again changes nothing."""
    command = RefundRedemption(
        caller_of(principal),
        parse_id("red", redemption_id),
        source_refund_id=body.refund_id,
        amount_minor=body.amount_minor,
    )
    return once(service.refund, command, render=refund_answer)
