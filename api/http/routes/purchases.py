"""Purchases between members: a signed offer taken up, its price shared, and taken back."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict, Field

from api.auth.model import Principal
from api.http.idempotency import OnceHere, once_responses
from api.http.pagination import PageHere
from api.http.parts import DatabaseHere, PartsHere
from api.http.principal import allow, require_scope
from api.http.problems import responses
from api.purchasing import purchase_json, purchases_of
from api.redeeming import caller_of, reader_of
from ledger.kernel.ids import format_id, parse_id
from ledger.purchases import returning, store
from ledger.purchases.returning import TakeBack
from ledger.purchases.service import Buy
from ledger.redemption.tokens import TOKEN_LENGTH_MAX

router = APIRouter(prefix="/v1/purchases", tags=["purchases"])

_WRITE = "redemptions:write"
_READ = ("redemptions:read", _WRITE)

Buyer = Annotated[Principal, Depends(allow(roles=("member",), scopes=(_WRITE,)))]
Reader = Annotated[Principal, Depends(allow(roles=("member",), scopes=_READ))]
Settler = Annotated[Principal, Depends(require_scope(_WRITE))]


class BuyBody(BaseModel):
    """The offer as the marketplace signed it."""

    model_config = ConfigDict(extra="forbid", strict=True)

    offer: Annotated[str, Field(max_length=TOKEN_LENGTH_MAX)]


@router.post("", status_code=201, responses=once_responses(410))
def buy(body: BuyBody, once: OnceHere, parts: PartsHere, principal: Buyer) -> Response:
    """Pay the price and share it by the programme's rule; the same offer again is the same."""
    command = Buy(caller_of(principal), body.offer)
    return once(purchases_of(parts).buy, command, render=purchase_json)


@router.get("", responses=responses(400, 401, 403, 422, 503))
def list_purchases(page: PageHere, database: DatabaseHere, principal: Reader) -> JSONResponse:
    """Newest first: a member's own, a machine's source's, or anybody's for admins."""
    caller = reader_of(principal)
    with database.read() as work:
        found = store.list_purchases(
            work,
            buyer_id=caller.member_id,
            source=caller.source,
            after=None if page.after is None else parse_id("pur", str(page.after[0])),
            limit=page.fetch,
        )
    return page.answer(
        found, key=lambda each: [format_id("pur", each.purchase_id)], render=purchase_json
    )


@router.get("/{purchase_id}", responses=responses(401, 403, 404, 503))
def get(purchase_id: str, database: DatabaseHere, principal: Reader) -> dict[str, Any]:
    """One purchase."""
    wanted = parse_id("pur", purchase_id)
    with database.read() as work:
        return purchase_json(returning.find(work, reader_of(principal), wanted))


@router.post("/{purchase_id}/return", status_code=200, responses=once_responses(404, 410))
def take_back(purchase_id: str, once: OnceHere, principal: Settler) -> Response:
    """Undo a purchase, whole: from the recipients, as far as debt, to the buyer."""
    command = TakeBack(caller_of(principal), parse_id("pur", purchase_id))
    return once(returning.take_back, command, render=purchase_json, status=200)
