"""A case from its opening to its decision. Pure.

open ──propose──▶ proposed ──confirm, another person──▶ voided
  └───release────────┴──────────────────────────────▶ released
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Literal
from uuid import UUID

from ledger.kernel.errors import ErrorKind, VkladError

PREFIX: Final = "rvw"
WORDS_LENGTH_MAX: Final = 2000
APPEAL_TIME: Final = timedelta(days=7)
"""So long a member may still appeal before a proposal to void is carried out."""


class Kind(StrEnum):
    """What a detector saw, or that a person says a fact is a mistake."""

    RECIPROCITY = "reciprocity"
    VELOCITY = "velocity"
    SHARED_DEVICE = "shared_device"
    RING = "ring"
    MISTAKE = "mistake"


class State(StrEnum):
    """Where a case is."""

    OPEN = "open"
    PROPOSED = "proposed"
    RELEASED = "released"
    VOIDED = "voided"


LIVE: Final = (State.OPEN, State.PROPOSED)
Act = Literal["proposed", "released", "voided", "appealed"]


@dataclass(frozen=True, slots=True)
class Said:
    """Who did what with a case, and in which words; ``None`` once those were erased."""

    act: Act
    by: UUID
    at: datetime
    words: str | None


@dataclass(frozen=True, slots=True)
class Case:
    """One case, with the members it is about."""

    case_id: UUID
    kind: Kind
    state: State
    opened_at: datetime
    proposed_by: UUID | None
    proposed_at: datetime | None
    members: tuple[UUID, ...]
    events: int
    said: tuple[Said, ...]

    @property
    def is_live(self) -> bool:
        """Whether its awards wait."""
        return self.state in LIVE

    @property
    def decided_at(self) -> datetime | None:
        """When persons released or voided it."""
        return next((one.at for one in self.said if one.act in ("released", "voided")), None)

    def appeals(self) -> set[UUID]:
        """Who has appealed."""
        return {one.by for one in self.said if one.act == "appealed"}


@dataclass(frozen=True, slots=True)
class Decide:
    """A person's step in a case, with reason."""

    case_id: UUID
    by: UUID
    words: str


@dataclass(frozen=True, slots=True)
class ReportMistake:
    """A person says that a fact is a mistake, and why."""

    event_id: UUID
    by: UUID
    words: str


class NothingToUndo(VkladError):
    """No fact has this id, or it counts no longer, or persons look at it already."""

    code = "nothing_to_undo"
    kind = ErrorKind.CONFLICT


class ReviewWordsUnreadable(VkladError):
    """Words that are empty or too long."""

    code = "review_words_unreadable"
    kind = ErrorKind.INVALID


class NotACaseReviewer(VkladError):
    """Only a moderator or an admin who is not part of a case decides on it."""

    code = "not_a_case_reviewer"
    kind = ErrorKind.FORBIDDEN


class UnknownCase(VkladError):
    """No such case, or none of the member's."""

    code = "unknown_case"
    kind = ErrorKind.NOT_FOUND


class CaseDecided(VkladError):
    """The case is not where this step could be taken."""

    code = "case_decided"
    kind = ErrorKind.CONFLICT


class CaseNeedsAnotherPerson(VkladError):
    """Who proposed to void decides neither on that nor on the appeal."""

    code = "case_needs_another_person"
    kind = ErrorKind.FORBIDDEN


class AppealedBefore(VkladError):
    """A member appeals once."""

    code = "appealed_before"
    kind = ErrorKind.CONFLICT


class AppealStillOpen(VkladError):
    """Somebody of the case may still appeal."""

    code = "appeal_still_open"
    kind = ErrorKind.CONFLICT


def check_words(words: str) -> str:
    """The words without blanks around them.

    Raises:
        ReviewWordsUnreadable: nobody could read them.
    """
    said = words.strip()
    if not said or len(said) > WORDS_LENGTH_MAX or "\0" in said:
        raise ReviewWordsUnreadable(
            f"Words are 1 to {WORDS_LENGTH_MAX} characters.", length_max=WORDS_LENGTH_MAX
        )
    return said


def require_voidable(case: Case, by: UUID, now: datetime) -> None:
    """Return if ``by`` may carry the proposal out now.

    Raises:
        CaseDecided: nobody proposes to void it.
        CaseNeedsAnotherPerson: it was this person's own proposal.
        AppealStillOpen: not everybody has appealed, and there is time left to.
    """
    if case.state is not State.PROPOSED or case.proposed_at is None:
        raise CaseDecided("Nobody proposes to void this case.", state=case.state.value)
    if by == case.proposed_by:
        raise CaseNeedsAnotherPerson("Another person than who proposed it has to decide.")
    until = case.proposed_at + APPEAL_TIME
    if now < until and not case.appeals() >= set(case.members):
        raise AppealStillOpen(
            f"Members may appeal until {until.isoformat()}.", until=until.isoformat()
        )


def require_releasable(case: Case, by: UUID) -> None:
    """Return if ``by`` may let the awards go now.

    Raises:
        CaseDecided: it was decided before.
        CaseNeedsAnotherPerson: somebody appealed against this person's own proposal.
    """
    if not case.is_live:
        raise CaseDecided("This case was decided before.", state=case.state.value)
    if case.appeals() and by == case.proposed_by:
        raise CaseNeedsAnotherPerson("Another person than who proposed it decides the appeal.")
