"""Reorgs of every depth below finality, on a real chain, under each step of the bridge.

The node forgets the blocks from the step's own on, as if it had never happened. Whatever was
shown of it goes away; whatever was promised happens once all the same.
"""

from __future__ import annotations

from uuid import UUID

import pytest
import sqlalchemy as sa
from eth_account.signers.local import LocalAccount

from ledger.kernel.units import Points
from oracle.bindings import points_bridge
from oracle.bridge import events, redeeming_store
from oracle.bridge.model import Stage
from oracle.bridge.tables import bridge_batches
from oracle.chain.port import BlockTag, read
from oracle.indexer import service as indexer
from oracle.indexer import store as indexer_store
from oracle.indexer.model import FinalHistoryChanged, FinalityPolicy
from tests.support.bridge import World

FINALITY = 3
DEPTHS = range(1, FINALITY + 1)
"""Blocks taken away: a block is final once this many stand on it."""
POINTS = 60
COMMITTED, EXECUTED = 1, 2
TURNS_MAX = 60


class Deep(World):
    """A world whose chain is trusted only three blocks down."""

    def index(self) -> None:
        policy = indexer.IndexerPolicy(
            FinalityPolicy(FINALITY), self.contracts.deployment.block_number
        )
        indexer.tick(self.database, self.reader, events.handlers(self.policy), policy)

    def head(self) -> int:
        found = self.chain.block(BlockTag.LATEST)
        assert found is not None
        return found.number

    def state_of_batch(self) -> int:
        return read(self.chain, self.bridge, points_bridge.batch(1), BlockTag.LATEST).state

    def turn_until(self, state: int) -> int:
        """Turn until the batch came to this state in the newest block, and name that block."""
        for _ in range(TURNS_MAX):
            self.index()
            self.batch()
            self.send()
            if self.state_of_batch() == state:
                return self.head()
            self.look()
            self.mine()
        raise AssertionError(f"the batch never came to {state}")


@pytest.fixture
def deep(world: World) -> Deep:
    return Deep(world.database, world.contracts)


@pytest.fixture
def ann(deep: Deep) -> tuple[UUID, LocalAccount]:
    member = deep.member(100)
    return member, deep.link(member)


def stand_and_fall(world: Deep, block_number: int, depth: int) -> None:
    """So many blocks with the step's own, seen by everybody who looks, and then none of them."""
    assert world.head() == block_number
    for _ in range(depth - 1):
        world.mine()
    world.index()
    world.contracts.rpc("anvil_rollback", depth)
    assert world.head() == block_number - 1


def executed_batches(world: Deep) -> list[str]:
    with world.database.read() as work:
        return list(work.connection.execute(sa.select(bridge_batches.c.state)).scalars())


def redemptions(world: Deep) -> int:
    with world.database.read() as work:
        known = indexer_store.chain_in_use(work)
        assert known is not None
        return redeeming_store.last_redemption(work, known.chain_key)


@pytest.mark.parametrize("depth", DEPTHS)
@pytest.mark.parametrize("state", [COMMITTED, EXECUTED])
def test_a_reorg_under_a_batch_mints_once(
    deep: Deep, ann: tuple[UUID, LocalAccount], state: int, depth: int
) -> None:
    member, wallet = ann
    request = deep.request(member, POINTS)
    at = deep.turn_until(state)
    stand_and_fall(deep, at, depth)
    assert deep.state_of_batch() == state - 1
    deep.until(lambda: deep.stage(request) is Stage.MINTED, TURNS_MAX)
    assert deep.balance(wallet.address) == Points(POINTS)
    assert executed_batches(deep) == ["executed"]
    assert deep.available(member) == 100 - POINTS
    assert not deep.vetoes


@pytest.mark.parametrize("depth", DEPTHS)
def test_a_reorg_under_a_redemption_credits_once(
    deep: Deep, ann: tuple[UUID, LocalAccount], depth: int
) -> None:
    member, wallet = ann
    request = deep.request(member, POINTS)
    deep.until(lambda: deep.stage(request) is Stage.MINTED, TURNS_MAX)
    call = points_bridge.redeem(20 * 10**18, deep.reference(member, 20).reference)
    deep.send_as(wallet, deep.bridge, call.calldata)
    stand_and_fall(deep, deep.head(), depth)
    for _ in range(FINALITY + 3):
        deep.turn()
    assert (redemptions(deep), deep.available(member)) == (0, 100 - POINTS)
    assert deep.balance(wallet.address) == Points(POINTS)
    deep.send_as(wallet, deep.bridge, call.calldata)
    deep.until(lambda: redemptions(deep) == 1)
    assert deep.available(member) == 100 - POINTS + 20
    assert deep.balance(wallet.address) == Points(POINTS - 20)


def test_what_was_credited_and_is_gone_stops_everything(
    deep: Deep, ann: tuple[UUID, LocalAccount]
) -> None:
    member, wallet = ann
    request = deep.request(member, POINTS)
    deep.until(lambda: deep.stage(request) is Stage.MINTED, TURNS_MAX)
    call = points_bridge.redeem(20 * 10**18, deep.reference(member, 20).reference)
    deep.send_as(wallet, deep.bridge, call.calldata)
    at = deep.head()
    deep.until(lambda: redemptions(deep) == 1)
    deep.contracts.rpc("anvil_rollback", deep.head() - at + 1)
    deep.mine()
    with pytest.raises(FinalHistoryChanged):
        deep.index()
    assert deep.available(member) == 100 - POINTS + 20
