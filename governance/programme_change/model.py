"""What an executed programme vote did here. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class VoteOutcome(StrEnum):
    """What an executed vote did to the programme in force."""

    ACTIVATED = "activated"
    FILE_MISSING = "file_missing"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class ProgrammeVote:
    """One activation in the registry, and what became of it here."""

    number: int
    programme_hash: bytes
    effective_at: datetime
    transaction_hash: bytes
    outcome: VoteOutcome
    reason: str
