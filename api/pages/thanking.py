"""Thanks: whom, what for, and what is left this month; moderators see all of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Form
from fastapi.responses import Response

from api.auth.model import Principal
from api.http.parts import DatabaseHere
from api.http.principal import CurrentMember, current_member, require_role
from api.pages.admin import names_of
from api.pages.rendering import View, ViewHere
from api.pages.reserve import said
from ledger.kernel.errors import VkladError
from ledger.kernel.ids import format_id, parse_id
from ledger.kernel.transaction import Database, execute
from ledger.members import store as members
from ledger.members.model import MemberStatus
from ledger.thanks import service, store
from ledger.thanks.model import PREFIX, GiveThanks, TakeBack, ThanksNotOffered, ThanksUnreadable

router: Final = APIRouter(include_in_schema=False)

SHOWN_MAX: Final = 30
SUGGESTED_MAX: Final = 500
"""Members offered by name in the form; with more, ids are pasted."""
MODERATORS: Final = ("moderator", "admin")
Moderator = Annotated[Principal, Depends(require_role(*MODERATORS))]


@dataclass(frozen=True, slots=True)
class Typed:
    """The form as it was filled in, to be shown again."""

    to: str = ""
    points: str = ""
    reason: str = ""
    link: str = ""

    def command(self, giver: UUID) -> GiveThanks:
        """What is asked for.

        Raises:
            BadId, ThanksUnreadable: a field cannot be read.
        """
        digits = self.points.strip()
        if not (digits.isascii() and digits.isdigit()) or len(digits) > 9 or not int(digits):
            raise ThanksUnreadable("Points are a whole number.", field="points")
        link = self.link.strip() or None
        receiver = parse_id("mem", self.to.strip())
        return GiveThanks(giver, receiver, int(digits), self.reason, link)


@router.get("/thanks")
def thanks(view: ViewHere, member_id: CurrentMember, database: DatabaseHere) -> Response:
    """The form, what is left of the allowance, and what was given and got."""
    return _page(view, database, member_id, Typed())


def _typed(
    to: Annotated[str, Form(max_length=64)] = "",
    points: Annotated[str, Form(max_length=20)] = "",
    reason: Annotated[str, Form(max_length=2000)] = "",
    link: Annotated[str, Form(max_length=2000)] = "",
) -> Typed:
    return Typed(to, points, reason, link)


@router.post("/thanks")
def give(
    view: ViewHere,
    member_id: CurrentMember,
    database: DatabaseHere,
    typed: Annotated[Typed, Depends(_typed)],
) -> Response:
    """Give thanks; what is wrong is said beside the form."""
    try:
        execute(database, service.give, typed.command(member_id))
    except VkladError as error:
        return _page(view, database, member_id, typed, said(view, error))
    return view.redirect("/thanks", notice="thanks.given")


@router.post("/thanks/{thanks_id}/void")
def void(thanks_id: str, view: ViewHere, moderator: Moderator, database: DatabaseHere) -> Response:
    """A moderator takes thanks back."""
    command = TakeBack(parse_id(PREFIX, thanks_id), current_member(moderator))
    execute(database, service.take_back, command)
    return view.redirect("/thanks", notice="thanks.taken_back_now")


def _page(
    view: View, database: Database, member_id: UUID, typed: Typed, problem: str | None = None
) -> Response:
    principal = view.principal
    moderates = principal is not None and bool(principal.roles.intersection(MODERATORS))
    with database.read() as work:
        try:
            allowance = service.allowance_of(work, member_id)
        except ThanksNotOffered:
            allowance = None
        own = store.page(work, member_id, None, SHOWN_MAX)
        all_of_them = store.page(work, None, None, SHOWN_MAX) if moderates else []
        known = [who for gift in (*own, *all_of_them) for who in (gift.giver, gift.receiver)]
        names = names_of(work, known)
        suggested = [
            (format_id("mem", each.member_id), each.display_name)
            for each in members.list_members(work, after=None, limit=SUGGESTED_MAX)
            if each.display_name
            and each.status is MemberStatus.ACTIVE
            and each.member_id != member_id
        ]
    return view.render(
        "member/thanks.html",
        status=200 if problem is None else 422,
        allowance=allowance,
        typed=typed,
        problem=problem,
        suggested=suggested,
        own=own,
        everybody=all_of_them,
        me=member_id,
        names=names,
        thanks_id=lambda gift: format_id(PREFIX, gift.thanks_id),
    )
