"""How a mistake is undone: what is wrong is named, the effect is shown, another person agrees.

Nothing is erased. A fact is set aside as a review sets facts aside, so its members are told and may
appeal; a grant, an import and a merge are taken back where they were made.
"""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Query
from fastapi.responses import RedirectResponse, Response

from api.http.parts import DatabaseHere
from api.http.principal import current_member
from api.http.problems import problem_of
from api.pages.admin import names_of
from api.pages.admin_reviews import Reader, Reviewer, Words
from api.pages.explaining import act_title, listening
from api.pages.rendering import View, ViewHere
from ledger.kernel.errors import VkladError
from ledger.kernel.ids import format_id, parse_id
from ledger.kernel.transaction import Database, execute, rehearse
from ledger.quarantine import service
from ledger.quarantine.foreseeing import foresee_undoing
from ledger.quarantine.model import WORDS_LENGTH_MAX, ReportMistake

router: Final = APIRouter(prefix="/admin/undo", include_in_schema=False)

_ELSEWHERE: Final = {"grt": "/admin/grants", "imp": "/admin/imports", "mrg": "/admin/merges"}
"""What is undone on a page of its own, which shows the effect."""
_ID_LENGTH_MAX: Final = 80


@router.get("")
def undo(
    view: ViewHere,
    reader: Reader,
    database: DatabaseHere,
    *,
    what: Annotated[str, Query(alias="id", max_length=_ID_LENGTH_MAX)] = "",
) -> Response:
    """Where each kind of mistake is undone; of a fact, what that would do."""
    wanted = what.strip()
    place = _ELSEWHERE.get(wanted.partition("_")[0])
    if place is not None:
        return RedirectResponse(place, 303)
    if not wanted:
        return view.render("admin/undo.html", asked="", problem=None, found=None)
    try:
        shown = _foreseen(view, database, wanted)
    except VkladError as error:
        words = problem_of(error, view.catalogue, view.language, str(view.request.base_url))
        problem = words["detail"]
        return view.render("admin/undo.html", status=422, asked=wanted, problem=problem, found=None)
    may = reader.roles & service.REVIEWERS and reader.member_id not in shown["whose"]
    return view.render(
        "admin/undo.html",
        asked=wanted,
        problem=None,
        may=bool(may),
        words_max=WORDS_LENGTH_MAX,
        **shown,
    )


@router.post("/{event_id}")
def propose(
    event_id: str, view: ViewHere, by: Reviewer, database: DatabaseHere, *, words: Words = ""
) -> Response:
    """Propose that a fact counts no longer."""
    command = ReportMistake(parse_id("evt", event_id), current_member(by), words)
    execute(database, service.report_mistake, command)
    return view.redirect("/admin/reviews", notice="admin.reviews.proposed")


def _foreseen(view: View, database: Database, wanted: str) -> dict[str, Any]:
    found = rehearse(database, foresee_undoing, parse_id("evt", wanted))
    whose = [each.member_id for each in found.effects]
    with database.read() as work:
        return {
            "found": found,
            "title": act_title(view, listening(work), found.fact),
            "names": names_of(work, whose),
            "whose": whose,
            "mem": lambda each: format_id("mem", each),
        }
