"""Whether the key of ours is the one that the contract lets commit batches.

A vote may replace it at any time. Until the new key is here, nothing new is asked of members: what
they would set aside could only wait. What comes back is credited all the same, and committed
batches are executed, for neither needs this key. The stop lifts itself, in both directions.
"""

from __future__ import annotations

from ledger.kernel.transaction import Database, Work, execute
from oracle.bindings import points_bridge
from oracle.bridge import redeeming_store, store
from oracle.bridge.model import BatchState, StopReason
from oracle.bridge.stops import stop
from oracle.chain.port import BlockTag, Chain, read
from oracle.contracts.abi import Address
from oracle.indexer import store as indexer_store
from oracle.sender.holders import replaced
from oracle.sender.model import SenderRole


def matters(work: Work) -> bool:
    """Whether something waits for the poster's key, or stands still for it."""
    known = indexer_store.chain_in_use(work)
    if known is None:
        return False
    return (
        is_stopped(work)
        or bool(store.waiting_requests(work, known.chain_key, 1))
        or bool(store.batches_in(work, known.chain_key, [BatchState.COMMITTING]))
    )


def is_stopped(work: Work) -> bool:
    """Whether requests are refused because the key is another."""
    return any(found.reason is StopReason.POSTER_REPLACED for found in redeeming_store.stops(work))


def keep_role(database: Database, chain: Chain, bridge: Address, ours: Address) -> str | None:
    """Stop if the contract knows another poster than ours, and lift that stop when it is ours.

    What to say if it has stopped just now.

    Raises:
        ChainUnavailable: the node does not answer; nothing changes.
    """
    present = read(chain, bridge, points_bridge.poster(), BlockTag.LATEST)
    message = None if present == ours else replaced(SenderRole.POSTER, ours, present).message

    def keep(work: Work, _: None) -> None:
        if message is not None:
            stop(work, StopReason.POSTER_REPLACED, message)
        else:
            redeeming_store.lift_stops(work, [StopReason.POSTER_REPLACED], None)

    with database.read() as work:
        if is_stopped(work) == (message is not None):
            return None
    execute(database, keep, None)
    return message
