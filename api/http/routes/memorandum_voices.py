"""``/v1/memorandum``: comments, and what outsiders leave by a key of their browser.

Members comment with their session. Outsiders have none: what they say is signed by a key that their
browser made, with the moment, and counted by key, by network and in all. Whatever they left is
deleted by the same key.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, cast
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict, Field

from api import memoranda
from api.composition import Composition
from api.http.idempotency import OnceHere, once_responses
from api.http.pagination import PageHere
from api.http.parts import catalogue_of, parts_of
from api.http.principal import CurrentMember, limit_by_address
from api.http.problems import responses
from api.http.routes.memorandum import (
    DeviceKeyHex,
    DeviceSignature,
    Language,
    Moment,
    moment_of,
)
from governance.memorandum import voices, voices_store
from governance.memorandum.model import PREFIX, QUESTIONS_MAX
from governance.memorandum.saying import (
    COMMENT_LENGTH_MAX,
    COMMENT_PREFIX,
    COMMENTS_SHOWN_MAX,
    CONTACT_LENGTH_MAX,
    INTEREST_PREFIX,
    NAME_LENGTH_MAX,
    REASON_LENGTH_MAX,
    Outsider,
)
from governance.memorandum.service import require_version
from governance.memorandum.voices import (
    DeleteInterest,
    GiveAnswers,
    HideComment,
    RegisterInterest,
    WithdrawComment,
    WriteComment,
)
from ledger.kernel.ids import format_id, parse_id
from ledger.kernel.transaction import execute
from ledger.members import service as members

router: Final = APIRouter(prefix="/v1/memorandum", tags=["memorandum"])


def _composition(request: Request) -> Composition:
    return cast("Composition", parts_of(request))


CompositionHere = Annotated[Composition, Depends(_composition)]
ByAddress = Depends(limit_by_address)
OUTSIDERS_REFUSALS: Final = (400, 404, 409, 415, 422, 429, 503)
Name = Annotated[str, Field(max_length=2 * NAME_LENGTH_MAX)]
SectionId = Annotated[str, Field(max_length=40)]
Said = Annotated[str, Field(max_length=2 * COMMENT_LENGTH_MAX)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class CommentBody(_Body):
    """A comment on a section."""

    section: SectionId
    name: Name = ""
    language: Language
    said: Said


class HideBody(_Body):
    """Why a comment is shown no more; everybody reads it."""

    reason: Annotated[str, Field(max_length=2 * REASON_LENGTH_MAX)]


class OutsiderBody(_Body):
    """A browser's key, and its signature of what is said, with the moment."""

    public_key: DeviceKeyHex
    signature: DeviceSignature
    said_at: Moment

    def outsider(self, request: Request) -> Outsider:
        """As the domain has it."""
        host = request.client.host if request.client else None
        network = memoranda.network_digest(parts_of(request).secret, host)
        key, signature = bytes.fromhex(self.public_key), bytes.fromhex(self.signature)
        return Outsider(key, signature, moment_of(self.said_at), network)


class OutsiderCommentBody(OutsiderBody):
    """An outsider's comment."""

    version: Annotated[str, Field(max_length=60)]
    section: SectionId
    name: Name = ""
    language: Language
    said: Said


class InterestBody(OutsiderBody):
    """Somebody would like to join, and agrees to what the page says of that."""

    name: Name = ""
    contact: Annotated[str, Field(max_length=2 * CONTACT_LENGTH_MAX)] = ""
    language: Language


class AnswersBody(OutsiderBody):
    """Answers: questions' ids with numbers of options, from 0."""

    version: Annotated[str, Field(max_length=60)]
    language: Language
    answers: Annotated[
        dict[SectionId, Annotated[int, Field(ge=0, le=100)]],
        Field(max_length=2 * QUESTIONS_MAX),
    ]


@router.get(
    "/versions/{version_id}/comments", responses=responses(404, 429, 503), dependencies=[ByAddress]
)
def read_comments(version_id: str, composition: CompositionHere) -> dict[str, Any]:
    """The newest comments on a version, oldest first; of hidden ones the reason. Public."""
    with composition.database.read() as work:
        version = require_version(work, parse_id(PREFIX, version_id))
        found = voices_store.comments(work, version.version_id, COMMENTS_SHOWN_MAX, shown=False)
    return {
        "data": [
            {"id": memoranda.comment_id(each), **memoranda.comment_json(each)}
            for each in found
            if each.withdrawn_at is None
        ]
    }


@router.post("/versions/{version_id}/comments", status_code=201, responses=once_responses(404))
def comment(
    version_id: str, body: CommentBody, member_id: CurrentMember, once: OnceHere
) -> Response:
    """Comment on a section, as a member."""
    number = parse_id(PREFIX, version_id)
    said = body.said.replace("\r\n", "\n").strip()
    name = body.name.strip()
    command = WriteComment(number, body.section, name, body.language, said, member_id)
    return once(voices.comment, command, render=lambda each: {"id": memoranda.comment_id(each)})


@router.post("/comments/{comment_id}/withdraw", responses=once_responses(404))
def withdraw(comment_id: str, member_id: CurrentMember, once: OnceHere) -> Response:
    """Take a comment of mine back; its words are deleted."""
    command = WithdrawComment(parse_id(COMMENT_PREFIX, comment_id), member_id)
    return once(voices.withdraw, command, render=lambda _: {"withdrawn": True}, status=200)


@router.post("/comments/{comment_id}/hide", responses=once_responses(404))
def hide(comment_id: str, body: HideBody, member_id: CurrentMember, once: OnceHere) -> Response:
    """Show a comment no more, as a moderator, for a reason that stands in its place."""
    command = HideComment(parse_id(COMMENT_PREFIX, comment_id), member_id, body.reason)
    return once(voices.hide, command, render=lambda _: {"hidden": True}, status=200)


@router.post(
    "/outsiders/comments",
    status_code=201,
    responses=responses(*OUTSIDERS_REFUSALS),
    dependencies=[ByAddress],
)
def outsider_comment(
    body: OutsiderCommentBody, request: Request, composition: CompositionHere
) -> dict[str, Any]:
    """Comment on a section, as an outsider."""
    number, by = parse_id(PREFIX, body.version), body.outsider(request)
    command = WriteComment(number, body.section, body.name, body.language, body.said, by)
    written = execute(composition.database, voices.comment, command)
    return {"id": memoranda.comment_id(written)}


@router.post(
    "/outsiders/comments/{comment_id}/withdraw",
    responses=responses(*OUTSIDERS_REFUSALS),
    dependencies=[ByAddress],
)
def outsider_withdraw(
    comment_id: str, body: OutsiderBody, request: Request, composition: CompositionHere
) -> dict[str, Any]:
    """Take a comment back by the key that left it; its words are deleted."""
    number = parse_id(COMMENT_PREFIX, comment_id)
    command = WithdrawComment(number, body.outsider(request))
    execute(composition.database, voices.withdraw, command)
    return {"withdrawn": True}


@router.post(
    "/outsiders/interest",
    status_code=201,
    responses=responses(*OUTSIDERS_REFUSALS),
    dependencies=[ByAddress],
)
def interest(body: InterestBody, request: Request, composition: CompositionHere) -> dict[str, Any]:
    """Say that one would like to join; said again by the same key, it is replaced."""
    consent = memoranda.consent_digest(catalogue_of(request), body.language)
    by = body.outsider(request)
    command = RegisterInterest(body.name, body.contact, body.language, consent, by)
    execute(composition.database, voices.register_interest, command)
    return {"registered": True}


@router.post(
    "/outsiders/answers",
    status_code=201,
    responses=responses(*OUTSIDERS_REFUSALS),
    dependencies=[ByAddress],
)
def answer(body: AnswersBody, request: Request, composition: CompositionHere) -> dict[str, Any]:
    """Answer a version's questions; given again by the same key, answers are replaced."""
    number, by = parse_id(PREFIX, body.version), body.outsider(request)
    command = GiveAnswers(number, body.answers, body.language, by)
    execute(composition.database, voices.answer, command)
    return {"answered": True}


@router.post(
    "/outsiders/forget", responses=responses(*OUTSIDERS_REFUSALS), dependencies=[ByAddress]
)
def forget(body: OutsiderBody, request: Request, composition: CompositionHere) -> dict[str, Any]:
    """Delete comments, interest and answers that a key left."""
    return {"deleted": execute(composition.database, voices.forget, body.outsider(request))}


@router.get(
    "/versions/{version_id}/answers", responses=responses(404, 429, 503), dependencies=[ByAddress]
)
def read_answers(version_id: str, composition: CompositionHere) -> dict[str, Any]:
    """What outsiders answered, counted by browser. Public."""
    with composition.database.read() as work:
        version = require_version(work, parse_id(PREFIX, version_id))
        return memoranda.answers_json(work, version)


@router.get("/interests", responses=responses(400, 401, 403, 503))
def list_interests(
    page: PageHere, composition: CompositionHere, member_id: CurrentMember
) -> JSONResponse:
    """Who is interested, the newest first, for admins."""
    before = None if page.after is None else UUID(str(page.after[0]))
    with composition.database.read() as work:
        members.require_admin(work, member_id)
        found = voices_store.interests_page(work, before, page.fetch)
    return page.answer(
        found,
        key=lambda each: [str(each.interest_id)],
        render=lambda each: {
            "id": format_id(INTEREST_PREFIX, each.interest_id),
            "name": each.name,
            "contact": each.contact,
            "language": each.language,
            "registered_at": memoranda.moment_text(each.registered_at),
        },
    )


@router.post("/interests/{interest_id}/delete", responses=once_responses(404))
def delete_interest(interest_id: str, member_id: CurrentMember, once: OnceHere) -> Response:
    """Delete a registration, as an admin."""
    command = DeleteInterest(parse_id(INTEREST_PREFIX, interest_id), member_id)
    return once(voices.delete_interest, command, render=lambda _: {"deleted": True}, status=200)
