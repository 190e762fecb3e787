"""What may happen to a batch and to a burn, on a real chain."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa
from eth_account.signers.local import LocalAccount
from eth_utils.crypto import keccak

from ledger.consents.model import ConsentNeeded, Purpose
from ledger.kernel.transaction import Work, execute
from ledger.kernel.units import Points
from ledger.lots import service as lots
from ledger.lots.errors import DebtOpen, InsufficientPoints
from ledger.lots.model import Cause, ClawBack
from ledger.members.model import MemberNotActive
from ledger.members.tables import members
from ledger.wallets.model import NoWallet
from oracle.bindings import points_bridge
from oracle.bridge import events, redeeming_store, resets, service, stops, store
from oracle.bridge.errors import (
    BridgeStopped,
    ForeignBatch,
    RecipientRefused,
    RedemptionGap,
    ReferenceUsed,
    RequestOutOfBounds,
    SignatureOfAnother,
    TooManyReferences,
    TooManyRelays,
    UnknownReference,
    UnknownRequest,
)
from oracle.bridge.jobs import read_chain
from oracle.bridge.model import (
    BatchState,
    ParkedReason,
    RedemptionStage,
    RedemptionState,
    Stage,
    StopReason,
)
from oracle.bridge.tables import bridge_batches, bridge_redemptions
from oracle.bridge.verify import BRIDGE_CHECKS
from oracle.chain.port import BlockTag, read
from oracle.chain.typed_data import MalformedSignature
from oracle.contracts.abi import Address, address, encode
from oracle.indexer import service as indexer
from oracle.indexer import store as indexer_store
from oracle.indexer.model import FinalityPolicy
from oracle.sender.model import SenderRole
from oracle.watcher.service import BATCHES_PER_LOOK
from tests.support.bridge import World
from tests.support.minors import consent, under_age

WEEK_S = 7 * 86_400
VETOED = 3


@pytest.fixture(params=["anvil", "hardhat"])
def node_kind(request: pytest.FixtureRequest) -> str:
    """Both local nodes."""
    return str(request.param)


def batch_states(world: World) -> list[str]:
    with world.database.read() as work:
        query = sa.select(bridge_batches.c.state).order_by(bridge_batches.c.created_at)
        return list(work.connection.execute(query).scalars())


def minted(world: World, points: int = 100) -> tuple[UUID, LocalAccount]:
    """A member with a wallet that holds so many tokens."""
    member = world.member(points)
    wallet = world.link(member)
    request = world.request(member, points)
    world.until(lambda: world.stage(request) is Stage.MINTED)
    return member, wallet


def burn(world: World, wallet: LocalAccount, points: int, reference: bytes) -> None:
    call = points_bridge.redeem(points * 10**18, reference)
    world.send_as(wallet, world.bridge, call.calldata)


def test_under_age_nothing_is_carried_without_consent(world: World) -> None:
    member, admin = world.member(100), world.member(1)
    world.link(member)
    under_age(world.database, member, admin)
    with pytest.raises(ConsentNeeded):
        world.request(member, 10)
    assert world.available(member) == 100
    consent(world.database, member, admin, Purpose.WALLET)
    world.request(member, 10)


def test_many_members_share_a_batch(world: World) -> None:
    people = [world.member(50 + number) for number in range(5)]
    wallets = [world.link(person) for person in people]
    requests = [world.request(person, 20 + at) for at, person in enumerate(people)]
    world.until(lambda: world.stage(requests[-1]) is Stage.MINTED)
    assert batch_states(world) == ["executed"]
    assert [world.balance(wallet.address).amount for wallet in wallets] == [20, 21, 22, 23, 24]


def test_a_batch_with_a_false_record_is_vetoed_and_its_points_come_back(world: World) -> None:
    ann = world.member(100)
    world.link(ann)
    before = world.summary(ann)
    request = world.request(ann, 100)
    world.batch()
    with world.database.engine.begin() as connection:
        thief = bytes.fromhex("66" * 20) + (100).to_bytes(6, "big")
        connection.execute(
            sa.text("UPDATE bridge_batches SET records = :records, records_hash = :hash;"),
            {"records": thief, "hash": keccak(thief)},
        )
        _recommit(connection, world, keccak(thief), 100)
    world.until(lambda: world.stage(request) is Stage.RETURNED)
    assert batch_states(world) == ["vetoed"]
    (vetoed,) = world.vetoes[0].values()
    assert "is not the recipient in the journal" in " ".join(vetoed)
    assert world.balance("0x" + "66" * 20) == Points(0)
    assert world.summary(ann).available == before.available
    assert world.summary(ann).lots == tuple(
        replace(held, available=held.available) for held in before.lots
    )


def _recommit(connection: sa.Connection, world: World, records_hash: bytes, points: int) -> None:
    """The poster's own intent, changed to what a thief of its key would commit."""
    with world.database.read() as work:
        batch = store.batch_of_sequence(work, _chain_key(world), 1)
    assert batch is not None
    call = points_bridge.commit_batch(1, records_hash, points, batch.ledger_position, points)
    connection.execute(
        sa.text("UPDATE intents SET calldata = :calldata"), {"calldata": call.calldata}
    )


def _chain_key(world: World) -> int:
    with world.database.read() as work:
        known = indexer_store.chain_in_use(work)
    assert known is not None
    return known.chain_key


def test_a_batch_that_nobody_watches_expires_and_its_points_come_back(world: World) -> None:
    ann = world.member(100)
    world.link(ann)
    request = world.request(ann, 60)
    world.watching = False
    world.until(lambda: batch_states(world) == ["committed"])
    assert world.available(ann) == 40
    world.mine(after_s=WEEK_S)
    world.until(lambda: world.stage(request) is Stage.RETURNED)
    assert batch_states(world) == ["expired"]
    assert world.available(ann) == 100
    again = world.request(ann, 70)
    world.watching = True
    world.until(lambda: world.stage(again) is Stage.MINTED)
    assert batch_states(world) == ["expired", "executed"]


def test_a_batch_that_the_contract_refuses_frees_its_number(world: World) -> None:
    ann = world.member(100)
    world.link(ann)
    request = world.request(ann, 60)
    world.batch()
    with world.database.engine.begin() as connection:
        connection.execute(sa.text("UPDATE intents SET calldata = substr(calldata, 1, 40)"))
    world.until(lambda: "refused" in batch_states(world))
    world.until(lambda: world.stage(request) is Stage.MINTED)
    assert batch_states(world) == ["refused", "executed"]


def test_an_execution_that_fails_is_tried_again(world: World) -> None:
    ann = world.member(100)
    world.link(ann)
    request = world.request(ann, 60)
    world.until(lambda: world.stage(request) in {Stage.DELAYED, Stage.EXECUTING})
    for _ in range(10):
        world.index()
        world.look()
        world.mine()
        world.batch()
        with world.database.engine.begin() as connection:
            changed = connection.execute(
                sa.text(
                    "UPDATE intents SET calldata = substr(calldata, 1, 40) "
                    "WHERE kind = 'bridge.executeBatch' AND state = 'queued'"
                )
            )
        if changed.rowcount:
            break
    world.until(lambda: world.stage(request) is Stage.MINTED)
    with world.database.read() as work:
        attempts = work.connection.execute(sa.select(bridge_batches.c.attempt)).scalars().all()
    assert attempts == [1]


def test_a_request_above_what_a_batch_may_hold_comes_back(world: World) -> None:
    points_max = read(world.chain, world.bridge, points_bridge.limits(), BlockTag.LATEST)
    above = points_max.growth_points_max + 1
    world.bridging = replace(world.bridging, policy=replace(world.policy, points_max=Points(above)))
    ann = world.member(above)
    world.link(ann)
    request = world.request(ann, above)
    world.batch()
    assert world.stage(request) is Stage.RETURNED
    assert world.available(ann) == above


def test_a_batch_of_somebody_else_with_the_posters_key_stops_the_bridge(world: World) -> None:

    poster = world.contracts.keys.by_role[SenderRole.POSTER]
    call = points_bridge.commit_batch(1, b"\x01" * 32, 5, 0, 5)
    world.send_as(poster, world.bridge, call.calldata)
    assert world.look().vetoed[1] == ("Nobody has records with the hash of batch 1.",)
    ann = world.member(100)
    world.link(ann)
    world.request(ann, 50)
    with pytest.raises(ForeignBatch):
        world.batch()
    world.mine()
    with pytest.raises(ForeignBatch):
        world.index()


def commit_as_a_thief(world: World, sequence: int, points: int, escrowed: int) -> None:
    """A batch by the poster's key that this database knows nothing of."""
    poster = world.contracts.keys.by_role[SenderRole.POSTER]
    call = points_bridge.commit_batch(sequence, b"\x01" * 32, points, 10**9, escrowed)
    world.send_as(poster, world.bridge, call.calldata)


def test_a_forged_batch_under_a_page_of_others_is_not_passed_by(world: World) -> None:
    commit_as_a_thief(world, 1, 500, 500)
    for sequence in range(2, BATCHES_PER_LOOK + 3):
        commit_as_a_thief(world, sequence, 1, 499 + sequence)

    def checked() -> int:
        return read(world.chain, world.bridge, points_bridge.checked_sequence(), BlockTag.LATEST)

    seen = world.look()
    assert seen.checked == tuple(range(1, BATCHES_PER_LOOK + 1))
    assert set(seen.vetoed) == set(seen.checked)
    world.mine()
    assert checked() == 0
    for _ in range(20):
        world.look()
        world.mine()
        if checked() == BATCHES_PER_LOOK + 2:
            break
    assert checked() == BATCHES_PER_LOOK + 2
    for sequence in (1, BATCHES_PER_LOOK, BATCHES_PER_LOOK + 2):
        found = read(world.chain, world.bridge, points_bridge.batch(sequence), BlockTag.LATEST)
        assert found.state == VETOED


def resume(world: World, admin: UUID) -> None:
    execute(world.database, lambda work, _: stops.resume(work, admin, "looked"), None)


def read_all(world: World) -> None:
    """As the worker reads: what cannot be trusted stops the bridge."""
    policy = indexer.IndexerPolicy(FinalityPolicy(1))
    read_chain(world.database, world.reader, events.handlers(world.policy), policy)


def test_the_bridge_goes_on_after_a_foreign_batch_that_an_admin_looked_at(world: World) -> None:
    ann, wallet = minted(world, 60)
    world.grant(ann, 100, timedelta(days=9), "more")
    commit_as_a_thief(world, 2, 500, 560)
    burn(world, wallet, 20, world.reference(ann, 20).reference)
    world.mine()
    with pytest.raises(ForeignBatch):
        read_all(world)
    assert world.available(ann) == 100
    with pytest.raises(BridgeStopped):
        world.request(ann, 50)
    resume(world, ann)
    read_all(world)
    assert world.available(ann) == 120
    request = world.request(ann, 50)
    world.batch()
    assert world.stage(request) is Stage.WAITING
    world.until(lambda: world.stage(request) is Stage.MINTED)
    assert batch_states(world) == ["executed", "executed"]
    assert [list(vetoed) for vetoed in world.vetoes] == [[2]]
    assert world.balance(wallet.address) == Points(90)
    with world.database.read() as work:
        assert not [f for check in BRIDGE_CHECKS for f in check.run(work)]
    again = world.request(ann, 30)
    world.until(lambda: world.stage(again) is Stage.MINTED)


def test_a_number_that_a_thief_took_first_is_free_for_none_of_ours(world: World) -> None:
    ann = world.member(100)
    world.link(ann)
    request = world.request(ann, 60)
    world.batch()
    commit_as_a_thief(world, 1, 500, 500)
    world.mine()
    with pytest.raises(ForeignBatch):
        read_all(world)
    resume(world, ann)
    world.until(lambda: world.stage(request) is Stage.MINTED)
    assert batch_states(world) == ["refused", "executed"]


def test_a_foreign_batch_that_was_executed_stops_the_bridge_anew(world: World) -> None:
    ann = world.member(100)
    commit_as_a_thief(world, 1, 5, 5)
    world.mine()
    with pytest.raises(ForeignBatch):
        read_all(world)
    resume(world, ann)
    read_all(world)
    with world.database.read() as work:
        key = _chain_key(world)
        said = indexer_store.events_named(work, key, "PointsBridge", "BatchCommitted")[-1]
        executed = replace(
            said,
            name="BatchExecuted",
            topics=(points_bridge.BatchExecuted.TOPIC, *said.topics[1:]),
            payload=encode(("uint64", "uint64"), (5, 5)),
        )
    execute(world.database, lambda work, _: events.on_executed(work, key, executed), None)
    with world.database.read() as work:
        (stop,) = redeeming_store.stops(work)
    assert (stop.reason, "are stolen" in stop.message) == (StopReason.FOREIGN_BATCH, True)


def test_a_foreign_batch_that_expired_holds_nothing_up(world: World) -> None:
    ann = world.member(100)
    world.link(ann)
    world.watching = False
    commit_as_a_thief(world, 1, 5, 5)
    world.mine()
    with pytest.raises(ForeignBatch):
        read_all(world)
    resume(world, ann)
    world.mine(after_s=2 * WEEK_S)
    stranger = world.link(world.member(0))
    world.send_as(stranger, world.bridge, points_bridge.expire_batch(1).calldata)
    world.watching = True
    request = world.request(ann, 60)
    world.until(lambda: world.stage(request) is Stage.MINTED)


def test_nobody_alone_lifts_the_stop_of_a_reset(world: World) -> None:
    ann = world.member(100)
    execute(world.database, resets.prepare, None)
    with pytest.raises(BridgeStopped) as refused:
        resume(world, ann)
    assert refused.value.reason == "reset"
    execute(world.database, resets.give_up_reset, None)
    resume(world, ann)


def test_burns_nobody_can_be_credited_for_are_parked(world: World) -> None:
    ann, wallet = minted(world, 100)
    reference = world.reference(ann, 10).reference
    blocked, own = minted(world, 10)
    theirs = world.reference(blocked, 10).reference
    with world.database.engine.begin() as connection:
        connection.execute(
            members.update().where(members.c.member_id == blocked).values(status="erased")
        )
    burn(world, wallet, 20, b"\x07" * 32)
    burn(world, wallet, 30, reference)
    burn(world, wallet, 15, reference)
    burn(world, own, 5, theirs)
    world.until(lambda: _redemptions(world) == 4)
    with world.database.read() as work:
        parked = redeeming_store.parked_redemptions(work, 10)
    assert {(found.sequence, found.parked_reason) for found in parked} == {
        (1, ParkedReason.UNKNOWN_REFERENCE),
        (3, ParkedReason.REFERENCE_USED),
        (4, ParkedReason.MEMBER_ERASED),
    }
    assert world.available(ann) == 30


def test_a_reference_serves_whom_it_was_given_to(world: World) -> None:
    """A stranger who saw it on its way burns one point of their own under it, first."""
    ann, wallet = minted(world, 100)
    _, thief = minted(world, 10)
    asked = world.reference(ann, 60)
    burn(world, thief, 1, asked.reference)
    world.until(lambda: _redemptions(world) == 1)
    with world.database.read() as work:
        assert service.redemption_stage(work, asked).stage is RedemptionStage.OPEN
    burn(world, wallet, 60, asked.reference)
    world.until(lambda: _redemptions(world) == 2)
    with world.database.read() as work:
        parked = redeeming_store.parked_redemptions(work, 10)
        assert service.redemption_stage(work, asked).stage is RedemptionStage.CREDITED
    assert [(found.points.amount, found.parked_reason) for found in parked] == [
        (1, ParkedReason.OTHER_HOLDER)
    ]
    assert world.available(ann) == 60


def _redemptions(world: World) -> int:
    with world.database.read() as work:
        return redeeming_store.last_redemption(work, _chain_key(world))


def test_what_a_request_must_satisfy(world: World) -> None:
    gone = world.member(100)
    with world.database.engine.begin() as connection:
        connection.execute(
            members.update().where(members.c.member_id == gone).values(status="blocked")
        )
    with pytest.raises(MemberNotActive):
        world.request(gone, 50)
    ann = world.member(100)
    with pytest.raises(NoWallet):
        world.request(ann, 50)
    world.link(ann)
    for points in (world.policy.points_min.amount - 1, world.policy.points_max.amount + 1):
        with pytest.raises(RequestOutOfBounds):
            world.request(ann, points)
    with pytest.raises(InsufficientPoints) as short:
        world.request(ann, 101)
    assert short.value.shortfall == 1
    young = replace(world.bridging, policy=replace(world.policy, refund_window=timedelta(days=9)))
    with pytest.raises(InsufficientPoints):
        execute(world.database, young.request, service.RequestTokens(ann, Points(50)))
    assert world.available(ann) == 100


def test_a_wallet_that_is_the_token_is_refused(world: World) -> None:
    ann = world.member(100)
    wallet = world.link(ann)
    itself = replace(world.bridging, token=Address(wallet.address))
    with pytest.raises(RecipientRefused):
        execute(world.database, itself.request, service.RequestTokens(ann, Points(50)))


def test_open_debt_keeps_points_here(world: World) -> None:

    ann = world.member(100)
    world.link(ann)
    now = world.database.clock.now()
    command = ClawBack(ann, Points(150), Cause("grant", "x"), ("x",), now, now)
    execute(world.database, lots.claw_back, command)
    with pytest.raises(DebtOpen):
        world.request(ann, 50)


def test_another_members_requests_and_references_are_not_shown(world: World) -> None:
    ann, bob = world.member(100), world.member(1)
    world.link(ann)
    request = world.request(ann, 50)
    reference = world.reference(ann, 10)
    with world.database.read() as work:
        with pytest.raises(UnknownRequest):
            service.find_request(work, bob, request)
        with pytest.raises(UnknownReference):
            service.require_reference(work, bob, reference.reference)
        assert [found.request.request_id for found in _listed(work, ann)] == [request]
        assert _listed(work, bob) == []


def _listed(work: Work, member_id: UUID) -> list[service.StageOfRequest]:
    return service.list_requests(work, member_id, before=None, limit=5)


def test_only_the_holder_can_have_a_redemption_relayed_and_once(world: World) -> None:
    ann, wallet = minted(world, 100)
    bob = world.member(0)
    other = world.link(bob)
    reference = world.reference(ann, 40)
    with world.database.read() as work:
        message = world.bridging.redemption_message(work, reference)

    def relay(signature: bytes) -> None:
        command = service.RelaySignature(ann, reference.reference, signature)
        execute(world.database, world.bridging.relay, command)

    with pytest.raises(SignatureOfAnother):
        relay(bytes(other.sign_message(message.signable()).signature))
    with pytest.raises(MalformedSignature):
        relay(b"\x01" * 64)
    mine = bytes(wallet.sign_message(message.signable()).signature)
    relay(mine)
    relay(mine)
    world.until(lambda: _redemptions(world) == 1)
    with pytest.raises(ReferenceUsed):
        relay(mine)
    with world.database.read() as work:
        (done,) = redeeming_store.redemptions_of_member(work, ann, 5)
    assert (done.state, done.points) == (RedemptionState.CREDITED, Points(40))


def test_the_gas_of_a_members_redemptions_is_bounded(world: World) -> None:
    ann = world.member(0)
    wallet = world.link(ann)

    def relay() -> service.RelaySignature:
        reference = world.reference(ann, 1)
        with world.database.read() as work:
            message = world.bridging.redemption_message(work, reference)
        signed = bytes(wallet.sign_message(message.signable()).signature)
        command = service.RelaySignature(ann, reference.reference, signed)
        execute(world.database, world.bridging.relay, command)
        return command

    commands = [relay() for _ in range(service.RELAYS_PER_DAY_MAX)]
    with pytest.raises(TooManyRelays):
        relay()
    execute(world.database, world.bridging.relay, commands[0])
    with world.database.engine.begin() as connection:
        day_before = sa.text("UPDATE intents SET created_at = created_at - interval '1 day'")
        connection.execute(day_before)
    relay()


def test_references_are_not_made_without_end(world: World) -> None:
    ann = world.member(0)
    world.link(ann)
    for _ in range(service.REFERENCES_OPEN_MAX):
        world.reference(ann, 1)
    with pytest.raises(TooManyReferences):
        world.reference(ann, 1)


def test_a_stop_holds_requests_batches_and_credits_until_an_admin_resumes(world: World) -> None:
    ann, wallet = minted(world, 100)
    world.grant(ann, 100, timedelta(days=9), "more")
    reference = world.reference(ann, 30).reference
    burn(world, wallet, 30, reference)
    execute(
        world.database,
        lambda work, _: stops.stop(work, StopReason.RESERVE_MISMATCH, "The sides differ."),
        None,
    )
    with pytest.raises(BridgeStopped) as stopped:
        world.request(ann, 50)
    assert stopped.value.reason == "reserve_mismatch"
    world.mine()
    with pytest.raises(BridgeStopped):
        world.index()
    execute(world.database, lambda work, _: stops.resume(work, ann, "looked"), None)
    world.until(lambda: _redemptions(world) == 1)
    assert world.available(ann) == 130


def test_the_schools_switch_stops_what_leaves_and_credits_what_comes_back(world: World) -> None:
    ann, wallet = minted(world, 100)
    reference = world.reference(ann, 30).reference
    burn(world, wallet, 30, reference)
    execute(world.database, lambda work, _: stops.switch_off(work, ann, "holidays"), None)
    world.until(lambda: world.available(ann) == 30)
    with pytest.raises(BridgeStopped) as off:
        world.request(ann, 20)
    assert off.value.reason == "switched_off"
    assert "holidays" in off.value.message


def test_a_burn_that_was_never_read_stops_the_bridge(world: World) -> None:
    ann, wallet = minted(world, 100)
    burn(world, wallet, 30, world.reference(ann, 30).reference)
    world.until(lambda: _redemptions(world) == 1)
    with world.database.engine.begin() as connection:
        connection.execute(bridge_redemptions.delete())
    burn(world, wallet, 20, world.reference(ann, 20).reference)
    world.mine()
    policy = indexer.IndexerPolicy(FinalityPolicy(1))
    with pytest.raises(RedemptionGap) as gap:
        read_chain(world.database, world.reader, events.handlers(world.policy), policy)
    assert (gap.value.sequence, gap.value.expected) == (2, 1)
    with world.database.read() as work:
        (stop,) = redeeming_store.stops(work)
    assert stop.reason is StopReason.REDEMPTION_GAP
    assert world.available(ann) == 30


def test_a_burn_is_kept_once_by_the_database_itself(world: World) -> None:
    ann, wallet = minted(world, 100)
    burn(world, wallet, 30, world.reference(ann, 30).reference)
    world.until(lambda: _redemptions(world) == 1)
    with world.database.engine.begin() as connection:
        row = connection.execute(sa.select(bridge_redemptions)).mappings().one()
        with pytest.raises(sa.exc.IntegrityError):
            connection.execute(bridge_redemptions.insert().values(**row))


def test_batches_take_requests_in_the_order_of_the_journal(world: World) -> None:
    world.policy = replace(world.policy, records_max=2)
    world.bridging = replace(world.bridging, policy=world.policy)
    people = [world.member(100) for _ in range(3)]
    for person in people:
        world.link(person)
    requests = [world.request(person, 30) for person in people]
    world.until(lambda: world.stage(requests[-1]) is Stage.MINTED, 80)
    with world.database.read() as work:
        batches = [
            store.batch_of_sequence(work, _chain_key(world), sequence) for sequence in (1, 2)
        ]
    assert [batch.points.amount for batch in batches if batch] == [60, 30]
    assert [batch.escrowed_points.amount for batch in batches if batch] == [60, 90]
    assert all(batch.state is BatchState.EXECUTED for batch in batches if batch)
    assert address(world.bridge) == world.bridge
