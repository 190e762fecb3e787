"""``POST /v1/quotes``: what a signed order would cost with points. Changes nothing."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field

from api.auth.model import Principal
from api.http.parts import DatabaseHere
from api.http.principal import allow
from api.http.problems import responses
from api.http.routes.redemptions import RedeemingHere
from api.redeeming import caller_of, quote_answer
from ledger.kernel.units import Points
from ledger.redemption.checkout import AskQuote
from ledger.redemption.tokens import TOKEN_LENGTH_MAX

router = APIRouter(prefix="/v1/quotes", tags=["redemption"])


class QuoteBody(BaseModel):
    """An order and how many points to use on it; without ``points``, all that are available."""

    model_config = ConfigDict(extra="forbid", strict=True)

    order: Annotated[str, Field(max_length=TOKEN_LENGTH_MAX, description="Signed by the LMS.")]
    points: Annotated[int, Field(ge=0, le=10**15)] | None = None


@router.post("", responses=responses(400, 401, 403, 409, 410, 422, 503))
def ask_quote(
    body: QuoteBody,
    redeeming: RedeemingHere,
    database: DatabaseHere,
    principal: Annotated[
        Principal, Depends(allow(roles=("member",), scopes=("redemptions:write",)))
    ],
) -> dict[str, Any]:
    """The quote as JSON, and as a signed ``token`` to hold it with within its time."""
    points = None if body.points is None else Points(body.points)
    with database.read() as work:
        given = redeeming.quote(work, AskQuote(caller_of(principal), body.order, points))
    return quote_answer(given)
