"""`ledger verify` of the bridge: silent on a true history, naming the row on a damaged one."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from ledger.verify.service import run_checks
from oracle.bindings import points_bridge
from oracle.bridge.model import Stage
from oracle.bridge.verify import (
    BATCH_ORDER,
    BATCHES,
    BRIDGE_CHECKS,
    BURNS,
    CREDITS,
    REQUESTS,
)
from tests.support.bridge import World


@pytest.fixture
def carried(world: World) -> World:
    """A batch minted, one burn credited and one parked."""
    member = world.member(200)
    wallet = world.link(member)
    request = world.request(member, 100)
    world.until(lambda: world.stage(request) is Stage.MINTED)
    for reference in (world.reference(member, 30).reference, b"\x09" * 32):
        burnt = points_bridge.redeem(30 * 10**18, reference)
        world.send_as(wallet, world.bridge, burnt.calldata)
    world.request(member, 50)
    world.until(lambda: world.available(member) == 80)
    world.until(world.quiet)
    return world


def found(world: World) -> set[str]:
    with world.database.read() as work:
        return {finding.check for finding in run_checks(work, BRIDGE_CHECKS).findings}


def test_a_true_history_is_passed(carried: World) -> None:
    assert found(carried) == set()


@pytest.mark.parametrize(
    ("damage", "checks"),
    [
        ("UPDATE bridge_requests SET points = points + 1", {REQUESTS, BATCHES}),
        ("UPDATE bridge_batches SET points = points + 1", {BATCHES, BATCH_ORDER}),
        ("UPDATE bridge_batches SET sequence = sequence + 10", {BATCH_ORDER}),
        ("UPDATE bridge_batches SET escrowed_points = escrowed_points - 1", {BATCH_ORDER}),
        ("UPDATE bridge_redemptions SET sequence = sequence + 10", {BURNS}),
        ("UPDATE bridge_redemptions SET points = points + 1", {CREDITS}),
    ],
)
def test_damage_is_named(carried: World, damage: str, checks: set[str]) -> None:
    with carried.database.engine.begin() as connection:
        connection.execute(sa.text(damage))
    assert found(carried) == checks
