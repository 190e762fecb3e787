"""The memorandum's text, its versions and their differences, as values. Pure.

    propose ──▶ proposed ──publish (another admin, by hash)──▶ published ──the next one──▶ replaced
                   ├──the members' vote on its words──▶ published
                   ├──reject (another admin)──▶ rejected
                   └──withdraw (its proposer)──▶ withdrawn

A version is named by the SHA-256 of its text in both languages. The text names its number and the
version before it, so of two that were proposed side by side only one can follow: when it is
published the other is *overtaken*. Where a school has a single admin, that one publishes after a
stated delay with a public notice (DESIGN 3, rule 10).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from eth_utils.crypto import keccak

from governance.memorandum.errors import BadMemorandum
from ledger.kernel.canonical import Json, digest
from ledger.kernel.clock import Instant
from ledger.kernel.ids import format_id

PREFIX: Final = "mmo"
LANGUAGES: Final = ("en", "ru")
TEXT_FORMAT: Final = "vklad.memorandum.v1"
HEADING_LENGTH_MAX: Final = 120
PASSAGE_LENGTH_MAX: Final = 4_000
SUMMARY_LENGTH_MAX: Final = 1_000
OPTION_LENGTH_MAX: Final = 120
SECTIONS_MAX: Final = 24
QUESTIONS_MAX: Final = 6
OPTIONS_MAX: Final = 8
WAITING_MAX: Final = 5
"""Versions that may wait for a decision side by side."""
_ID: Final = re.compile(r"[a-z][a-z0-9-]{0,39}")


@dataclass(frozen=True, slots=True)
class Words:
    """The same in both languages."""

    en: str
    ru: str

    def of(self, language: str) -> str:
        """In one of them."""
        return self.ru if language == "ru" else self.en

    def document(self) -> dict[str, Json]:
        """As it is hashed."""
        return {"en": self.en, "ru": self.ru}

    @classmethod
    def read(cls, document: Mapping[str, str]) -> Words:
        """From its document."""
        return cls(document["en"], document["ru"])


@dataclass(frozen=True, slots=True)
class Section:
    """One part of the text; its id stays the same from version to version."""

    section_id: str
    heading: Words
    passage: Words

    def document(self) -> dict[str, Json]:
        """As it is hashed."""
        return {
            "id": self.section_id,
            "heading": self.heading.document(),
            "passage": self.passage.document(),
        }


@dataclass(frozen=True, slots=True)
class Question:
    """Asked of outsiders who read this version; one option is chosen."""

    question_id: str
    question: Words
    options: tuple[Words, ...]

    def document(self) -> dict[str, Json]:
        """As it is kept."""
        return {
            "id": self.question_id,
            "question": self.question.document(),
            "options": [each.document() for each in self.options],
        }


@dataclass(frozen=True, slots=True)
class Wording:
    """What a version says, before it has a number."""

    title: Words
    sections: tuple[Section, ...]
    summary: Words
    """What is new in it, in a few words."""
    questions: tuple[Question, ...] = ()


@dataclass(frozen=True, slots=True)
class Text:
    """What is signed: the text in its place after the one before."""

    number: int
    previous: bytes | None
    title: Words
    sections: tuple[Section, ...]

    def document(self) -> dict[str, Json]:
        """As it is hashed and published."""
        return {
            "format": TEXT_FORMAT,
            "number": self.number,
            "previous": None if self.previous is None else self.previous.hex(),
            "title": self.title.document(),
            "sections": [each.document() for each in self.sections],
        }

    def hashed(self) -> bytes:
        """SHA-256 over the canonical form, 32 bytes: what names this version."""
        return digest(self.document())


class VersionState(StrEnum):
    """Where a version is."""

    PROPOSED = "proposed"
    PUBLISHED = "published"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Decided:
    """How the proposal of a version ended; ``decided_by`` is ``None`` of a vote."""

    state: VersionState
    decided_by: UUID | None
    decided_at: datetime
    vote: Mapping[str, Json] | None = None


@dataclass(frozen=True, slots=True)
class Version:
    """A version with who proposed it and what became of it."""

    version_id: UUID
    text: Text
    summary: Words
    questions: tuple[Question, ...]
    proposed_by: UUID
    proposed_at: datetime
    open_from: datetime | None
    content: bytes
    """SHA-256 of the text."""
    decided: Decided | None = None

    @property
    def state(self) -> VersionState:
        """``proposed``, or how it ended."""
        return VersionState.PROPOSED if self.decided is None else self.decided.state

    @property
    def approval_digest(self) -> bytes:
        """What the second person approves: the text and everything that goes with it."""
        since = self.open_from
        return digest(
            {
                "version": format_id(PREFIX, self.version_id),
                "content": self.text.hashed().hex(),
                "summary": self.summary.document(),
                "questions": [each.document() for each in self.questions],
                "proposed_by": format_id("mem", self.proposed_by),
                "proposed_at": Instant.of(self.proposed_at).isoformat(),
                "open_from": None if since is None else Instant.of(since).isoformat(),
            }
        )


class Change(StrEnum):
    """What became of a section from one version to another."""

    SAME = "same"
    CHANGED = "changed"
    ADDED = "added"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class SectionChange:
    """One section in both versions; ``None`` where there is none."""

    change: Change
    before: Section | None
    after: Section | None

    @property
    def section_id(self) -> str:
        """Whichever there is."""
        section = self.after or self.before
        assert section is not None, "a section of one of the two"
        return section.section_id


def differences(before: Text, after: Text) -> list[SectionChange]:
    """Section by section, in the later text's order; what is gone comes last."""
    known = {each.section_id: each for each in before.sections}
    found = []
    for section in after.sections:
        old = known.pop(section.section_id, None)
        kept = Change.SAME if old == section else Change.CHANGED
        found.append(SectionChange(Change.ADDED if old is None else kept, old, section))
    return [*found, *(SectionChange(Change.REMOVED, old, None) for old in known.values())]


def vote_words(text: Text) -> tuple[str, str]:
    """Title and body of the text proposal by whose execution a version is published."""
    number, content = text.number, text.hashed().hex()
    before = "none" if text.previous is None else text.previous.hex()
    body = (
        f"The community adopts version {number} of its memorandum.\n"
        f"Сообщество принимает версию {number} своего меморандума.\n\n"
        f"SHA-256: {content}\nPrevious: {before}"
    )
    return f"Memorandum, version {number} · Меморандум, версия {number}", body


def vote_hash(text: Text) -> bytes:
    """What the chain keeps of that vote: Keccak-256 over title and body (``Mandates``)."""
    title, body = vote_words(text)
    return bytes(keccak(text=f"# {title}\n\n{body}"))


def check_wording(wording: Wording) -> None:
    """Refuse what cannot be a version.

    Raises:
        BadMemorandum: ``field`` says which part, the sentence what is wrong.
    """
    _check_words(wording.title, HEADING_LENGTH_MAX, "title", is_line=True)
    _check_words(wording.summary, SUMMARY_LENGTH_MAX, "summary")
    if not 1 <= len(wording.sections) <= SECTIONS_MAX:
        raise BadMemorandum(f"A text has 1 to {SECTIONS_MAX} sections.", field="sections")
    _check_ids((each.section_id for each in wording.sections), "sections")
    for section in wording.sections:
        where = f"sections.{section.section_id}"
        _check_words(section.heading, HEADING_LENGTH_MAX, where, is_line=True)
        _check_words(section.passage, PASSAGE_LENGTH_MAX, where)
    if len(wording.questions) > QUESTIONS_MAX:
        raise BadMemorandum(f"At most {QUESTIONS_MAX} questions are asked.", field="questions")
    _check_ids((each.question_id for each in wording.questions), "questions")
    for question in wording.questions:
        _check_question(question)


def _check_question(question: Question) -> None:
    where = f"questions.{question.question_id}"
    if not 2 <= len(question.options) <= OPTIONS_MAX:
        raise BadMemorandum(f"A question has 2 to {OPTIONS_MAX} options.", field=where)
    for words in (question.question, *question.options):
        _check_words(words, OPTION_LENGTH_MAX, where, is_line=True)
    for language in LANGUAGES:
        said = {each.of(language).strip().casefold() for each in question.options}
        if len(said) != len(question.options):
            raise BadMemorandum("Two options are the same.", field=where)


def _check_ids(ids: Iterable[str], field: str) -> None:
    seen: set[str] = set()
    for each in ids:
        if _ID.fullmatch(each) is None or each in seen:
            raise BadMemorandum(
                f"{each!r} is no id, or is there twice: small Latin letters, digits and hyphens.",
                field=field,
            )
        seen.add(each)


def _check_words(words: Words, length_max: int, field: str, *, is_line: bool = False) -> None:
    for language in LANGUAGES:
        text = words.of(language)
        if not is_text(text, length_max) or text != text.strip() or (is_line and "\n" in text):
            kind = "one line" if is_line else "text"
            raise BadMemorandum(
                f"In both languages this is {kind} of 1 to {length_max} characters.", field=field
            )


def is_text(text: str, length_max: int) -> bool:
    """Words that can be kept and written as JSON: no control characters, no halves of any."""
    return (
        bool(text.strip())
        and len(text) <= length_max
        and all(character == "\n" or ord(character) >= 32 for character in text)
        and not any("\ud800" <= character <= "\udfff" for character in text)
    )


def read_sections(documents: Sequence[Mapping[str, object]]) -> tuple[Section, ...]:
    """Sections from the document in which they were kept."""
    return tuple(
        Section(str(each["id"]), _read(each["heading"]), _read(each["passage"]))
        for each in documents
    )


def read_questions(documents: Sequence[Mapping[str, object]]) -> tuple[Question, ...]:
    """Questions from the document in which they were kept."""
    found = []
    for each in documents:
        options = each["options"]
        assert isinstance(options, list), "a document of ours"
        said = tuple(_read(option) for option in options)
        found.append(Question(str(each["id"]), _read(each["question"]), said))
    return tuple(found)


def _read(words: object) -> Words:
    assert isinstance(words, Mapping), "a document of ours"
    return Words.read(words)
