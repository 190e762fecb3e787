"""Taking back what a grant paid: one admin asks and says why, another approves."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from api.auth.model import Principal
from api.http.idempotency import OnceHere, once_responses
from api.http.parts import DatabaseHere
from api.http.principal import CurrentMember, allow, require_role
from api.http.problems import responses
from ledger.grants import service as grants
from ledger.grants.model import REASON_LENGTH_MAX
from ledger.grants.taking_back import service, store
from ledger.grants.taking_back.model import ApproveTakeBack, AskTakeBack, CloseTakeBack, TakeBack
from ledger.kernel.clock import Instant
from ledger.kernel.ids import format_id, parse_id

router = APIRouter(prefix="/v1/grants/{grant_id}/take-back", tags=["grants"])

Admin = Annotated[Principal, Depends(require_role("admin"))]
Reader = Annotated[Principal, Depends(allow(roles=("admin", "auditor"), scopes=("grants:read",)))]


class TakeBackBody(BaseModel):
    """Why; the members concerned see it."""

    model_config = ConfigDict(extra="forbid")

    reason: Annotated[str, Field(min_length=1, max_length=REASON_LENGTH_MAX)]


class TakeBackApprovalBody(BaseModel):
    """The hash of the content that is approved, as it was stated when it was asked for."""

    model_config = ConfigDict(extra="forbid")

    content: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


@router.post("", status_code=201, responses=once_responses(404))
def ask(
    grant_id: str, body: TakeBackBody, once: OnceHere, member: CurrentMember, _: Admin
) -> Response:
    """Ask that what a grant paid be taken back; nothing is until another admin approves."""
    command = AskTakeBack(parse_id("grt", grant_id), member, body.reason)
    return once(service.ask, command, render=take_back_json)


@router.get("", responses=responses(401, 403, 404, 503))
def asked(grant_id: str, database: DatabaseHere, _: Reader) -> dict[str, Any]:
    """What was asked for of a grant and how it ended, oldest first."""
    wanted = parse_id("grt", grant_id)
    with database.read() as work:
        grants.find(work, wanted)
        found = store.of_grants(work, [wanted]).get(wanted, [])
    return {"data": [take_back_json(each) for each in found], "next_cursor": None}


@router.post("/approve", status_code=200, responses=once_responses(404))
def approve(
    grant_id: str, body: TakeBackApprovalBody, once: OnceHere, member: CurrentMember, _: Admin
) -> Response:
    """Let it be done: what is left is revoked, what was spent becomes debt."""
    content = bytes.fromhex(body.content)
    command = ApproveTakeBack(parse_id("grt", grant_id), member, content)
    return once(service.approve, command, render=take_back_json, status=200)


@router.post("/close", status_code=200, responses=once_responses(404))
def close(grant_id: str, once: OnceHere, member: CurrentMember, _: Admin) -> Response:
    """Withdraw what one asked for, or reject what another did."""
    command = CloseTakeBack(parse_id("grt", grant_id), member)
    return once(service.close, command, render=take_back_json, status=200)


def take_back_json(asked: TakeBack) -> dict[str, Any]:
    """What was asked for; ``content`` is what an approval repeats."""
    decided = asked.decided
    return {
        "id": format_id("gtb", asked.take_back_id),
        "grant": format_id("grt", asked.grant_id),
        "state": asked.state,
        "reason": asked.reason,
        "asked_by": format_id("mem", asked.asked_by),
        "asked_at": _text(asked.asked_at),
        "due_from": _text(asked.due_from),
        "content": asked.content_digest.hex(),
        "decided_by": None if decided is None else format_id("mem", decided.decided_by),
        "decided_at": None if decided is None else _text(decided.decided_at),
    }


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else Instant.of(moment).isoformat()
