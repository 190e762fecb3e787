"""Single-use codes of a member: what was issued, a new one, and taking one back.

A fresh code is shown in the answer to the form and nowhere afterwards.
"""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Form
from fastapi.responses import Response

from api.http.parts import PartsHere
from api.http.principal import CurrentMember
from api.pages.rendering import ViewHere
from ledger.kernel.ids import format_id, parse_id
from ledger.kernel.transaction import execute
from ledger.kernel.units import Money, Points
from ledger.lots import service as lots
from ledger.redemption import codes
from ledger.redemption.claims import TEXT_LENGTH_MAX
from ledger.redemption.codes import CancelCode, IssueCode
from ledger.redemption.errors import CodeAboveLimit
from ledger.redemption.model import RedemptionState
from ledger.redemption.pricing import discount_down

router: Final = APIRouter(include_in_schema=False)

SHOWN_MAX: Final = 20


@router.get("/codes")
def show(view: ViewHere, parts: PartsHere, member_id: CurrentMember) -> Response:
    """A member's codes, and the form for a new one where the programme offers any."""
    with parts.database.read() as work:
        offered = codes.offered(work)
        found = codes.list_codes(work, member_id, SHOWN_MAX)
        available = lots.summary(work, member_id, work.now).available
    return view.render(
        "checkout/codes.html",
        offered=offered,
        available=available,
        shops=[] if offered is None else [(name, name) for name in offered.shops],
        currencies=[] if offered is None else [(each, each) for each in offered.currencies],
        codes=[
            (
                format_id("cod", code.code_id),
                code,
                redemption,
                Money(redemption.captured_minor or redemption.discount_minor, redemption.currency),
                redemption.state is RedemptionState.HELD,
            )
            for code, redemption in found
        ],
    )


@router.post("/codes")
def issue(
    view: ViewHere,
    parts: PartsHere,
    member_id: CurrentMember,
    *,
    source: Annotated[str, Form(max_length=TEXT_LENGTH_MAX)],
    currency: Annotated[str, Form(max_length=3)],
    points: Annotated[int, Form(ge=1, le=10**12)],
) -> Response:
    """Set points aside under a code and show it, this once."""
    with parts.database.read() as work:
        offered = codes.offered(work)
    rate = None if offered is None else offered.rates.get(currency)
    minor = 0 if rate is None else discount_down(Points(points), rate)
    if not minor:
        raise CodeAboveLimit("So few points buy nothing.", limited_by="min_points", most=points)
    command = IssueCode(member_id, source, currency, minor)
    issued = execute(parts.database, codes.issue, command)
    return view.render(
        "checkout/code.html",
        code=issued.text,
        issued=issued,
        discount=Money(issued.redemption.discount_minor, issued.redemption.currency),
    )


@router.post("/codes/{code_id}/cancel")
def cancel(code_id: str, view: ViewHere, parts: PartsHere, member_id: CurrentMember) -> Response:
    """Give the points of an unused code back."""
    command = CancelCode(member_id, parse_id("cod", code_id))
    execute(parts.database, codes.cancel, command)
    return view.redirect("/codes")
