"""What the indexer reads of one node: the chain port's answers as the indexer's values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from eth_utils.crypto import keccak

from oracle.bindings import (
    anchors,
    ballot_relay,
    mandates,
    points_bridge,
    programme_registry,
    vkl_governor,
    vkl_timelock,
    vkl_token,
)
from oracle.chain.port import BlockHeader, BlockTag, Chain, ChainUnavailable, Log, LogQuery
from oracle.indexer.model import ChainEvent, ChainIdentity, ChainMoved, ContractSet

EVENTS: Final[Mapping[str, Mapping[bytes, type]]] = {
    "Anchors": anchors.EVENTS,
    "BallotRelay": ballot_relay.EVENTS,
    "Mandates": mandates.EVENTS,
    "PointsBridge": points_bridge.EVENTS,
    "ProgrammeRegistry": programme_registry.EVENTS,
    "VklGovernor": vkl_governor.EVENTS,
    "VklTimelock": vkl_timelock.EVENTS,
    "VklToken": vkl_token.EVENTS,
}
"""Events by contract name and first topic; a log of none of these is not kept."""


@dataclass(frozen=True, slots=True)
class ChainReader:
    """One node and the contracts that are read there."""

    chain: Chain
    contracts: ContractSet

    def identity(self) -> ChainIdentity:
        """Chain id, genesis and the bridge's code, as this node has them now."""
        code = self.chain.code(self.contracts.bridge, BlockTag.LATEST)
        return ChainIdentity(
            chain_id=self.chain.chain_id(),
            genesis_hash=self.chain.genesis_hash(),
            bridge_address=self.contracts.bridge,
            bridge_code_hash=keccak(code),
        )

    def head(self) -> BlockHeader:
        """The newest block."""
        found = self.chain.block(BlockTag.LATEST)
        if found is None:
            raise ChainUnavailable("The node has no newest block.")
        return found

    def number_final(self) -> int:
        """The number of the block the node calls ``finalized``; -1 if it calls none so."""
        found = self.chain.block(BlockTag.FINALIZED)
        return -1 if found is None else found.number

    def block(self, number: int) -> BlockHeader | None:
        """The block of this number; ``None`` above the head."""
        return self.chain.block(number)

    def blocks(self, number_from: int, number_to: int) -> tuple[BlockHeader, ...]:
        """The blocks from one number to another, both inclusive, in order."""
        return self.chain.blocks(number_from, number_to)

    def events(self, blocks: tuple[BlockHeader, ...]) -> list[ChainEvent]:
        """Logs of our contracts in consecutive blocks, in chain order.

        Raises:
            ChainMoved: a log lies in another branch than the blocks.
        """
        query = LogQuery(blocks[0].number, blocks[-1].number, tuple(self.contracts.names))
        headers = {header.number: header for header in blocks}
        events = [self._event(log, headers[log.block_number]) for log in self.chain.logs(query)]
        return [event for event in events if event is not None]

    def _event(self, log: Log, header: BlockHeader) -> ChainEvent | None:
        if log.block_hash != header.block_hash:
            raise ChainMoved(
                f"A log of block {log.block_number} belongs to another branch than the block "
                "read. Both are read again.",
                block_number=log.block_number,
            )
        contract = self.contracts.names[log.address]
        kind = EVENTS[contract].get(log.topics[0]) if log.topics else None
        if kind is None:
            return None
        return ChainEvent(
            contract=contract,
            name=kind.__name__,
            address=log.address,
            topics=log.topics,
            payload=log.payload,
            block_number=log.block_number,
            block_hash=log.block_hash,
            block_time=datetime.fromtimestamp(header.timestamp_s, UTC),
            log_index=log.log_index,
            transaction_hash=log.transaction_hash,
        )
