"""What a vote is said to have given, against what votes have ordered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final
from uuid import UUID

from governance.mandates import store
from governance.mandates.model import (
    BudgetOrder,
    MandateOutcome,
    MandateResult,
    Order,
    SpendingOrder,
    order_hash,
)
from governance.projects import store as projects
from ledger.grants.budgets import store as budgets
from ledger.kernel.canonical import Json
from ledger.kernel.transaction import Work
from ledger.verify.checks import Check
from ledger.verify.model import Finding

NAME: Final = "mandates"
_PAGE: Final = 100


def problem_of(
    order: Order, vote: Mapping[str, Json], done: Mapping[tuple[int, int], MandateResult]
) -> str | None:
    """Why a vote did not give this; ``None`` if it did. ``done``: by chain key and number."""
    chain_key, number = vote.get("chain_key"), vote.get("mandate")
    found = None
    if isinstance(chain_key, int) and isinstance(number, int):
        found = done.get((chain_key, number))
    if found is None:
        return f"names the mandate {number} on chain {chain_key}, which was not carried out"
    if found.mandate.order_hash != order_hash(order):
        return f"is not what the mandate {number} ordered"
    if vote.get("transaction") != f"0x{found.mandate.transaction_hash.hex()}":
        return f"names another transaction than that of the mandate {number}"
    return None


def _mandates(work: Work) -> Iterator[Finding]:
    done = {
        (chain_key, each.mandate.number): each
        for chain_key, each in store.everything(work)
        if each.outcome is MandateOutcome.DONE
    }
    for proposal in budgets.all_proposals(work):
        vote = None if proposal.decided is None else proposal.decided.vote
        if vote is None:
            continue
        order = BudgetOrder(proposal.amount, proposal.budget_id, proposal.content_digest)
        problem = problem_of(order, vote, done)
        if problem is not None:
            yield Finding(NAME, "budget_decisions", str(proposal.budget_id), problem)
    yield from _funded(work, done)


def _funded(work: Work, done: Mapping[tuple[int, int], MandateResult]) -> Iterator[Finding]:
    after = UUID(int=0)
    while page := projects.projects_after(work, after, _PAGE):
        for project in page:
            cause = project.funded_by
            if cause is None or cause.get("kind") != "vote":
                continue
            order = SpendingOrder(
                project.pool, project.budget, project.project_id, project.content_digest
            )
            problem = problem_of(order, cause, done)
            if problem is not None:
                yield Finding(NAME, "projects", str(project.project_id), problem)
        after = page[-1].project_id


MANDATE_CHECKS: Final = (Check(NAME, _mandates),)
