"""Words of this room: a version put in force in its unit, and what a member has there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from ledger.kernel.errors import ErrorKind, VkladError
from ledger.programme.model import Programme
from ledger.scoring.model import Entitlement
from ledger.standing.model import Reached, Standing

PREFIX: Final = "uch"


class NotBeside(VkladError):
    """A programme of the unit ``points``, which is activated as the programme in force."""

    code = "not_beside"
    kind = ErrorKind.INVALID


class UnknownUnitChange(VkladError):
    """Nothing of this id was proposed."""

    code = "unknown_unit_change"
    kind = ErrorKind.NOT_FOUND


class UnitChangeDecided(VkladError):
    """It was approved, withdrawn or rejected before."""

    code = "unit_change_decided"
    kind = ErrorKind.CONFLICT


class UnitNeedsAnotherPerson(VkladError):
    """Whoever proposed it may not approve it."""

    code = "unit_needs_another_person"
    kind = ErrorKind.FORBIDDEN


@dataclass(frozen=True, slots=True)
class ProposeUnit:
    """Ask that a stored version come into force in its unit."""

    programme_hash: bytes
    effective_at: datetime
    proposed_by: UUID


@dataclass(frozen=True, slots=True)
class ApproveUnit:
    """The second person's yes to exactly this version."""

    change_id: UUID
    programme_hash: bytes
    approved_by: UUID


@dataclass(frozen=True, slots=True)
class CloseUnit:
    """Say no: the proposer withdraws, any other admin rejects."""

    change_id: UUID
    closed_by: UUID


@dataclass(frozen=True, slots=True)
class UnitChange:
    """A proposal, and since when it is in force if it was approved, or who closed it."""

    change_id: UUID
    unit: str
    programme_hash: bytes
    source_text: str
    proposed_by: UUID
    effective_at: datetime
    approved_by: UUID | None
    closed_by: UUID | None = None


@dataclass(frozen=True, slots=True)
class UnitStanding:
    """What a member has in a unit, and every award with its receipt."""

    unit: str
    programme: Programme
    standing: Standing
    reached: Reached
    awards: Sequence[Entitlement]
