"""Points become tokens and points again, on a real chain."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest

from ledger.kernel.transaction import execute
from ledger.kernel.units import Points
from ledger.lots.model import Summary
from oracle.bindings import points_bridge, vkl_token
from oracle.bridge.model import Stage
from oracle.bridge.service import RelaySignature
from oracle.contracts.abi import address
from tests.support.bridge import World


@pytest.fixture(params=["anvil", "hardhat"])
def node_kind(request: pytest.FixtureRequest) -> str:
    """Both local nodes."""
    return str(request.param)


def lives(summary: Summary) -> dict[int, int]:
    """Available points by days left to live, to the nearest day."""
    found: Counter[int] = Counter()
    for held in summary.lots:
        assert held.lot.expires_at is not None
        found[round((held.lot.expires_at - summary.at) / timedelta(days=1))] += (
            held.available.amount
        )
    return {days: amount for days, amount in found.items() if amount}


def test_there_and_back_by_one_member_leaves_what_was(world: World) -> None:
    ann = world.member(300, timedelta(days=100))
    world.grant(ann, 200, timedelta(days=10), "soon")
    wallet = world.link(ann)
    before = world.summary(ann)
    request = world.request(ann, 350)
    assert world.stage(request) is Stage.WAITING
    assert world.available(ann) == 150
    world.until(lambda: world.stage(request) is Stage.MINTED)
    assert world.balance(wallet.address) == Points(350)

    reference = world.reference(ann, 350)
    with world.database.read() as work:
        message = world.bridging.redemption_message(work, reference)
    signature = bytes(wallet.sign_message(message.signable()).signature)
    execute(
        world.database, world.bridging.relay, RelaySignature(ann, reference.reference, signature)
    )
    world.until(world.quiet)
    assert world.balance(wallet.address) == Points(0)
    after = world.summary(ann)
    assert after.available == before.available

    assert lives(after) == lives(before) == {10: 200, 100: 300}
    continued = [held.lot for held in after.lots if held.lot.continues is not None]
    assert len(continued) == 2


def test_tokens_redeemed_by_another_member_become_that_members_new_lot(world: World) -> None:
    ann, bob = world.member(100, timedelta(days=10)), world.member(0)
    anns, bobs = world.link(ann), world.link(bob)
    request = world.request(ann, 100)
    world.until(lambda: world.stage(request) is Stage.MINTED)
    transfer = vkl_token.transfer(address(bobs.address), 60 * 10**18)
    world.send_as(anns, world.token, transfer.calldata)
    reference = world.reference(bob, 60)
    redeem = points_bridge.redeem(60 * 10**18, reference.reference)
    world.send_as(bobs, world.bridge, redeem.calldata)
    world.until(lambda: world.available(bob) > 0)
    assert (world.available(ann), world.available(bob)) == (0, 60)
    (held,) = [held for held in world.summary(bob).lots if held.available]
    assert held.lot.continues is None
    assert held.lot.expires_at is not None
    assert held.lot.expires_at - held.lot.activates_at == world.policy.returned_validity
