"""Buying from a member: what an offer costs and who gets it, the purchase, and those before.

The offer comes signed by the marketplace; here nobody can say a price.
"""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Form, Query
from fastapi.responses import Response

from api.http.parts import PartsHere
from api.http.principal import CurrentMember
from api.pages.rendering import ViewHere
from api.purchasing import purchases_of
from ledger.kernel.transaction import execute
from ledger.lots import service as lots
from ledger.purchases import store
from ledger.purchases.service import Buy
from ledger.redemption.offers import Caller
from ledger.redemption.tokens import TOKEN_LENGTH_MAX

router: Final = APIRouter(include_in_schema=False)

SHOWN_MAX: Final = 20


@router.get("/purchases")
def show(
    view: ViewHere,
    parts: PartsHere,
    member_id: CurrentMember,
    offer: Annotated[str | None, Query(max_length=TOKEN_LENGTH_MAX)] = None,
) -> Response:
    """With a signed offer: what it would do. And what was bought before."""
    with parts.database.read() as work:
        opened = None
        if offer is not None:
            opened = purchases_of(parts).open_offer(work, Buy(Caller(member_id), offer))
        found = store.list_purchases(
            work, buyer_id=member_id, source=None, after=None, limit=SHOWN_MAX
        )
        available = lots.summary(work, member_id, work.now).available
    return view.render(
        "purchases/list.html", opened=opened, token=offer, purchases=found, available=available
    )


@router.post("/purchases")
def buy(
    view: ViewHere,
    parts: PartsHere,
    member_id: CurrentMember,
    offer: Annotated[str, Form(max_length=TOKEN_LENGTH_MAX)],
) -> Response:
    """Pay the price."""
    execute(parts.database, purchases_of(parts).buy, Buy(Caller(member_id), offer))
    return view.redirect("/purchases")
