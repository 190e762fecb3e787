"""One look of the watcher: check what is open, veto what cannot be reproduced, say that it lives.

::

    batches   … ── checked − 99 ── … ── checked ── checked + 1 ── … ── checked + 100 ── … ── last
                     looked at again: a reorg       looked at for the      the next look's
                     may have put others there      first time

The sign of life says "checked up to here" to the contract, which executes nothing above. So it
never goes past a batch that was not looked at, nor past one whose veto is not mined yet.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from eth_utils.crypto import keccak

from ledger.kernel.transaction import Database, Work
from ledger.kernel.units import Points, sum_points
from oracle.bindings import points_bridge
from oracle.bridge.model import chain_words
from oracle.chain.port import BlockHeader, BlockTag, Chain, ChainUnavailable, read
from oracle.contracts.abi import Address, FunctionCall
from oracle.sender.holders import replaced
from oracle.sender.model import SenderRole
from oracle.watcher import store
from oracle.watcher.model import (
    Claim,
    CommittedBatch,
    Evidence,
    faults,
    heartbeat_due,
)
from oracle.watcher.sending import Message, WatcherSender

BATCHES_PER_LOOK: Final = 100
"""Batches looked at for the first time in one look, and as many again below them."""
_COMMITTED: Final = 1
"""``IPointsBridge.BatchState.Committed``."""
_CANCELLED: Final = frozenset({3, 4})
"""``IPointsBridge.BatchState.Vetoed`` and ``Expired``."""
_GAS: Final = 200_000


@dataclass(frozen=True, slots=True)
class Look:
    """What one look did: the batches checked, those vetoed and why, whether it gave a sign."""

    checked: tuple[int, ...]
    vetoed: dict[int, tuple[str, ...]]
    heartbeat: bool


@dataclass(frozen=True, slots=True)
class _Page:
    """What one look looks at: up to which batch all was checked before, and will be now."""

    checked: int
    last: int
    position_executed: int
    open_batches: tuple[CommittedBatch, ...]


@dataclass(frozen=True, slots=True)
class Watcher:
    """The watcher's own database (read-only), node, key and the bridge it watches."""

    database: Database
    chain: Chain
    sender: WatcherSender
    bridge: Address

    def look(self) -> Look:
        """Check, veto, and give a sign of life if one is due.

        Raises:
            ChainUnavailable: the node does not answer; the next look does the same again.
            DatabaseUnavailable: the same for the database; nothing is vetoed for that.
            KeyReplaced: the contract knows another watcher; what is sent would only cost gas.
        """
        head = self._head()
        self._require_role(head)
        with self.database.read() as work:
            made = store.batches_made(work)
        page = self._page(head.number, made)
        vetoed = self._faulty(page)
        messages = [self._message(points_bridge.veto(sequence)) for sequence in vetoed]
        reached = min(vetoed, default=page.last + 1) - 1
        beat = reached > page.checked or self._heartbeat_is_due(head)
        if beat:
            known_good = max(page.checked, reached)
            messages.append(self._message(points_bridge.heartbeat(known_good)))
        if messages:
            self.sender.send_all(self.chain, messages, self.database.clock.now())
        return Look(tuple(batch.sequence for batch in page.open_batches), vetoed, beat)

    def _faulty(self, page: _Page) -> dict[int, tuple[str, ...]]:
        """What is wrong with those of a page that cannot be reproduced."""
        if not page.open_batches:
            return {}
        words = chain_words(self.chain.chain_id(), self.bridge, self.chain.genesis_hash())
        found = {}
        with self.database.read() as work:
            history = store.escrow_history(work)
            for batch in page.open_batches:
                evidence = _evidence(work, history, batch, (words, page.position_executed))
                sentences = tuple(faults(batch, evidence))
                if sentences:
                    found[batch.sequence] = sentences
        return found

    def _require_role(self, head: BlockHeader) -> None:
        ours = self.sender.signer.address(SenderRole.WATCHER)
        present = read(self.chain, self.bridge, points_bridge.watcher(), head.number)
        if present != ours:
            raise replaced(SenderRole.WATCHER, ours, present)

    def _head(self) -> BlockHeader:
        head = self.chain.block(BlockTag.LATEST)
        if head is None:
            raise ChainUnavailable("The node has no newest block.")
        return head

    def _page(self, at: int, made: frozenset[store.BatchMade]) -> _Page:
        """The batches of this look, by number, each with what went before it."""

        def ask(call: FunctionCall[int]) -> int:
            return read(self.chain, self.bridge, call, at)

        checked = ask(points_bridge.checked_sequence())
        first = max(1, checked - BATCHES_PER_LOOK + 1)
        last = min(ask(points_bridge.last_sequence()), checked + BATCHES_PER_LOOK)
        position = self._position_before(first, at, made)
        points = ask(points_bridge.executed_points())
        found = []
        for sequence in range(first, last + 1):
            batch = read(self.chain, self.bridge, points_bridge.batch(sequence), at)
            if batch.state == _COMMITTED:
                points += batch.points
                found.append(
                    CommittedBatch(
                        sequence=sequence,
                        records_hash=batch.records_hash,
                        points=Points(batch.points),
                        ledger_position=batch.ledger_position,
                        previous_ledger_position=position,
                        escrowed_points=Points(points),
                    )
                )
            if _counts(sequence, batch, made):
                position = max(position, batch.ledger_position)
        executed = ask(points_bridge.executed_ledger_position())
        return _Page(checked, last, executed, tuple(found))

    def _position_before(self, sequence: int, at: int, made: frozenset[store.BatchMade]) -> int:
        """Where the batch before this one ended that was not a cancelled stranger."""
        for earlier in range(sequence - 1, 0, -1):
            batch = read(self.chain, self.bridge, points_bridge.batch(earlier), at)
            if _counts(earlier, batch, made):
                return batch.ledger_position
        return 0

    def _heartbeat_is_due(self, head: BlockHeader) -> bool:
        def ask(call: FunctionCall[int]) -> int:
            return read(self.chain, self.bridge, call, head.number)

        return heartbeat_due(
            now_s=head.timestamp_s,
            alive_until_s=ask(points_bridge.watcher_alive_until()),
            lasts_s=ask(points_bridge.heartbeat_s()),
        )

    def _message(self, call: FunctionCall[None]) -> Message:
        return Message(self.bridge, call.calldata, f"watcher.{call.name}", _GAS)


def _counts(sequence: int, batch: points_bridge.Batch, made: frozenset[store.BatchMade]) -> bool:
    """Whether the next stretch of the journal begins where this batch ended.

    A stranger's batch that came to nothing took no claims, whatever position it names. One of ours
    did: its claims go back to their lots, and are in no later batch even before they have.
    """
    ours = (sequence, batch.records_hash, batch.ledger_position) in made
    return batch.state not in _CANCELLED or ours


def _evidence(
    work: Work, history: store.EscrowHistory, batch: CommittedBatch, place: tuple[str, int]
) -> Evidence:
    """What the journal and the other rooms say of a batch's stretch.

    ``place``: the chain in words, and how far batches are executed: one that came later may have
    been executed before this one, and its points are counted too.
    """
    words, position_executed = place
    records = store.records_of(work, batch.records_hash)
    if records is not None and keccak(records) != batch.records_hash:
        records = None
    position_max = max(batch.ledger_position, position_executed)
    of_chain = [
        claim for claim in history.claims if claim.chain == words and claim.position <= position_max
    ]
    stretch = [
        claim
        for claim in of_chain
        if batch.previous_ledger_position < claim.position <= batch.ledger_position
        and claim.entry_id not in history.returned
    ]
    return Evidence(
        records=records,
        claims=_claims(work, stretch),
        escrowed_before=sum_points(claim.points for claim in of_chain),
    )


def _claims(work: Work, entries: Sequence[store.EscrowEntry]) -> list[Claim]:
    salts = store.salts(work, [entry.claim_id for entry in entries])
    return [
        Claim(
            claim_id=entry.claim_id,
            member_id=entry.member_id,
            points=entry.points,
            position=entry.position,
            effective_at=entry.effective_at,
            chain=entry.chain,
            recipient_digest=entry.recipient_digest,
            salt=salts.get(entry.claim_id),
            wallets=store.wallets_at(work, entry.member_id, entry.effective_at),
        )
        for entry in entries
    ]
