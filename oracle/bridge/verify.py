"""What `vklad ledger verify` checks of the bridge: its rows against each other and the journal.

Whether the chain agrees is another question, which needs a node: see ``oracle.reconcile``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from ledger.kernel.transaction import Work
from ledger.verify.checks import Check
from ledger.verify.model import Finding
from oracle.bridge import verify_store
from oracle.bridge.verify_store import Fault

REQUESTS: Final = "bridge requests"
BATCHES: Final = "bridge batches"
BATCH_ORDER: Final = "bridge batch order"
BURNS: Final = "bridge burns"
CREDITS: Final = "bridge credits"


def _check(name: str, table: str, faults: Callable[[Work], Iterator[Fault]]) -> Check:
    def run(work: Work) -> Iterator[Finding]:
        for fault in faults(work):
            yield Finding(name, table, fault.row, fault.problem)

    return Check(name, run)


BRIDGE_CHECKS: Final[tuple[Check, ...]] = (
    _check(REQUESTS, "bridge_requests", verify_store.claims_that_differ),
    _check(BATCHES, "bridge_batches", verify_store.batches_that_do_not_add_up),
    _check(BATCH_ORDER, "bridge_batches", verify_store.batches_out_of_order),
    _check(BURNS, "bridge_redemptions", verify_store.burns_out_of_order),
    _check(CREDITS, "bridge_redemptions", verify_store.credits_that_differ),
)
