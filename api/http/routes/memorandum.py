"""``/v1/memorandum``: its versions, and the register of who stands by which.

Everybody reads. Members sign with a key of their browser or their wallet; admins propose versions
and, as a second person, publish them. What people say of the text is in ``memorandum_voices``.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Final, Literal, cast
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import JSONResponse, PlainTextResponse, Response
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from api import memoranda
from api.composition import Composition
from api.governing import governing_of, wallet_of
from api.http.idempotency import OnceHere, once_responses
from api.http.pagination import PageHere
from api.http.parts import parts_of
from api.http.principal import CurrentMember, limit_by_address
from api.http.problems import responses
from governance.memorandum import documents, register_store, service, signing, store, voices_store
from governance.memorandum.model import (
    OPTIONS_MAX,
    PREFIX,
    QUESTIONS_MAX,
    SECTIONS_MAX,
    Question,
    Section,
    Version,
    Wording,
    Words,
    differences,
)
from governance.memorandum.register import Act, Entry
from governance.memorandum.service import (
    CloseVersion,
    ProposeVersion,
    PublishVersion,
    require_version,
)
from governance.memorandum.signing import ByDevice, ByWallet, Enter, Say
from governance.recount import memorandum as recount
from ledger.kernel.canonical import Json
from ledger.kernel.ids import parse_id
from ledger.kernel.transaction import execute

router: Final = APIRouter(prefix="/v1/memorandum", tags=["memorandum"])

_VERIFIER: Final = Path(recount.__file__)
_SECOND: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


def _composition(request: Request) -> Composition:
    return cast("Composition", parts_of(request))


def _whole_second(text: str) -> str:
    if _SECOND.fullmatch(text) is None:
        raise ValueError("a moment is stated in UTC, in whole seconds")
    datetime.fromisoformat(text)
    return text


CompositionHere = Annotated[Composition, Depends(_composition)]
ByAddress = Depends(limit_by_address)
Hex32 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
DeviceKeyHex = Annotated[str, Field(pattern=r"^[0-9a-f]{130}$")]
DeviceSignature = Annotated[str, Field(pattern=r"^[0-9a-f]{128}$")]
WalletSignature = Annotated[str, Field(pattern=r"^0x(?:[0-9a-fA-F]{2}){1,2048}$")]
Language = Literal["en", "ru"]
Moment = Annotated[str, AfterValidator(_whole_second)]
"""``2026-03-02T09:00:00Z``: what is signed has one spelling."""


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class WordsBody(_Body):
    """The same in both languages."""

    en: Annotated[str, Field(max_length=8_000)]
    ru: Annotated[str, Field(max_length=8_000)]

    def words(self) -> Words:
        """As the domain has it."""
        return Words(self.en.strip(), self.ru.strip())


class SectionBody(_Body):
    """One part of the text, by an id that stays from version to version."""

    id: Annotated[str, Field(max_length=40)]
    heading: WordsBody
    passage: WordsBody


class QuestionBody(_Body):
    """A question to outsiders; one option is chosen."""

    id: Annotated[str, Field(max_length=40)]
    question: WordsBody
    options: Annotated[list[WordsBody], Field(max_length=2 * OPTIONS_MAX)]


class WordingBody(_Body):
    """A version to propose. Its number and the one before it are added."""

    title: WordsBody
    sections: Annotated[list[SectionBody], Field(max_length=2 * SECTIONS_MAX)]
    summary: WordsBody
    questions: Annotated[list[QuestionBody], Field(max_length=2 * QUESTIONS_MAX)] = []

    def wording(self) -> Wording:
        """As the domain has it."""
        return Wording(
            self.title.words(),
            tuple(
                Section(each.id, each.heading.words(), each.passage.words())
                for each in self.sections
            ),
            self.summary.words(),
            tuple(
                Question(
                    each.id,
                    each.question.words(),
                    tuple(option.words() for option in each.options),
                )
                for each in self.questions
            ),
        )


class PublishBody(_Body):
    """The second person's yes: the ``approval_digest`` of what was read."""

    approval_digest: Hex32


class SaidBody(_Body):
    """What a member says of a version, as the next word of theirs in the register."""

    act: Act = Field(strict=False)
    version: Annotated[str, Field(max_length=60)]
    language: Language
    turn: Annotated[int, Field(ge=1, le=1_000)]
    signed_at: Moment

    def say(self, member_id: UUID) -> Say:
        """As the domain has it."""
        number = parse_id(PREFIX, self.version)
        at = moment_of(self.signed_at)
        return Say(self.act, number, member_id, self.language, self.turn, at)


class EntryByDevice(_Body):
    """Signed by a key that the member's browser made."""

    by: Literal["device"]
    public_key: DeviceKeyHex
    signature: DeviceSignature


class EntryByWallet(_Body):
    """Signed by the linked wallet, over what ``entry-messages`` showed."""

    by: Literal["wallet"]
    signature: WalletSignature


class EntryBody(SaidBody):
    """A signature or a withdrawal."""

    signed: Annotated[EntryByDevice | EntryByWallet, Field(discriminator="by")]


def moment_of(text: str) -> datetime:
    """A moment in whole seconds."""
    return datetime.fromisoformat(text).astimezone(UTC)


@router.get("", responses=responses(429, 503), dependencies=[ByAddress])
def read_memorandum(composition: CompositionHere) -> dict[str, Any]:
    """The version in force, if any, those proposed, and how many are interested. Public."""
    with composition.database.read() as work:
        in_force = store.in_force(work)
        register = register_store.register(work)
        tally = None if in_force is None else memoranda.tally_of(work, in_force)
        return {
            "in_force": (
                None
                if in_force is None or tally is None
                else memoranda.summary_json(in_force, tally)
            ),
            "proposed": [documents.version_json(each) for each in store.waiting(work)],
            "register": None if register is None else register.hex(),
            "interested": voices_store.count_interests(work),
        }


@router.get("/versions", responses=responses(400, 429, 503), dependencies=[ByAddress])
def list_versions(page: PageHere, composition: CompositionHere) -> JSONResponse:
    """Versions that were ever proposed, the newest first. Public."""
    before = None if page.after is None else UUID(str(page.after[0]))
    with composition.database.read() as work:
        found = store.page(work, before, page.fetch)
        tallies = memoranda.tallies_of(work, found)
    return page.answer(
        found,
        key=lambda version: [str(version.version_id)],
        render=lambda version: memoranda.summary_json(version, tallies[version.version_id]),
    )


@router.post("/versions", status_code=201, responses=once_responses())
def propose(body: WordingBody, member_id: CurrentMember, once: OnceHere) -> Response:
    """Propose a version, as an admin; everybody can read and discuss it from now on."""
    command = ProposeVersion(member_id, body.wording())
    return once(service.propose, command, render=documents.version_json)


@router.get(
    "/verifier.py",
    response_class=PlainTextResponse,
    responses=responses(429),
    dependencies=[ByAddress],
)
def verifier_file() -> PlainTextResponse:
    """The program that checks the register and receipts: one file, Python 3.11, nothing else."""
    return PlainTextResponse(_VERIFIER.read_text("utf-8"), media_type="text/x-python")


@router.get("/versions/{version_id}", responses=responses(404, 429, 503), dependencies=[ByAddress])
def read_version(version_id: str, composition: CompositionHere) -> dict[str, Any]:
    """One version with who stands by it. Public."""
    with composition.database.read() as work:
        version = require_version(work, parse_id(PREFIX, version_id))
        return memoranda.summary_json(version, memoranda.tally_of(work, version))


@router.get(
    "/versions/{version_id}/differences",
    responses=responses(404, 422, 429, 503),
    dependencies=[ByAddress],
)
def read_differences(
    version_id: str,
    composition: CompositionHere,
    since: Annotated[str, Query(max_length=60)],
) -> dict[str, Any]:
    """Section by section, what this version changes of the one ``since``. Public."""
    with composition.database.read() as work:
        after = require_version(work, parse_id(PREFIX, version_id))
        before = require_version(work, parse_id(PREFIX, since))
    return {
        "data": [
            {
                "section": each.section_id,
                "change": each.change.value,
                "before": None if each.before is None else each.before.document(),
                "after": None if each.after is None else each.after.document(),
            }
            for each in differences(before.text, after.text)
        ]
    }


@router.post("/versions/{version_id}/publish", responses=once_responses(404))
def publish(
    version_id: str, body: PublishBody, member_id: CurrentMember, once: OnceHere
) -> Response:
    """Put a version in force, as an admin other than its proposer."""
    approval = bytes.fromhex(body.approval_digest)
    command = PublishVersion(parse_id(PREFIX, version_id), member_id, approval)
    return once(service.publish, command, render=documents.version_json, status=200)


@router.post("/versions/{version_id}/close", responses=once_responses(404))
def close(version_id: str, member_id: CurrentMember, once: OnceHere) -> Response:
    """Withdraw one's own proposal, or reject another admin's."""
    command = CloseVersion(parse_id(PREFIX, version_id), member_id)
    return once(service.close, command, render=documents.version_json, status=200)


@router.get("/register", responses=responses(422, 429, 503), dependencies=[ByAddress])
def register(
    composition: CompositionHere, after: Annotated[int, Query(ge=0, le=2**31)] = 0
) -> dict[str, Any]:
    """Entries of the register after a number, with the head over each. Public."""
    with composition.database.read() as work:
        found = register_store.entries(work, after=after, limit=memoranda.ENTRIES_AT_ONCE)
    return {"data": [documents.entry_json(each) for each in found]}


@router.get("/head", responses=responses(404, 429, 503), dependencies=[ByAddress])
def head(composition: CompositionHere) -> JSONResponse:
    """The register's size and head now, signed: a file to keep. Public."""
    with composition.database.read() as work:
        found = memoranda.head_file(composition, work)
    return _file(found, "vklad-memorandum-head.json")


@router.get("/export", responses=responses(404, 429, 503), dependencies=[ByAddress])
def export(composition: CompositionHere) -> JSONResponse:
    """Versions and the whole register, signed: all that counting again takes. Public."""
    with composition.database.read() as work:
        found = memoranda.export_file(composition, work)
    return _file(found, "vklad-memorandum.json")


@router.get("/receipt", responses=responses(401, 403, 404, 409, 503))
def receipt(composition: CompositionHere, member_id: CurrentMember) -> JSONResponse:
    """My entries, signed, with what shows that they are mine: a file to keep."""
    with composition.database.read() as work:
        found = memoranda.receipt_file(composition, work, member_id)
    return _file(found, "vklad-memorandum-receipt.json")


@router.post(
    "/versions/{version_id}/signer", responses=responses(401, 403, 404, 409, 422, 429, 503)
)
def signer(
    version_id: str, composition: CompositionHere, member_id: CurrentMember
) -> dict[str, Any]:
    """As whom I sign in the register, and which word of mine is next; told again, the same."""
    with composition.database.read() as work:
        version = require_version(work, parse_id(PREFIX, version_id))
    part = execute(composition.database, signing.enrol, member_id)
    return memoranda.part_json(version, part)


@router.post("/entry-messages", responses=responses(400, 401, 403, 404, 409, 415, 422, 429, 503))
def entry_message(
    body: SaidBody, composition: CompositionHere, member_id: CurrentMember
) -> dict[str, Any]:
    """What my wallet signs for this; nothing is entered."""
    wallet_of(composition, member_id)
    governing = governing_of(composition)
    version, part = _prepared(composition, body, member_id)
    statement = signing.statement_of(part, version, body.say(member_id))
    message = memoranda.wallet_message(governing, version, statement)
    return {"typed_data": message.as_json()}


@router.post("/entries", status_code=201, responses=once_responses(404))
def enter(
    body: EntryBody, composition: CompositionHere, member_id: CurrentMember, once: OnceHere
) -> Response:
    """Sign the version in force, or withdraw a signature: either is an entry of the register."""
    command = Enter(body.say(member_id), _signed(body, composition, member_id))
    return once(signing.enter, command, render=lambda entry: _entered(composition, entry))


def _prepared(
    composition: Composition, body: SaidBody, member_id: UUID
) -> tuple[Version, signing.MyPart]:
    with composition.database.read() as work:
        version = require_version(work, body.say(member_id).version_id)
    return version, execute(composition.database, signing.enrol, member_id)


def _signed(body: EntryBody, composition: Composition, member_id: UUID) -> ByDevice | ByWallet:
    signed = body.signed
    if isinstance(signed, EntryByDevice):
        return ByDevice(bytes.fromhex(signed.public_key), bytes.fromhex(signed.signature))
    wallet, governing = wallet_of(composition, member_id), governing_of(composition)
    version, part = _prepared(composition, body, member_id)
    statement = signing.statement_of(part, version, body.say(member_id))
    message = memoranda.wallet_message(governing, version, statement)
    return memoranda.signed_by_wallet(
        governing, message, wallet, bytes.fromhex(signed.signature[2:])
    )


def _entered(composition: Composition, entry: Entry) -> Json:
    at = entry.recorded_at
    told = documents.head_json(entry.statement.register, entry.number, entry.head, at)
    return {
        "entry": documents.entry_json(entry),
        "head": told,
        "seal": memoranda.seal(composition, told),
    }


def _file(document: dict[str, Json], name: str) -> JSONResponse:
    disposition = {"Content-Disposition": f'attachment; filename="{name}"'}
    return JSONResponse(document, headers=disposition)
