"""What the relayer may be asked for: bounded per member and per day, so that nobody drains it.

The relayer pays the gas of everybody's ballots, delegations, permits and proposals. Each intent of
theirs counts with its gas limit. Whoever is refused is shown the raw call and may send it alone.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final
from uuid import UUID

from governance import store
from ledger.kernel.errors import ErrorKind, VkladError
from ledger.kernel.transaction import Work
from oracle.indexer import store as indexer_store
from oracle.indexer.model import KnownChain
from oracle.sender.model import NoChainYet

WINDOW: Final = timedelta(days=1)
MEMBER_ACTIONS_MAX: Final = 60
"""Ballots, delegations, permits and proposals of one member in a day."""
GAS_MAX: Final = 2_000_000_000
"""Gas limits of everybody's in a day; some 120 full blocks of the largest transactions."""
PATIENCE_S: Final = 600
"""A signed proposal that is not on chain after so long is waited for no more."""


class RelayerBudgetSpent(VkladError):
    """The relayer carries no more today, for this member or for anybody."""

    code = "relayer_budget_spent"
    kind = ErrorKind.RATE_LIMITED


def require_chain(work: Work) -> KnownChain:
    """The chain in use.

    Raises:
        NoChainYet: none was recorded.
    """
    known = indexer_store.chain_in_use(work)
    if known is None:
        raise NoChainYet("There is no chain to vote on yet.")
    return known


def spend(work: Work, member_id: UUID, gas: int) -> None:
    """Count one more action of a member against both budgets, one after the other.

    Raises:
        RelayerBudgetSpent: either is used up.
    """
    store.lock_budgets(work)
    since = work.now - WINDOW
    if store.actions_of(work, member_id, since) >= MEMBER_ACTIONS_MAX:
        raise RelayerBudgetSpent(
            f"You have asked for {MEMBER_ACTIONS_MAX} transactions within a day. "
            "Try tomorrow, or send the call shown to you with your own wallet.",
            limit=MEMBER_ACTIONS_MAX,
        )
    if store.relayed_gas(work, since) + gas > GAS_MAX:
        raise RelayerBudgetSpent(
            "The relayer has used its gas for today. Try tomorrow, or send the call shown to you "
            "with your own wallet.",
            limit=GAS_MAX,
        )


def gas_left(work: Work) -> int:
    """What everybody together may still ask of the relayer within the last day's budget."""
    return max(0, GAS_MAX - store.relayed_gas(work, work.now - WINDOW))
