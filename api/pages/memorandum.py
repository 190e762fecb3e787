"""The memorandum for everybody: read it, speak up part by part, sign it, see who stands by it.

Signing, and whatever outsiders leave, is the browser's part (``static/memorandum.mjs``): it makes
the keys. Members comment by a plain form, too.
"""

from __future__ import annotations

from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Annotated, Any, Final, cast
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Query, Request
from fastapi.responses import Response

from api import memoranda
from api.composition import Composition
from api.http.parts import parts_of
from api.http.principal import CurrentMember
from api.pages.admin import Names, names_of
from api.pages.rendering import View, ViewHere
from api.pages.reserve import said as refusal
from governance.memorandum import (
    drafts,
    register_store,
    service,
    signing,
    store,
    voices,
    voices_store,
)
from governance.memorandum.errors import NothingPublished
from governance.memorandum.model import (
    PREFIX,
    Change,
    Section,
    SectionChange,
    Text,
    Version,
    VersionState,
    differences,
    vote_words,
)
from governance.memorandum.saying import (
    COMMENT_LENGTH_MAX,
    COMMENT_PREFIX,
    COMMENTS_SHOWN_MAX,
    CONTACT_LENGTH_MAX,
    NAME_LENGTH_MAX,
    REASON_LENGTH_MAX,
    Comment,
)
from governance.memorandum.service import require_version
from governance.memorandum.voices import HideComment, WithdrawComment, WriteComment
from ledger.kernel.errors import VkladError
from ledger.kernel.ids import format_id, parse_id
from ledger.kernel.transaction import Work, execute
from ledger.wallets import service as wallets

router: Final = APIRouter(include_in_schema=False)

PATH: Final = "/memorandum"
ENTRIES_SHOWN: Final = 50
VERIFY: Final = "python verifier.py vklad-memorandum.json"
"""As typed by whoever checks; the names that the files are saved under."""
LIMITS: Final = {
    "comment": COMMENT_LENGTH_MAX,
    "name": NAME_LENGTH_MAX,
    "contact": CONTACT_LENGTH_MAX,
    "reason": REASON_LENGTH_MAX,
}
TONES: Final = {
    VersionState.PROPOSED: "info",
    VersionState.PUBLISHED: "good",
    VersionState.REJECTED: "quiet",
    VersionState.WITHDRAWN: "quiet",
}


def _composition(request: Request) -> Composition:
    return cast("Composition", parts_of(request))


CompositionHere = Annotated[Composition, Depends(_composition)]


@dataclass(frozen=True, slots=True)
class Piece:
    """Some words of a section's difference: kept, gone or new."""

    kind: str
    words: str


@router.get(PATH)
def memorandum(view: ViewHere, composition: CompositionHere) -> Response:
    """The version in force; before there is one, what is proposed, or the draft that ships."""
    with composition.database.read() as work:
        version = store.in_force(work)
        waiting = store.waiting(work)
    shown = version or (waiting[0] if waiting else None)
    if shown is None:
        return _draft(view)
    return _page(view, composition, shown.version_id)


@router.get(PATH + "/versions")
def versions(view: ViewHere, composition: CompositionHere) -> Response:
    """Every version, and who stands by each."""
    with composition.database.read() as work:
        found = store.page(work, None, ENTRIES_SHOWN)
        tallies = memoranda.tallies_of(work, found)
    return view.render(
        "memorandum/versions.html",
        versions=found,
        standing={number: each.standing for number, each in tallies.items()},
        tones=TONES,
        version_id=_version_id,
    )


@router.get(PATH + "/register")
def register(
    view: ViewHere,
    composition: CompositionHere,
    after: Annotated[int, Query(ge=0, le=2**31)] = 0,
) -> Response:
    """The register, entry by entry, and how to check it."""
    with composition.database.read() as work:
        if register_store.register(work) is None:
            raise NothingPublished("No version of the memorandum was published yet.")
        head = register_store.head(work)
        found = register_store.entries(work, after=after, limit=ENTRIES_SHOWN)
        published = store.published(work)
        tallies = memoranda.tallies_of(work, published)
    assert head is not None, "there is a register"
    return view.render(
        "memorandum/register.html",
        size=head[0],
        head=head[1].hex(),
        entries=found,
        tallies=[(each, tallies[each.version_id]) for each in published],
        after=after,
        following=found[-1].number if found and found[-1].number < head[0] else None,
        command=VERIFY,
    )


@router.get(PATH + "/versions/{version_id}")
def one_version(version_id: str, view: ViewHere, composition: CompositionHere) -> Response:
    """One version, in force or not."""
    return _page(view, composition, parse_id(PREFIX, version_id))


@router.get(PATH + "/versions/{version_id}/differences")
def version_differences(
    version_id: str,
    view: ViewHere,
    composition: CompositionHere,
    since: Annotated[str | None, Query(max_length=60)] = None,
) -> Response:
    """What a version changes of another, by default of the one before it."""
    with composition.database.read() as work:
        after = require_version(work, parse_id(PREFIX, version_id))
        others = [each for each in store.published(work) if each.version_id != after.version_id]
        before = None
        if since is not None:
            before = require_version(work, parse_id(PREFIX, since))
        elif after.text.previous is not None:
            before = next(each for each in others if each.content == after.text.previous)
    found = [] if before is None else differences(before.text, after.text)
    return view.render(
        "memorandum/differences.html",
        after=after,
        before=before,
        others=others,
        changes=[(each, _pieces(each, view.written)) for each in found],
        same=sum(each.change is Change.SAME for each in found),
        version_id=_version_id,
    )


@router.post(PATH + "/versions/{version_id}/comments")
def comment(
    version_id: str,
    view: ViewHere,
    composition: CompositionHere,
    member_id: CurrentMember,
    *,
    section: Annotated[str, Form(max_length=40)],
    said: Annotated[str, Form(max_length=2 * COMMENT_LENGTH_MAX)] = "",
    name: Annotated[str, Form(max_length=2 * NAME_LENGTH_MAX)] = "",
) -> Response:
    """Comment on a section, as a member."""
    number, words = parse_id(PREFIX, version_id), said.replace("\r\n", "\n").strip()
    command = WriteComment(number, section, name.strip(), view.written, words, member_id)
    try:
        execute(composition.database, voices.comment, command)
    except VkladError as error:
        return _page(view, composition, number, refusal(view, error))
    path = f"{PATH}/versions/{version_id}#{section}"
    return view.redirect(path, notice="memorandum.notice.commented")


@router.post(PATH + "/comments/{comment_id}/withdraw")
def withdraw_comment(
    comment_id: str, view: ViewHere, composition: CompositionHere, member_id: CurrentMember
) -> Response:
    """Take a comment of mine back."""
    command = WithdrawComment(parse_id(COMMENT_PREFIX, comment_id), member_id)
    execute(composition.database, voices.withdraw, command)
    return view.redirect(PATH, notice="memorandum.notice.comment_withdrawn")


@router.post(PATH + "/comments/{comment_id}/hide")
def hide_comment(
    comment_id: str,
    view: ViewHere,
    composition: CompositionHere,
    member_id: CurrentMember,
    reason: Annotated[str, Form(max_length=2 * REASON_LENGTH_MAX)] = "",
) -> Response:
    """Show a comment no more, as a moderator."""
    command = HideComment(parse_id(COMMENT_PREFIX, comment_id), member_id, reason)
    execute(composition.database, voices.hide, command)
    return view.redirect(PATH, notice="memorandum.notice.hidden")


def _draft(view: View) -> Response:
    """What ships, while nobody has proposed anything."""
    wording = drafts.founding()
    return view.render("memorandum/draft.html", text=wording, language=view.written)


def _page(
    view: View, composition: Composition, version_id: UUID, problem: str | None = None
) -> Response:
    member_id = None if view.principal is None else view.principal.member_id
    with composition.database.read() as work:
        version = require_version(work, version_id)
        in_force = store.in_force(work)
        register_id = register_store.register(work) or b""
        mine = _mine(work, composition, version, member_id)
        said = _said(work, view, version)
        standing = {
            "tally": memoranda.tally_of(work, version),
            "waiting": [
                (_version_id(each), each)
                for each in store.waiting(work)
                if each.version_id != version_id
            ],
            "interested": voices_store.count_interests(work),
            "is_open": service.is_open(work, version),
        }
    return view.render(
        "memorandum/version.html",
        status=200 if problem is None else 422,
        version=version,
        version_id=_version_id(version),
        text=version.text,
        language=view.written,
        is_in_force=in_force is not None and in_force.version_id == version_id,
        in_force=in_force,
        vote=vote_words(version.text),
        register=register_id.hex(),
        member_id=member_id,
        consent=memoranda.consent_text(view.catalogue, view.written),
        consent_digest=memoranda.consent_digest(view.catalogue, view.written).hex(),
        limits=LIMITS,
        tones=TONES,
        problem=problem,
        **mine,
        **said,
        **standing,
    )


def _mine(
    work: Work, composition: Composition, version: Version, member_id: UUID | None
) -> dict[str, Any]:
    """What the reader has in the register, and may sign with."""
    part = None if member_id is None else signing.my_part(work, member_id)
    wallet = None if member_id is None else wallets.wallet_of(work, member_id)
    return {
        "part": part,
        "stands": part is not None and part.stands_by(version.content),
        "last": None if part is None else part.last_of(version.content),
        "wallet": wallet if composition.chain_is_on else None,
    }


def _said(work: Work, view: View, version: Version) -> dict[str, Any]:
    """Comments by section, and what outsiders answered."""
    comments = voices_store.comments(work, version.version_id, COMMENTS_SHOWN_MAX, shown=False)
    named = names_of(work, (each.member_id for each in comments))
    answers = memoranda.answers_json(work, version)
    roles = frozenset() if view.principal is None else view.principal.roles
    return {
        "comments": _by_section(version.text, comments),
        "comment_id": lambda each: format_id(COMMENT_PREFIX, each.comment_id),
        "author": lambda each: _author(view, each, named),
        "moderates": bool(voices.MODERATING & roles),
        "answers": _answers(version, answers),
        "browsers": answers["browsers"],
    }


def _by_section(text: Text, comments: list[Comment]) -> dict[str, list[Comment]]:
    found: dict[str, list[Comment]] = {each.section_id: [] for each in text.sections}
    for comment in comments:
        if comment.withdrawn_at is None:
            found[comment.section_id].append(comment)
    return found


def _author(view: View, comment: Comment, named: Names) -> str:
    """What a comment's author is called: members as they call themselves, outsiders as typed."""
    if comment.member_id is not None:
        known = named.known.get(comment.member_id) or comment.name
        return known or view.catalogue.text(view.language, "memorandum.comments.member")
    return comment.name or view.catalogue.text(view.language, "memorandum.comments.nameless")


def _answers(version: Version, answers: dict[str, Any]) -> list[tuple[Any, list[int]]]:
    counted = [each["chosen"] for each in answers["questions"]]
    return list(zip(version.questions, counted, strict=True))


def _pieces(change: SectionChange, language: str) -> list[Piece]:
    """A section's difference word by word, in one language; of the heading only if it changed."""
    old, new = change.before, change.after
    renamed = old is not None and new is not None and old.heading != new.heading
    before = _words_of(change.before, language, with_heading=renamed)
    after = _words_of(change.after, language, with_heading=renamed)
    found: list[Piece] = []
    for kind, start, end, to, until in SequenceMatcher(
        None, before, after, autojunk=False
    ).get_opcodes():
        if kind == "equal":
            found.append(Piece("same", "".join(after[to:until])))
            continue
        if end > start:
            found.append(Piece("gone", "".join(before[start:end])))
        if until > to:
            found.append(Piece("new", "".join(after[to:until])))
    return found


def _words_of(section: Section | None, language: str, *, with_heading: bool) -> list[str]:
    """A passage in words, each with the space after it."""
    if section is None:
        return []
    text = section.passage.of(language)
    if with_heading:
        text = f"{section.heading.of(language)}\n\n{text}"
    words: list[str] = []
    start = 0
    for place, character in enumerate(text):
        if character.isspace() and not text[place + 1 : place + 2].isspace():
            words.append(text[start : place + 1])
            start = place + 1
    return [*words, text[start:]]


def _version_id(version: Version) -> str:
    return format_id(PREFIX, version.version_id)
