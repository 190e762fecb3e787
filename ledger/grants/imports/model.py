"""Imports of balances, as values: what is brought along, who stands for it, what it hashes to.

    dry run ──▶ proposed ──approve by enough persons──▶ approved ──in parts──▶ paid
                   ├──reject──▶ rejected                    └──────┬────────────┘
                   └──withdraw──▶ withdrawn                two persons ──▶ taking_back
                                                                                └──▶ taken_back

A line is paid once to the active member whom it names, or whose identity it names; until there is
one it waits. The budget is used up by the whole import from its approval on, and free again once
everything was taken back.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from enum import StrEnum
from typing import Final
from uuid import UUID

from ledger.grants.model import Approval, GrantPolicy
from ledger.journal.model import EntryKind
from ledger.kernel.canonical import Json, canonical_json, digest
from ledger.kernel.clock import Instant
from ledger.kernel.ids import derived_id
from ledger.kernel.units import Points
from ledger.lots.model import Cause
from ledger.members.model import IdentityKey

LINES_MAX: Final = 100_000
_DEFAULT_POLICY: Final = GrantPolicy()
CHUNK: Final = 500
"""Lines paid in one transaction; other commands go in between."""
IMPORT_CAUSE: Final = "import"
"""The cause kind of lots that an import gave; the cause id is the import's."""
IMPORT_TOPIC: Final = "import"
"""Outbox topic; the key is an import's id as text: there are lines to be paid or taken back."""


class ImportState(StrEnum):
    """``approved`` and ``taking_back`` are carried out in parts."""

    PROPOSED = "proposed"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    APPROVED = "approved"
    PAID = "paid"
    TAKING_BACK = "taking_back"
    TAKEN_BACK = "taken_back"


USING_UP: Final = (ImportState.APPROVED, ImportState.PAID, ImportState.TAKING_BACK)
"""States in which an import counts in its budget."""
LIVE: Final = (ImportState.PROPOSED, *USING_UP)
"""States in which its lines may not be brought along once more."""


class Outcome(StrEnum):
    """What became of a line; one that waits has none yet."""

    CREDITED = "credited"
    LAPSED = "lapsed"


@dataclass(frozen=True, slots=True)
class FileLine:
    """A line of the file: ``who`` is a member's id or an identity, dates are whole days of UTC.

    ``number`` is the line's in the file. ``reference`` is what the old system calls it.
    """

    number: int
    who: UUID | IdentityKey
    points: Points
    granted_on: date | None
    activates_on: date | None
    expires_on: date | None
    reference: str
    reason: str


@dataclass(frozen=True, slots=True)
class ImportLine:
    """A line as it is kept: of a member or of an identity's reference, without words.

    ``mark`` is the same for the same person and reference in any import, ``words_digest`` covers
    reference and reason, which are kept apart and may be erased.
    """

    number: int
    member_id: UUID | None
    identity: UUID | None
    points: Points
    granted_on: date | None
    activates_on: date | None
    expires_on: date | None
    mark: bytes
    words_digest: bytes


@dataclass(frozen=True, slots=True)
class Import:
    """An import without its lines; its creator is the first of ``approvals``.

    ``file_digest`` is SHA-256 of the file as it was given, ``lines_digest`` covers every line in
    order. ``walked`` is the number of the last line that was paid, or taken back, in parts.
    ``payable_from`` is set where a delay with a public notice stands for a person who is missing.
    """

    import_id: UUID
    budget_id: UUID
    created_by: UUID
    created_at: datetime
    points: Points
    line_count: int
    file_digest: bytes
    lines_digest: bytes
    reason: str | None
    reason_digest: bytes
    content_digest: bytes
    persons_needed: int
    payable_from: datetime | None
    state: ImportState
    walked: int
    closed_by: UUID | None
    closed_at: datetime | None
    approvals: tuple[Approval, ...]

    @property
    def cause(self) -> Cause:
        """What its lots exist for."""
        return Cause(IMPORT_CAUSE, str(self.import_id))


@dataclass(frozen=True, slots=True)
class ProposeImport:
    """Look at a file, or propose what the dry run with digest ``confirm`` looked at."""

    created_by: UUID
    budget_id: UUID
    reason: str
    content: bytes
    confirm: bytes | None = None
    policy: GrantPolicy = _DEFAULT_POLICY


@dataclass(frozen=True, slots=True)
class ApproveImport:
    """Stand for an import whose content hashes to ``content_digest``."""

    import_id: UUID
    person_id: UUID
    content_digest: bytes
    policy: GrantPolicy = _DEFAULT_POLICY


@dataclass(frozen=True, slots=True)
class CloseImport:
    """Say no: the creator withdraws what is proposed, any other admin rejects it."""

    import_id: UUID
    person_id: UUID


@dataclass(frozen=True, slots=True)
class TakeBackImport:
    """Ask that what an approved import paid be taken back, or approve another person's asking."""

    import_id: UUID
    person_id: UUID
    content_digest: bytes


@dataclass(frozen=True, slots=True)
class TakingBack:
    """A person who wants an import of exactly this content taken back."""

    person_id: UUID
    asked_at: datetime
    content_digest: bytes


@dataclass(frozen=True, slots=True)
class Effect:
    """What proposing a file would mean; nothing was written.

    ``by_expiry`` maps months (``2026-12``, or ``None`` for never) to points. ``liability_minor`` is
    what a point is worth at most in each currency of the programme in force, times all of them.
    ``confirm`` goes back in :class:`ProposeImport`.
    """

    line_count: int
    points: Points
    members_known: int
    identities_unknown: int
    points_waiting: Points
    by_expiry: Mapping[str | None, Points]
    liability_minor: Mapping[str, int]
    budget_left: Points
    persons_needed: int
    payable_from: datetime | None
    file_digest: bytes
    confirm: bytes


@dataclass(frozen=True, slots=True)
class Progress:
    """What became of an import's lines so far.

    Of those that wait, the withheld ones reach somebody who proposed or approved the import. No one
    pays themselves, so they are not credited while that is so.
    """

    credited: int
    points_credited: Points
    lapsed: int
    waiting: int
    points_waiting: Points
    withheld: int
    points_withheld: Points
    taken_back: int


@dataclass(frozen=True, slots=True)
class ImportNotice:
    """What anybody may know of an import that waits out its delay."""

    import_id: UUID
    points: Points
    line_count: int
    created_at: datetime
    payable_from: datetime


def mark_of(who: UUID, reference: str) -> bytes:
    """The same for the same person and reference; the random id salts it."""
    return hashlib.sha256(who.bytes + reference.encode()).digest()


def words_digest(import_id: UUID, line: FileLine) -> bytes:
    """What stays of words that may be erased; the import's random id salts it."""
    return words_digest_of(import_id, line.number, line.reference, line.reason)


def words_digest_of(import_id: UUID, number: int, reference: str, reason: str) -> bytes:
    """As :func:`words_digest`, of words that are kept."""
    words = canonical_json([number, reference, reason])
    return hashlib.sha256(import_id.bytes + words).digest()


def reason_digest(import_id: UUID, reason: str) -> bytes:
    """As :func:`words_digest`, of the whole import's reason."""
    return hashlib.sha256(import_id.bytes + reason.encode()).digest()


def lines_digest(lines: Iterable[ImportLine]) -> bytes:
    """SHA-256 over the canonical text of every line, in order."""
    hashed = hashlib.sha256()
    for line in lines:
        hashed.update(canonical_json(line_text(line)) + b"\n")
    return hashed.digest()


def line_text(line: ImportLine) -> dict[str, Json]:
    """A line as its digest and the entry that pays it state it."""
    return {
        "line": line.number,
        "member": None if line.member_id is None else str(line.member_id),
        "identity": None if line.identity is None else str(line.identity),
        "points": line.points.amount,
        "granted_on": _day(line.granted_on),
        "activates_on": _day(line.activates_on),
        "expires_on": _day(line.expires_on),
        "words": line.words_digest.hex(),
    }


def content_digest(what: Import) -> bytes:
    """The hash that approvals carry: everything that was decided."""
    return digest(
        {
            "import": str(what.import_id),
            "budget": str(what.budget_id),
            "created_by": str(what.created_by),
            "created_at": _moment(what.created_at),
            "points": what.points.amount,
            "lines": what.line_count,
            "lines_digest": what.lines_digest.hex(),
            "file": what.file_digest.hex(),
            "reason": what.reason_digest.hex(),
            "persons_needed": what.persons_needed,
            "payable_from": _moment(what.payable_from),
        }
    )


def confirmation(command: ProposeImport) -> bytes:
    """What a dry run hands out, and the proposal hands back: a hash of what was looked at."""
    return digest(
        {
            "budget": str(command.budget_id),
            "reason": command.reason,
            "file": hashlib.sha256(command.content).hexdigest(),
        }
    )


def payment_text(what: Import, line: ImportLine) -> dict[str, Json]:
    """What the entry that pays a line states, so the journal's hash covers it."""
    return {
        "import": str(what.import_id),
        "content": what.content_digest.hex(),
        "approvals": [
            {"person": str(approval.person_id), "at": _moment(approval.approved_at)}
            for approval in what.approvals
        ],
        **line_text(line),
    }


def payment_id(what: Import, number: int) -> UUID:
    """The id of the entry that pays a line, the same whenever it is worked out."""
    assert what.closed_at is not None, "an import is paid once it was approved"
    return derived_id(what.closed_at, EntryKind.GRANT, *payment_key(what.import_id, number))


def payment_key(import_id: UUID, number: int) -> tuple[str, ...]:
    """What names the payment of a line for ever."""
    return (IMPORT_CAUSE, str(import_id), str(number))


def taking_back_key(import_id: UUID, number: int) -> tuple[str, ...]:
    """What names the taking back of a line for ever."""
    return (IMPORT_CAUSE, str(import_id), str(number), "taken_back")


def start_of(day: date) -> datetime:
    """When a day begins, in UTC."""
    return datetime.combine(day, time(), UTC)


def _day(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def _moment(moment: datetime | None) -> str | None:
    return None if moment is None else Instant.of(moment).isoformat()
