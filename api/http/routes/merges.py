"""``/v1/member-merges``: two members found to be one person, and one found to be two.

One admin proposes, another approves by the hash of the exact content; neither is one of the two.
The effect is shown before anybody decides.
"""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict, Field

from api.auth.model import Principal, Role
from api.http.idempotency import OnceHere, once_responses
from api.http.pagination import PageHere
from api.http.parts import DatabaseHere
from api.http.principal import current_member, require_role
from api.http.problems import responses
from api.merging import approve as approve_and_sign_out
from ledger.kernel.canonical import Json
from ledger.kernel.clock import Instant
from ledger.kernel.ids import format_id, parse_id
from ledger.merges import effect as effects
from ledger.merges import service, store
from ledger.merges.model import (
    REASON_LENGTH_MAX,
    ApproveMerge,
    CloseMerge,
    Difference,
    Effect,
    Merge,
    ProposeMerge,
    ProposeSplit,
    Side,
)

router: Final = APIRouter(prefix="/v1/member-merges", tags=["members"])

PREFIX: Final = "mrg"
Admin = Annotated[Principal, Depends(require_role(Role.ADMIN))]
Overseer = Annotated[Principal, Depends(require_role(Role.ADMIN, Role.AUDITOR))]
MemberId = Annotated[str, Field(max_length=64)]
Reason = Annotated[str, Field(min_length=1, max_length=REASON_LENGTH_MAX)]


class MergeBody(BaseModel):
    """Who goes on for both, and who is the same person."""

    model_config = ConfigDict(extra="forbid")

    survivor: MemberId
    absorbed: MemberId
    reason: Reason


class SplitBody(BaseModel):
    """Why the merge was a mistake."""

    model_config = ConfigDict(extra="forbid")

    reason: Reason


class ApprovalBody(BaseModel):
    """The hash of the content that is approved, as the proposal states it."""

    model_config = ConfigDict(extra="forbid")

    content: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


@router.get("/effect", responses=responses(401, 403, 404, 409, 422, 503))
def effect_of_two(
    survivor: Annotated[str, Query(max_length=64)],
    absorbed: Annotated[str, Query(max_length=64)],
    database: DatabaseHere,
    _: Overseer,
) -> JSONResponse:
    """What merging these two would do: what each has, and which awards would change."""
    pair = parse_id("mem", survivor), parse_id("mem", absorbed)
    with database.read() as work:
        return JSONResponse(effect_json(effects.effect_of_merge(work, *pair)))


@router.get("", responses=responses(400, 401, 403, 503))
def list_merges(page: PageHere, database: DatabaseHere, _: Overseer) -> JSONResponse:
    """Merges and splits, newest first."""
    before = None if page.after is None else parse_id(PREFIX, str(page.after[0]))
    with database.read() as work:
        found = store.page(work, before=before, limit=page.fetch)
    return page.answer(found, key=lambda one: [format_id(PREFIX, one.merge_id)], render=merge_json)


@router.post("", status_code=201, responses=once_responses(404))
def propose(body: MergeBody, once: OnceHere, admin: Admin) -> Response:
    """Propose that two members are one person; nothing is done until another admin approves."""
    survivor, absorbed = parse_id("mem", body.survivor), parse_id("mem", body.absorbed)
    command = ProposeMerge(survivor, absorbed, body.reason, current_member(admin))
    return once(service.propose_merge, command, render=merge_json)


@router.get("/{merge_id}", responses=responses(401, 403, 404, 503))
def get(merge_id: str, database: DatabaseHere, _: Overseer) -> JSONResponse:
    """One merge or split."""
    with database.read() as work:
        return JSONResponse(merge_json(service.find(work, parse_id(PREFIX, merge_id))))


@router.get("/{merge_id}/effect", responses=responses(401, 403, 404, 409, 422, 503))
def effect(merge_id: str, database: DatabaseHere, _: Overseer) -> JSONResponse:
    """What approving a proposal would do, by the facts known now."""
    with database.read() as work:
        found = effects.effect_of(work, service.find(work, parse_id(PREFIX, merge_id)))
    return JSONResponse(effect_json(found))


@router.post("/{merge_id}/split", status_code=201, responses=once_responses(404))
def propose_split(merge_id: str, body: SplitBody, once: OnceHere, admin: Admin) -> Response:
    """Propose to undo a merge; the answer is a proposal of its own, to be approved by another."""
    command = ProposeSplit(parse_id(PREFIX, merge_id), body.reason, current_member(admin))
    return once(service.propose_split, command, render=merge_json)


@router.post("/{merge_id}/approve", status_code=200, responses=once_responses(404))
def approve(merge_id: str, body: ApprovalBody, once: OnceHere, admin: Admin) -> Response:
    """Stand for exactly this merge or split; it is done at once, points and awards included."""
    content = bytes.fromhex(body.content)
    command = ApproveMerge(parse_id(PREFIX, merge_id), content, current_member(admin))
    return once(approve_and_sign_out, command, render=merge_json, status=200)


@router.post("/{merge_id}/close", status_code=200, responses=once_responses(404))
def close(merge_id: str, once: OnceHere, admin: Admin) -> Response:
    """Withdraw one's own proposal, or reject another's."""
    command = CloseMerge(parse_id(PREFIX, merge_id), current_member(admin))
    return once(service.close, command, render=merge_json, status=200)


def merge_json(merge: Merge) -> dict[str, Json]:
    """A merge or split as it is shown; ``content`` is what an approval carries."""
    decided_by, decided_at = merge.decided_by, merge.decided_at
    return {
        "id": format_id(PREFIX, merge.merge_id),
        "survivor": format_id("mem", merge.survivor),
        "absorbed": format_id("mem", merge.absorbed),
        "undoes": None if merge.undoes is None else format_id(PREFIX, merge.undoes),
        "reason": merge.reason,
        "content": merge.content_digest.hex(),
        "state": merge.state.value,
        "proposed_by": format_id("mem", merge.proposed_by),
        "proposed_at": Instant.of(merge.proposed_at).isoformat(),
        "decided_by": None if decided_by is None else format_id("mem", decided_by),
        "decided_at": None if decided_at is None else Instant.of(decided_at).isoformat(),
    }


def effect_json(effect: Effect) -> dict[str, Json]:
    """An effect as it is shown; ``differing`` counts all, ``differences`` are the first."""
    return {
        "survivor": _side_json(effect.survivor),
        "absorbed": _side_json(effect.absorbed),
        "awarded_after": effect.awarded_after,
        "differing": effect.differing,
        "differences": [_difference_json(each) for each in effect.differences],
    }


def _side_json(side: Side) -> dict[str, Json]:
    return {
        "member": format_id("mem", side.member_id),
        "pending": side.pending.amount,
        "available": side.available.amount,
        "held": side.held.amount,
        "debt": side.debt.amount,
        "awarded": side.awarded,
        "identities": side.identities,
    }


def _difference_json(each: Difference) -> dict[str, Json]:
    return {
        "rule": each.rule_id,
        "event": None if each.event_id is None else format_id("evt", each.event_id),
        "period": each.period,
        "before": each.before,
        "after": each.after,
    }
