"""Votes on the oracle's second: how proposals stand, ballots to carry, batches to settle."""

from __future__ import annotations

from api.bridging import chain_parts
from api.composition import Composition
from governance.ballots import service as ballots
from governance.contracts import GovernanceContracts
from governance.delegation import service as delegation
from governance.mandates import service as mandates
from governance.programme_change import service as programme_change
from governance.proposals import service as proposals
from ledger.kernel.transaction import Work, execute


def tick(composition: Composition) -> None:
    """Carry waiting ballots, read unfinished proposals and move passed ones on."""

    def retry(work: Work, _: None) -> int:
        return programme_change.retry_missing(work) + mandates.retry_missing(work)

    with composition.database.read() as work:
        waits = proposals.has_unfinished(work) or ballots.has_open_ballots(work)
    execute(composition.database, retry, None)
    if not waits:
        return
    parts = chain_parts(composition)
    contracts = GovernanceContracts.of(parts.deployment)
    ballots.carry(composition.database, contracts)
    proposals.look(composition.database, parts.chain, contracts)


def needs_time(work: Work) -> bool:
    """Whether a proposal or a delegation changes by the mere passing of the chain's time."""
    return proposals.waits_for_time(work, work.now) or delegation.waits_for_time(work, work.now)


def on_intent(composition: Composition, key: str) -> None:
    """Outbox topic ``governance_intents``: say what became of the ballots in a transaction."""
    execute(composition.database, ballots.settle, key)
