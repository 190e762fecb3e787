"""From the contract's event to what it orders.

    SpendingOrdered, final ──▶ done: the project has its budget
    BudgetOrdered, final ────▶ done: the budget is open
    TextResolved, final ─────▶ done: a version of the memorandum that the words adopt is published
                           ├──▶ document_missing ──document stored──▶ tried again
                           └──▶ refused (the pool has less, the project has changed, …)

Whatever happens is recorded with its reason. A refused order moved nothing and is not tried again:
another vote may order anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from governance.mandates import store
from governance.mandates.model import (
    BudgetOrder,
    Mandate,
    MandateKind,
    MandateOutcome,
    MandateResult,
    Order,
    OrderOfNothing,
    SpendingOrder,
    UnknownOrder,
    order_hash,
    read_order,
    require_same,
)
from governance.memorandum import service as memorandum
from governance.projects import store as projects_store
from governance.projects.funding import FundProject, fund
from ledger.grants.budgets import service as budgets
from ledger.grants.budgets import store as budgets_store
from ledger.grants.budgets.model import VotedBudget
from ledger.kernel.canonical import Json
from ledger.kernel.errors import VkladError
from ledger.kernel.transaction import Work
from oracle.bindings import mandates as contract
from oracle.indexer import store as indexer_store
from oracle.indexer.model import ChainEvent

MANDATES: Final = "Mandates"
SPENDING_EVENT: Final = "SpendingOrdered"
BUDGET_EVENT: Final = "BudgetOrdered"
TEXT_EVENT: Final = "TextResolved"
RETRIES_MAX: Final = 100


def store_order(work: Work, document: Mapping[str, Json]) -> bytes:
    """Keep an order's document; its hash, by which proposals name it.

    Only what somebody has asked for here, word for word: a document is kept for ever, so nobody may
    fill the table with others, and a vote for another could not be carried out anyway.

    Raises:
        OrderMalformed: it is no order.
        OrderOfNothing: it orders something else.
    """
    order = read_order(document)
    hashed = order_hash(order)
    if not _is_asked_for(work, order):
        raise OrderOfNothing("Nothing like it was asked for here.", order=f"0x{hashed.hex()}")
    store.keep_order(work, order)
    return hashed


def require_order(work: Work, hashed: bytes) -> Order:
    """The order of a hash.

    Raises:
        UnknownOrder: its document is not stored.
    """
    found = store.order(work, hashed)
    if found is None:
        raise UnknownOrder("No order of this hash is stored here.", order=f"0x{hashed.hex()}")
    return found


def mandates(work: Work) -> list[MandateResult]:
    """What executed votes ordered, with what became of it, newest first."""
    known = indexer_store.chain_in_use(work)
    return [] if known is None else store.latest(work, known.chain_key)


def on_spending_ordered(work: Work, chain_key: int, event: ChainEvent) -> None:
    """Act on a final ``SpendingOrdered``; the indexer calls this once per event."""
    found = contract.SpendingOrdered.of(event)
    _first(work, chain_key, event, (MandateKind.SPENDING, found.number, found.order))


def on_budget_ordered(work: Work, chain_key: int, event: ChainEvent) -> None:
    """Act on a final ``BudgetOrdered``."""
    found = contract.BudgetOrdered.of(event)
    _first(work, chain_key, event, (MandateKind.BUDGET, found.number, found.order))


def on_text_resolved(work: Work, chain_key: int, event: ChainEvent) -> None:
    """Keep a final ``TextResolved``; if it adopts a version of the memorandum, publish that."""
    found = contract.TextResolved.of(event)
    _first(work, chain_key, event, (MandateKind.TEXT, found.number, found.text))


def retry_missing(work: Work) -> int:
    """Carry out what was ordered before its document was stored; how many were done."""
    known = indexer_store.chain_in_use(work)
    if known is None:
        return 0
    return sum(
        _try(work, known.chain_key, mandate, attempt + 1)
        for mandate, attempt in store.missing(work, known.chain_key, RETRIES_MAX)
    )


def _is_asked_for(work: Work, order: Order) -> bool:
    """Whether the order says exactly what a project or a budget of ours asks for."""
    if isinstance(order, BudgetOrder):
        asked = budgets_store.read_proposal(work, order.budget_id)
        return asked is not None and order == BudgetOrder(
            asked.amount, asked.budget_id, asked.content_digest
        )
    project = projects_store.find(work, order.project_id)
    return project is not None and order == SpendingOrder(
        project.pool, project.budget, project.project_id, project.content_digest
    )


def _first(
    work: Work, chain_key: int, event: ChainEvent, ordered: tuple[MandateKind, int, bytes]
) -> None:
    kind, number, hashed = ordered
    points, pool = 0, None
    if kind is MandateKind.SPENDING:
        spending = contract.SpendingOrdered.of(event)
        points, pool = spending.points, spending.pool
    elif kind is MandateKind.BUDGET:
        points = contract.BudgetOrdered.of(event).points
    mandate = Mandate(number, kind, hashed, points, pool, event.transaction_hash, event.block_time)
    _try(work, chain_key, mandate, 1)


def _try(work: Work, chain_key: int, mandate: Mandate, attempt: int) -> bool:
    """Carry out a mandate or say why not, and keep that."""
    outcome, reason = MandateOutcome.DONE, ""
    savepoint = work.connection.begin_nested()
    try:
        _carry_out(work, chain_key, mandate)
        savepoint.commit()
    except UnknownOrder as error:
        savepoint.rollback()
        outcome, reason = MandateOutcome.DOCUMENT_MISSING, error.message
    except VkladError as error:
        savepoint.rollback()
        outcome, reason = MandateOutcome.REFUSED, error.message
    store.insert_result(work, chain_key, attempt, MandateResult(mandate, outcome, reason))
    return outcome is MandateOutcome.DONE


def _carry_out(work: Work, chain_key: int, mandate: Mandate) -> None:
    cause: dict[str, Json] = {
        "kind": "vote",
        "chain_key": chain_key,
        "mandate": mandate.number,
        "transaction": f"0x{mandate.transaction_hash.hex()}",
    }
    if mandate.kind is MandateKind.TEXT:
        memorandum.publish_voted(work, mandate.order_hash, cause)
        return
    order = require_order(work, mandate.order_hash)
    require_same(order, mandate)
    if isinstance(order, BudgetOrder):
        command = VotedBudget(order.budget_id, order.content, cause)
        budgets.approve_by_vote(work, command)
    else:
        fund(work, FundProject(order.project_id, order.content, cause))
