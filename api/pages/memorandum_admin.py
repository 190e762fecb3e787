"""The memorandum for admins: propose a version, publish another's, and what outsiders left."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Form
from fastapi.responses import PlainTextResponse, Response
from starlette.datastructures import FormData
from starlette.requests import Request

from api.http.pagination import PageHere
from api.http.parts import DatabaseHere
from api.http.principal import CurrentMember
from api.pages.admin import ActingAdmin, Overseer, names_of
from api.pages.rendering import View, ViewHere
from api.pages.reserve import said
from governance.memorandum import drafts, service, store, voices, voices_store
from governance.memorandum.model import (
    OPTIONS_MAX,
    PREFIX,
    QUESTIONS_MAX,
    SECTIONS_MAX,
    Question,
    Section,
    Wording,
    Words,
    vote_words,
)
from governance.memorandum.saying import COMMENT_PREFIX, INTEREST_PREFIX
from governance.memorandum.service import CloseVersion, ProposeVersion, PublishVersion
from governance.memorandum.voices import DeleteInterest
from ledger.kernel.errors import VkladError
from ledger.kernel.ids import format_id, parse_id
from ledger.kernel.transaction import execute
from ledger.members import service as members

router: Final = APIRouter(include_in_schema=False)

PATH: Final = "/admin/memorandum"
SPARE_SECTIONS: Final = 2
SHOWN_MAX: Final = 100
EXPORTED_MAX: Final = 100_000


async def _form(request: Request) -> FormData:
    return await request.form()


FormHere = Annotated[FormData, Depends(_form)]


@router.get(PATH)
def overview(
    view: ViewHere, page: PageHere, overseer: Overseer, database: DatabaseHere
) -> Response:
    """What waits for a second person, who is interested, and what was said lately."""
    before = None if page.after is None else parse_id(INTEREST_PREFIX, str(page.after[0]))
    with database.read() as work:
        waiting = store.waiting(work)
        in_force = store.in_force(work)
        interests = voices_store.interests_page(work, before, page.fetch)
        interested = voices_store.count_interests(work)
        comments = voices_store.comments_page(work, None, SHOWN_MAX)
        named = names_of(work, (each.proposed_by for each in waiting))
        now = work.now
    return view.render(
        "memorandum/admin.html",
        waiting=waiting,
        in_force=in_force,
        interests=interests[: page.limit],
        interested=interested,
        next_cursor=page.next_cursor(
            interests, key=lambda each: [format_id(INTEREST_PREFIX, each.interest_id)]
        ),
        comments=comments,
        named=named,
        now=now,
        me=overseer.member_id,
        may_act=view.has_role("admin"),
        vote=lambda version: vote_words(version.text),
        version_id=lambda version: format_id(PREFIX, version.version_id),
        interest_id=lambda each: format_id(INTEREST_PREFIX, each.interest_id),
        comment_id=lambda each: format_id(COMMENT_PREFIX, each.comment_id),
    )


@router.get(PATH + "/new")
def new(view: ViewHere, _: ActingAdmin, database: DatabaseHere) -> Response:
    """Write a version, beginning with the one in force, or with the draft that ships."""
    with database.read() as work:
        last = store.in_force(work)
    if last is None:
        return _new(view, drafts.founding())
    return _new(view, replace(drafts.wording_of(last), summary=Words("", "")))


@router.post(PATH + "/versions")
def propose(
    view: ViewHere, member_id: CurrentMember, _: ActingAdmin, form: FormHere, database: DatabaseHere
) -> Response:
    """Propose a version; what is wrong is said above the form."""
    wording = _wording(form)
    try:
        execute(database, service.propose, ProposeVersion(member_id, wording))
    except VkladError as error:
        return _new(view, wording, said(view, error))
    return view.redirect(PATH, notice="memorandum.notice.proposed")


@router.post(PATH + "/versions/{version_id}/publish")
def publish(
    version_id: str,
    view: ViewHere,
    member_id: CurrentMember,
    _: ActingAdmin,
    database: DatabaseHere,
    *,
    content: Annotated[str, Form(pattern=r"^[0-9a-f]{64}$")],
) -> Response:
    """Publish a version that another admin proposed."""
    command = PublishVersion(parse_id(PREFIX, version_id), member_id, bytes.fromhex(content))
    execute(database, service.publish, command)
    return view.redirect("/memorandum", notice="memorandum.notice.published")


@router.post(PATH + "/versions/{version_id}/close")
def close(
    version_id: str,
    view: ViewHere,
    member_id: CurrentMember,
    _: ActingAdmin,
    database: DatabaseHere,
) -> Response:
    """Withdraw one's own proposal, or reject another's."""
    execute(database, service.close, CloseVersion(parse_id(PREFIX, version_id), member_id))
    return view.redirect(PATH, notice="memorandum.notice.closed")


@router.get(PATH + "/interests.csv")
def export_interests(member_id: CurrentMember, _: ActingAdmin, database: DatabaseHere) -> Response:
    """Who is interested, as a table to take away: it has contacts in it."""
    with database.read() as work:
        members.require_admin(work, member_id)
        found = voices_store.interests_page(work, None, EXPORTED_MAX)
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["registered_at", "language", "name", "contact"])
    for each in found:
        cells = (each.registered_at.isoformat(), each.language, each.name, each.contact)
        writer.writerow([_plain(cell) for cell in cells])
    disposition = {"Content-Disposition": 'attachment; filename="vklad-interested.csv"'}
    return PlainTextResponse(out.getvalue(), media_type="text/csv", headers=disposition)


@router.post(PATH + "/interests/{interest_id}/delete")
def delete_interest(
    interest_id: str,
    view: ViewHere,
    member_id: CurrentMember,
    _: ActingAdmin,
    database: DatabaseHere,
) -> Response:
    """Delete a registration, contact and all."""
    command = DeleteInterest(parse_id(INTEREST_PREFIX, interest_id), member_id)
    execute(database, voices.delete_interest, command)
    return view.redirect(PATH, notice="memorandum.notice.interest_deleted")


def _new(view: View, wording: Wording, problem: str | None = None) -> Response:
    spare = min(SPARE_SECTIONS, SECTIONS_MAX - len(wording.sections))
    empty = Words("", "")
    return view.render(
        "memorandum/new.html",
        status=200 if problem is None else 422,
        wording=wording,
        sections=[*wording.sections, *(Section("", empty, empty) for _ in range(max(spare, 0)))],
        questions=[
            *wording.questions,
            *(Question("", empty, ()) for _ in range(QUESTIONS_MAX - len(wording.questions))),
        ][: len(wording.questions) + 1],
        options=lambda question, language: "\n".join(
            each.of(language) for each in question.options
        ),
        options_max=OPTIONS_MAX,
        problem=problem,
    )


def _wording(form: FormData) -> Wording:
    """What the form says; a section or question without an id is left out."""
    return Wording(
        title=_words(form, "title"),
        sections=tuple(
            Section(
                _text(form, f"s{n}-id"),
                _words(form, f"s{n}-heading"),
                _words(form, f"s{n}-passage"),
            )
            for n in range(SECTIONS_MAX + SPARE_SECTIONS)
            if _text(form, f"s{n}-id")
        ),
        summary=_words(form, "summary"),
        questions=tuple(
            Question(_text(form, f"q{n}-id"), _words(form, f"q{n}-question"), _options(form, n))
            for n in range(QUESTIONS_MAX + 1)
            if _text(form, f"q{n}-id")
        ),
    )


def _options(form: FormData, number: int) -> tuple[Words, ...]:
    """Options one a line, the n-th of one language with the n-th of the other."""
    said = {
        language: [
            each.strip() for each in _text(form, f"q{number}-options-{language}").split("\n")
        ]
        for language in ("en", "ru")
    }
    lines = max(len(each) for each in said.values())
    filled = {each: [*lists, *[""] * (lines - len(lists))] for each, lists in said.items()}
    pairs = zip(filled["en"], filled["ru"], strict=True)
    return tuple(Words(en, ru) for en, ru in pairs if en or ru)


def _words(form: FormData, name: str) -> Words:
    return Words(_text(form, f"{name}-en"), _text(form, f"{name}-ru"))


def _text(form: FormData, name: str) -> str:
    value = form.get(name)
    text = value if isinstance(value, str) else ""
    return text.replace("\r\n", "\n").strip()


def _plain(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if cell[:1] in {"=", "+", "-", "@", "\t"} else cell
