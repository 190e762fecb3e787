"""Taking a paid grant back, shown with the grants."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Form
from fastapi.responses import Response

from api.http.parts import DatabaseHere
from api.pages.admin import ActingAdmin
from api.pages.rendering import ViewHere
from ledger.grants.model import REASON_LENGTH_MAX
from ledger.grants.taking_back import service
from ledger.grants.taking_back.model import ApproveTakeBack, AskTakeBack, CloseTakeBack
from ledger.kernel.ids import parse_id
from ledger.kernel.transaction import execute

router: Final = APIRouter(prefix="/admin/grants/{grant_id}/take-back", include_in_schema=False)

_BACK: Final = "/admin/grants"


@router.post("")
def ask(
    grant_id: str,
    view: ViewHere,
    database: DatabaseHere,
    admin: ActingAdmin,
    *,
    reason: Annotated[str, Form(min_length=1, max_length=REASON_LENGTH_MAX)],
) -> Response:
    """Ask that what a grant paid be taken back."""
    execute(database, service.ask, AskTakeBack(parse_id("grt", grant_id), admin, reason))
    return view.redirect(_BACK, notice="admin.grants.take_back_asked")


@router.post("/approve")
def approve(
    grant_id: str,
    view: ViewHere,
    database: DatabaseHere,
    admin: ActingAdmin,
    *,
    content: Annotated[str, Form(pattern="^[0-9a-f]{64}$")],
) -> Response:
    """Let exactly what was shown be done."""
    command = ApproveTakeBack(parse_id("grt", grant_id), admin, bytes.fromhex(content))
    execute(database, service.approve, command)
    return view.redirect(_BACK, notice="admin.grants.take_back_approved")


@router.post("/close")
def close(grant_id: str, view: ViewHere, database: DatabaseHere, admin: ActingAdmin) -> Response:
    """Withdraw what one asked for, or reject what another did."""
    execute(database, service.close, CloseTakeBack(parse_id("grt", grant_id), admin))
    return view.redirect(_BACK, notice="admin.grants.take_back_closed")
