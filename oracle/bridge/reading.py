"""What the bridge reads of its contracts: one question, one value."""

from __future__ import annotations

from collections.abc import Iterable

from ledger.kernel.units import Points
from oracle.bindings import points_bridge, vkl_token
from oracle.bridge.model import BridgeLimits, Gate
from oracle.chain.port import BlockHeader, BlockTag, Chain, ChainUnavailable, read
from oracle.contracts.abi import ZERO_ADDRESS, Address, address


def head(chain: Chain) -> BlockHeader:
    """The newest block.

    Raises:
        ChainUnavailable: the node has none.
    """
    found = chain.block(BlockTag.LATEST)
    if found is None:
        raise ChainUnavailable("The node has no newest block.")
    return found


def limits(chain: Chain, bridge: Address) -> BridgeLimits:
    """What the contract would take as the next batch."""
    at = head(chain).number
    bounds = read(chain, bridge, points_bridge.limits(), at)
    return BridgeLimits(
        paused=read(chain, bridge, points_bridge.paused(), at),
        last_sequence=read(chain, bridge, points_bridge.last_sequence(), at),
        escrowed_points=Points(read(chain, bridge, points_bridge.escrowed_points(), at)),
        batch_points_max=Points(min(bounds.capacity_points, bounds.growth_points_max)),
    )


def gate(chain: Chain, bridge: Address) -> Gate:
    """What stands between a committed batch and its execution."""
    now = head(chain)
    return Gate(
        now_s=now.timestamp_s,
        paused=read(chain, bridge, points_bridge.paused(), now.number),
        watcher_alive_until_s=read(chain, bridge, points_bridge.watcher_alive_until(), now.number),
        checked_sequence=read(chain, bridge, points_bridge.checked_sequence(), now.number),
        available=Points(read(chain, bridge, points_bridge.available_points(), now.number)),
    )


def delegated(chain: Chain, token: Address, wallets: Iterable[str]) -> frozenset[str]:
    """Those of these wallets whose holders have a delegate."""
    return frozenset(
        wallet
        for wallet in set(wallets)
        if read(chain, token, vkl_token.delegates(address(wallet)), BlockTag.LATEST) != ZERO_ADDRESS
    )


def holder_nonce(chain: Chain, bridge: Address, holder: str) -> int:
    """The next nonce of a holder's signed redemptions."""
    return read(chain, bridge, points_bridge.nonces(address(holder)), BlockTag.LATEST)
