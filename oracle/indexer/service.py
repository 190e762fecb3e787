"""Read the chain block by block, and act on what is final, each event once.

Display is a matter of rows (`events_named` has final and not yet final ones alike); effects are
handlers and run for final events only, so nothing here ever has to be undone by a reorg.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

from ledger.kernel.errors import VkladError
from ledger.kernel.transaction import Database, Work, execute
from oracle.chain.port import BlockHeader
from oracle.indexer import store
from oracle.indexer.handlers import Handlers
from oracle.indexer.model import (
    RANGE_BLOCKS_MAX,
    RANGES_PER_TICK_MAX,
    ChainEvent,
    ChainIdentity,
    ChainIsAnother,
    ChainMoved,
    Checkpoint,
    EndpointsDisagree,
    FinalHistoryChanged,
    FinalityPolicy,
    KnownChain,
    common_ancestor,
    newest_final,
    require_linked,
)
from oracle.indexer.reading import ChainReader
from oracle.turns.store import hold_turn

EVENTS_PER_TICK_MAX: Final = 1_000
BLOCKS_KEPT_MAX: Final = 10_000
"""Headers kept above the final block: a longer stretch without finality is not unwound."""
_BEFORE_GENESIS: Final = bytes(32)


@dataclass(frozen=True, slots=True)
class IndexerPolicy:
    """Where reading begins on a chain seen first, and what counts as final."""

    finality: FinalityPolicy
    block_number_first: int = 0


@dataclass(frozen=True, slots=True)
class TickReport:
    """What one look at the chain did."""

    blocks_read: int = 0
    events_handled: int = 0
    rewound_to: int | None = None


@dataclass(frozen=True, slots=True)
class _Turn:
    """What one tick works with."""

    database: Database
    known: KnownChain
    reader: ChainReader
    policy: IndexerPolicy


def recognise(database: Database, identity: ChainIdentity) -> KnownChain:
    """The chain this database works with, recorded now if it is the first.

    Raises:
        ChainIsAnother: the node serves another one.
    """

    def record(work: Work, _: None) -> KnownChain:
        if store.chain_in_use(work) is None:
            store.insert_chain(work, identity)
        known = store.chain_in_use(work)
        assert known is not None, "it was just recorded, by us or by another worker"
        return known

    with database.read() as work:
        known = store.chain_in_use(work)
    if known is None:
        known = execute(database, record, None)
    if known.identity != identity:
        raise ChainIsAnother(
            "The node serves another chain than this database knows: "
            f"{_difference(known.identity, identity)}. Point VKLAD_CHAIN_RPC_URL back at the old "
            "chain, or give it up with `vklad chain reset`, which returns bridged points.",
            chain_id=identity.chain_id,
            genesis_hash=identity.genesis_hash.hex(),
        )
    return known


def tick(
    database: Database,
    reader: ChainReader,
    handlers: Handlers,
    policy: IndexerPolicy,
    witnesses: Sequence[ChainReader] = (),
) -> TickReport:
    """Read what is new, unwind what is gone, act on what became final. One worker at a time.

    ``witnesses`` are further nodes that must tell the same of final blocks before anything acts.

    Raises:
        ChainIsAnother: see :func:`recognise`.
        FinalHistoryChanged: a final block is gone.
        EndpointsDisagree: a witness has another final block or other logs in it.
        ChainMoved: reorganised while it was read; the next tick reads again.
        VkladError: what a handler raised first; further contracts' follow as its ``__cause__``.
    """
    with hold_turn(database, "indexer") as mine:
        if not mine:
            return TickReport()
        known = recognise(database, reader.identity())
        turn = _Turn(database, known, reader, policy)
        current, rewound_to = _unwind(turn, _start(turn))
        read_to = _read(turn, current)
        final = _finalize(turn, read_to)
        handled = _handle(turn, final, handlers, witnesses)
        return TickReport(read_to.block_number - current.block_number, handled, rewound_to)


def _start(turn: _Turn) -> Checkpoint:
    """The checkpoint; before the first block it stands just below it."""
    with turn.database.read() as work:
        found = store.checkpoint(work, turn.known.chain_key)
    if found is not None:
        return found
    number = turn.policy.block_number_first - 1
    below = turn.reader.block(number) if number >= 0 else None
    start = Checkpoint(number, below.block_hash if below else _BEFORE_GENESIS, number)

    def write(work: Work, _: None) -> None:
        store.insert_checkpoint(work, turn.known.chain_key, start)
        store.insert_blocks(work, turn.known.chain_key, [below] if below else [])

    execute(turn.database, write, None)
    return start


def _unwind(turn: _Turn, at: Checkpoint) -> tuple[Checkpoint, int | None]:
    """Go back to where the chain and our blocks agree; usually nowhere."""
    if at.block_number < 0 or _hash_at(turn.reader, at.block_number) == at.block_hash:
        return at, None
    with turn.database.read() as work:
        stored = [
            (seen.header.number, seen.header.block_hash)
            for seen in store.seen_blocks_newest_first(
                work, turn.known.chain_key, at.block_number_final, BLOCKS_KEPT_MAX
            )
        ]
    ancestor = common_ancestor(stored, lambda number: _hash_at(turn.reader, number))
    if ancestor is None and at.block_number_final < 0:
        back = Checkpoint(-1, _BEFORE_GENESIS, -1)
    elif ancestor is None:
        raise FinalHistoryChanged(
            f"Block {at.block_number_final} was final and is not in the chain any more. Nothing "
            "is credited until a person has looked: restore the node's state, or give this chain "
            "up with `vklad chain reset`.",
            block_number=at.block_number_final,
        )
    else:
        back = replace(at, block_number=ancestor, block_hash=dict(stored)[ancestor])

    def rewind(work: Work, _: None) -> None:
        _move_checkpoint(work, turn.known, at, back)
        store.delete_events_above(work, turn.known.chain_key, back.block_number)
        store.delete_blocks_above(work, turn.known.chain_key, back.block_number)

    execute(turn.database, rewind, None)
    return back, back.block_number


def _read(turn: _Turn, at: Checkpoint) -> Checkpoint:
    """Range after range up to the head, each in one transaction."""
    head_number = turn.reader.head().number
    for _ in range(RANGES_PER_TICK_MAX):
        if at.block_number >= head_number:
            break
        number_to = min(head_number, at.block_number + RANGE_BLOCKS_MAX)
        blocks = turn.reader.blocks(at.block_number + 1, number_to)
        if len(blocks) != number_to - at.block_number:
            raise ChainMoved("The chain became shorter while it was read. It is read again.")
        require_linked(at.block_hash, blocks)
        at = _keep(turn, at, blocks, turn.reader.events(blocks))
    return at


def _keep(
    turn: _Turn, at: Checkpoint, blocks: Sequence[BlockHeader], events: Sequence[ChainEvent]
) -> Checkpoint:
    reached = replace(at, block_number=blocks[-1].number, block_hash=blocks[-1].block_hash)

    def write(work: Work, _: None) -> None:
        _move_checkpoint(work, turn.known, at, reached)
        store.insert_blocks(work, turn.known.chain_key, blocks)
        store.insert_events(work, turn.known.chain_key, events)

    execute(turn.database, write, None)
    return reached


def _finalize(turn: _Turn, at: Checkpoint) -> Checkpoint:
    """Move the line below which nothing changes; never down."""
    tagged_final = turn.reader.number_final() if turn.policy.finality.depth is None else -1
    with turn.database.read() as work:
        seen = store.seen_blocks_newest_first(
            work, turn.known.chain_key, at.block_number_final + 1, BLOCKS_KEPT_MAX
        )
        now = work.now
    number = newest_final(
        seen, turn.policy.finality, head_number=at.block_number, tagged_final=tagged_final, now=now
    )
    if number is None:
        return at
    reached = replace(at, block_number_final=number)

    def write(work: Work, _: None) -> None:
        _move_checkpoint(work, turn.known, at, reached)
        store.delete_blocks_below(work, turn.known.chain_key, number)

    execute(turn.database, write, None)
    return reached


def _handle(
    turn: _Turn, at: Checkpoint, handlers: Handlers, witnesses: Sequence[ChainReader]
) -> int:
    """Act on final events in chain order, each in a transaction of its own.

    An event that cannot be acted on holds back the later ones of its own contract and no others;
    what it raised is raised when all others are done.
    """
    failed: dict[str, VkladError] = {}
    handled = 0
    while True:
        window = _window(turn, at, tuple(failed), witnesses)
        failed_now = _act(turn, window, handlers)
        handled += sum(event.contract not in failed_now for event in window)
        failed |= failed_now
        if not failed_now:
            break
    errors = list(failed.values())
    for earlier, later in pairwise(errors):
        earlier.__cause__ = later
    if errors:
        raise errors[0]
    return handled


def _window(
    turn: _Turn, at: Checkpoint, without: Sequence[str], witnesses: Sequence[ChainReader]
) -> list[ChainEvent]:
    """The next events to act on, of all contracts but some; every witness agrees on them."""
    key = turn.known.chain_key
    with turn.database.read() as work:
        waiting = store.events_waiting(
            work, key, at.block_number_final, EVENTS_PER_TICK_MAX, without
        )
        if not waiting:
            return []
        number_from = waiting[0].block_number
        number_to = min(waiting[-1].block_number, number_from + RANGE_BLOCKS_MAX - 1)
        stored = store.events_between(work, key, number_from, number_to)
    for position, witness in enumerate(witnesses, start=2):
        _require_agreement(turn.known.identity, (number_from, number_to), stored, witness, position)
    return [event for event in waiting if event.block_number <= number_to]


def _act(turn: _Turn, window: Sequence[ChainEvent], handlers: Handlers) -> dict[str, VkladError]:
    """What each contract's first event raised that could not be acted on."""
    failed: dict[str, VkladError] = {}

    def act(work: Work, event: ChainEvent) -> None:
        handler = handlers.get((event.contract, event.name))
        if handler is not None:
            handler(work, turn.known.chain_key, event)
        if not store.mark_handled(work, turn.known.chain_key, event):
            raise ChainMoved("Another worker acted on this event.", block_number=event.block_number)

    for event in window:
        if event.contract in failed:
            continue
        try:
            execute(turn.database, act, event)
        except VkladError as error:
            failed[event.contract] = error
    return failed


def _require_agreement(
    identity: ChainIdentity,
    numbers: tuple[int, int],
    stored: Sequence[ChainEvent],
    witness: ChainReader,
    position: int,
) -> None:
    """Final events must read the same at every node asked.

    Raises:
        EndpointsDisagree: another chain, another block, or other logs in the same block.
        ChainMoved: the witness is not that far yet.
    """
    number_from, number_to = numbers
    if witness.head().number < number_to:
        raise ChainMoved(
            f"Node {position} has not reached block {number_to} yet; credits wait for it.",
            block_number=number_to,
        )
    theirs = witness.events(witness.blocks(number_from, number_to))
    if theirs != list(stored) or witness.identity() != identity:
        raise EndpointsDisagree(
            f"Node {position} tells another story of blocks {number_from} to {number_to}. "
            "Nothing is credited until they agree.",
            block_number=number_to,
        )


def _move_checkpoint(work: Work, known: KnownChain, old: Checkpoint, new: Checkpoint) -> None:
    if not store.replace_checkpoint(work, known.chain_key, old, new):
        raise ChainMoved("Another worker moved the checkpoint.", block_number=old.block_number)


def _hash_at(reader: ChainReader, number: int) -> bytes | None:
    block = reader.block(number)
    return None if block is None else block.block_hash


def _difference(known: ChainIdentity, found: ChainIdentity) -> str:
    """In words, the first thing that differs."""
    if known.chain_id != found.chain_id:
        return f"chain id {found.chain_id} instead of {known.chain_id}"
    if known.genesis_hash != found.genesis_hash:
        return (
            f"genesis {found.genesis_hash.hex()[:16]}… instead of {known.genesis_hash.hex()[:16]}…"
        )
    if known.bridge_address != found.bridge_address:
        return f"bridge {found.bridge_address} instead of {known.bridge_address}"
    return f"other code at the bridge {known.bridge_address}"
