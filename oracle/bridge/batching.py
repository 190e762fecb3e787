"""The bridge's periodic work: make batches, execute or expire them, give back what came to nothing.

Each step is fetch (no transaction) → decide (pure) → write (one transaction); everything sent goes
through the sender. What a batch *is* by the chain's word is changed in ``events`` alone, at
finality; here it is only moved along.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from eth_utils.crypto import keccak

from ledger.journal import service as journal
from ledger.kernel.ids import derived_id
from ledger.kernel.transaction import Database, Work, execute
from ledger.lots import service as lots
from ledger.lots.model import ReturnFromEscrow
from oracle.bridge import commands, foreign_store, posting, reading, stops, store
from oracle.bridge.errors import ForeignBatch
from oracle.bridge.model import (
    Batch,
    BatchState,
    BridgeLimits,
    BridgePolicy,
    Request,
    Selection,
    is_due,
    pack_records,
    select,
    total_points,
)
from oracle.chain.port import Chain
from oracle.contracts.abi import Address
from oracle.indexer import store as indexer_store
from oracle.sender import service as sender
from oracle.sender.model import IntentState
from oracle.turns.store import hold_turn

TURN: Final = "bridge"


@dataclass(frozen=True, slots=True)
class Batcher:
    """What a tick works with."""

    database: Database
    chain: Chain
    bridge: Address
    token: Address
    policy: BridgePolicy


@dataclass(frozen=True, slots=True)
class _Open:
    """What the database says before anything is decided."""

    chain_key: int
    committing: list[Batch]
    committed: list[Batch]
    to_return: list[Batch]
    waiting: list[Request]
    last_used: int
    foreign_open: bool
    newest_refused: Batch | None
    may_commit: bool


def tick(batcher: Batcher) -> None:
    """Do what is due; one worker at a time, and nothing while the bridge stands still.

    Raises:
        ForeignBatch: the chain has a batch that is not ours.
        ChainUnavailable: the node does not answer; what was written stays.
    """
    with hold_turn(batcher.database, TURN) as mine:
        seen = _look(batcher) if mine else None
        if seen is None:
            return
        for batch in seen.to_return:
            _give_back(batcher.database, batch)
        for batch in seen.committing:
            execute(batcher.database, _free_if_refused, batch)
        if seen.committed:
            _move_committed(batcher, seen.committed)
        if not seen.committing and seen.may_commit:
            _assemble(batcher, seen)


def needs_time(work: Work) -> bool:
    """Whether something of ours waits for the chain's clock or for blocks to become final."""
    known = indexer_store.chain_in_use(work)
    if known is None:
        return False
    open_states = (BatchState.COMMITTING, BatchState.COMMITTED)
    return (
        sender.has_open_intents(work)
        or bool(store.batches_in(work, known.chain_key, open_states))
        or indexer_store.count_waiting(work, known.chain_key) > 0
    )


def _look(batcher: Batcher) -> _Open | None:
    with batcher.database.read() as work:
        known = indexer_store.chain_in_use(work)
        if known is None or stops.distrust(work):
            return None
        key = known.chain_key
        return _Open(
            chain_key=key,
            committing=store.batches_in(work, key, [BatchState.COMMITTING]),
            committed=store.batches_in(work, key, [BatchState.COMMITTED]),
            to_return=store.batches_to_return(work, key),
            waiting=store.waiting_requests(work, key, batcher.policy.records_max),
            last_used=_last_used(work, key),
            foreign_open=foreign_store.has_open(work, key),
            newest_refused=store.newest_batch(work, key, refused=True),
            may_commit=not posting.is_stopped(work),
        )


def _last_used(work: Work, chain_key: int) -> int:
    """The highest number that is a batch of ours, or somebody else's that an admin looked at."""
    newest = store.newest_batch(work, chain_key, refused=False)
    return max(newest.sequence if newest else 0, foreign_store.last_foreign(work, chain_key))


def _give_back(database: Database, batch: Batch) -> None:
    """Every request of a batch that will never be minted, each in a transaction of its own."""
    with database.read() as work:
        requests = store.requests_of_batch(work, batch.batch_id)
    for request in requests:
        execute(database, give_back, (request, batch.state.value))


def give_back(work: Work, command: tuple[Request, str]) -> None:
    """Return a request's points to their lots, unless it is no longer what the caller saw."""
    stale, reason = command
    journal.lock_head(work)
    request = store.find_request(work, stale.request_id)
    if request is None or request.state is not stale.state:
        return
    returned = lots.return_from_escrow(
        work,
        ReturnFromEscrow(
            claim_id=request.request_id,
            return_id=derived_id(request.created_at, "bridge.return", str(request.request_id)),
            at=work.now,
            why={"bridge": reason},
        ),
    )
    store.mark_returned(work, request, reason, returned.entry_id)


def _free_if_refused(work: Work, batch: Batch) -> None:
    """A commit that failed for good was never mined, so its number is still free."""
    found = sender.outcome(work, commands.commit_key(batch))
    failed = found is not None and found.state is IntentState.FAILED
    if failed and store.change_batch(work, batch, state=BatchState.REFUSED, settled_at=work.now):
        store.take_out_of_batch(work, batch.batch_id)


def _move_committed(batcher: Batcher, batches: list[Batch]) -> None:
    """Execute what may be, expire what is too late; both by attempts that may fail."""
    gate = reading.gate(batcher.chain, batcher.bridge)
    for batch in batches:
        assert batch.expires_at is not None, "what is committed has times"
        if gate.now_s >= batch.expires_at.timestamp():
            execute(batcher.database, _send_expiry, (batch, batcher.bridge))
        elif gate.lets(batch):
            execute(batcher.database, _send_execution, (batch, batcher.bridge))
            gate = replace(gate, available=gate.available - batch.points)


def _send_execution(work: Work, command: tuple[Batch, Address]) -> None:
    batch, bridge = command
    current = _next_attempt(work, batch, commands.execute_key(batch))
    if current is not None:
        sender.submit(work, commands.execute(current, bridge))


def _send_expiry(work: Work, command: tuple[Batch, Address]) -> None:
    batch, bridge = command
    running = sender.outcome(work, commands.execute_key(batch))
    if running is not None and running.state is not IntentState.FAILED:
        return
    current = _next_attempt(work, batch, commands.expire_key(batch))
    if current is not None:
        sender.submit(work, commands.expire(current, bridge))


def _next_attempt(work: Work, batch: Batch, key: str) -> Batch | None:
    """The batch under a fresh attempt number if the last one failed; ``None`` if one is running."""
    found = sender.outcome(work, key)
    if found is None:
        return batch
    if found.state is not IntentState.FAILED:
        return None
    changed = store.begin_attempt(work, batch, batch.attempt + 1)
    return replace(batch, attempt=batch.attempt + 1) if changed else None


def _assemble(batcher: Batcher, seen: _Open) -> None:
    """Commit the next batch if it is worth it and the contract would take it.

    Not while a foreign batch may still be executed: after it the watcher could not say where in
    the journal ours begins.
    """
    now = batcher.database.clock.now()
    refused_at = seen.newest_refused.created_at if seen.newest_refused else None
    if not is_due(seen.waiting, batcher.policy, now) or (
        refused_at is not None and now - refused_at < batcher.policy.batch_after
    ):
        return
    limits = reading.limits(batcher.chain, batcher.bridge)
    last = seen.last_used
    if limits.last_sequence > last:
        raise ForeignBatch(
            f"The chain has batch {limits.last_sequence}, and known ones end at {last}: somebody "
            "else commits with the poster's key.",
            sequence=limits.last_sequence,
        )
    if limits.paused or limits.last_sequence < last or seen.foreign_open:
        return
    wallets = [request.wallet for request in seen.waiting]
    delegated = reading.delegated(batcher.chain, batcher.token, wallets)
    chosen = select(seen.waiting, delegated, limits.batch_points_max, batcher.policy.records_max)
    _write_batch(batcher, seen, limits, chosen)


def _write_batch(batcher: Batcher, seen: _Open, limits: BridgeLimits, selection: Selection) -> None:
    if selection.too_large is not None:
        execute(batcher.database, give_back, (selection.too_large, "over_limit"))
        return

    def write(work: Work, requests: tuple[Request, ...]) -> None:
        batch = _new_batch(work, seen.chain_key, limits, requests)
        store.insert_batch(work, batch)
        taken = store.put_in_batch(work, [r.request_id for r in requests], batch.batch_id)
        assert taken == len(requests), "only this turn takes requests"
        sender.submit(work, commands.commit(batch, batcher.bridge))

    execute(batcher.database, write, selection.chosen)


def _new_batch(
    work: Work, chain_key: int, limits: BridgeLimits, requests: tuple[Request, ...]
) -> Batch:
    records = pack_records([(request.wallet, request.points) for request in requests])
    points = total_points(requests)
    return Batch(
        batch_id=work.ids.new(work.now),
        chain_key=chain_key,
        sequence=limits.last_sequence + 1,
        state=BatchState.COMMITTING,
        records=records,
        records_hash=keccak(records),
        points=points,
        ledger_position=requests[-1].journal_sequence,
        escrowed_points=limits.escrowed_points + points,
        executable_at=None,
        expires_at=None,
        attempt=0,
        created_at=work.now,
    )
