"""Merges and splits of members, as values: what was proposed, and what its content hashes to.

    propose ──▶ proposed ──another person approves exactly this──▶ approved: done at once
                   ├──another admin──▶ rejected
                   └──its proposer──▶ withdrawn

Neither of the two members proposes or approves. A split names the merge that it undoes.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from ledger.kernel.canonical import digest
from ledger.kernel.clock import Instant
from ledger.kernel.errors import ErrorKind, VkladError
from ledger.kernel.units import Points

REASON_LENGTH_MAX: Final = 500


class MergeState(StrEnum):
    """``proposed`` is the only state that changes."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Merge:
    """A merge, or with ``undoes`` a split; ``reason`` is ``None`` once erased."""

    merge_id: UUID
    survivor: UUID
    absorbed: UUID
    undoes: UUID | None
    proposed_by: UUID
    proposed_at: datetime
    reason: str | None
    reason_digest: bytes
    content_digest: bytes
    state: MergeState = MergeState.PROPOSED
    decided_by: UUID | None = None
    decided_at: datetime | None = None

    @property
    def is_split(self) -> bool:
        """Whether it makes two persons out of one."""
        return self.undoes is not None


@dataclass(frozen=True, slots=True)
class ProposeMerge:
    """Say that ``absorbed`` is the same person as ``survivor``, who goes on for both."""

    survivor: UUID
    absorbed: UUID
    reason: str
    by: UUID


@dataclass(frozen=True, slots=True)
class ProposeSplit:
    """Say that a merge was a mistake."""

    merge_id: UUID
    reason: str
    by: UUID


@dataclass(frozen=True, slots=True)
class ApproveMerge:
    """Stand for a merge or split whose content hashes to ``content_digest``."""

    merge_id: UUID
    content_digest: bytes
    by: UUID


@dataclass(frozen=True, slots=True)
class CloseMerge:
    """Say no: the proposer withdraws, any other admin rejects."""

    merge_id: UUID
    by: UUID


@dataclass(frozen=True, slots=True)
class Difference:
    """An award that would be worth something else: for an event or a period, in points."""

    rule_id: str
    event_id: UUID | None
    period: str | None
    before: int
    after: int


@dataclass(frozen=True, slots=True)
class Side:
    """What one of the two has now: points in lots, debt, and what all awards are worth."""

    member_id: UUID
    pending: Points
    available: Points
    held: Points
    debt: Points
    awarded: int
    identities: int


@dataclass(frozen=True, slots=True)
class Effect:
    """What a merge or split would do.

    ``awarded_after`` is what the projection gives both together, ``differences`` the awards that
    would change, the first ``DIFFERENCES_MAX`` of ``differing``.
    """

    survivor: Side
    absorbed: Side
    awarded_after: int
    differing: int
    differences: tuple[Difference, ...]


DIFFERENCES_MAX: Final = 200


class BadMergeReason(VkladError):
    """A reason that is empty, too long or has characters that cannot be seen."""

    code = "bad_merge_reason"
    kind = ErrorKind.INVALID


class MergeWithOneself(VkladError):
    """The two are one member already."""

    code = "merge_with_oneself"
    kind = ErrorKind.INVALID


class UnknownMerge(VkladError):
    """Nothing of this id was proposed."""

    code = "unknown_merge"
    kind = ErrorKind.NOT_FOUND


class MergeDecided(VkladError):
    """It was approved, rejected or withdrawn before."""

    code = "merge_decided"
    kind = ErrorKind.CONFLICT


class MergeContentDiffers(VkladError):
    """The approval is for other content than was proposed."""

    code = "merge_content_differs"
    kind = ErrorKind.CONFLICT


class MergeNeedsAnotherPerson(VkladError):
    """The approver proposed it, or is one of the two."""

    code = "merge_needs_another_person"
    kind = ErrorKind.FORBIDDEN


class MergeOfOfficer(VkladError):
    """Who has or had a role may survive a merge, not be absorbed: what they stood for is theirs."""

    code = "merge_of_officer"
    kind = ErrorKind.CONFLICT


class MergeWouldPayOneself(VkladError):
    """One of the two proposed or approved what paid the other: nobody pays themselves."""

    code = "merge_would_pay_oneself"
    kind = ErrorKind.CONFLICT


class MergeUnderReview(VkladError):
    """Facts of one of the two are under review; that comes first."""

    code = "merge_under_review"
    kind = ErrorKind.CONFLICT


class NotMerged(VkladError):
    """There is nothing to split: the merge was never approved, or is undone."""

    code = "not_merged"
    kind = ErrorKind.CONFLICT


def check_reason(reason: str) -> str:
    """The reason without blanks around it.

    Raises:
        BadMergeReason: nobody could read it.
    """
    said = reason.strip()
    if not said or len(said) > REASON_LENGTH_MAX or not said.isprintable():
        raise BadMergeReason(
            f"A reason is 1 to {REASON_LENGTH_MAX} visible characters.",
            length_max=REASON_LENGTH_MAX,
        )
    return said


def reason_digest(merge_id: UUID, reason: str) -> bytes:
    """What stays of a reason that may be erased; the random id salts it."""
    return hashlib.sha256(merge_id.bytes + reason.encode()).digest()


def content_digest(merge: Merge) -> bytes:
    """The hash that an approval carries: everything that is decided."""
    return digest(
        {
            "merge": str(merge.merge_id),
            "survivor": str(merge.survivor),
            "absorbed": str(merge.absorbed),
            "undoes": None if merge.undoes is None else str(merge.undoes),
            "proposed_by": str(merge.proposed_by),
            "proposed_at": Instant.of(merge.proposed_at).isoformat(),
            "reason": merge.reason_digest.hex(),
        }
    )
