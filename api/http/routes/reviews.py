"""``/v1/reviews``: facts that look wrong, for moderators; members see that, not why."""

from __future__ import annotations

from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Depends
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict, Field

from api.auth.model import Principal
from api.http.idempotency import OnceHere, once_responses
from api.http.pagination import PageHere
from api.http.parts import DatabaseHere
from api.http.principal import CurrentMember, current_member, require_role
from api.http.problems import responses
from ledger.kernel.canonical import Json
from ledger.kernel.clock import Instant
from ledger.kernel.ids import format_id, parse_id
from ledger.kernel.transaction import execute
from ledger.quarantine import service, store
from ledger.quarantine.model import PREFIX, WORDS_LENGTH_MAX, Case, Decide

router: Final = APIRouter(prefix="/v1/reviews", tags=["reviews"])

MINE_MAX: Final = 50
Reviewer = Annotated[Principal, Depends(require_role("moderator", "admin"))]
Reader = Annotated[Principal, Depends(require_role("moderator", "admin", "auditor"))]


class WordsBody(BaseModel):
    """In a person's own words; erased with the members they are about."""

    model_config = ConfigDict(extra="forbid")

    words: Annotated[str, Field(min_length=1, max_length=WORDS_LENGTH_MAX)]


@router.get("", responses=responses(400, 401, 403, 503))
def queue(
    page: PageHere, _: Reader, database: DatabaseHere, *, decided: bool = False
) -> JSONResponse:
    """Cases that wait for persons, newest first; or those that were decided."""
    before = None if page.after is None else UUID(str(page.after[0]))
    with database.read() as work:
        found = store.page(work, live=not decided, before=before, limit=page.fetch)
    return page.answer(found, key=lambda one: [str(one.case_id)], render=case_json)


@router.get("/mine", responses=responses(401, 403, 503))
def mine(member_id: CurrentMember, database: DatabaseHere) -> JSONResponse:
    """What of the points of whoever asks waits for persons, and whether they appealed."""
    with database.read() as work:
        waiting = service.points_under_review(work, member_id)
        found = store.cases_of_member(work, member_id, MINE_MAX)
    cases: list[Json] = [own_json(case, member_id) for case in found]
    return JSONResponse({"points_under_review": waiting.amount, "cases": cases})


@router.post("/{case_id}/appeal", responses=responses(401, 403, 404, 409, 415, 422, 503))
def appeal(
    case_id: str, body: WordsBody, member_id: CurrentMember, database: DatabaseHere
) -> JSONResponse:
    """Say something to a case about oneself, once."""
    command = Decide(parse_id(PREFIX, case_id), member_id, body.words)
    return JSONResponse(own_json(execute(database, service.appeal, command), member_id))


@router.post("/{case_id}/release", status_code=200, responses=once_responses(404, 415))
def release(case_id: str, body: WordsBody, by: Reviewer, once: OnceHere) -> Response:
    """Let the awards of a case go."""
    command = Decide(parse_id(PREFIX, case_id), current_member(by), body.words)
    return once(service.release, command, render=case_json, status=200)


@router.post("/{case_id}/void", responses=responses(401, 403, 404, 409, 415, 422, 503))
def propose(case_id: str, body: WordsBody, by: Reviewer, database: DatabaseHere) -> JSONResponse:
    """Propose that the facts of a case count no longer."""
    command = Decide(parse_id(PREFIX, case_id), current_member(by), body.words)
    return JSONResponse(case_json(execute(database, service.propose_void, command)))


@router.post("/{case_id}/void/approval", status_code=200, responses=once_responses(404, 415))
def confirm(case_id: str, body: WordsBody, by: Reviewer, once: OnceHere) -> Response:
    """The second person's yes: the facts of the case are set aside."""
    command = Decide(parse_id(PREFIX, case_id), current_member(by), body.words)
    return once(service.confirm_void, command, render=case_json, status=200)


def own_json(case: Case, member_id: UUID) -> dict[str, Json]:
    """A case as its members see it: without why, until persons have decided."""
    told: dict[str, Json] = {} if case.is_live else {"kind": case.kind.value}
    return {
        **told,
        "id": format_id(PREFIX, case.case_id),
        "under_review": case.is_live,
        "outcome": None if case.is_live else case.state.value,
        "opened_at": Instant.of(case.opened_at).isoformat(),
        "appealed": member_id in case.appeals(),
    }


def case_json(case: Case) -> dict[str, Json]:
    """A case as those see it who decide."""
    said: list[Json] = [
        {
            "act": one.act,
            "by": format_id("mem", one.by),
            "at": Instant.of(one.at).isoformat(),
            "words": one.words,
        }
        for one in case.said
    ]
    return {
        "id": format_id(PREFIX, case.case_id),
        "kind": case.kind.value,
        "state": case.state.value,
        "opened_at": Instant.of(case.opened_at).isoformat(),
        "members": [format_id("mem", each) for each in case.members],
        "events": case.events,
        "said": said,
    }
