"""Taking a paid grant back, as values.

    ask, with a reason ──▶ waits ──approve (another admin)──▶ approved: each line is clawed back
                             ├──reject (another admin)──▶ rejected
                             └──withdraw (who asked)──▶ withdrawn

Where a school has a single admin, that one approves after the delay that grants have.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from ledger.grants.model import Grant
from ledger.kernel.canonical import Json, digest
from ledger.kernel.clock import Instant

TAKE_BACK_TOPIC: Final = "grant_take_back"
"""Outbox topic: a grant's points are to be taken back; the key is the grant's id."""


class TakeBackDecision(StrEnum):
    """How it ended; what has no decision waits."""

    APPROVED = "approved"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Decided:
    """Who decided on exactly this content, how and when."""

    decision: TakeBackDecision
    content_digest: bytes
    decided_by: UUID
    decided_at: datetime


@dataclass(frozen=True, slots=True)
class TakeBack:
    """That a grant be taken back; ``reason`` is ``None`` once erased.

    ``due_from`` is set where a delay stands for a second person.
    """

    take_back_id: UUID
    grant_id: UUID
    asked_by: UUID
    asked_at: datetime
    due_from: datetime | None
    reason: str | None
    reason_digest: bytes
    content_digest: bytes
    decided: Decided | None = None

    @property
    def state(self) -> str:
        """``waits``, or how it ended."""
        return "waits" if self.decided is None else self.decided.decision.value


@dataclass(frozen=True, slots=True)
class AskTakeBack:
    """Ask that a grant be taken back, and say why; the members concerned see it."""

    grant_id: UUID
    person_id: UUID
    reason: str


@dataclass(frozen=True, slots=True)
class ApproveTakeBack:
    """The second person's yes to exactly this content."""

    grant_id: UUID
    person_id: UUID
    content_digest: bytes


@dataclass(frozen=True, slots=True)
class CloseTakeBack:
    """Say no: who asked withdraws, any other admin rejects."""

    grant_id: UUID
    person_id: UUID


def take_back_reason_digest(take_back_id: UUID, reason: str) -> bytes:
    """What stays of a reason that may be erased; the random id salts it."""
    return hashlib.sha256(take_back_id.bytes + reason.encode()).digest()


def take_back_digest(asked: TakeBack) -> bytes:
    """The hash that an approval carries: everything that was asked for."""
    due = asked.due_from
    return digest(
        {
            "take_back": str(asked.take_back_id),
            "grant": str(asked.grant_id),
            "asked_by": str(asked.asked_by),
            "asked_at": Instant.of(asked.asked_at).isoformat(),
            "due_from": None if due is None else Instant.of(due).isoformat(),
            "reason": asked.reason_digest.hex(),
        }
    )


def claw_key(grant: Grant, line: int) -> tuple[str, ...]:
    """What names the entry that takes a line back for ever, with the time of the decision."""
    return ("grant", str(grant.grant_id), "taken back", str(line))


def claw_text(asked: TakeBack, line: int) -> dict[str, Json]:
    """What such an entry states, so that the journal's hash covers who stood for it."""
    assert asked.decided is not None, "taken back once it was approved"
    return {
        "grant": str(asked.grant_id),
        "line": line,
        "take_back": str(asked.take_back_id),
        "content": asked.content_digest.hex(),
        "taken_back_by": [str(asked.asked_by), str(asked.decided.decided_by)],
    }
