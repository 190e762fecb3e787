"""What outsiders sign with a key of their browser, and what of it can be taken. Pure.

Nobody vouches for an outsider: the key only says that two things were left by the same browser, and
lets that browser take them back. Its statement names the register, so that it counts at this
installation alone, and the moment, so that an old one cannot be told again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from governance.memorandum.errors import (
    BadAnswers,
    BadComment,
    BadInterest,
    BadMemorandumSignature,
)
from governance.memorandum.model import PREFIX, Question, Version, is_text
from governance.polls import device_keys
from ledger.kernel.canonical import Json, canonical_json
from ledger.kernel.clock import Instant
from ledger.kernel.ids import format_id

COMMENT_PREFIX: Final = "mmc"
INTEREST_PREFIX: Final = "mmi"
COMMENT_LENGTH_MAX: Final = 2_000
NAME_LENGTH_MAX: Final = 60
CONTACT_LENGTH_MAX: Final = 120
REASON_LENGTH_MAX: Final = 300
COMMENTS_SHOWN_MAX: Final = 500
DAY: Final = timedelta(hours=24)
_TAG: Final = b"vklad.memorandum.outsider.v1\n"


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is taken in 24 hours."""

    of_one: int
    """From one key, or one member."""
    of_network: int
    """From one network of outsiders: /24 of IPv4, /48 of IPv6."""
    of_all: int
    """From all outsiders together."""


COMMENT_LIMITS: Final = Limits(of_one=10, of_network=20, of_all=300)
INTEREST_LIMITS: Final = Limits(of_one=10, of_network=20, of_all=2_000)
ANSWER_LIMITS: Final = Limits(of_one=10, of_network=30, of_all=3_000)


@dataclass(frozen=True, slots=True)
class Outsider:
    """A browser that nobody vouches for: its key, and its signature of what is said.

    ``network`` is a keyed hash of where it was said from, ``None`` if that is unknown.
    """

    public_key: bytes
    signature: bytes
    said_at: datetime
    network: bytes | None


@dataclass(frozen=True, slots=True)
class Interest:
    """Somebody who would like to join, as an admin sees it."""

    interest_id: UUID
    name: str
    contact: str
    language: str
    registered_at: datetime


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment on a section. One of ``member_id`` and ``public_key`` says whose it is."""

    comment_id: UUID
    version_id: UUID
    section_id: str
    member_id: UUID | None
    public_key: bytes | None
    name: str
    language: str
    said: str
    written_at: datetime
    withdrawn_at: datetime | None = None
    hidden_by: UUID | None = None
    hidden_at: datetime | None = None
    hidden_reason: str | None = None

    @property
    def is_shown(self) -> bool:
        """Whether everybody reads it."""
        return self.withdrawn_at is None and self.hidden_at is None


def comment_statement(
    register: bytes, version: Version, section_id: str, name: str, said: str
) -> dict[str, Json]:
    """What an outsider signs with a comment, but for the moment."""
    return {
        "act": "comment",
        "content": version.content.hex(),
        "name": name,
        "register": register.hex(),
        "said": said,
        "section": section_id,
    }


def withdrawal_statement(register: bytes, comment_id: UUID) -> dict[str, Json]:
    """What an outsider signs to take a comment back."""
    return {
        "act": "withdraw",
        "comment": format_id(COMMENT_PREFIX, comment_id),
        "register": register.hex(),
    }


def interest_statement(register: bytes, name: str, contact: str, consent: bytes) -> dict[str, Json]:
    """What an outsider signs to register interest; ``consent`` is the hash of what was read."""
    return {
        "act": "interest",
        "consent": consent.hex(),
        "contact": contact,
        "name": name,
        "register": register.hex(),
    }


def answers_statement(
    register: bytes, version: Version, answers: Mapping[str, int]
) -> dict[str, Json]:
    """What an outsider signs with the answers: questions' ids with numbers of options."""
    return {
        "act": "answer",
        "answers": dict(answers),
        "register": register.hex(),
        "version": format_id(PREFIX, version.version_id),
    }


def forget_statement(register: bytes) -> dict[str, Json]:
    """What an outsider signs to have everything deleted that the key left."""
    return {"act": "forget", "register": register.hex()}


def outsider_message(statement: dict[str, Json], said_at: datetime) -> bytes:
    """The bytes that an outsider's key signs."""
    return _TAG + canonical_json({**statement, "said_at": Instant.of(said_at).isoformat()})


def require_said(outsider: Outsider, statement: dict[str, Json]) -> bytes:
    """The message, if the outsider's key signed it.

    Raises:
        BadMemorandumSignature, BadDeviceKey: it did not.
    """
    message = outsider_message(statement, outsider.said_at)
    if not device_keys.is_signed(outsider.public_key, message, outsider.signature):
        raise BadMemorandumSignature("The key of your browser did not sign this.")
    return message


def check_comment(version: Version, section_id: str, name: str, said: str) -> None:
    """Refuse what cannot be a comment.

    Raises:
        BadComment: ``field`` says which part.
    """
    if section_id not in {each.section_id for each in version.text.sections}:
        raise BadComment("This version has no such section.", field="section")
    if not is_text(said, COMMENT_LENGTH_MAX):
        raise BadComment(f"A comment has 1 to {COMMENT_LENGTH_MAX} characters.", field="said")
    if not is_line(name, NAME_LENGTH_MAX):
        raise BadComment(f"A name is one line of up to {NAME_LENGTH_MAX} characters.", field="name")


def check_interest(name: str, contact: str) -> None:
    """Refuse what cannot be kept.

    Raises:
        BadInterest: ``field`` says which part.
    """
    for field, text, most in (
        ("name", name, NAME_LENGTH_MAX),
        ("contact", contact, CONTACT_LENGTH_MAX),
    ):
        if not is_line(text, most):
            raise BadInterest(f"This is one line of up to {most} characters.", field=field)


def check_answers(questions: Sequence[Question], answers: Mapping[str, int]) -> None:
    """Refuse answers to what was not asked; a question may be left out, not all of them.

    Raises:
        BadAnswers: they are none of this version's.
    """
    options = {each.question_id: len(each.options) for each in questions}
    known = all(each in options and 0 <= chosen < options[each] for each, chosen in answers.items())
    if not answers or not known:
        raise BadAnswers("Choose one option of at least one of the questions.")


def is_line(text: str, length_max: int) -> bool:
    """One line, perhaps empty."""
    return text == "" or (is_text(text, length_max) and "\n" not in text)
