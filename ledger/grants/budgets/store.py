"""Statements about budgets that were asked for."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import sqlalchemy as sa

from ledger.grants.budgets.model import BudgetDecision, BudgetProposal, Decided
from ledger.grants.budgets.tables import budget_decisions, budget_proposals
from ledger.grants.tables import budgets
from ledger.kernel.transaction import Work
from ledger.kernel.units import Points


def insert_proposal(work: Work, proposal: BudgetProposal) -> None:
    """Keep what was asked for."""
    work.connection.execute(
        budget_proposals.insert().values(
            budget_id=proposal.budget_id,
            name=proposal.name,
            amount=proposal.amount.amount,
            proposed_by=proposal.proposed_by,
            proposed_at=proposal.proposed_at,
            open_from=proposal.open_from,
            content_digest=proposal.content_digest,
        )
    )


def insert_decision(work: Work, budget_id: UUID, decided: Decided) -> None:
    """Write down how a proposal ended."""
    work.connection.execute(
        budget_decisions.insert().values(
            budget_id=budget_id,
            decision=decided.decision,
            content_digest=decided.content_digest,
            decided_by=decided.decided_by,
            decided_at=decided.decided_at,
            vote=None if decided.vote is None else dict(decided.vote),
        )
    )


def name_taken(work: Work, name: str) -> bool:
    """Whether a budget of this name is open."""
    query = sa.select(sa.exists().where(budgets.c.name == name))
    return bool(work.connection.execute(query).scalar_one())


def read_proposal(work: Work, budget_id: UUID) -> BudgetProposal | None:
    """What was asked for under this id, and how it ended."""
    query = _query().where(budget_proposals.c.budget_id == budget_id)
    row = work.connection.execute(query).one_or_none()
    return None if row is None else _proposal(row)


def list_proposals(work: Work, *, before: UUID | None, limit: int) -> list[BudgetProposal]:
    """What was asked for, newest first; ``before`` is exclusive."""
    query = _query().order_by(budget_proposals.c.budget_id.desc()).limit(limit)
    if before is not None:
        query = query.where(budget_proposals.c.budget_id < before)
    return [_proposal(row) for row in work.connection.execute(query)]


def waiting(work: Work, limit: int) -> list[BudgetProposal]:
    """What nobody has decided yet, oldest first."""
    query = _query().where(budget_decisions.c.decision.is_(None))
    ordered = query.order_by(budget_proposals.c.budget_id).limit(limit)
    return [_proposal(row) for row in work.connection.execute(ordered)]


def announced(work: Work, limit: int) -> list[BudgetProposal]:
    """What a single admin asked for and nobody has decided, oldest first."""
    query = _query().where(
        budget_decisions.c.decision.is_(None), budget_proposals.c.open_from.is_not(None)
    )
    ordered = query.order_by(budget_proposals.c.budget_id).limit(limit)
    return [_proposal(row) for row in work.connection.execute(ordered)]


def all_proposals(work: Work) -> list[BudgetProposal]:
    """What was ever asked for, by id; as many as people typed."""
    ordered = _query().order_by(budget_proposals.c.budget_id)
    return [_proposal(row) for row in work.connection.execute(ordered)]


def _query() -> sa.Select[Any]:
    return sa.select(
        budget_proposals,
        budget_decisions.c.decision,
        budget_decisions.c.content_digest.label("decided_digest"),
        budget_decisions.c.decided_by,
        budget_decisions.c.decided_at,
        budget_decisions.c.vote,
    ).select_from(
        budget_proposals.outerjoin(
            budget_decisions, budget_decisions.c.budget_id == budget_proposals.c.budget_id
        )
    )


def _proposal(row: sa.Row[Any]) -> BudgetProposal:
    decided = None
    if row.decision is not None:
        decided = Decided(
            BudgetDecision(row.decision),
            bytes(row.decided_digest),
            row.decided_by,
            row.decided_at,
            row.vote,
        )
    return BudgetProposal(
        budget_id=row.budget_id,
        name=row.name,
        amount=Points(row.amount),
        proposed_by=row.proposed_by,
        proposed_at=row.proposed_at,
        open_from=row.open_from,
        content_digest=bytes(row.content_digest),
        decided=decided,
    )
