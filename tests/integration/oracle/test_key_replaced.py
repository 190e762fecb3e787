"""The poster's key is replaced while something of it is under way: each ends once, and rightly.

What a vote brings about is done here by the timelock at once; voting itself is tested with votes.
"""

from __future__ import annotations

import itertools
import logging
import threading
from collections.abc import Iterator
from uuid import UUID

import pytest
import sqlalchemy as sa
from eth_account import Account
from eth_account.signers.local import LocalAccount

from api.chain import prepare_key, put_key_in_use
from api.cli import watcher
from api.composition import Composition
from api.tasks import oracle as jobs
from ledger.kernel.transaction import Database, connect, execute
from oracle.bindings import anchors, points_bridge
from oracle.bridge import redeeming_store, store
from oracle.bridge.errors import BridgeStopped
from oracle.bridge.model import BatchState, Stage, StopReason
from oracle.chain.port import BlockTag, Refusal, TransactionRefused, read
from oracle.chain.signer import KeyMissing, LocalSigner
from oracle.contracts.abi import Address
from oracle.sender import service as sender
from oracle.sender.holders import KeyReplaced
from oracle.sender.model import IntentState, SenderRole
from oracle.sender.ports import SignedBytes, TypedTransaction
from oracle.sender.tables import intent_nonces, intents
from tests.integration.oracle.test_jobs import (
    at_once,
    composition,
    minted_by_jobs,
    request_id,
    watchers_url,
)
from tests.integration.oracle.test_runbooks import by_timelock
from tests.support.bridge import Contracts, World

__all__ = ["composition", "request_id", "watchers_url"]
FRESH = Account.from_key(b"\x71" * 32)


@pytest.fixture
def world(database: Database, contracts: Contracts) -> Iterator[World]:
    snapshot = str(contracts.rpc("evm_snapshot"))
    contracts.rpc("hardhat_setBalance", FRESH.address, hex(10**18))
    made = World(database, contracts)
    yield made
    contracts.rpc("evm_setAutomine", True)
    contracts.rpc("evm_revert", snapshot)


@pytest.fixture
def ann(world: World) -> UUID:
    member = world.member(200)
    world.link(member)
    return member


class Locked(LocalSigner):
    """A signer that is locked, as a remote one may be."""

    def sign(self, transaction: TypedTransaction) -> SignedBytes:
        raise KeyMissing("It is locked.", role=transaction.role)


def keys(world: World, **fresh: LocalAccount) -> dict[SenderRole, LocalAccount]:
    return world.contracts.keys.by_role | {SenderRole(role): key for role, key in fresh.items()}


def old(world: World) -> Address:
    return Address(world.contracts.keys.by_role[SenderRole.POSTER].address)


def nonce(world: World, account: str) -> int:
    return world.chain.nonce(Address(account), BlockTag.LATEST)


def replace_poster(world: World, account: str) -> None:
    """And make that final."""
    by_timelock(world, world.bridge, points_bridge.set_poster(Address(account)))
    world.mine()
    world.mine()
    world.index()


def commits(world: World) -> list[tuple[str, str | None]]:
    """State and refusal of each commit, oldest first."""
    query = (
        sa.select(intents.c.state, intents.c.refusal)
        .where(intents.c.role == SenderRole.POSTER)
        .order_by(intents.c.created_at)
    )
    with world.database.read() as work:
        return [(state, refusal) for state, refusal in work.connection.execute(query)]


def senders(world: World) -> list[tuple[str, bool]]:
    """Who held a nonce for a commit, and whether it is still the commit's."""
    query = (
        sa.select(intent_nonces.c.sender, intent_nonces.c.lost_at.is_(None))
        .select_from(intent_nonces.join(intents, intents.c.intent_id == intent_nonces.c.intent_id))
        .where(intents.c.role == SenderRole.POSTER)
        .order_by(intent_nonces.c.reserved_at)
    )
    with world.database.read() as work:
        return [(sender, held) for sender, held in work.connection.execute(query)]


def batches(world: World, *states: BatchState) -> int:
    with world.database.read() as work:
        return len(store.batches_in(work, 1, list(states)))


def is_balanced(world: World) -> bool:
    """Everything that was escrowed is on chain, and nothing twice."""
    minted = read(world.chain, world.bridge, points_bridge.executed_points(), BlockTag.LATEST)
    return batches(world, BatchState.EXECUTED) == 1 and minted == 60


def test_with_the_old_key_requests_are_refused_with_the_reason_and_credits_go_on(
    world: World, ann: UUID
) -> None:
    replace_poster(world, FRESH.address)
    first = world.request(ann, 60)
    for _ in range(3):
        world.turn()
    assert world.stage(first) is Stage.WAITING
    with world.database.read() as work:
        [stop] = redeeming_store.stops(work)
    assert stop.reason is StopReason.POSTER_REPLACED
    assert f"knows {FRESH.address} as the poster" in stop.message
    assert f"is of {old(world)}" in stop.message
    assert "vklad chain use-key poster" in stop.message
    with pytest.raises(BridgeStopped, match="as the poster") as refused:
        world.request(ann, 10)
    assert refused.value.operands["reason"] == "poster_replaced"
    assert commits(world) == [], "nothing is tried, and nothing costs gas"

    world.take_keys(LocalSigner(keys(world, poster=FRESH)))
    world.until(lambda: world.stage(first) is Stage.MINTED)
    assert nonce(world, FRESH.address) == 1
    with world.database.read() as work:
        assert redeeming_store.stops(work) == []
    assert is_balanced(world)


def test_a_key_that_is_in_use_before_the_vote_is_over_waits_for_it(world: World, ann: UUID) -> None:
    request = world.request(ann, 60)
    world.index()
    world.batch()
    world.take_keys(LocalSigner(keys(world, poster=FRESH)))
    for _ in range(3):
        world.turn()
    [(state, refusal)] = commits(world)
    assert (state, world.held) == (IntentState.QUEUED, [refusal]), "said once, not each time"
    assert f"knows {old(world)} as the poster" in str(refusal)
    replace_poster(world, FRESH.address)
    world.until(lambda: world.stage(request) is Stage.MINTED)
    assert senders(world) == [(FRESH.address, True)]
    assert is_balanced(world)


def test_a_nonce_of_the_old_key_that_nothing_was_signed_for_is_left_to_it(
    world: World, ann: UUID
) -> None:
    request = world.request(ann, 60)
    world.index()
    world.batch()
    world.take_keys(Locked(keys(world)))
    with pytest.raises(KeyMissing):
        world.send()
    assert [state for state, _ in commits(world)] == [IntentState.RESERVED]
    before = nonce(world, old(world))
    replace_poster(world, FRESH.address)
    world.take_keys(LocalSigner(keys(world, poster=FRESH)))
    world.until(lambda: world.stage(request) is Stage.MINTED)
    assert nonce(world, old(world)) == before
    assert nonce(world, FRESH.address) == 1
    assert senders(world) == [(old(world), False), (FRESH.address, True)]
    assert is_balanced(world)


def test_what_the_old_key_sent_in_time_counts(world: World, ann: UUID) -> None:
    request = world.request(ann, 60)
    world.index()
    world.batch()
    world.send()
    assert read(world.chain, world.bridge, points_bridge.last_sequence(), BlockTag.LATEST) == 1
    replace_poster(world, FRESH.address)
    world.take_keys(LocalSigner(keys(world, poster=FRESH)))
    world.until(lambda: world.stage(request) is Stage.MINTED)
    assert nonce(world, FRESH.address) == 0
    assert senders(world) == [(old(world), True)]
    assert is_balanced(world)


def test_what_the_old_key_sent_too_late_reverts_and_the_points_go_in_another_batch(
    world: World, ann: UUID
) -> None:
    request = world.request(ann, 60)
    world.index()
    world.batch()
    world.contracts.rpc("evm_setAutomine", False)
    world.send()
    assert [state for state, _ in commits(world)] == [IntentState.BROADCAST]
    before = nonce(world, old(world))
    by_timelock_first(world)
    assert nonce(world, old(world)) == before + 1
    assert read(world.chain, world.bridge, points_bridge.last_sequence(), BlockTag.LATEST) == 0
    world.contracts.rpc("evm_setAutomine", True)
    world.until(lambda: batches(world, BatchState.REFUSED) == 1)
    world.take_keys(LocalSigner(keys(world, poster=FRESH)))
    world.until(lambda: world.stage(request) is Stage.MINTED)
    assert nonce(world, FRESH.address) == 1
    assert is_balanced(world)


def test_what_the_old_key_signed_and_no_node_takes_is_sent_by_the_new_one(
    world: World, ann: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = world.request(ann, 60)
    world.index()
    world.batch()

    def poor(_raw: bytes) -> bytes:
        raise TransactionRefused(Refusal.OTHER, "insufficient funds for gas")

    with monkeypatch.context() as without_money:
        without_money.setattr(world.chain, "send_raw", poor)
        world.send()
    assert [state for state, _ in commits(world)] == [IntentState.SIGNED]
    by_timelock(world, world.bridge, points_bridge.set_poster(Address(FRESH.address)))
    world.take_keys(LocalSigner(keys(world, poster=FRESH)))
    with monkeypatch.context() as without_money:
        without_money.setattr(world.chain, "send_raw", poor)
        world.send()
    assert senders(world) == [(old(world), True)], "until the vote's own block is final"
    world.until(lambda: world.stage(request) is Stage.MINTED)
    assert senders(world)[-1] == (FRESH.address, True)
    assert is_balanced(world)


def test_a_watcher_that_was_replaced_says_so_and_sends_nothing(world: World) -> None:
    call = points_bridge.set_watcher(Address(FRESH.address))
    by_timelock(world, world.bridge, call)
    before = nonce(world, world.contracts.keys.by_role[SenderRole.WATCHER].address)
    for _ in range(2):
        with pytest.raises(KeyReplaced, match=f"knows {FRESH.address} as the watcher"):
            world.look()
    assert nonce(world, world.contracts.keys.by_role[SenderRole.WATCHER].address) == before
    world.take_keys(LocalSigner(keys(world, watcher=FRESH)))
    world.mine(after_s=86_400)
    assert world.look().heartbeat
    world.mine()
    assert nonce(world, FRESH.address) == 1


def by_timelock_first(world: World) -> None:
    """The vote's transaction and the old key's in one block, the vote's before the other."""
    timelock = world.contracts.deployment.address("VklTimelock")
    world.contracts.rpc("hardhat_setBalance", timelock, hex(10**18))
    world.contracts.rpc("anvil_impersonateAccount", timelock)
    call = points_bridge.set_poster(Address(FRESH.address))
    asked = {
        "from": timelock,
        "to": world.bridge,
        "data": f"0x{call.calldata.hex()}",
        "maxPriorityFeePerGas": hex(10**11),
        "maxFeePerGas": hex(10**12),
    }
    world.contracts.rpc("eth_sendTransaction", asked)
    world.contracts.rpc("evm_mine")
    world.contracts.rpc("anvil_stopImpersonatingAccount", timelock)


def test_the_jobs_stop_with_the_old_key_and_take_the_new_one_by_themselves(
    world: World,
    composition: Composition,
    request_id: UUID,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    at_once(composition, monkeypatch)
    settings, state = composition.settings, composition.state
    prepare_key(settings, state, SenderRole.POSTER, FRESH)
    replace_poster(world, FRESH.address)
    for _ in range(3):
        jobs.tick(composition)
        world.mine()
    said = [each.message for each in caplog.records if "as the poster" in each.message]
    assert len(said) == 1, "once, not each second"
    assert world.stage(request_id) is Stage.WAITING
    put_key_in_use(settings, state, world.chain, SenderRole.POSTER)
    minted_by_jobs(world, composition, request_id)
    with world.database.read() as work:
        assert redeeming_store.stops(work) == []


def test_an_idle_installation_notices_too(
    world: World, composition: Composition, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_once(composition, monkeypatch)
    replace_poster(world, FRESH.address)
    jobs.reserve_check(composition)
    with world.database.read() as work:
        assert [found.reason for found in redeeming_store.stops(work)] == [
            StopReason.POSTER_REPLACED
        ]


def test_heads_wait_for_the_anchorers_new_key(world: World, composition: Composition) -> None:
    place = world.contracts.deployment.address("Anchors")
    by_timelock(world, place, anchors.set_anchorer(Address(FRESH.address)))
    intent = sender.SubmitIntent(
        "log:anchor:0:0",
        SenderRole.ANCHORER,
        "log.anchor",
        place,
        anchors.anchor(1, b"\x07" * 32).calldata,
        200_000,
    )
    execute(world.database, sender.submit, intent)
    with pytest.raises(KeyReplaced, match="as the anchorer"):
        jobs.sender_tick(composition)
    jobs.sender_tick(composition)
    with world.database.read() as work:
        found = sender.outcome(work, intent.key)
    assert found is not None
    assert found.state is IntentState.QUEUED, "it would revert, and is not tried"
    prepare_key(composition.settings, composition.state, SenderRole.ANCHORER, FRESH)
    put_key_in_use(composition.settings, composition.state, world.chain, SenderRole.ANCHORER)
    jobs.sender_tick(composition)
    with world.database.read() as work:
        found = sender.outcome(work, intent.key)
    assert found is not None
    assert found.state in {IntentState.BROADCAST, IntentState.MINED, IntentState.FINALIZED}


def test_the_watchers_process_says_it_once_and_takes_the_new_key_by_itself(
    world: World, composition: Composition, watchers_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    settings, state = composition.settings, composition.state
    prepare_key(settings, state, SenderRole.WATCHER, FRESH)
    by_timelock(world, world.bridge, points_bridge.set_watcher(Address(FRESH.address)))
    world.mine()
    world.watching = False
    database = watcher.read_only_copy(connect(watchers_url, pool_size=1))
    rounds = itertools.count()

    class Rounds(threading.Event):
        """Ends after so many looks, the key exchanged between them."""

        def wait(self, timeout: float | None = None) -> bool:
            number = next(rounds)
            if number == 3:
                put_key_in_use(settings, state, world.chain, SenderRole.WATCHER)
            if number == 6:
                self.set()
            return super().wait(0 if timeout is None else min(timeout, 0.01))

    stop = Rounds()
    watcher.run(settings, state, database, stop)
    database.engine.dispose()
    said = [each.message for each in caplog.records if each.name == "api.cli.watcher"]
    assert len(said) == 2
    assert f"knows {FRESH.address} as the watcher" in said[0]
    assert said[1] == "Watching again."
    assert nonce(world, FRESH.address) >= 1
