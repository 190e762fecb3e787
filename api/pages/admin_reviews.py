"""Facts that look wrong: what was seen, what was said, and the steps a person may take."""

from __future__ import annotations

from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Form
from fastapi.responses import Response

from api.auth.model import Principal
from api.http.pagination import PageHere
from api.http.parts import DatabaseHere
from api.http.principal import CurrentMember, current_member, require_role
from api.pages.admin import names_of
from api.pages.rendering import ViewHere
from ledger.kernel.ids import format_id, parse_id
from ledger.kernel.transaction import execute
from ledger.quarantine import service, store
from ledger.quarantine.model import PREFIX, WORDS_LENGTH_MAX, Decide

router: Final = APIRouter(include_in_schema=False)

DECIDED_SHOWN_MAX: Final = 20
Reader = Annotated[Principal, Depends(require_role("moderator", "admin", "auditor"))]
Reviewer = Annotated[Principal, Depends(require_role("moderator", "admin"))]
Words = Annotated[str, Form(max_length=WORDS_LENGTH_MAX * 2)]


@router.get("/admin/reviews")
def reviews(view: ViewHere, page: PageHere, reader: Reader, database: DatabaseHere) -> Response:
    """The queue, and what was decided lately."""
    before = None if page.after is None else UUID(str(page.after[0]))
    with database.read() as work:
        found = store.page(work, live=True, before=before, limit=page.fetch)
        decided = store.page(work, live=False, before=None, limit=DECIDED_SHOWN_MAX)
        people = {one for case in (*found, *decided) for one in case.members}
        people |= {one.by for case in (*found, *decided) for one in case.said}
        names = names_of(work, people)
    return view.render(
        "admin/reviews.html",
        cases=found[: page.limit],
        decided=decided,
        names=names,
        me=reader.member_id,
        case_id=lambda case: format_id(PREFIX, case.case_id),
        words_max=WORDS_LENGTH_MAX,
        next_cursor=page.next_cursor(found, lambda one: [str(one.case_id)]),
    )


@router.post("/admin/reviews/{case_id}/release")
def release(
    case_id: str, view: ViewHere, by: Reviewer, database: DatabaseHere, *, words: Words = ""
) -> Response:
    """Let the awards of a case go."""
    command = Decide(parse_id(PREFIX, case_id), current_member(by), words)
    execute(database, service.release, command)
    return view.redirect("/admin/reviews", notice="admin.reviews.released")


@router.post("/admin/reviews/{case_id}/void")
def propose(
    case_id: str, view: ViewHere, by: Reviewer, database: DatabaseHere, *, words: Words = ""
) -> Response:
    """Propose that the facts of a case count no longer."""
    command = Decide(parse_id(PREFIX, case_id), current_member(by), words)
    execute(database, service.propose_void, command)
    return view.redirect("/admin/reviews", notice="admin.reviews.proposed")


@router.post("/admin/reviews/{case_id}/confirm")
def confirm(
    case_id: str, view: ViewHere, by: Reviewer, database: DatabaseHere, *, words: Words = ""
) -> Response:
    """The second person's yes."""
    command = Decide(parse_id(PREFIX, case_id), current_member(by), words)
    execute(database, service.confirm_void, command)
    return view.redirect("/admin/reviews", notice="admin.reviews.voided")


@router.post("/reviews/{case_id}/appeal")
def appeal(
    case_id: str, view: ViewHere, by: CurrentMember, database: DatabaseHere, *, words: Words = ""
) -> Response:
    """A member's own words, once."""
    execute(database, service.appeal, Decide(parse_id(PREFIX, case_id), by, words))
    return view.redirect("/me", notice="member.review.appealed_now")
