"""Pages behind one-time links: linking an LMS account, becoming the first admin.

Opening a link changes nothing; confirming it does. So a link that is fetched by a preview or a mail
scanner stays good.
"""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Form, Query
from fastapi.responses import Response

from api.auth.first_admin import BecomeFirstAdmin, become_first_admin
from api.auth.identity_links import TOKEN_LENGTH_MAX, LinkByProof, link_by_proof
from api.http.parts import DatabaseHere, PartsHere
from api.http.principal import CurrentMember
from api.http.routes.identities import SecretBoxHere, read_proof
from api.pages.rendering import ViewHere
from ledger.kernel.transaction import execute
from ledger.members import service as members

router: Final = APIRouter(include_in_schema=False)

LinkToken = Annotated[str, Query(max_length=TOKEN_LENGTH_MAX)]
FormToken = Annotated[str, Form(max_length=TOKEN_LENGTH_MAX)]


@router.get("/link")
def link_page(
    view: ViewHere, parts: PartsHere, box: SecretBoxHere, member_id: CurrentMember, token: LinkToken
) -> Response:
    """Whose account this is, and whether to link it."""
    proof = read_proof(parts.database, box, token, parts.settings.origin)
    with parts.database.read() as work:
        member = members.require_member(work, member_id)
    return view.render("session/link.html", proof=proof, member=member, token=token)


@router.post("/link")
def link(
    view: ViewHere, parts: PartsHere, box: SecretBoxHere, member_id: CurrentMember, token: FormToken
) -> Response:
    """Link it."""
    proof = read_proof(parts.database, box, token, parts.settings.origin)
    execute(parts.database, link_by_proof, LinkByProof(member_id, proof))
    return view.redirect(view.home, notice="session.link_page.done")


@router.get("/first-admin")
def first_admin_page(view: ViewHere, _: CurrentMember, token: LinkToken) -> Response:
    """What becoming the first admin means."""
    return view.render("session/first_admin.html", token=token)


@router.post("/first-admin")
def first_admin(
    view: ViewHere, database: DatabaseHere, member_id: CurrentMember, token: FormToken
) -> Response:
    """Become it."""
    execute(database, become_first_admin, BecomeFirstAdmin(member_id, token))
    return view.redirect("/sign-in", notice="session.first_admin_page.done")
