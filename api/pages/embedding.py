"""The frame that a page of the school's shows a member: balance, why, and paying with points.

    page of the school (another origin)          our frame, framed by just that origin
      /embed/v1.js ──token, theme: postMessage──▶ /embed/badge, /embed/pay
                   ◀──size, what was held───────   └─ bearer ─▶ /embed/parts/…

The frame knows nobody: no cookie is read, and whose points it shows the token alone says, which
never stands in an address. What anything costs the order in the token says, signed by the school.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import FileResponse, HTMLResponse, Response
from pydantic import BaseModel, ConfigDict, Field

from api.embedding.model import EmbedPurpose, EmbedToken, EmbedTokenRefused
from api.embedding.service import holder_of, require_purpose
from api.http.parts import DatabaseHere, PartsHere, catalogue_of
from api.http.principal import limit_by_address, limit_by_key
from api.http.problems import NoSuchPath
from api.http.routes.redemptions import RedeemingHere
from api.i18n.catalogue import Language
from api.i18n.negotiation import negotiate
from api.pages.entries import in_force, rule_title, shown_award, stated_words
from api.pages.member import SOON
from api.pages.rendering import STATIC, View, environment, names_for
from ledger.consents import service as consents
from ledger.events.origins import store as origins
from ledger.events.origins.model import ORIGIN_LENGTH_MAX
from ledger.kernel.ids import format_id
from ledger.kernel.transaction import Work, execute
from ledger.kernel.units import Money, Points
from ledger.lots import service as lots
from ledger.lots.model import Summary
from ledger.redemption import store as redemptions
from ledger.redemption.checkout import AskQuote, HoldRedemption
from ledger.redemption.model import Redemption
from ledger.redemption.offers import Caller, open_order
from ledger.redemption.service import is_over
from ledger.redemption.tokens import TOKEN_LENGTH_MAX
from ledger.scoring import store as awards

router: Final = APIRouter(prefix="/embed", include_in_schema=False)

ORIGIN_HEADER: Final = "x-vklad-embed-origin"
"""The origin that the frame was shown to, as the server wrote it into the frame."""
SHOWN_MAX: Final = 5
_FRAME_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "form-action 'none'; base-uri 'none'; frame-ancestors {origin}"
)
_SCRIPT_LIFE_S: Final = 300
_ELSEWHERE: Final = {"Cross-Origin-Resource-Policy": "cross-origin"}
OriginHere = Annotated[str, Query(max_length=ORIGIN_LENGTH_MAX)]


@dataclass(frozen=True, slots=True)
class Held:
    """A token that the frame sent, checked, and its text's reader."""

    token: EmbedToken
    view: View

    @property
    def caller(self) -> Caller:
        """The member, for orders of theirs alone."""
        return Caller(self.token.member_id)

    @property
    def order(self) -> str:
        """The order that may be paid.

        Raises:
            PurposeMissing: the token is not for paying.
        """
        require_purpose(self.token, EmbedPurpose.PAY)
        assert self.token.order is not None, "a token for paying has an order"
        return self.token.order


class HoldBody(BaseModel):
    """The quote as we signed it; the order is the token's."""

    model_config = ConfigDict(extra="forbid", strict=True)

    quote: Annotated[str, Field(max_length=TOKEN_LENGTH_MAX)]


def _held(request: Request, database: DatabaseHere) -> Held:
    """Who holds the token of a request.

    Raises:
        EmbedTokenRefused: there is none, or it is not good for this page.
        TooManyRequests: its member, or this address with none, asks too fast.
    """
    scheme, _, text = request.headers.get("authorization", "").partition(" ")
    origin = request.headers.get(ORIGIN_HEADER, "")
    try:
        with database.read() as work:
            token = holder_of(work, text if scheme.lower() == "bearer" else "", origin)
    except EmbedTokenRefused:
        limit_by_address(request)
        raise
    limit_by_key(request, token.key)
    language = negotiate(request.headers.get("accept-language"), catalogue_of(request).languages)
    return Held(token, _view(request, language))


HeldHere = Annotated[Held, Depends(_held)]


@router.get("/v1.js")
def script() -> Response:
    """The script for the school's page; it may be loaded from anywhere and holds nothing."""
    kept = {"Cache-Control": f"public, max-age={_SCRIPT_LIFE_S}", **_ELSEWHERE}
    return FileResponse(STATIC / "embed-host.js", media_type="text/javascript", headers=kept)


@router.get("/badge")
def badge_frame(
    request: Request,
    database: DatabaseHere,
    origin: OriginHere = "",
    lang: Annotated[str | None, Query(max_length=35)] = None,
) -> Response:
    """The frame with the balance, to be framed by one registered origin."""
    return _frame(request, database, "badge", origin, lang)


@router.get("/pay")
def pay_frame(
    request: Request,
    database: DatabaseHere,
    origin: OriginHere = "",
    lang: Annotated[str | None, Query(max_length=35)] = None,
) -> Response:
    """The frame for paying with points, to be framed by one registered origin."""
    return _frame(request, database, "pay", origin, lang)


@router.get("/parts/badge")
def badge(database: DatabaseHere, held: HeldHere) -> Response:
    """The balance; with why, if the token is for it."""
    require_purpose(held.token, EmbedPurpose.BADGE)
    view, explains = held.view, EmbedPurpose.WHY in held.token.purposes
    with database.read() as work:
        summary = lots.summary(work, held.token.member_id, work.now)
        why = _why(work, view, held.token, summary) if explains else None
    return _shown(view, "embed/badge.html", summary=summary, why=why)


@router.get("/parts/pay")
def pay(
    database: DatabaseHere,
    redeeming: RedeemingHere,
    held: HeldHere,
    points: Annotated[int | None, Query(ge=0, le=10**12)] = None,
) -> Response:
    """What the token's order costs with points; or that it was used."""
    asked = AskQuote(held.caller, held.order, None if points is None else Points(points))
    with database.read() as work:
        bought = open_order(work, held.order, held.caller, redeeming.box)
        order = bought.order
        used = redemptions.find_live_of_order(work, order.source, order.number)
        if used is not None and not is_over(work, used):
            return _used(held.view, used)
        given = redeeming.quote(work, asked)
        terms = consents.standing(work, held.token.member_id)
    quote, priced = given.offer.quote, given.offer.priced
    return _shown(
        held.view,
        "embed/pay.html",
        order=order,
        products=[(each.product, Money(each.price_minor, order.currency)) for each in order.lines],
        quote=quote,
        priced=priced,
        quote_token=given.token,
        must_accept=terms.in_force is not None and terms.accepted_at is None,
        available=given.available,
        usable=min(priced.points_max, given.available),
        shortfall=quote.points - given.available,
        net=Money(quote.net_minor, quote.currency),
        discount=Money(quote.discount_minor, quote.currency),
        left=Money(quote.net_minor - quote.discount_minor, quote.currency),
    )


@router.post("/parts/hold")
def hold(
    body: HoldBody,
    parts: PartsHere,
    redeeming: RedeemingHere,
    held: HeldHere,
) -> Response:
    """Set the points aside that the quote names, once; the school waits for the money now."""
    command = HoldRedemption(held.caller, held.order, body.quote)
    return _used(held.view, execute(parts.database, redeeming.hold, command))


def _used(view: View, redemption: Redemption) -> Response:
    currency = redemption.currency
    return _shown(
        view,
        "embed/held.html",
        redemption=redemption,
        redemption_id=format_id("red", redemption.redemption_id),
        discount=Money(redemption.discount_minor, currency),
        left=Money(redemption.net_minor - redemption.discount_minor, currency),
    )


def _why(work: Work, view: View, token: EmbedToken, summary: Summary) -> dict[str, Any]:
    """The newest awards in words, and what expires next."""
    found = awards.award_page(work, token.member_id, None, SHOWN_MAX)
    programme = in_force(work)
    return {
        "awards": [shown_award(view, programme, each) for each in found],
        "expiring": _expiring(summary),
        "soon": summary.at + SOON,
        "titles": lambda rule_id: rule_title(view, programme, rule_id),
        "state": lambda basis: stated_words(view, programme, basis),
    }


def _expiring(summary: Summary) -> list[tuple[datetime, Points]]:
    """Points by the moment when they expire, the nearest first."""
    found: dict[datetime, Points] = {}
    for each in summary.lots:
        left, at = each.pending + each.available + each.held, each.lot.expires_at
        if left and at is not None and at > summary.at:
            found[at] = found.get(at, Points(0)) + left
    return sorted(found.items())[:SHOWN_MAX]


def _frame(
    request: Request, database: DatabaseHere, kind: str, origin: str, lang: str | None
) -> Response:
    with database.read() as work:
        if not origins.is_registered(work, origin):
            raise NoSuchPath("There is nothing at this address for pages of this origin.")
    spoken = catalogue_of(request).languages
    language = negotiate(request.headers.get("accept-language"), spoken, [lang])
    shell = _shown(_view(request, language), "embed/frame.html", kind=kind, origin=origin)
    # The origin is written as registered, which is checked to be one and nothing else.
    shell.headers["Content-Security-Policy"] = _FRAME_POLICY.format(origin=origin)
    shell.headers.update(_ELSEWHERE)
    return shell


def _shown(view: View, template: str, **values: Any) -> Response:
    """As a page is rendered, but that no cookie is read or set: a frame knows nobody."""
    names = names_for(view.catalogue, view.language)
    text = environment().get_template(template).render(**names, view=view, **values)
    headers = {"Content-Language": view.language, "Cache-Control": "no-store"}
    return HTMLResponse(text, headers=headers)


def _view(request: Request, language: Language) -> View:
    """A view of nobody: no session is looked at."""
    return View(request, None, language, catalogue_of(request), chain_is_on=False)
