"""Single-use codes: a member issues one, a shop that could not call us while selling uses it."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any, Self
from uuid import UUID

from fastapi import APIRouter, Depends
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field, model_validator

from api.auth.model import Principal, PrincipalKind
from api.http.idempotency import OnceHere, once_responses, with_code
from api.http.pagination import PageHere
from api.http.parts import DatabaseHere
from api.http.principal import CurrentMember, allow, require_scope
from api.http.problems import responses
from api.http.routes.redemptions import RedeemingHere, Token
from api.redeeming import caller_of, code_json, redemption_json
from ledger.kernel.canonical import Json
from ledger.kernel.clock import Instant
from ledger.kernel.ids import format_id, parse_id
from ledger.kernel.transaction import Work, execute
from ledger.redemption import code_use, codes, offline, offline_store
from ledger.redemption.checkout import HoldRedemption
from ledger.redemption.claims import TEXT_LENGTH_MAX
from ledger.redemption.code_text import TYPED_LENGTH_MAX
from ledger.redemption.code_use import UseCode
from ledger.redemption.codes import CancelCode, CodeIssued, IssueCode, IssueOrderCode
from ledger.redemption.errors import CodesNotOffered
from ledger.redemption.offline import BringUses, Counted
from ledger.redemption.offline_store import Conflict
from ledger.redemption.offline_text import read_uses, write_list
from ledger.redemption.orders import AMOUNT_MINOR_MAX
from ledger.redemption.terms import CODE_DAYS_MAX

router = APIRouter(prefix="/v1/codes", tags=["redemption"])

SHOWN_MAX = 100
PRODUCTS_MAX = 20
CSV_LENGTH_MAX = 500_000

Text = Annotated[str, Field(min_length=1, max_length=TEXT_LENGTH_MAX)]
MemberHere = Annotated[Principal, Depends(allow(roles=("member",), scopes=()))]
ConflictReader = Annotated[
    Principal, Depends(allow(roles=("admin", "auditor"), scopes=("redemptions:write",)))
]
ShopHere = Annotated[Principal, Depends(require_scope("redemptions:write"))]


class IssueBody(BaseModel):
    """For an order: ``order`` and ``quote``. Else for products: ``source`` and an amount."""

    model_config = ConfigDict(extra="forbid", strict=True)

    order: Token | None = None
    quote: Token | None = None
    source: Text | None = Field(default=None, description="The shop, by its source's name.")
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")] | None = None
    discount_minor: Annotated[int, Field(ge=1, le=AMOUNT_MINOR_MAX)] | None = None
    products: Annotated[list[Text], Field(min_length=1, max_length=PRODUCTS_MAX)] | None = None
    hours: Annotated[int, Field(ge=1, le=24 * CODE_DAYS_MAX)] | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        of_order = [each is not None for each in (self.order, self.quote)]
        of_products = (self.source, self.currency, self.discount_minor)
        stated = [each is not None for each in of_products]
        for_order = all(of_order) and not any(stated) and self.products is None
        if not for_order and not (all(stated) and not any(of_order)):
            raise ValueError("state order and quote, or source, currency and discount_minor")
        return self


class UseBody(BaseModel):
    """A code and the order it is used for, as in a signed order without ``sub``, ``iat``, ``exp``.

    A code that was issued for an order needs no ``order``.
    """

    model_config = ConfigDict(extra="forbid")

    code: Annotated[str, Field(max_length=TYPED_LENGTH_MAX)]
    order: dict[str, Any] | None = None


class UsesBody(BaseModel):
    """The file that a till brings back; its columns are in docs/redemption.md."""

    model_config = ConfigDict(extra="forbid")

    csv: Annotated[str, Field(max_length=CSV_LENGTH_MAX)]


@router.post("", status_code=201, responses=once_responses(410))
def issue(
    body: IssueBody,
    once: OnceHere,
    redeeming: RedeemingHere,
    principal: MemberHere,
    member_id: CurrentMember,
) -> Response:
    """Set a discount aside under a code. ``code`` is told once; a replayed answer has null."""
    life = None if body.hours is None else timedelta(hours=body.hours)
    told: list[str] = []

    def carry_out(work: Work, command: IssueCode | IssueOrderCode) -> CodeIssued:
        if isinstance(command, IssueOrderCode):
            issued = codes.issue_on_order(work, command, redeeming)
        else:
            issued = codes.issue(work, command)
        told.append(issued.text)
        return issued

    command: IssueCode | IssueOrderCode
    if body.order is not None:
        held = HoldRedemption(caller_of(principal), body.order, body.quote or "")
        command = IssueOrderCode(held, life)
    else:
        command = IssueCode(
            member_id=member_id,
            source=body.source or "",
            currency=body.currency or "",
            discount_minor=body.discount_minor or 0,
            products=tuple(body.products or ("*",)),
            life=life,
        )
    answer = once(carry_out, command, render=_issued_json)
    return with_code(answer, told)


@router.get("", responses=responses(401, 403, 503))
def list_codes(database: DatabaseHere, member_id: CurrentMember) -> dict[str, Any]:
    """The caller's newest codes, without their text."""
    with database.read() as work:
        found = codes.list_codes(work, member_id, SHOWN_MAX)
    return {"data": [code_json(*each) for each in found], "next_cursor": None}


@router.get("/offline", response_class=Response, responses=responses(401, 403, 503))
def list_to_take(database: DatabaseHere, principal: ShopHere) -> Response:
    """The shop's unused codes as CSV, by digest, for a till without a connection.

    A code that was listed can no longer be taken back by its member.
    """
    found = execute(database, offline.codes_to_take, _shop_of(principal))
    return Response(write_list(found), media_type="text/csv")


@router.post("/uses", status_code=200, responses=once_responses())
def bring_uses(body: UsesBody, once: OnceHere, principal: ShopHere) -> Response:
    """Count what a till did without a connection; what cannot be counted is kept with why."""
    command = BringUses(_shop_of(principal), tuple(read_uses(body.csv)))
    return once(offline.bring_uses, command, render=_counted_json, status=200)


@router.get("/conflicts", responses=responses(400, 401, 403, 503))
def list_conflicts(page: PageHere, database: DatabaseHere, principal: ConflictReader) -> Response:
    """Uses that could not be counted as stated, newest first: a shop's own; all for overseers."""
    before = None if page.after is None else UUID(str(page.after[0]))
    own = None if principal.kind is PrincipalKind.PERSON else _shop_of(principal)
    with database.read() as work:
        found = offline_store.conflicts(work, source=own, before=before, limit=page.fetch)
    return page.answer(found, key=lambda row: [str(row.conflict_id)], render=_conflict_json)


@router.post("/{code_id}/cancel", status_code=200, responses=once_responses(404))
def cancel(code_id: str, once: OnceHere, member_id: CurrentMember, _: MemberHere) -> Response:
    """Take an unused code back; again changes nothing."""
    command = CancelCode(member_id, parse_id("cod", code_id))
    return once(codes.cancel, command, render=redemption_json, status=200)


@router.post("/use", status_code=200, responses=once_responses(404, 410))
def use(body: UseBody, once: OnceHere, principal: ShopHere) -> Response:
    """Spend a code on an order, once; answers how the discount spreads over its lines."""
    command = UseCode(caller_of(principal), body.code, body.order)
    return once(code_use.use, command, render=redemption_json, status=200)


def _issued_json(issued: CodeIssued) -> dict[str, Json]:
    """What is stored for a repetition: all but the code itself."""
    return {**code_json(issued.code, issued.redemption), "code": None}


def _shop_of(principal: Principal) -> str:
    """The source that a key is of.

    Raises:
        CodesNotOffered: a key of none sells nothing.
    """
    source = caller_of(principal).source
    if source is None:
        raise CodesNotOffered("This key is of no shop.", source=None)
    return source


def _counted_json(found: list[Counted]) -> dict[str, Json]:
    """In the order brought; never the code."""
    rows: list[Json] = [
        {
            "order": each.use.order,
            "status": each.status,
            "given_minor": each.use.given_minor,
            "captured_minor": each.captured_minor,
            "code": each.reason,
            "detail": each.message,
        }
        for each in found
    ]
    statuses = [each.status for each in found]
    return {
        "used": statuses.count("used"),
        "used_before": statuses.count("used_before"),
        "conflicts": statuses.count("conflict"),
        "data": rows,
    }


def _conflict_json(row: Conflict) -> dict[str, Json]:
    return {
        "id": format_id("ccf", row.conflict_id),
        "source": row.source,
        "code_digest": None if row.code_digest is None else row.code_digest.hex(),
        "order": row.order_number,
        "code": row.reason,
        "content": row.content,
        "used_at": Instant.of(row.used_at).isoformat(),
        "recorded_at": Instant.of(row.recorded_at).isoformat(),
    }
