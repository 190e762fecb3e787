"""Which other systems are told of stages: hooks by two persons, and what became of deliveries."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Form
from fastapi.responses import Response

from api.http.parts import PartsHere
from api.outgoing import service, store
from api.outgoing.model import (
    HOOK_PREFIX,
    URL_LENGTH_MAX,
    ApproveHook,
    ChangeHook,
    ProposeHook,
)
from api.pages.admin import ActingAdmin, Overseer, names_of
from api.pages.rendering import View, ViewHere
from api.pages.reserve import said
from api.webhooks.secret_box import FernetBox
from ledger.kernel.errors import VkladError
from ledger.kernel.ids import format_id, parse_id
from ledger.kernel.transaction import Database, execute

router: Final = APIRouter(prefix="/admin/funnel/hooks", include_in_schema=False)

PATH: Final = "/admin/funnel/hooks"
DELIVERIES_SHOWN_MAX: Final = 10


@router.get("")
def hooks(view: ViewHere, parts: PartsHere, _: Overseer) -> Response:
    """Every hook, and its newest deliveries."""
    return _page(view, parts.database)


@router.post("")
def propose(
    view: ViewHere,
    parts: PartsHere,
    admin: ActingAdmin,
    url: Annotated[str, Form(max_length=2 * URL_LENGTH_MAX)] = "",
) -> Response:
    """Propose a hook and show its secret, here and never again; or say what is wrong with it."""
    proposing = service.Proposing(FernetBox(parts.secret))
    typed = url.strip()
    command = ProposeHook(typed, admin, parts.settings.webhooks_private)
    try:
        proposed = execute(parts.database, proposing.propose, command)
    except VkladError as error:
        return _page(view, parts.database, typed=typed, error=error)
    return _page(view, parts.database, secret=proposed.secret)


@router.post("/{hook_id}/approve")
def approve(
    hook_id: str,
    view: ViewHere,
    parts: PartsHere,
    admin: ActingAdmin,
    *,
    digest: Annotated[str, Form(pattern="^[0-9a-f]{64}$")],
) -> Response:
    """Send to exactly the address that was shown."""
    command = ApproveHook(parse_id(HOOK_PREFIX, hook_id), bytes.fromhex(digest), admin)
    execute(parts.database, service.approve, command)
    return view.redirect(PATH, notice="funnel.hooks.approved")


@router.post("/{hook_id}/end")
def end(hook_id: str, view: ViewHere, parts: PartsHere, admin: ActingAdmin) -> Response:
    """Send there no more."""
    execute(parts.database, service.end, ChangeHook(parse_id(HOOK_PREFIX, hook_id), admin))
    return view.redirect(PATH, notice="funnel.hooks.ended")


@router.post("/{hook_id}/resume")
def resume(hook_id: str, view: ViewHere, parts: PartsHere, admin: ActingAdmin) -> Response:
    """Go on, with everything that was not heard."""
    execute(parts.database, service.resume, ChangeHook(parse_id(HOOK_PREFIX, hook_id), admin))
    return view.redirect(PATH, notice="funnel.hooks.resumed")


def _page(
    view: View,
    database: Database,
    *,
    typed: str = "",
    secret: str | None = None,
    error: VkladError | None = None,
) -> Response:
    with database.read() as work:
        found = store.hooks(work)
        log = {
            each.hook_id: store.newest(work, each.hook_id, DELIVERIES_SHOWN_MAX) for each in found
        }
        unheard = {each.hook_id: store.count_undelivered(work, each.hook_id) for each in found}
        names = names_of(
            work, [who for each in found for who in (each.proposed_by, each.approved_by)]
        )
    return view.render(
        "admin/hooks.html",
        status=200 if error is None else 422,
        hooks=found,
        log=log,
        unheard=unheard,
        names=names,
        typed=typed,
        secret=secret,
        problem=None if error is None else said(view, error),
        my_id=view.principal.member_id if view.principal else None,
        hook_id=lambda each: format_id(HOOK_PREFIX, each.hook_id),
    )
