"""Putting signed heads on chain, writing down when they are final, and reading them back.

newest head ──due──▶ intent of the anchorer ──sender──▶ HeadAnchored, final ──▶ log_anchors
                        ▲ one at a time                                           │
                        └─────────────────────────────────────────────────────────┘
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ledger.kernel.transaction import Database, Work, execute
from ledger.log import store as log_store
from ledger.log.model import TreeHead
from ledger.log.verify import StatedHead
from oracle.anchors import store
from oracle.anchors.model import Anchored, AnchorPolicy, is_due
from oracle.bindings import anchors as binding
from oracle.chain.port import BlockAt, Chain, read
from oracle.contracts.abi import Address
from oracle.indexer import store as indexer_store
from oracle.indexer.handlers import Handlers
from oracle.indexer.model import ChainEvent
from oracle.sender import service as sender
from oracle.sender.model import IntentState, SenderRole

CONTRACT: Final = "Anchors"
ANCHORED_EVENT: Final = "HeadAnchored"
KIND: Final = "log.anchor"
TOPIC: Final = "log_intents"
"""Outbox topic; the sender says here that an intent is settled."""
GAS_LIMIT: Final = 200_000
ANCHORS_READ_MAX: Final = 10_000
ATTEMPTS_MAX: Final = 10


@dataclass(frozen=True, slots=True)
class Anchoring:
    """What the periodic work works with."""

    database: Database
    contract: Address
    policy: AnchorPolicy


def tick(anchoring: Anchoring) -> bool:
    """Ask the sender to anchor the newest head if it is time; whether it was asked."""
    return execute(anchoring.database, _submit_due, anchoring)


def on_head_anchored(work: Work, chain_key: int, event: ChainEvent) -> None:
    """Write down a head that is final; the indexer calls this once per event."""
    found = binding.HeadAnchored.of(event)
    store.insert_anchor(
        work,
        Anchored(
            chain_key=chain_key,
            number=found.number,
            tree_size=found.tree_size,
            root=found.root_hash,
            block_number=event.block_number,
            transaction_hash=event.transaction_hash,
            recorded_at=work.now,
        ),
    )


HANDLERS: Final[Handlers] = {(CONTRACT, ANCHORED_EVENT): on_head_anchored}


def read_anchored(chain: Chain, contract: Address, at: BlockAt) -> list[StatedHead]:
    """The newest heads that the contract holds at a block, asked of the chain itself.

    Raises:
        ChainUnavailable: the node does not answer.
    """
    count = read(chain, contract, binding.count(), at)
    first = max(1, count - ANCHORS_READ_MAX + 1)
    heads = [read(chain, contract, binding.head(n), at) for n in range(first, count + 1)]
    return [
        StatedHead(f"head {number} on chain", found.tree_size, found.root_hash)
        for number, found in enumerate(heads, start=first)
    ]


def recorded_anchors(work: Work) -> list[StatedHead]:
    """Every head that was final on some chain, as this database remembers it."""
    return [
        StatedHead(
            f"head {found.number} anchored on chain {found.chain_key}", found.tree_size, found.root
        )
        for found in store.anchors(work, limit=ANCHORS_READ_MAX)
    ]


def is_idle(database: Database, policy: AnchorPolicy) -> bool:
    """Whether nothing would go on chain now; the node is not asked."""
    with database.read() as work:
        known = indexer_store.chain_in_use(work)
        return known is None or _due(work, known.chain_key, policy) is None


def needs_time(work: Work) -> bool:
    """Whether a head waits for its block to become final."""
    known = indexer_store.chain_in_use(work)
    if known is None:
        return False
    last = store.newest_anchor(work, known.chain_key)
    found = _latest_intent(work, 0 if last is None else last.tree_size)[1]
    return found is not None and found.state is not IntentState.FAILED


def failure_of(work: Work, key: str) -> str | None:
    """Why an intent of ours came to nothing; ``None`` if it did not."""
    found = sender.outcome(work, key)
    return None if found is None else found.failure


def _submit_due(work: Work, anchoring: Anchoring) -> bool:
    known = indexer_store.chain_in_use(work)
    due = None if known is None else _due(work, known.chain_key, anchoring.policy)
    if due is None:
        return False
    key, head = due
    sender.submit(
        work,
        sender.SubmitIntent(
            key=key,
            role=SenderRole.ANCHORER,
            kind=KIND,
            to=anchoring.contract,
            calldata=binding.anchor(head.tree_size, head.root).calldata,
            gas_limit=GAS_LIMIT,
        ),
    )
    return True


def _due(work: Work, chain_key: int, policy: AnchorPolicy) -> tuple[str, TreeHead] | None:
    """The key of the intent to be made, and the head; ``None`` if it is not time."""
    newest, last = log_store.newest_head(work), store.newest_anchor(work, chain_key)
    if newest is None or not is_due(newest.head, last, work.now, policy):
        return None
    key, found = _latest_intent(work, 0 if last is None else last.tree_size)
    if found is None:
        return key, newest.head
    return None


def _latest_intent(work: Work, after: int) -> tuple[str, sender.IntentOutcome | None]:
    """The intent that follows the head of ``after`` transfers: there is one at a time.

    One that failed is followed by another, up to ``ATTEMPTS_MAX``; then a person has to look.
    """
    key, found = "", None
    for attempt in range(ATTEMPTS_MAX):
        key = f"log:anchor:{after}:{attempt}"
        found = sender.outcome(work, key)
        if found is None or found.state is not IntentState.FAILED:
            break
    return key, found
