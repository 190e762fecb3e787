"""From which pages members see and spend their points: origins, each by two persons."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Form
from fastapi.responses import Response

from api.http.pagination import LIMIT_MAX
from api.http.parts import DatabaseHere
from api.http.routes.embedding import PREFIX
from api.pages.admin import ActingAdmin, Overseer, names_of
from api.pages.rendering import View, ViewHere
from api.pages.reserve import said
from ledger.events.credentials import service as credentials
from ledger.events.credentials.model import ApproveCredential, RejectCredential
from ledger.events.origins import service, store
from ledger.events.origins.model import ORIGIN_LENGTH_MAX, EndOrigin, ProposeOrigin
from ledger.events.sources import store as sources
from ledger.events.sources.model import IMPORT_PROFILE, is_internal
from ledger.kernel.errors import VkladError
from ledger.kernel.ids import format_id, parse_id
from ledger.kernel.transaction import Database, execute

router: Final = APIRouter(prefix="/admin/sources/embedding", include_in_schema=False)

PATH: Final = "/admin/sources/embedding"
Digest = Annotated[str, Form(pattern="^[0-9a-f]{64}$")]


@router.get("")
def embedding(view: ViewHere, database: DatabaseHere, _: Overseer) -> Response:
    """Every origin, and who stands for it."""
    return _page(view, database)


@router.post("")
def propose(
    view: ViewHere,
    database: DatabaseHere,
    admin: ActingAdmin,
    source: Annotated[str, Form(max_length=64)] = "",
    origin: Annotated[str, Form(max_length=ORIGIN_LENGTH_MAX)] = "",
) -> Response:
    """Propose an origin, or say in the form what is wrong with it."""
    typed = origin.strip()
    try:
        execute(database, service.propose_origin, ProposeOrigin(source, typed, admin))
    except VkladError as error:
        return _page(view, database, typed=(source, typed), error=error)
    return view.redirect(PATH, notice="embed.admin.proposed")


@router.post("/{origin_id}/approve")
def approve(
    origin_id: str, view: ViewHere, database: DatabaseHere, admin: ActingAdmin, *, digest: Digest
) -> Response:
    """Let pages of exactly the origin that was shown embed us."""
    command = ApproveCredential(parse_id(PREFIX, origin_id), bytes.fromhex(digest), admin)
    execute(database, credentials.approve, command)
    return view.redirect(PATH, notice="embed.admin.approved")


@router.post("/{origin_id}/reject")
def reject(origin_id: str, view: ViewHere, database: DatabaseHere, admin: ActingAdmin) -> Response:
    """Turn an origin down, or take it back."""
    execute(database, credentials.reject, RejectCredential(parse_id(PREFIX, origin_id), admin))
    return view.redirect(PATH, notice="embed.admin.rejected")


@router.post("/{origin_id}/end")
def end(origin_id: str, view: ViewHere, database: DatabaseHere, admin: ActingAdmin) -> Response:
    """Show nothing there any more, at once."""
    execute(database, service.end_origin, EndOrigin(parse_id(PREFIX, origin_id), admin))
    return view.redirect(PATH, notice="embed.admin.ended")


def _page(
    view: View,
    database: Database,
    *,
    typed: tuple[str, str] = ("", ""),
    error: VkladError | None = None,
) -> Response:
    with database.read() as work:
        found = store.list_origins(work, LIMIT_MAX)
        doors = [
            each.name
            for each in sources.list_sources(work)
            if each.profile != IMPORT_PROFILE and not is_internal(each)
        ]
        names = names_of(
            work, [who for one in found for who in (one.proposed_by, one.decided_by, one.ended_by)]
        )
        now = work.now
    return view.render(
        "admin/embedding.html",
        status=200 if error is None else 422,
        waiting=[one for one in found if one.state == "draft" and one.ended_at is None],
        live=[one for one in found if one.is_live],
        before=[one for one in found if one.state == "rejected" or one.ended_at is not None],
        sources=[(name, name) for name in doors],
        typed=typed,
        problem=None if error is None else said(view, error),
        names=names,
        my_id=view.principal.member_id if view.principal else None,
        now=now,
        origin_id=lambda one: format_id(PREFIX, one.origin_id),
    )
