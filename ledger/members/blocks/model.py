"""Blocking and unblocking, as commands and as they are written down. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

from ledger.kernel.errors import ErrorKind, VkladError

BLOCK_REASON_LENGTH_MAX: Final = 500
Action = Literal["blocked", "unblocked"]


@dataclass(frozen=True, slots=True)
class Block:
    """Keep a member from taking part: it takes away, so one person is enough."""

    member_id: UUID
    by: UUID
    reason: str


@dataclass(frozen=True, slots=True)
class Unblock:
    """Let a member take part again: another person than who blocked."""

    member_id: UUID
    by: UUID
    reason: str


@dataclass(frozen=True, slots=True)
class BlockRecord:
    """One line of a member's history; ``reason`` is ``None`` once its words were erased."""

    action: Action
    by: UUID
    recorded_at: datetime
    reason: str | None


class BlockReasonUnreadable(VkladError):
    """A reason that is empty, too long or has characters that cannot be seen."""

    code = "block_reason_unreadable"
    kind = ErrorKind.INVALID


class MemberNotBlocked(VkladError):
    """There is nothing to lift."""

    code = "member_not_blocked"
    kind = ErrorKind.CONFLICT


class UnblockNeedsAnotherPerson(VkladError):
    """Whoever blocked a member, or is the member, does not lift it."""

    code = "unblock_needs_another_person"
    kind = ErrorKind.FORBIDDEN


def check_reason(reason: str) -> str:
    """The reason without blanks around it.

    Raises:
        BlockReasonUnreadable: nobody could read it.
    """
    said = reason.strip()
    if not said or len(said) > BLOCK_REASON_LENGTH_MAX or not said.isprintable():
        raise BlockReasonUnreadable(
            f"A reason is 1 to {BLOCK_REASON_LENGTH_MAX} visible characters.",
            length_max=BLOCK_REASON_LENGTH_MAX,
        )
    return said
