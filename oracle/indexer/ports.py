"""What the indexer asks of a node. Doubles in tests stand here, nowhere else."""

from __future__ import annotations

from typing import Protocol

from oracle.indexer.model import Block, ChainEvent, ChainIdentity


class ChainReader(Protocol):
    """One node. Every call may raise a ``VkladError`` of kind ``unavailable``."""

    def identity(self) -> ChainIdentity:
        """Chain id, genesis and the bridge's code, as this node has them now."""
        ...

    def head(self) -> Block:
        """The newest block."""
        ...

    def number_final(self) -> int:
        """The number of the block the node calls ``finalized``."""
        ...

    def block(self, number: int) -> Block | None:
        """The block of this number; ``None`` above the head."""
        ...

    def blocks(self, number_from: int, number_to: int) -> list[Block]:
        """The blocks from one number to another, both inclusive, in order."""
        ...

    def events(self, number_from: int, number_to: int) -> list[ChainEvent]:
        """Decoded logs of our contracts in these blocks, both inclusive, in chain order."""
        ...
