"""What a proposal would do, in figures for people: before and after while it is undecided."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from governance.mandates import service as mandates
from governance.mandates import store as mandates_store
from governance.mandates.model import BudgetOrder, MandateResult, SpendingOrder
from governance.power import service as power
from governance.projects import store as projects
from governance.projects.model import PREFIX
from governance.proposals.model import TERMINAL, Proposal, ProposalKind
from ledger.grants import store as grants
from ledger.grants.budgets import store as budgets
from ledger.journal import service as journal
from ledger.journal.model import AccountKey
from ledger.kernel.canonical import Json
from ledger.kernel.clock import Instant
from ledger.kernel.ids import format_id
from ledger.kernel.transaction import Work
from ledger.kernel.units import TOKEN_UNITS_PER_POINT
from ledger.preview import store as previews
from oracle.contracts.abi import decode

LIMIT_NAMES: Final = ("capacity", "refill", "growth")


@dataclass(frozen=True, slots=True)
class Effect:
    """What a proposal would do: ``figures`` by their names in the catalogue.

    ``before`` and ``after`` are points (of all members for a programme, of the pool for spending,
    of every open budget for a budget) or whole tokens that the timelock holds; ``None`` once a
    proposal is decided, or where nothing is compared.
    """

    figures: dict[str, Any]
    before: int | None = None
    after: int | None = None
    result: MandateResult | None = None


def effect_of(work: Work, proposal: Proposal) -> Effect | None:
    """What a proposal would do; ``None`` of words and of calls that nobody here has drafted."""
    match proposal.kind:
        case ProposalKind.PROGRAMME:
            return _of_preview(work, proposal)
        case ProposalKind.LIMITS:
            return _of_limits(proposal)
        case ProposalKind.TOKENS:
            return _of_tokens(work, proposal)
        case ProposalKind.GUARDIAN | ProposalKind.UNPAUSE | ProposalKind.KEY:
            return _of_account(proposal)
        case ProposalKind.SPENDING | ProposalKind.BUDGET:
            return _of_order(work, proposal)
    return None


def effect_json(effect: Effect | None) -> dict[str, Json] | None:
    """The figures of the page for programs; what it did already is told elsewhere."""
    if effect is None:
        return None
    figures = {
        name: Instant.of(value).isoformat() if isinstance(value, datetime) else value
        for name, value in effect.figures.items()
    }
    return {**figures, "before": effect.before, "after": effect.after}


def _of_preview(work: Work, proposal: Proposal) -> Effect | None:
    if proposal.preview_digest is None:
        return None
    found = previews.of_digest(work, proposal.preview_digest)
    if found is None or found.result is None:
        return None
    preview = json.loads(found.result)
    asked, totals = preview["question"], preview["totals"]
    figures = {name: totals[name] for name in ("members", "gain", "lose")}
    figures |= {
        "since": found.effective_at,
        "compared_with": asked["in_force"],
        "digest": proposal.preview_digest.hex(),
    }
    return Effect(figures, totals["before"], totals["after"])


def _of_limits(proposal: Proposal) -> Effect:
    (wanted,) = decode(("(uint64,uint64,uint64)",), proposal.actions[0].calldata[4:])
    return Effect(dict(zip(LIMIT_NAMES, wanted, strict=True)))


def _of_tokens(work: Work, proposal: Proposal) -> Effect:
    to, units = decode(("address", "uint256"), proposal.actions[0].calldata[4:])
    figures = {"to": to, "tokens": units // TOKEN_UNITS_PER_POINT}
    held = None if proposal.state in TERMINAL else power.held_by_treasury(work)
    if held is None:
        return Effect(figures)
    left = held - units
    return Effect(figures, held // TOKEN_UNITS_PER_POINT, left // TOKEN_UNITS_PER_POINT)


def _of_account(proposal: Proposal) -> Effect:
    """Whose account it would be; of starting the bridge again there is nothing to count."""
    if proposal.kind is ProposalKind.UNPAUSE:
        return Effect({})
    (account,) = decode(("address",), proposal.actions[0].calldata[4:])
    return Effect({"guardian" if proposal.kind is ProposalKind.GUARDIAN else "account": account})


def _of_order(work: Work, proposal: Proposal) -> Effect | None:
    assert proposal.order_hash is not None, "spending and budgets name an order"
    order = mandates_store.order(work, proposal.order_hash)
    result = next(
        (
            each
            for each in mandates.mandates(work)
            if each.mandate.order_hash == proposal.order_hash
        ),
        None,
    )
    if isinstance(order, BudgetOrder):
        asked = budgets.read_proposal(work, order.budget_id)
        name = None if asked is None else asked.name
        figures = {"name": name, "points": order.points.amount}
        if proposal.state in TERMINAL:
            return Effect(figures, result=result)
        before = sum(each.left.amount for each in grants.read_budgets(work))
        return Effect(figures, before, before + order.points.amount, result)
    if not isinstance(order, SpendingOrder):
        return None
    project = projects.find(work, order.project_id)
    words = None if project is None else project.words
    figures = {
        "pool": order.pool.value,
        "points": order.points.amount,
        "project": format_id(PREFIX, order.project_id),
        "project_title": None if words is None else words.title,
    }
    if proposal.state in TERMINAL:
        return Effect(figures, result=result)
    pool = AccountKey(order.pool)
    before = journal.balances(work, [pool])[pool].amount
    return Effect(figures, before, before - order.points.amount, result)
