"""A poll, who may vote in it, and its ballots, as values. Pure.

    announce ──▶ announced ──opens_at──▶ open ──closes_at──▶ closed ──job──▶ counted
                     └──author, admin──▶ withdrawn

Who votes, with what weight, is fixed by ``announce`` and never changes. A voter goes by a pseudonym
of this poll alone: SHA-256 over poll, member and a random salt. The member knows all three, so two
members cannot be given the same one; nobody else can tell who it is, and once the salt is deleted
nobody at all can.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from governance.polls.counting import Method, check_choice
from governance.polls.errors import BadPoll
from ledger.kernel.canonical import Json, canonical_json, digest
from ledger.kernel.clock import Instant
from ledger.kernel.ids import format_id
from ledger.kernel.units import Points

PREFIX: Final = "pol"
KEY_PREFIX: Final = "dev"
TITLE_LENGTH_MAX: Final = 160
BODY_LENGTH_MAX: Final = 8_000
OPTION_LENGTH_MAX: Final = 200
OPTIONS_MAX: Final = 30
CREDITS_MAX: Final = 1_000_000
STANDING_MAX: Final = 10**12
OPEN_MIN: Final = timedelta(minutes=1)
OPEN_MAX: Final = timedelta(days=92)
AHEAD_MAX: Final = timedelta(days=92)
VOTERS_MAX: Final = 100_000
VERSIONS_MAX: Final = 50
"""Ballots of one voter in one poll: the first and its changes."""
KEYS_MAX: Final = 10

DEFINITION_FORMAT: Final = "vklad.poll.v1"
OPENING_FORMAT: Final = "vklad.poll.opening.v1"
CLOSING_FORMAT: Final = "vklad.poll.closing.v1"
_VOTER_FORMAT: Final = "vklad.poll.voter.v1"
_KEY_TAG: Final = b"vklad.poll.key.v1\n"
_BALLOT_TAG: Final = b"vklad.poll.ballot.v1\n"


@dataclass(frozen=True, slots=True)
class PollPolicy:
    """Who announces polls besides admins, and how many may be under way for one member."""

    standing_min: Points
    uncounted_max: int


POLICY: Final = PollPolicy(standing_min=Points(100), uncounted_max=3)


class Weighing(StrEnum):
    """What a voter's weight is, at the moment the poll is announced."""

    PERSON = "person"
    """One each; in quadratic counting, the poll's credits each."""
    VOICE = "voice"
    """The member's voice, in points."""
    TOKEN = "token"  # noqa: S105 - a word, not a secret
    """Tokens in the member's linked wallet at a final block, in wei."""


class PollState(StrEnum):
    """Where a poll is, at a moment."""

    ANNOUNCED = "announced"
    OPEN = "open"
    CLOSED = "closed"
    """Voting is over, the count is under way."""
    COUNTED = "counted"
    WITHDRAWN = "withdrawn"


class BallotKind(StrEnum):
    """What a ballot rests on."""

    DEVICE = "device"
    """A key made in the browser for this poll."""
    WALLET = "wallet"
    """The member's linked wallet (EIP-712)."""
    CONTRACT = "contract"
    """The member's linked contract wallet (ERC-1271)."""
    UNSIGNED = "unsigned"
    """The session of a signed-in member: our word."""


@dataclass(frozen=True, slots=True)
class Definition:
    """What is asked and how it is counted; its digest goes into every ballot."""

    poll_id: UUID
    title: str
    body: str
    options: tuple[str, ...]
    method: Method
    weighing: Weighing
    credits: int | None
    standing_min: int
    opens_at: datetime
    closes_at: datetime

    def document(self) -> dict[str, Json]:
        """As it is hashed and published."""
        return {
            "format": DEFINITION_FORMAT,
            "poll": format_id(PREFIX, self.poll_id),
            "title": self.title,
            "body": self.body,
            "options": list(self.options),
            "method": self.method.value,
            "weighing": self.weighing.value,
            "credits": self.credits,
            "standing_min": self.standing_min,
            "opens_at": Instant.of(self.opens_at).isoformat(),
            "closes_at": Instant.of(self.closes_at).isoformat(),
        }

    def digest(self) -> bytes:
        """SHA-256 over the canonical form, 32 bytes."""
        return digest(self.document())


@dataclass(frozen=True, slots=True)
class Voter:
    """One leaf of those who vote."""

    pseudonym: bytes
    weight: int


@dataclass(frozen=True, slots=True)
class Named:
    """Whose pseudonym it is; deleted when the member is forgotten."""

    member_id: UUID
    salt: bytes
    voter: Voter


@dataclass(frozen=True, slots=True)
class Opening:
    """What is published when a poll is announced."""

    definition: Definition
    eligible: int
    weight: int
    root: bytes
    snapshot: dict[str, Json]
    announced_at: datetime

    def document(self) -> dict[str, Json]:
        """As it is published, and signed with the log's key."""
        return {
            "format": OPENING_FORMAT,
            "poll": format_id(PREFIX, self.definition.poll_id),
            "definition": self.definition.digest().hex(),
            "eligible": self.eligible,
            "weight": str(self.weight),
            "eligibility_root": self.root.hex(),
            "snapshot": self.snapshot,
            "announced_at": Instant.of(self.announced_at).isoformat(),
        }


@dataclass(frozen=True, slots=True)
class Ballot:
    """One ballot as it is kept. ``evidence`` is gone where it named a wallet that was forgotten."""

    number: int
    pseudonym: bytes
    version: int
    choice: tuple[int, ...]
    salt: bytes
    kind: BallotKind
    evidence_digest: bytes | None
    evidence: dict[str, Json] | None
    commitment: bytes
    register_head: bytes

    @property
    def is_signed(self) -> bool:
        """Whether it rests on more than our word."""
        return self.kind is not BallotKind.UNSIGNED


@dataclass(frozen=True, slots=True)
class Poll:
    """A poll with what was fixed when it was announced and, once counted, its result."""

    opening: Opening
    author_id: UUID
    withdrawn_at: datetime | None
    counted_at: datetime | None
    closing: dict[str, Json] | None

    @property
    def definition(self) -> Definition:
        """What is asked."""
        return self.opening.definition

    @property
    def poll_id(self) -> UUID:
        """Its id."""
        return self.opening.definition.poll_id

    def state(self, now: datetime) -> PollState:
        """Where it is."""
        if self.withdrawn_at is not None:
            return PollState.WITHDRAWN
        if self.counted_at is not None:
            return PollState.COUNTED
        if now < self.definition.opens_at:
            return PollState.ANNOUNCED
        return PollState.OPEN if now < self.definition.closes_at else PollState.CLOSED


def check_definition(definition: Definition, now: datetime) -> None:
    """Refuse a poll that cannot be one.

    Raises:
        BadPoll: ``field`` says which part, the sentence what is wrong.
    """
    _check_words(definition)
    if definition.method is Method.QUADRATIC:
        if definition.weighing is Weighing.TOKEN:
            raise BadPoll(
                "Squares can be got round with tokens, which are moved between wallets; "
                "count quadratically by person or by voice.",
                field="weighing",
            )
        has_credits = definition.credits is not None
        if has_credits != (definition.weighing is Weighing.PERSON):
            raise BadPoll(
                "Credits are stated for quadratic counting by person; by voice, they are the "
                "voice.",
                field="credits",
            )
        if has_credits and not 1 <= (definition.credits or 0) <= CREDITS_MAX:
            raise BadPoll(f"Credits are 1 to {CREDITS_MAX}.", field="credits")
    elif definition.credits is not None:
        raise BadPoll("Credits are for quadratic counting only.", field="credits")
    if not 0 <= definition.standing_min <= STANDING_MAX:
        raise BadPoll(f"The standing asked for is 0 to {STANDING_MAX}.", field="standing_min")
    _check_times(definition, now)


def _check_words(definition: Definition) -> None:
    if not _is_text(definition.title, TITLE_LENGTH_MAX) or "\n" in definition.title:
        raise BadPoll(f"A title is one line of 1 to {TITLE_LENGTH_MAX} characters.", field="title")
    if definition.body and not _is_text(definition.body, BODY_LENGTH_MAX):
        raise BadPoll(f"A text has at most {BODY_LENGTH_MAX} characters.", field="body")
    options = definition.options
    if not 2 <= len(options) <= OPTIONS_MAX:
        raise BadPoll(f"A poll has 2 to {OPTIONS_MAX} options.", field="options")
    if not all(_is_text(one, OPTION_LENGTH_MAX) and "\n" not in one for one in options):
        raise BadPoll(
            f"An option is one line of 1 to {OPTION_LENGTH_MAX} characters.", field="options"
        )
    if len({one.strip().casefold() for one in options}) != len(options):
        raise BadPoll("Two options are the same.", field="options")


def _is_text(text: str, length_max: int) -> bool:
    """Words that can be kept and written as JSON: no zero bytes, no halves of characters."""
    return (
        bool(text.strip())
        and len(text) <= length_max
        and all(character in "\n\t" or ord(character) >= 32 for character in text)
        and not any("\ud800" <= character <= "\udfff" for character in text)
    )


def _check_times(definition: Definition, now: datetime) -> None:
    opens_at, closes_at = definition.opens_at, definition.closes_at
    if not now <= opens_at <= now + AHEAD_MAX:
        raise BadPoll(f"A poll opens within {AHEAD_MAX.days} days from now.", field="opens_at")
    if not OPEN_MIN <= closes_at - opens_at <= OPEN_MAX:
        raise BadPoll(f"A poll is open from one minute to {OPEN_MAX.days} days.", field="closes_at")


def pseudonym_of(poll_id: UUID, member_id: UUID, salt: bytes) -> bytes:
    """A member's name in one poll: 32 bytes that say nothing without the salt (32 bytes)."""
    assert len(salt) == 32, "a salt of 32 bytes"
    return digest(
        {
            "format": _VOTER_FORMAT,
            "member": format_id("mem", member_id),
            "poll": format_id(PREFIX, poll_id),
            "salt": salt.hex(),
        }
    )


def voter_leaf(voter: Voter) -> bytes:
    """What the tree of voters holds: pseudonym and weight, 64 bytes."""
    return voter.pseudonym + voter.weight.to_bytes(32, "big")


def ballot_statement(
    definition: Definition, pseudonym: bytes, version: int, choice: Sequence[int], salt: bytes
) -> dict[str, Json]:
    """What a voter says, and signs: the choice, under this poll's whole text, as its n-th word."""
    return {
        "choice": list(choice),
        "definition": definition.digest().hex(),
        "poll": format_id(PREFIX, definition.poll_id),
        "salt": salt.hex(),
        "version": version,
        "voter": pseudonym.hex(),
    }


def device_message(statement: dict[str, Json]) -> bytes:
    """The bytes that a device key signs."""
    return _BALLOT_TAG + canonical_json(statement)


def key_message(poll_id: UUID, pseudonym: bytes, public_key: bytes) -> bytes:
    """The bytes by which a device key says that it is this voter's."""
    return _KEY_TAG + canonical_json(
        {
            "key": public_key.hex(),
            "poll": format_id(PREFIX, poll_id),
            "voter": pseudonym.hex(),
        }
    )


def answer_text(definition: Definition, choice: Sequence[int]) -> str:
    """A choice in words, as a wallet shows it."""
    check_choice(definition.method, len(definition.options), choice)
    options = definition.options
    if definition.method is Method.QUADRATIC:
        return "; ".join(
            f"{name}: {votes}" for name, votes in zip(options, choice, strict=True) if votes
        )
    parts = " > " if definition.method is Method.RANKED else "; "
    return parts.join(options[number] for number in choice)


def commitment_of(
    statement: dict[str, Json], kind: BallotKind, evidence: dict[str, Json] | None
) -> bytes:
    """What is published of a ballot at once: a hash, salted, so that no choice can be guessed."""
    return commitment_of_digest(statement, kind, None if evidence is None else digest(evidence))


def commitment_of_digest(
    statement: dict[str, Json], kind: BallotKind, evidence_digest: bytes | None
) -> bytes:
    """The same where the signature itself may have been forgotten."""
    named = None if evidence_digest is None else evidence_digest.hex()
    content: dict[str, Json] = {**statement, "kind": kind.value, "evidence": named}
    return digest(content)


def register_start(definition: Definition) -> bytes:
    """The register's head before its first ballot."""
    return definition.digest()


def register_next(head: bytes, commitment: bytes) -> bytes:
    """The register's head with one more ballot."""
    return hashlib.sha256(b"\x02" + head + commitment).digest()


def tally_leaf(ballot: Ballot, weight: int) -> bytes:
    """What the tree of counted ballots holds: commitment and weight, 64 bytes."""
    return ballot.commitment + weight.to_bytes(32, "big")


def counted(ballots: Sequence[Ballot]) -> list[Ballot]:
    """Of each voter the last ballot, in the register's order."""
    last = {ballot.pseudonym: ballot for ballot in ballots}
    return sorted(last.values(), key=lambda ballot: ballot.number)
