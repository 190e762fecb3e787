"""``/v1/units``: programmes beside the one whose points are redeemed, each in its own unit."""

from __future__ import annotations

from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Depends
from fastapi.responses import JSONResponse
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from api.auth.model import Principal
from api.http.parts import DatabaseHere
from api.http.principal import CurrentMember, PrincipalHere, allow, require_role
from api.http.problems import responses
from ledger.kernel.canonical import Json
from ledger.kernel.clock import Instant
from ledger.kernel.ids import format_id, parse_id
from ledger.kernel.transaction import Database, execute
from ledger.scoring.model import Entitlement, EventCause
from ledger.units import service
from ledger.units.model import PREFIX, ApproveUnit, CloseUnit, ProposeUnit, UnitChange, UnitStanding

router: Final = APIRouter(prefix="/v1", tags=["units"])
Admin = Annotated[Principal, Depends(require_role("admin"))]
Hash = Annotated[str, Field(pattern=r"^0x[0-9a-f]{64}$")]
_onlooker = allow(roles=("admin", "auditor"), scopes=("balances:read",))


class UnitBody(BaseModel):
    """A stored version, and since when it shall count in its unit."""

    model_config = ConfigDict(extra="forbid")

    programme: Hash
    effective_at: AwareDatetime


class ApprovalBody(BaseModel):
    """The version that was read."""

    model_config = ConfigDict(extra="forbid")

    programme: Hash


@router.post("/units/changes", status_code=201, responses=responses(400, 401, 403, 404, 422, 503))
def propose(
    body: UnitBody, member_id: CurrentMember, _: Admin, database: DatabaseHere
) -> JSONResponse:
    """Propose that a version count beside; another admin has to approve it."""
    command = ProposeUnit(bytes.fromhex(body.programme[2:]), body.effective_at, member_id)
    return JSONResponse(_change(execute(database, service.propose_unit, command)), 201)


@router.post(
    "/units/changes/{change_id}/approval", responses=responses(400, 401, 403, 404, 409, 503)
)
def approve(
    change_id: str, body: ApprovalBody, member_id: CurrentMember, _: Admin, database: DatabaseHere
) -> JSONResponse:
    """The second person's yes to exactly this version."""
    wanted = parse_id(PREFIX, change_id)
    command = ApproveUnit(wanted, bytes.fromhex(body.programme[2:]), member_id)
    return JSONResponse(_change(execute(database, service.approve_unit, command)))


@router.post("/units/changes/{change_id}/close", responses=responses(401, 403, 404, 409, 503))
def close(
    change_id: str, member_id: CurrentMember, _: Admin, database: DatabaseHere
) -> JSONResponse:
    """Withdraw one's own proposal, or reject another's."""
    command = CloseUnit(parse_id(PREFIX, change_id), member_id)
    return JSONResponse(_change(execute(database, service.close_unit, command)))


@router.get("/members/me/units", responses=responses(401, 403, 503))
def mine(member_id: CurrentMember, database: DatabaseHere) -> JSONResponse:
    """What whoever asks has in each unit, with every award and its receipt."""
    return _answer(database, member_id)


@router.get("/members/{member_id}/units", responses=responses(401, 403, 404, 503))
def of_member(member_id: str, principal: PrincipalHere, database: DatabaseHere) -> JSONResponse:
    """A member's, for the member, admins, auditors and machines with ``balances:read``."""
    wanted = parse_id("mem", member_id)
    if principal.member_id != wanted:
        _onlooker(principal)
    return _answer(database, wanted)


def _answer(database: Database, member_id: UUID) -> JSONResponse:
    with database.read() as work:
        found = service.units_of(work, member_id)
    return JSONResponse({"data": [_standing(each) for each in found], "next_cursor": None})


def _standing(found: UnitStanding) -> dict[str, Json]:
    reached, following = found.reached.level, found.reached.following
    return {
        "unit": found.unit,
        "programme": found.programme.hash_text,
        "amount": found.standing.points.amount,
        "level": None if reached is None else reached.level_id,
        "next": None if following is None else following.level_id,
        "missing": found.reached.missing.amount,
        "awards": [_award(each) for each in found.awards],
    }


def _award(award: Entitlement) -> dict[str, Json]:
    cause = award.cause
    event: Json = None
    period: Json = None
    if isinstance(cause, EventCause):
        event = {"source": cause.source, "id": cause.id}
    else:
        period = cause.period
    return {
        "rule": award.rule,
        "event": event,
        "period": period,
        "earned_at": award.earned_at.isoformat(),
        "amount": award.points.amount,
        "excess": award.excess.amount,
        "receipt": award.receipt.to_json(),
    }


def _change(change: UnitChange) -> dict[str, Json]:
    return {
        "id": format_id(PREFIX, change.change_id),
        "unit": change.unit,
        "programme": f"0x{change.programme_hash.hex()}",
        "effective_at": Instant.of(change.effective_at).isoformat(),
        "proposed_by": format_id("mem", change.proposed_by),
        "approved_by": None if change.approved_by is None else format_id("mem", change.approved_by),
        "closed_by": None if change.closed_by is None else format_id("mem", change.closed_by),
    }
