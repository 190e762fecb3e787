"""Budgets and grants, as values: what is granted, who stands for it, what its content hashes to.

    create ──▶ proposed ──approve by enough persons──▶ paid
                  ├──reject (another admin)──▶ rejected
                  └──withdraw (its creator)──▶ withdrawn

What was paid two persons take back (``taking_back``): paid ──▶ taking_back ──▶ taken_back.

Enough is two persons, three above a threshold; where a school has a single admin, that one and a
stated delay with a public notice (DESIGN 3, rule 10).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from ledger.grants.vesting import AskedVesting, GrantVesting
from ledger.kernel.canonical import Json, digest
from ledger.kernel.clock import Instant
from ledger.kernel.units import Points
from ledger.members.model import SINGLE_ADMIN_DELAY

LINES_MAX: Final = 5_000
POINTS_PER_LINE_MAX: Final = 10_000_000
REASON_LENGTH_MAX: Final = 500
NAME_LENGTH_MAX: Final = 120
WINDOW: Final = timedelta(hours=24)
"""Amounts are summed over this long before they are compared with the threshold."""
BUDGET_AMOUNT_MAX: Final = 10**12


class GrantState(StrEnum):
    """Only ``proposed`` changes, and what was paid when it is taken back."""

    PROPOSED = "proposed"
    PAID = "paid"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    TAKING_BACK = "taking_back"
    TAKEN_BACK = "taken_back"

    @property
    def was_paid(self) -> bool:
        """Whether its points were given, whatever became of them."""
        return self in {GrantState.PAID, GrantState.TAKING_BACK, GrantState.TAKEN_BACK}


_THIRD_PERSON_ABOVE: Final = Points(100_000)


@dataclass(frozen=True, slots=True)
class GrantPolicy:
    """How careful a school is with grants.

    Above ``third_person_above`` points that one person stood for within 24 hours, a third person is
    needed. ``single_admin_delay`` is how long a grant of a school's only admin is announced before
    it can be paid; ``None`` allows no such grants.
    """

    third_person_above: Points = _THIRD_PERSON_ABOVE
    single_admin_delay: timedelta | None = SINGLE_ADMIN_DELAY


@dataclass(frozen=True, slots=True)
class Budget:
    """Points set aside for grants; ``paid`` of them are gone."""

    budget_id: UUID
    name: str
    amount: Points
    opened_by: UUID
    opened_at: datetime
    paid: Points

    @property
    def left(self) -> Points:
        """What can still be granted."""
        return self.amount - self.paid


@dataclass(frozen=True, slots=True)
class GrantLine:
    """Who gets how much."""

    member_id: UUID
    points: Points


@dataclass(frozen=True, slots=True)
class Approval:
    """One person who stands for a grant of exactly this content."""

    person_id: UUID
    content_digest: bytes
    approved_at: datetime


@dataclass(frozen=True, slots=True)
class Grant:
    """A grant; its creator is the first of ``approvals``.

    ``activates_at`` is ``None`` for at once when paid, or as ``vesting`` says; ``expires_at`` for
    never; ``reason`` is ``None`` once erased. ``payable_from`` is set where the delay stands for a
    second person. ``points`` is what all lines come to.
    """

    grant_id: UUID
    budget_id: UUID
    created_by: UUID
    created_at: datetime
    activates_at: datetime | None
    expires_at: datetime | None
    lines: tuple[GrantLine, ...]
    points: Points
    reason: str | None
    reason_digest: bytes
    content_digest: bytes
    persons_needed: int
    payable_from: datetime | None
    state: GrantState
    closed_by: UUID | None
    closed_at: datetime | None
    approvals: tuple[Approval, ...]
    vesting: GrantVesting | None = None

    def usable_from(self, paid_at: datetime) -> datetime:
        """When its points can be spent if it is paid then."""
        if self.vesting is not None:
            return self.vesting.matures(paid_at)
        return max(self.activates_at or paid_at, paid_at)


@dataclass(frozen=True, slots=True)
class CreateGrant:
    """Propose a grant.

    ``confirm`` is the digest that a preview of the same proposal gave; grants of more than one line
    need it, so that nobody proposes a list unseen.
    """

    created_by: UUID
    budget_id: UUID
    reason: str
    lines: tuple[GrantLine, ...]
    activates_at: datetime | None = None
    expires_at: datetime | None = None
    confirm: bytes | None = None
    policy: GrantPolicy = GrantPolicy()
    vesting: AskedVesting | None = None


@dataclass(frozen=True, slots=True)
class Preview:
    """What a proposal would be; nothing is written.

    ``confirm`` goes back in :class:`CreateGrant`. ``budget_left`` is after paying it.
    """

    points: Points
    line_count: int
    persons_needed: int
    payable_from: datetime | None
    budget_left: Points
    confirm: bytes
    vesting: GrantVesting | None = None


@dataclass(frozen=True, slots=True)
class ApproveGrant:
    """Stand for a grant whose content hashes to ``content_digest``."""

    grant_id: UUID
    person_id: UUID
    content_digest: bytes
    policy: GrantPolicy = GrantPolicy()


@dataclass(frozen=True, slots=True)
class CloseGrant:
    """Say no: the creator withdraws, any other admin rejects."""

    grant_id: UUID
    person_id: UUID


@dataclass(frozen=True, slots=True)
class Notice:
    """What anybody may know of a grant that waits out its delay."""

    grant_id: UUID
    points: Points
    line_count: int
    created_at: datetime
    payable_from: datetime


def reason_digest(grant_id: UUID, reason: str) -> bytes:
    """What stays of a reason that may be erased; the grant's random id salts it."""
    return hashlib.sha256(grant_id.bytes + reason.encode()).digest()


def content_digest(grant: Grant) -> bytes:
    """The hash that approvals carry: everything that was decided, lines in order."""
    return digest(
        {
            **_vesting(grant.vesting),
            "grant": str(grant.grant_id),
            "budget": str(grant.budget_id),
            "created_by": str(grant.created_by),
            "created_at": _text(grant.created_at),
            "activates_at": _text(grant.activates_at),
            "expires_at": _text(grant.expires_at),
            "reason": grant.reason_digest.hex(),
            "persons_needed": grant.persons_needed,
            "payable_from": _text(grant.payable_from),
            "lines": _lines(grant.lines),
        }
    )


def confirmation(command: CreateGrant, vesting: GrantVesting | None) -> bytes:
    """What a preview hands out, and the proposal hands back: a hash of what was asked for.

    ``vesting``: the terms that the kind asked for came to.
    """
    return digest(
        {
            **_vesting(vesting),
            "budget": str(command.budget_id),
            "reason": command.reason,
            "activates_at": _text(command.activates_at),
            "expires_at": _text(command.expires_at),
            "lines": _lines(command.lines),
        }
    )


def budget_digest(budget: Budget) -> bytes:
    """A hash of what never changes about a budget."""
    return digest(
        {
            "budget": str(budget.budget_id),
            "name": budget.name,
            "amount": budget.amount.amount,
            "opened_by": str(budget.opened_by),
            "opened_at": _text(budget.opened_at),
        }
    )


def payment_text(grant: Grant, closed_by: UUID) -> dict[str, Json]:
    """What the entries that pay a grant state of it, so the journal's hash covers it."""
    return {
        "grant": str(grant.grant_id),
        "content": grant.content_digest.hex(),
        "paid_by": str(closed_by),
        "approvals": [
            {"person": str(approval.person_id), "at": _text(approval.approved_at)}
            for approval in grant.approvals
        ],
    }


def _vesting(vesting: GrantVesting | None) -> dict[str, Json]:
    """Nothing where none is stated: such grants hash as they always did."""
    return {} if vesting is None else {"vesting": vesting.stated()}


def _lines(lines: Sequence[GrantLine]) -> list[Json]:
    return [[str(line.member_id), line.points.amount] for line in lines]


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else Instant.of(moment).isoformat()
