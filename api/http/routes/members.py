"""``/v1/members``: who takes part, and the roles that two admins give."""

from __future__ import annotations

from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Depends
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict

from api.auth.model import Principal, PrincipalKind
from api.auth.model import Role as AnyRole
from api.auth.sessions import close_sessions_of
from api.http.pagination import PageHere
from api.http.parts import DatabaseHere
from api.http.principal import CurrentMember, allow, current_member, require_role
from api.http.problems import responses
from ledger.kernel.canonical import Json
from ledger.kernel.ids import format_id, parse_id
from ledger.kernel.transaction import Work, execute
from ledger.members import service, store
from ledger.members.model import ApproveRole, Member, ProposeRole, RevokeRole, Role, RoleGrant
from ledger.wallets.service import wallet_of

router: Final = APIRouter(prefix="/v1/members", tags=["members"])

Reader = Annotated[
    Principal, Depends(allow(roles=(AnyRole.ADMIN, AnyRole.AUDITOR), scopes=("members:read",)))
]
Admin = Annotated[Principal, Depends(require_role(AnyRole.ADMIN))]


class RoleBody(BaseModel):
    """A role to propose."""

    model_config = ConfigDict(extra="forbid")

    role: Role


@router.get("/me", responses=responses(401, 403, 503))
def me(member_id: CurrentMember, database: DatabaseHere) -> JSONResponse:
    """The member who asks."""
    with database.read() as work:
        return JSONResponse(_whole(work, service.require_member(work, member_id)))


@router.get("", responses=responses(400, 401, 403, 422, 503))
def list_members(page: PageHere, reader: Reader, database: DatabaseHere) -> JSONResponse:
    """Everybody, in the order they came in. Names are shown to persons only, not to keys."""
    after = None if page.after is None else UUID(str(page.after[0]))
    with database.read() as work:
        found = store.list_members(work, after=after, limit=page.fetch)
    named = reader.kind is PrincipalKind.PERSON
    return page.answer(
        found,
        key=lambda member: [str(member.member_id)],
        render=lambda member: _member_json(member, named=named),
    )


@router.get("/roles", responses=responses(401, 403, 503))
def list_roles(
    _: Annotated[Principal, Depends(require_role(AnyRole.ADMIN, AnyRole.AUDITOR))],
    database: DatabaseHere,
) -> JSONResponse:
    """Every role given or proposed: as few as there are people with power."""
    with database.read() as work:
        grants = store.list_roles(work)
    return JSONResponse({"data": [_grant_json(grant) for grant in grants], "next_cursor": None})


@router.get("/{member_id}", responses=responses(401, 403, 404, 503))
def one(member_id: str, reader: Reader, database: DatabaseHere) -> JSONResponse:
    """One member."""
    with database.read() as work:
        member = service.require_member(work, parse_id("mem", member_id))
        if reader.kind is PrincipalKind.PERSON:
            return JSONResponse(_whole(work, member))
    return JSONResponse(_member_json(member, named=False))


@router.post(
    "/{member_id}/roles", status_code=202, responses=responses(400, 401, 403, 404, 409, 415, 503)
)
def propose(member_id: str, body: RoleBody, admin: Admin, database: DatabaseHere) -> JSONResponse:
    """Propose a role; another admin has to approve it."""
    target = parse_id("mem", member_id)
    command = ProposeRole(target, body.role, current_member(admin))
    execute(database, service.propose_role, command)
    return JSONResponse({"member": member_id, "role": body.role, "state": "proposed"}, 202)


@router.post(
    "/{member_id}/roles/{role}/approval", responses=responses(401, 403, 404, 409, 422, 503)
)
def approve(member_id: str, role: Role, admin: Admin, database: DatabaseHere) -> JSONResponse:
    """The second person's yes to a proposed role."""
    command = ApproveRole(parse_id("mem", member_id), role, current_member(admin))
    execute(database, service.approve_role, command)
    return JSONResponse({"member": member_id, "role": role, "state": "granted"})


@router.delete(
    "/{member_id}/roles/{role}", status_code=204, responses=responses(401, 403, 404, 409, 422, 503)
)
def revoke(member_id: str, role: Role, admin: Admin, database: DatabaseHere) -> Response:
    """Take a role or its proposal away, and end the member's sessions: less power needs one."""

    def revoke_and_sign_out(work: Work, command: RevokeRole) -> None:
        service.revoke_role(work, command)
        close_sessions_of(work, command.member_id)

    command = RevokeRole(parse_id("mem", member_id), role, current_member(admin))
    execute(database, revoke_and_sign_out, command)
    return Response(status_code=204)


def _whole(work: Work, member: Member) -> dict[str, Json]:
    roles = sorted(role.value for role in service.roles_of(work, member.member_id))
    return {
        **_member_json(member, named=True),
        "roles": roles,
        "wallet": wallet_of(work, member.member_id),
    }


def _member_json(member: Member, *, named: bool) -> dict[str, Json]:
    told: dict[str, Json] = {
        "id": format_id("mem", member.member_id),
        "status": member.status.value,
        "locale": member.locale,
        "created_at": member.created_at.isoformat().replace("+00:00", "Z"),
    }
    if member.merged_into is not None:
        told["merged_into"] = format_id("mem", member.merged_into)
    return {**told, "display_name": member.display_name} if named else told


def _grant_json(grant: RoleGrant) -> dict[str, Json]:
    def person(member_id: UUID | None) -> str | None:
        return None if member_id is None else format_id("mem", member_id)

    return {
        "member": person(grant.member_id),
        "role": grant.role.value,
        "state": grant.state,
        "proposed_by": person(grant.proposed_by),
        "approved_by": person(grant.approved_by),
    }
