"""Paying a part of an order with points: the page a student is sent to from the school's checkout.

The order comes signed by the school; here nobody can say a price. In the demo the school's shop is
a page of the demo's own process, and this page links to it.
"""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Form, Query
from fastapi.responses import Response

from api.auth.issuer import demo_issuer_url
from api.auth.model import Principal
from api.http.parts import PartsHere
from api.http.principal import CurrentMember, PrincipalHere
from api.http.routes.redemptions import RedeemingHere
from api.pages.rendering import View, ViewHere
from api.redeeming import caller_of
from api.settings import Settings
from ledger.kernel.ids import format_id, parse_id
from ledger.kernel.transaction import execute
from ledger.kernel.units import Money, Points
from ledger.redemption import service
from ledger.redemption.checkout import AskQuote, HoldRedemption
from ledger.redemption.model import Redemption, RedemptionState
from ledger.redemption.service import ListRedemptions
from ledger.redemption.tokens import TOKEN_LENGTH_MAX

router: Final = APIRouter(include_in_schema=False)

SHOWN_MAX: Final = 20
OrderToken = Annotated[str | None, Query(max_length=TOKEN_LENGTH_MAX)]
FormToken = Annotated[str, Form(max_length=TOKEN_LENGTH_MAX)]


def _member(principal: PrincipalHere, _: CurrentMember) -> Principal:
    return principal


MemberHere = Annotated[Principal, Depends(_member)]


@router.get("/checkout")
def checkout(
    view: ViewHere,
    parts: PartsHere,
    redeeming: RedeemingHere,
    principal: MemberHere,
    *,
    order: OrderToken = None,
    points: Annotated[int | None, Query(ge=0, le=10**12)] = None,
) -> Response:
    """With a signed order: what it costs with points. Without: what was redeemed before."""
    if order is None:
        return _before(view, parts.settings, parts, principal)
    asked = AskQuote(caller_of(principal), order, None if points is None else Points(points))
    with parts.database.read() as work:
        given = redeeming.quote(work, asked)
    quote, priced = given.offer.quote, given.offer.priced
    return view.render(
        "checkout/quote.html",
        quote=quote,
        priced=priced,
        order=order,
        token=given.token,
        available=given.available,
        usable=min(priced.points_max, given.available),
        shortfall=quote.points - given.available,
        net=Money(quote.net_minor, quote.currency),
        discount=Money(quote.discount_minor, quote.currency),
        left=Money(quote.net_minor - quote.discount_minor, quote.currency),
        lines=[(line.line_id, Money(line.price_minor, quote.currency)) for line in quote.lines],
    )


@router.post("/checkout/hold")
def hold(
    view: ViewHere,
    parts: PartsHere,
    redeeming: RedeemingHere,
    principal: MemberHere,
    *,
    order: FormToken,
    quote: FormToken,
) -> Response:
    """Set the points aside; the school waits for the money now."""
    command = HoldRedemption(caller_of(principal), order, quote)
    held = execute(parts.database, redeeming.hold, command)
    return view.redirect(f"/checkout/{format_id('red', held.redemption_id)}")


@router.get("/checkout/{redemption_id}")
def redemption(
    redemption_id: str, view: ViewHere, parts: PartsHere, principal: MemberHere
) -> Response:
    """How far one redemption is."""
    wanted = parse_id("red", redemption_id)
    with parts.database.read() as work:
        found = service.find(work, caller_of(principal), wanted)
    return view.render(
        "checkout/redemption.html",
        redemption=found,
        redemption_id=redemption_id,
        stages=_stages(view, found),
        is_held=found.state is RedemptionState.HELD,
        discount=Money(found.discount_minor, found.currency),
        left=Money(found.net_minor - found.discount_minor, found.currency),
        shop=_shop(parts.settings, f"/shop/pay?redemption={redemption_id}"),
    )


def _before(view: View, settings: Settings, parts: PartsHere, principal: Principal) -> Response:
    wanted = ListRedemptions(caller=caller_of(principal), limit=SHOWN_MAX)
    with parts.database.read() as work:
        found = service.list_redemptions(work, wanted)
    return view.render(
        "checkout/list.html",
        redemptions=[
            (
                format_id("red", each.redemption_id),
                each,
                Money(each.discount_minor, each.currency),
            )
            for each in found
        ],
        shop=_shop(settings, "/shop"),
    )


def _shop(settings: Settings, path: str) -> str | None:
    """The demo's shop; ``None`` where the school has one of its own."""
    if not settings.demo or settings.oidc_issuer is not None:
        return None
    return demo_issuer_url(settings) + path


def _stages(view: View, found: Redemption) -> list[dict[str, Any]]:
    def say(key: str) -> str:
        return view.catalogue.text(view.language, f"checkout.stage.{key}")

    ended = found.state in {RedemptionState.RELEASED, RedemptionState.EXPIRED}
    captured = found.state is not RedemptionState.HELD and not ended
    steps = [
        {"label": say("held"), "state": "done", "hint": ""},
        {
            "label": say(found.state.value if ended else "captured"),
            "state": "failed" if ended else "done" if captured else "now",
            "hint": "" if captured or ended else say("waiting"),
        },
    ]
    if found.state in {RedemptionState.PARTIALLY_REFUNDED, RedemptionState.REFUNDED}:
        steps.append({"label": say(found.state.value), "state": "done", "hint": ""})
    return steps
