"""One look of the watcher: check what is open, veto what cannot be reproduced, say that it lives.

Every batch that could still be executed is checked at every look and not only once, because a
reorg can put another batch under a number that was checked before.
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
from oracle.watcher import store
from oracle.watcher.model import (
    Claim,
    CommittedBatch,
    Evidence,
    faults,
    heartbeat_due,
)
from oracle.watcher.sending import Message, WatcherSender

OPEN_BATCHES_MAX: Final = 100
"""Batches looked back at: more than can be open within one lifetime of a batch."""
_COMMITTED: Final = 1
"""``IPointsBridge.BatchState.Committed``."""
_GAS: Final = 200_000


@dataclass(frozen=True, slots=True)
class Look:
    """What one look did: the batches checked, those vetoed and why, whether it gave a sign."""

    checked: tuple[int, ...]
    vetoed: dict[int, tuple[str, ...]]
    heartbeat: bool


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
        """
        head = self._head()
        last = read(self.chain, self.bridge, points_bridge.last_sequence(), head.number)
        open_batches = self._open_batches(last, head.number)
        vetoed: dict[int, tuple[str, ...]] = {}
        if open_batches:
            with self.database.read() as work:
                history = store.escrow_history(work)
                words = chain_words(self.chain.chain_id(), self.bridge, self.chain.genesis_hash())
                for batch in open_batches:
                    found = faults(batch, _evidence(work, history, batch, words))
                    if found:
                        vetoed[batch.sequence] = tuple(found)
        messages = [self._message(points_bridge.veto(sequence)) for sequence in vetoed]
        beat = self._heartbeat_is_due(last, head)
        if beat:
            messages.append(self._message(points_bridge.heartbeat(last)))
        if messages:
            self.sender.send_all(self.chain, messages, self.database.clock.now())
        return Look(tuple(batch.sequence for batch in open_batches), vetoed, beat)

    def _head(self) -> BlockHeader:
        head = self.chain.block(BlockTag.LATEST)
        if head is None:
            raise ChainUnavailable("The node has no newest block.")
        return head

    def _open_batches(self, last: int, at: int) -> list[CommittedBatch]:
        """Batches that may still be executed, by number."""
        found = []
        first = max(1, last - OPEN_BATCHES_MAX + 1)
        escrowed = read(self.chain, self.bridge, points_bridge.escrowed_points(), at)
        for sequence in range(last, first - 1, -1):
            batch = read(self.chain, self.bridge, points_bridge.batch(sequence), at)
            if batch.state == _COMMITTED:
                previous = read(self.chain, self.bridge, points_bridge.batch(sequence - 1), at)
                found.append(
                    CommittedBatch(
                        sequence=sequence,
                        records_hash=batch.records_hash,
                        points=Points(batch.points),
                        ledger_position=batch.ledger_position,
                        previous_ledger_position=previous.ledger_position,
                        escrowed_points=Points(escrowed),
                    )
                )
            escrowed -= batch.points
        return found[::-1]

    def _heartbeat_is_due(self, last: int, head: BlockHeader) -> bool:
        def ask(call: FunctionCall[int]) -> int:
            return read(self.chain, self.bridge, call, head.number)

        return ask(points_bridge.checked_sequence()) < last or heartbeat_due(
            now_s=head.timestamp_s,
            alive_until_s=ask(points_bridge.watcher_alive_until()),
            lasts_s=ask(points_bridge.heartbeat_s()),
        )

    def _message(self, call: FunctionCall[None]) -> Message:
        return Message(self.bridge, call.calldata, f"watcher.{call.name}", _GAS)


def _evidence(
    work: Work, history: store.EscrowHistory, batch: CommittedBatch, words: str
) -> Evidence:
    """What the journal and the other rooms say of a batch's stretch."""
    records = store.records_of(work, batch.records_hash)
    if records is not None and keccak(records) != batch.records_hash:
        records = None
    of_chain = [
        claim
        for claim in history.claims
        if claim.chain == words and claim.position <= batch.ledger_position
    ]
    stretch = [
        claim
        for claim in of_chain
        if claim.position > batch.previous_ledger_position
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
