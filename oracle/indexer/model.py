"""Reading a chain that may change its mind: linkage, common ancestor, finality. Pure.

::

    stored   … ── 17a ── 18a ── 19a          a reorg: 18 and 19 have other hashes now
    chain    … ── 17a ── 18b ── 19b ── 20b   ancestor 17: rewind to it, then read 18b to 20b
                   ▲ final up to here: below it nothing may ever change
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from ledger.kernel.errors import ErrorKind, VkladError
from oracle.chain.port import BlockHeader
from oracle.contracts.abi import Address

RANGE_BLOCKS_MAX: Final = 500
"""Blocks read at a time."""
RANGES_PER_TICK_MAX: Final = 20


class ChainIsAnother(VkladError):
    """The node serves another chain than the one this database knows."""

    code = "chain_is_another"
    kind = ErrorKind.UNAVAILABLE


class FinalHistoryChanged(VkladError):
    """A block that was final is gone: what was credited by it can no longer be trusted."""

    code = "final_history_changed"
    kind = ErrorKind.UNAVAILABLE


class ChainMoved(VkladError):
    """The chain changed between two questions of one reading; ask again."""

    code = "chain_moved"
    kind = ErrorKind.UNAVAILABLE


class EndpointsDisagree(VkladError):
    """Two nodes tell different stories about a final block."""

    code = "endpoints_disagree"
    kind = ErrorKind.UNAVAILABLE


@dataclass(frozen=True, slots=True)
class ChainIdentity:
    """What makes a chain this chain, whatever its node's address is."""

    chain_id: int
    genesis_hash: bytes
    bridge_address: Address
    bridge_code_hash: bytes


@dataclass(frozen=True, slots=True)
class KnownChain:
    """The chain this database works with."""

    chain_key: int
    identity: ChainIdentity


@dataclass(frozen=True, slots=True)
class SeenBlock:
    """A block that was read, and when this happened by our clock."""

    header: BlockHeader
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class ContractSet:
    """Whose logs are read: contract name by address, and which of them is the bridge."""

    bridge: Address
    names: Mapping[Address, str]


@dataclass(frozen=True, slots=True)
class ChainEvent:
    """One log of one of our contracts, and where it is.

    It is what a binding decodes: ``points_bridge.Redeemed.of(event)`` gives its values, typed.
    """

    contract: str
    name: str
    address: Address
    topics: tuple[bytes, ...]
    payload: bytes
    block_number: int
    block_hash: bytes
    block_time: datetime
    log_index: int
    transaction_hash: bytes


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """How far the chain is read, and how far its effects are final."""

    block_number: int
    block_hash: bytes
    block_number_final: int


@dataclass(frozen=True, slots=True)
class FinalityPolicy:
    """When a block cannot go away any more.

    ``depth`` blocks must stand on it, and ``age`` must have passed since we first saw it. The age
    is for a local node that writes its state once a second: a block younger than that may be lost
    with the process. ``depth`` ``None``: the chain's own ``finalized`` tag decides.
    """

    depth: int | None
    age: timedelta = timedelta()


def require_linked(parent_hash: bytes, blocks: Sequence[BlockHeader]) -> None:
    """Each block must name the one before it, the first ``parent_hash``.

    Raises:
        ChainMoved: they do not: a reorg happened while they were fetched.
    """
    expected = parent_hash
    for block in blocks:
        if block.parent_hash != expected:
            raise ChainMoved(
                f"Block {block.number} names 0x{block.parent_hash.hex()} as the one before it, and "
                f"that was 0x{expected.hex()}; the chain was reorganised while it was read. "
                "It is read again.",
                block_number=block.number,
            )
        expected = block.block_hash


def common_ancestor(
    stored_newest_first: Iterable[tuple[int, bytes]], hash_at: Callable[[int], bytes | None]
) -> int | None:
    """The newest stored block that the chain still has; ``None`` if it has none of them."""
    for number, block_hash in stored_newest_first:
        if hash_at(number) == block_hash:
            return number
    return None


def newest_final(
    seen_newest_first: Iterable[SeenBlock],
    policy: FinalityPolicy,
    *,
    head_number: int,
    tagged_final: int,
    now: datetime,
) -> int | None:
    """The highest of the seen blocks that is final; ``None`` if none is.

    ``tagged_final`` is the node's own ``finalized`` number and counts only without a depth.
    """
    highest = tagged_final if policy.depth is None else head_number - policy.depth
    for seen in seen_newest_first:
        if seen.header.number <= highest and now - seen.seen_at >= policy.age:
            return seen.header.number
    return None
