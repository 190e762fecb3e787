"""Asking for a budget, and opening what another administrator asked for; shown with the grants."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Form
from fastapi.responses import Response

from api.http.parts import DatabaseHere
from api.pages.admin import ActingAdmin
from api.pages.rendering import ViewHere
from ledger.grants.budgets import service
from ledger.grants.budgets.model import ApproveBudget, CloseBudget, ProposeBudget
from ledger.grants.model import BUDGET_AMOUNT_MAX, NAME_LENGTH_MAX
from ledger.kernel.ids import parse_id
from ledger.kernel.transaction import execute
from ledger.kernel.units import Points

router: Final = APIRouter(prefix="/admin/budgets", include_in_schema=False)

_BACK: Final = "/admin/grants"


@router.post("")
def propose(
    view: ViewHere,
    database: DatabaseHere,
    admin: ActingAdmin,
    *,
    name: Annotated[str, Form(min_length=1, max_length=NAME_LENGTH_MAX)],
    points: Annotated[int, Form(ge=1, le=BUDGET_AMOUNT_MAX)],
) -> Response:
    """Ask to set points aside for grants."""
    execute(database, service.propose, ProposeBudget(name, Points(points), admin))
    return view.redirect(_BACK, notice="admin.grants.budget_proposed")


@router.post("/{budget_id}/approve")
def approve(
    budget_id: str,
    view: ViewHere,
    database: DatabaseHere,
    admin: ActingAdmin,
    *,
    content: Annotated[str, Form(pattern="^[0-9a-f]{64}$")],
) -> Response:
    """Open a budget of exactly the content that was shown."""
    command = ApproveBudget(parse_id("bud", budget_id), admin, bytes.fromhex(content))
    execute(database, service.approve, command)
    return view.redirect(_BACK, notice="admin.grants.budget_opened")


@router.post("/{budget_id}/close")
def close(budget_id: str, view: ViewHere, database: DatabaseHere, admin: ActingAdmin) -> Response:
    """Withdraw one's own proposal, or reject another's."""
    execute(database, service.close, CloseBudget(parse_id("bud", budget_id), admin))
    return view.redirect(_BACK, notice="admin.grants.budget_closed")
