"""Reconciling, and giving a chain up."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa

from ledger.kernel.transaction import Work, execute
from ledger.kernel.units import Points
from ledger.members import store as members_store
from ledger.members.model import NotAnAdmin, Role
from oracle.bindings import points_bridge, vkl_token
from oracle.bridge import redeeming_store, resets
from oracle.bridge.errors import (
    BridgeStopped,
    ResetContentChanged,
    ResetNotConfirmed,
    UnknownReset,
)
from oracle.bridge.model import Stage, StopReason
from oracle.contracts.abi import address
from oracle.indexer import service as indexer
from oracle.indexer import store as indexer_store
from oracle.indexer.model import FinalityPolicy
from oracle.reconcile.model import Reconciliation
from oracle.reconcile.service import (
    FinalBlockMissing,
    NothingFinalYet,
    Reconciler,
    check,
    reconcile,
    require_mismatch_gone,
)
from oracle.sender.model import NoChainYet
from tests.support.bridge import World


@pytest.fixture(params=["anvil", "hardhat"])
def node_kind(request: pytest.FixtureRequest) -> str:
    """Both local nodes."""
    return str(request.param)


def reconciler(world: World) -> Reconciler:
    return Reconciler(world.database, world.chain, world.bridge, world.token)


def compared(world: World) -> Reconciliation:
    return reconcile(reconciler(world))


def admin(world: World) -> UUID:
    member = world.member(0)

    def appoint(work: Work, _: None) -> None:
        members_store.insert_role(work, member, Role.ADMIN, None)
        members_store.grant_role(work, member, Role.ADMIN, None)

    execute(world.database, appoint, None)
    return member


def prepare(world: World) -> resets.ChainReset:
    return execute(world.database, resets.prepare, None)


def confirm(world: World, reset: resets.ChainReset, by: UUID) -> int:
    command = resets.ConfirmReset(reset.reset_id, by, reset.content_digest)
    return execute(world.database, resets.confirm, command)


def test_both_sides_are_equal_at_every_step_of_the_way(world: World) -> None:
    ann = world.member(200)
    wallet = world.link(ann)
    request = world.request(ann, 80)
    stages = set()
    for _ in range(40):
        stages.add(world.stage(request))
        assert compared(world).findings() == []
        if world.stage(request) is Stage.MINTED:
            break
        world.turn()
    assert {Stage.WAITING, Stage.COMMITTING, Stage.MINTED} < stages
    world.request(ann, 30)
    burnt = points_bridge.redeem(50 * 10**18, world.reference(ann, 50).reference)
    world.send_as(wallet, world.bridge, burnt.calldata)
    parked = points_bridge.redeem(20 * 10**18, b"\x05" * 32)
    world.send_as(wallet, world.bridge, parked.calldata)
    for _ in range(20):
        world.turn()
        found = compared(world)
        assert found.findings() == []
        assert found.escrow_units == found.owed_units
    assert found.ledger.escrow == Points(80 + 30 - 50)
    assert found.ledger.parked == Points(20)


def test_a_burn_that_is_final_and_not_acted_on_is_in_flight(world: World) -> None:
    ann = world.member(100)
    wallet = world.link(ann)
    request = world.request(ann, 100)
    world.until(lambda: world.stage(request) is Stage.MINTED)
    burnt = points_bridge.redeem(40 * 10**18, world.reference(ann, 40).reference)
    world.send_as(wallet, world.bridge, burnt.calldata)
    world.mine()
    _hold_events(world)
    found = compared(world)
    assert (found.ledger.unread_burns, found.findings()) == (Points(40), [])


def _hold_events(world: World) -> None:
    """Read on, but act on nothing: as when a worker dies between both."""

    def dies(*_: object) -> None:
        raise KeyboardInterrupt

    handlers = {("PointsBridge", "Redeemed"): dies}
    with pytest.raises(KeyboardInterrupt):
        indexer.tick(
            world.database, world.reader, handlers, indexer.IndexerPolicy(FinalityPolicy(1))
        )


def test_a_mint_behind_our_back_names_the_chain(world: World) -> None:
    ann = world.member(100)
    world.link(ann)
    request = world.request(ann, 100)
    world.until(lambda: world.stage(request) is Stage.MINTED)
    with world.database.engine.begin() as connection:
        connection.execute(sa.text("UPDATE bridge_requests SET state = 'batched'"))
    findings = check(reconciler(world))
    assert findings == [
        "The chain is off: the bridge contract has minted 100 points, the ledger knows of 0."
    ]
    with world.database.read() as work:
        (stop,) = redeeming_store.stops(work)
    assert stop.reason is StopReason.RESERVE_MISMATCH


def test_a_request_without_escrow_names_the_ledger(world: World) -> None:
    ann = world.member(100)
    world.link(ann)
    world.request(ann, 100)
    world.turn()
    with world.database.engine.begin() as connection:
        connection.execute(sa.text("UPDATE bridge_requests SET points = 90"))
    (finding,) = compared(world).findings()
    assert finding == (
        "The ledger is off: its escrow account holds 100 points, its requests and redemptions "
        "add up to 90."
    )


def test_nothing_to_compare(world: World) -> None:
    with world.database.engine.begin() as connection:
        connection.execute(sa.text("DELETE FROM chain_blocks"))
    with pytest.raises(NothingFinalYet):
        compared(world)
    assert check(reconciler(world)) == []


def test_a_node_without_the_final_block(world: World) -> None:
    with world.database.engine.begin() as connection:
        connection.execute(sa.text("UPDATE chain_blocks SET block_hash = sha256('x')"))
    with pytest.raises(FinalBlockMissing):
        compared(world)


def test_giving_a_chain_up_returns_everything_by_entries_that_cite_it(world: World) -> None:
    ann, bob, eve = (world.member(100, timedelta(days=50)) for _ in range(3))
    anns, bobs = world.link(ann), world.link(bob)
    world.link(eve)
    requests = [world.request(ann, 100), world.request(bob, 80)]
    world.until(lambda: world.stage(requests[-1]) is Stage.MINTED)
    world.send_as(
        anns, world.token, vkl_token.transfer(address(bobs.address), 30 * 10**18).calldata
    )
    burnt = points_bridge.redeem(100 * 10**18, world.reference(bob, 100).reference)
    world.send_as(bobs, world.bridge, burnt.calldata)
    world.until(lambda: world.available(bob) == 120)
    requests.append(world.request(eve, 60))

    reset = prepare(world)
    assert resets.as_content(reset).points == 80 + 60
    first, second = admin(world), admin(world)
    with pytest.raises(ResetNotConfirmed) as nobody:
        execute(world.database, resets.apply, None)
    assert nobody.value.missing == 2
    assert [confirm(world, reset, by) for by in (first, first)] == [1, 1]
    with pytest.raises(ResetNotConfirmed):
        execute(world.database, resets.apply, None)
    assert confirm(world, reset, second) == 2
    applied = execute(world.database, resets.apply, None)
    assert applied.points == Points(140)
    assert {world.stage(request) for request in requests} == {Stage.RETURNED}
    assert (world.available(ann), world.available(bob), world.available(eve)) == (80, 120, 100)
    with world.database.read() as work:
        assert indexer_store.chain_in_use(work) is None
        cited = work.connection.execute(
            sa.text(
                "SELECT count(*) FROM transfers WHERE kind = 'escrow_return' "
                "AND cites IS NOT NULL AND cause LIKE '%chain_reset%'"
            )
        ).scalar_one()
        assert cited == 2
        with pytest.raises(NoChainYet):
            resets.require_chain(work)
    with pytest.raises(UnknownReset):
        execute(world.database, resets.apply, None)


def test_after_a_reset_another_chain_is_taken_and_works(world: World) -> None:
    ann = world.member(100)
    world.link(ann)
    request = world.request(ann, 50)
    world.until(lambda: world.stage(request) is Stage.MINTED)
    reset = prepare(world)
    for _ in range(2):
        confirm(world, reset, admin(world))
    execute(world.database, resets.apply, None)
    world.contracts.rpc("evm_revert", world.fresh)
    world.index()
    again = world.request(ann, 100)
    world.until(lambda: world.stage(again) is Stage.MINTED)
    assert compared(world).findings() == []


def test_a_reset_needs_admins_and_the_content_they_saw(world: World) -> None:
    with pytest.raises(UnknownReset):
        execute(world.database, resets.give_up_reset, None)
    reset = prepare(world)
    assert prepare(world) == reset
    with pytest.raises(NotAnAdmin):
        confirm(world, reset, world.member(0))
    boss = admin(world)
    with pytest.raises(ResetContentChanged):
        confirm(world, replace(reset, content_digest=b"\x00" * 32), boss)
    with pytest.raises(UnknownReset):
        confirm(world, replace(reset, reset_id=boss), boss)
    execute(world.database, resets.give_up_reset, None)
    with world.database.read() as work:
        assert redeeming_store.stops(work) == []


def test_what_changes_after_confirming_is_confirmed_anew(world: World) -> None:
    ann = world.member(100)
    world.link(ann)
    reset = prepare(world)
    for _ in range(2):
        confirm(world, reset, admin(world))
    execute(
        world.database,
        lambda work, _: redeeming_store.lift_stops(work, [StopReason.RESET], None),
        None,
    )
    world.request(ann, 50)
    with pytest.raises(ResetContentChanged):
        execute(world.database, resets.apply, None)
    anew = prepare(world)
    assert anew.reset_id != reset.reset_id
    with pytest.raises(ResetNotConfirmed):
        execute(world.database, resets.apply, None)


def test_a_reserve_that_is_still_off_is_no_stop_to_lift(world: World) -> None:
    ann = world.member(100)
    world.link(ann)
    request = world.request(ann, 50)
    world.until(lambda: world.stage(request) is Stage.MINTED)
    require_mismatch_gone(reconciler(world))
    with world.database.engine.begin() as connection:
        connection.execute(sa.text("UPDATE bridge_requests SET points = points + 1"))
    assert check(reconciler(world))
    with pytest.raises(BridgeStopped) as still:
        require_mismatch_gone(reconciler(world))
    assert (still.value.reason, "is off" in still.value.message) == ("reserve_mismatch", True)
    with world.database.engine.begin() as connection:
        connection.execute(sa.text("UPDATE bridge_requests SET points = points - 1"))
    require_mismatch_gone(reconciler(world))
