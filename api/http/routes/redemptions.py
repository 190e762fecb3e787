"""Redemptions: hold what a quote promised, then capture, release or refund.

A member, or the LMS on behalf of the order's buyer, holds; what follows is the LMS's alone, since
only it knows what was paid.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Annotated, Any, Self

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict, Field, model_validator

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
from ledger.redemption.claims import TEXT_LENGTH_MAX
from ledger.redemption.lines import LineCapture
from ledger.redemption.orders import AMOUNT_MINOR_MAX, LINES_MAX
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
LineId = Annotated[str, Field(min_length=1, max_length=TEXT_LENGTH_MAX)]
Settler = Annotated[Principal, Depends(require_scope(_WRITE))]
Reader = Annotated[Principal, Depends(allow(roles=("member",), scopes=_READ))]


class HoldBody(BaseModel):
    """The order as the LMS signed it and the quote as we did."""

    model_config = ConfigDict(extra="forbid", strict=True)

    order: Token
    quote: Token


class CapturedLineBody(BaseModel):
    """A line that was bought: with all of its discount and all it leaves to pay, or as stated."""

    model_config = ConfigDict(extra="forbid", strict=True)

    id: LineId
    discount_minor: Minor | None = None
    paid_minor: Minor | None = None


class CaptureBody(BaseModel):
    """Without fields: all that is held, and all that the order leaves to pay was paid.

    With ``lines``, those named were bought and the others were not; then no amounts beside them.
    """

    model_config = ConfigDict(extra="forbid", strict=True)

    discount_minor: Minor | None = None
    paid_minor: Minor | None = None
    lines: Annotated[list[CapturedLineBody], Field(min_length=1, max_length=LINES_MAX)] | None = (
        None
    )

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if self.lines is not None:
            if self.discount_minor is not None or self.paid_minor is not None:
                raise ValueError("state either lines or amounts of the whole")
            _once_each(line.id for line in self.lines)
        return self


class RefundedLineBody(BaseModel):
    """Money that went back for one line."""

    model_config = ConfigDict(extra="forbid", strict=True)

    id: LineId
    amount_minor: Minor


class RefundBody(BaseModel):
    """Money that went back to the member: this much more, under an id of the LMS's own.

    In sum by ``amount_minor``, or by ``lines``; all refunds of one redemption the same way.
    """

    model_config = ConfigDict(extra="forbid", strict=True)

    refund_id: Annotated[str, Field(min_length=1, max_length=TEXT_LENGTH_MAX)]
    amount_minor: Minor | None = None
    lines: Annotated[list[RefundedLineBody], Field(min_length=1, max_length=LINES_MAX)] | None = (
        None
    )

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.lines is None) == (self.amount_minor is None):
            raise ValueError("state either lines or amount_minor")
        _once_each(line.id for line in self.lines or ())
        return self


def _once_each(line_ids: Iterable[str]) -> None:
    seen = Counter(line_ids)
    if seen and max(seen.values()) > 1:
        raise ValueError("a line is named twice")


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
    """Spend what is held, whole, in part or line by line; once."""
    command = CaptureRedemption(
        caller_of(principal),
        parse_id("red", redemption_id),
        discount_minor=body.discount_minor,
        paid_minor=body.paid_minor,
        lines=None
        if body.lines is None
        else {line.id: LineCapture(line.discount_minor, line.paid_minor) for line in body.lines},
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
    lines = None if body.lines is None else {each.id: each.amount_minor for each in body.lines}
    command = RefundRedemption(
        caller_of(principal),
        parse_id("red", redemption_id),
        source_refund_id=body.refund_id,
        amount_minor=sum(lines.values()) if lines is not None else body.amount_minor or 0,
        lines=lines,
    )
    return once(service.refund, command, render=refund_answer)
