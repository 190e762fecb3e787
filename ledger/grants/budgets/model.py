"""Asking for a budget, as values. A budget is what points are created from, so it takes two.

    propose ──▶ proposed ──approve (another admin)──▶ approved: there is a budget, with the same id
                   ├──the members' vote─────────▶ approved
                   ├──reject (another admin)──▶ rejected
                   └──withdraw (its proposer)──▶ withdrawn

Where a school has a single admin, that one approves after a stated delay with a public notice
(DESIGN 3, rule 10).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from ledger.kernel.canonical import Json, digest
from ledger.kernel.clock import Instant
from ledger.kernel.units import Points


class BudgetDecision(StrEnum):
    """How a proposal ended; one that has no decision waits."""

    APPROVED = "approved"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Decided:
    """Who ended a proposal of exactly this content, how and when.

    ``decided_by`` is ``None`` of what the members approved; ``vote`` then names their mandate.
    """

    decision: BudgetDecision
    content_digest: bytes
    decided_by: UUID | None
    decided_at: datetime
    vote: Mapping[str, Json] | None = None


@dataclass(frozen=True, slots=True)
class BudgetProposal:
    """A budget that was asked for; ``open_from`` is set where a delay stands for a second one."""

    budget_id: UUID
    name: str
    amount: Points
    proposed_by: UUID
    proposed_at: datetime
    open_from: datetime | None
    content_digest: bytes
    decided: Decided | None = None

    @property
    def state(self) -> str:
        """``proposed``, or how it ended."""
        return "proposed" if self.decided is None else self.decided.decision.value


@dataclass(frozen=True, slots=True)
class ProposeBudget:
    """Ask to set points aside for grants and imports."""

    name: str
    amount: Points
    proposed_by: UUID


@dataclass(frozen=True, slots=True)
class ApproveBudget:
    """The second person's yes to exactly this content."""

    budget_id: UUID
    person_id: UUID
    content_digest: bytes


@dataclass(frozen=True, slots=True)
class VotedBudget:
    """The members' yes to exactly this content; ``vote`` names the executed mandate."""

    budget_id: UUID
    content_digest: bytes
    vote: Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class CloseBudget:
    """Say no: the proposer withdraws, any other admin rejects."""

    budget_id: UUID
    person_id: UUID


def proposal_digest(proposal: BudgetProposal) -> bytes:
    """The hash that an approval carries: everything that was asked for."""
    since = proposal.open_from
    return digest(
        {
            "budget": str(proposal.budget_id),
            "name": proposal.name,
            "amount": proposal.amount.amount,
            "proposed_by": str(proposal.proposed_by),
            "proposed_at": Instant.of(proposal.proposed_at).isoformat(),
            "open_from": None if since is None else Instant.of(since).isoformat(),
        }
    )
