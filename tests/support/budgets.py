"""Budgets as two admins open them."""

from __future__ import annotations

from uuid import UUID

from ledger.grants import store as grants
from ledger.grants.budgets import service
from ledger.grants.budgets.model import ApproveBudget, ProposeBudget
from ledger.grants.model import Budget
from ledger.kernel.transaction import Database, execute
from ledger.kernel.units import Points


def open_budget(
    database: Database, points: int, first: UUID, second: UUID, name: str = "b"
) -> Budget:
    """Asked for by the first admin and approved by the second."""
    asked = execute(database, service.propose, ProposeBudget(name, Points(points), first))
    yes = ApproveBudget(asked.budget_id, second, asked.content_digest)
    execute(database, service.approve, yes)
    with database.read() as work:
        (budget,) = grants.read_budgets(work, asked.budget_id)
    return budget
