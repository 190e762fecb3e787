"""The page on which a member is forgotten, after reading what stays on chain for ever."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Form
from fastapi.responses import Response

from api.erasing import EraseMember, erase_and_list, tell
from api.http.parts import DatabaseHere
from api.http.principal import SESSION_COOKIE, CurrentMember
from api.http.routes.erasure import CompositionHere
from api.pages.rendering import ViewHere

router: Final = APIRouter(include_in_schema=False)


@router.get("/me/forget")
def forget_page(view: ViewHere, member_id: CurrentMember, database: DatabaseHere) -> Response:
    """What goes, what is kept without a name, and what nobody can delete."""
    with database.read() as work:
        told = tell(work, member_id)
    return view.render("member/forget.html", told=told)


@router.post("/me/forget")
def forget(
    view: ViewHere,
    member_id: CurrentMember,
    composition: CompositionHere,
    confirm: Annotated[str, Form(max_length=64)],
) -> Response:
    """Forget whoever asks, and show them out."""
    command = EraseMember(member_id, confirm, "member")
    erase_and_list(composition.database, composition.state, command)
    answer = view.redirect("/sign-in", notice="member.forget.done")
    answer.delete_cookie(SESSION_COOKIE)
    return answer
