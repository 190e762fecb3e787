"""``/v1/members/{id}/block``: one admin keeps a member out, another lets them in again."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Depends
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from api.auth.model import Principal, Role
from api.blocking import block_and_sign_out
from api.http.parts import DatabaseHere
from api.http.principal import current_member, require_role
from api.http.problems import responses
from ledger.kernel.clock import Instant
from ledger.kernel.ids import format_id, parse_id
from ledger.kernel.transaction import execute
from ledger.members import service as members
from ledger.members.blocks import service, store
from ledger.members.blocks.model import BLOCK_REASON_LENGTH_MAX, Block, Unblock

router: Final = APIRouter(prefix="/v1/members", tags=["members"])

Admin = Annotated[Principal, Depends(require_role(Role.ADMIN))]
Overseer = Annotated[Principal, Depends(require_role(Role.ADMIN, Role.AUDITOR))]


class ReasonBody(BaseModel):
    """Why."""

    model_config = ConfigDict(extra="forbid")

    reason: Annotated[str, Field(min_length=1, max_length=BLOCK_REASON_LENGTH_MAX)]


@router.get("/{member_id}/blocks", responses=responses(401, 403, 404, 422, 503))
def history(member_id: str, _: Overseer, database: DatabaseHere) -> JSONResponse:
    """What was done to a member, newest first; a reason is absent once its words were erased."""
    target = parse_id("mem", member_id)
    with database.read() as work:
        members.require_member(work, target)
        found = store.history(work, target)
    lines = [
        {
            "action": one.action,
            "by": format_id("mem", one.by),
            "at": Instant.of(one.recorded_at).isoformat(),
            "reason": one.reason,
        }
        for one in found
    ]
    return JSONResponse({"data": lines, "next_cursor": None})


@router.post("/{member_id}/block", responses=responses(401, 403, 404, 409, 415, 422, 503))
def block(member_id: str, body: ReasonBody, admin: Admin, database: DatabaseHere) -> JSONResponse:
    """Keep a member from taking part, and end their sessions."""
    command = Block(parse_id("mem", member_id), current_member(admin), body.reason)
    execute(database, block_and_sign_out, command)
    return JSONResponse({"member": member_id, "status": "blocked"})


@router.post("/{member_id}/unblock", responses=responses(401, 403, 404, 409, 415, 422, 503))
def unblock(member_id: str, body: ReasonBody, admin: Admin, database: DatabaseHere) -> JSONResponse:
    """Lift a block; needs another person than who set it."""
    command = Unblock(parse_id("mem", member_id), current_member(admin), body.reason)
    execute(database, service.unblock, command)
    return JSONResponse({"member": member_id, "status": "active"})
