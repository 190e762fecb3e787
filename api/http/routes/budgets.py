"""Budgets: asked for by one admin, opened by another; grants and imports come out of them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict, Field

from api.auth.model import Principal
from api.http.idempotency import OnceHere, once_responses
from api.http.pagination import PageHere
from api.http.parts import DatabaseHere
from api.http.principal import CurrentMember, allow, require_role
from api.http.problems import responses
from ledger.grants import store as grants
from ledger.grants.budgets import service, store
from ledger.grants.budgets.model import ApproveBudget, BudgetProposal, CloseBudget, ProposeBudget
from ledger.grants.model import BUDGET_AMOUNT_MAX, NAME_LENGTH_MAX, Budget
from ledger.kernel.clock import Instant
from ledger.kernel.ids import format_id, parse_id
from ledger.kernel.units import Points

router = APIRouter(prefix="/v1/budgets", tags=["grants"])

NOTICES_MAX = 100
Admin = Annotated[Principal, Depends(require_role("admin"))]
Reader = Annotated[Principal, Depends(allow(roles=("admin", "auditor"), scopes=("grants:read",)))]


class BudgetBody(BaseModel):
    """A new budget."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(min_length=1, max_length=NAME_LENGTH_MAX)]
    points: Annotated[int, Field(strict=True, ge=1, le=BUDGET_AMOUNT_MAX)]


class BudgetApprovalBody(BaseModel):
    """The hash of the content that is approved, as the proposal states it."""

    model_config = ConfigDict(extra="forbid")

    content: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


@router.post("", status_code=201, responses=once_responses())
def propose(body: BudgetBody, once: OnceHere, member: CurrentMember, _: Admin) -> Response:
    """Ask to set points aside; the budget opens, with this id, when another admin approves."""
    command = ProposeBudget(body.name, Points(body.points), member)
    return once(service.propose, command, render=proposal_json)


@router.get("", responses=responses(401, 403, 503))
def budgets(database: DatabaseHere, _: Reader) -> dict[str, Any]:
    """Every open budget, with what is left of it."""
    with database.read() as work:
        found = grants.read_budgets(work)
    return {"data": [budget_json(budget) for budget in found], "next_cursor": None}


@router.get("/proposals", responses=responses(400, 401, 403, 422, 503))
def proposals(page: PageHere, database: DatabaseHere, _: Reader) -> JSONResponse:
    """What was asked for and how it ended, newest first."""
    before = None if page.after is None else parse_id("bud", str(page.after[0]))
    with database.read() as work:
        found = store.list_proposals(work, before=before, limit=page.fetch)
    return page.answer(
        found, key=lambda each: [format_id("bud", each.budget_id)], render=proposal_json
    )


@router.get("/notices", responses=responses(503))
def notices(database: DatabaseHere) -> dict[str, Any]:
    """Public: budgets that a single admin may open after a stated time, unless withdrawn."""
    with database.read() as work:
        found = store.announced(work, NOTICES_MAX)
    data = [
        {
            "id": format_id("bud", each.budget_id),
            "points": each.amount.amount,
            "proposed_at": _text(each.proposed_at),
            "open_from": _text(each.open_from),
        }
        for each in found
    ]
    return {"data": data, "next_cursor": None}


@router.get("/{budget_id}", responses=responses(401, 403, 404, 503))
def get(budget_id: str, database: DatabaseHere, _: Reader) -> dict[str, Any]:
    """One budget as it was asked for."""
    wanted = parse_id("bud", budget_id)
    with database.read() as work:
        return proposal_json(service.find(work, wanted))


@router.post("/{budget_id}/approve", status_code=200, responses=once_responses(404))
def approve(
    budget_id: str, body: BudgetApprovalBody, once: OnceHere, member: CurrentMember, _: Admin
) -> Response:
    """Open a budget of exactly this content, asked for by somebody else."""
    command = ApproveBudget(parse_id("bud", budget_id), member, bytes.fromhex(body.content))
    return once(service.approve, command, render=proposal_json, status=200)


@router.post("/{budget_id}/close", status_code=200, responses=once_responses(404))
def close(budget_id: str, once: OnceHere, member: CurrentMember, _: Admin) -> Response:
    """Withdraw one's own proposal, or reject another's."""
    command = CloseBudget(parse_id("bud", budget_id), member)
    return once(service.close, command, render=proposal_json, status=200)


def budget_json(budget: Budget) -> dict[str, Any]:
    """An open budget as clients see it."""
    return {
        "id": format_id("bud", budget.budget_id),
        "name": budget.name,
        "points": budget.amount.amount,
        "paid": budget.paid.amount,
        "left": budget.left.amount,
        "opened_by": format_id("mem", budget.opened_by),
        "opened_at": _text(budget.opened_at),
    }


def proposal_json(proposal: BudgetProposal) -> dict[str, Any]:
    """A budget as it was asked for; ``content`` is what an approval repeats."""
    decided = proposal.decided
    by = None if decided is None else decided.decided_by
    return {
        "id": format_id("bud", proposal.budget_id),
        "state": proposal.state,
        "name": proposal.name,
        "points": proposal.amount.amount,
        "proposed_by": format_id("mem", proposal.proposed_by),
        "proposed_at": _text(proposal.proposed_at),
        "open_from": _text(proposal.open_from),
        "content": proposal.content_digest.hex(),
        "decided_by": None if by is None else format_id("mem", by),
        "vote": None if decided is None or decided.vote is None else dict(decided.vote),
        "decided_at": None if decided is None else _text(decided.decided_at),
    }


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else Instant.of(moment).isoformat()
