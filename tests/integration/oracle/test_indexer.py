"""The indexer over PostgreSQL and a chain that reorganises as told."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger.kernel.transaction import Database, Work, execute
from oracle.bindings import points_bridge
from oracle.bridge import redeeming_store
from oracle.bridge.errors import ForeignBatch
from oracle.bridge.jobs import read_chain
from oracle.bridge.model import StopReason
from oracle.contracts.abi import encode
from oracle.indexer import service, store
from oracle.indexer.handlers import Handlers
from oracle.indexer.model import (
    RANGE_BLOCKS_MAX,
    ChainEvent,
    ChainIsAnother,
    ChainMoved,
    EndpointsDisagree,
    FinalHistoryChanged,
    FinalityPolicy,
)
from oracle.indexer.tables import chain_events
from oracle.turns.store import hold_turn
from tests.support.made_up_chain import MadeUpChain

POLICY = service.IndexerPolicy(FinalityPolicy(None))


def heartbeat(number: int) -> tuple[tuple[bytes, ...], bytes]:
    """A log that differs by number."""
    topics = (points_bridge.WatcherAlive.TOPIC, b"\x00" * 12 + b"\x11" * 20)
    return topics, encode(("uint64",), (number,))


class Recorder:
    """Collects the numbers of final heartbeats, in the order they were acted on."""

    def __init__(self) -> None:
        self.numbers: list[int] = []
        self.handlers: Handlers = {("PointsBridge", "WatcherAlive"): self.on_alive}

    def on_alive(self, work: Work, chain_key: int, event: ChainEvent) -> None:
        assert work.connection.in_transaction()
        assert chain_key > 0
        self.numbers.append(points_bridge.WatcherAlive.of(event).checked_sequence)


def tick(database: Database, chain: MadeUpChain, recorder: Recorder | None = None) -> None:
    service.tick(database, chain.reader(), (recorder or Recorder()).handlers, POLICY)


def shown(database: Database) -> list[int]:
    """Numbers of heartbeats on the chain as it is displayed now."""
    with database.read() as work:
        known = store.chain_in_use(work)
        assert known is not None
        events = store.events_named(work, known.chain_key, "PointsBridge", "WatcherAlive")
    return [points_bridge.WatcherAlive.of(event).checked_sequence for event in events]


def test_shown_at_once_acted_on_when_final_and_once(database: Database) -> None:
    chain, recorder = MadeUpChain(), Recorder()
    chain.mine(logs=[heartbeat(1), heartbeat(2)])
    tick(database, chain, recorder)
    assert (shown(database), recorder.numbers) == ([1, 2], [])
    chain.final = 1
    tick(database, chain, recorder)
    tick(database, chain, recorder)
    assert recorder.numbers == [1, 2]
    with database.read() as work:
        assert store.count_waiting(work, 1) == 0


def test_a_failing_handler_leaves_the_event_and_all_after_it(database: Database) -> None:
    chain, recorder = MadeUpChain(), Recorder()
    chain.mine(logs=[heartbeat(1), heartbeat(2)])
    chain.final = 1

    def fail(work: Work, chain_key: int, event: ChainEvent) -> None:
        raise ChainMoved("not now")

    with pytest.raises(ChainMoved):
        service.tick(database, chain.reader(), {("PointsBridge", "WatcherAlive"): fail}, POLICY)
    tick(database, chain, recorder)
    assert recorder.numbers == [1, 2]


def test_a_failing_handler_holds_back_no_other_contract(database: Database) -> None:
    chain, recorder = MadeUpChain(), Recorder()
    chain.mine(logs=[heartbeat(1)])
    for number in range(2, 4):
        chain.mine(logs=[heartbeat(number)])
    for _ in range(RANGE_BLOCKS_MAX):
        chain.mine()
    chain.mine(logs=[heartbeat(4)])
    chain.final = chain.height
    tick(database, chain)
    with database.engine.begin() as connection:
        other = chain_events.c.block_number != 1
        connection.execute(chain_events.update().values(handled_at=None))
        connection.execute(chain_events.update().where(other).values(contract="Anchors"))

    def fail(work: Work, chain_key: int, event: ChainEvent) -> None:
        raise ChainMoved("not now")

    handlers = {
        ("PointsBridge", "WatcherAlive"): fail,
        ("Anchors", "WatcherAlive"): recorder.on_alive,
    }
    for _ in range(2):
        with pytest.raises(ChainMoved):
            service.tick(database, chain.reader(), handlers, POLICY)
    assert recorder.numbers == [2, 3, 4]
    with database.read() as work:
        (held,) = store.events_waiting(work, 1, chain.height, 10)
    assert held.block_number == 1


def test_what_every_contract_raised_is_told(database: Database) -> None:
    chain = MadeUpChain()
    chain.mine(logs=[heartbeat(1), heartbeat(2)])
    chain.final = 1
    tick(database, chain)
    with database.engine.begin() as connection:
        second = chain_events.c.log_index == 1
        connection.execute(chain_events.update().values(handled_at=None))
        connection.execute(chain_events.update().where(second).values(contract="Anchors"))

    def fail(work: Work, chain_key: int, event: ChainEvent) -> None:
        raise ChainMoved(event.contract) if event.log_index == 0 else ForeignBatch("not ours")

    handlers = {(name, "WatcherAlive"): fail for name in ("PointsBridge", "Anchors")}
    with pytest.raises(ChainMoved) as first:
        read_chain(database, chain.reader(), handlers, POLICY)
    assert isinstance(first.value.__cause__, ForeignBatch)
    with database.read() as work:
        assert [stop.reason for stop in redeeming_store.stops(work)] == [StopReason.FOREIGN_BATCH]


def test_an_event_is_marked_by_one_worker_only(database: Database) -> None:
    chain = MadeUpChain()
    chain.mine(logs=[heartbeat(1)])
    tick(database, chain)
    with database.read() as work:
        (event,) = store.events_named(work, 1, "PointsBridge", "WatcherAlive")
    mark = lambda work, _: store.mark_handled(work, 1, event)  # noqa: E731 - said twice
    assert execute(database, mark, None)
    assert not execute(database, mark, None)


def test_the_checkpoint_moves_by_compare_and_set(database: Database) -> None:
    chain = MadeUpChain()
    chain.mine()
    tick(database, chain)
    with database.read() as work:
        known, at = store.chain_in_use(work), store.checkpoint(work, 1)
    assert known is not None
    assert at is not None
    chain.mine()
    tick(database, chain)
    with pytest.raises(ChainMoved):
        execute(database, lambda work, _: service._move_checkpoint(work, known, at, at), None)


def test_another_chain_is_recognised(database: Database) -> None:
    tick(database, MadeUpChain())
    with pytest.raises(ChainIsAnother) as genesis:
        tick(database, MadeUpChain(genesis=b"\x09" * 32))
    assert "genesis 0909" in genesis.value.message
    other_code = MadeUpChain()
    other_code.bridge_code = b"other"
    with pytest.raises(ChainIsAnother) as code:
        tick(database, other_code)
    assert "other code at the bridge" in code.value.message


def test_a_final_block_that_is_gone_stops_everything(database: Database) -> None:
    chain = MadeUpChain()
    chain.mine()
    chain.mine(logs=[heartbeat(1)])
    chain.final = 2
    tick(database, chain)
    chain.final = 0
    chain.reorg(2)
    chain.mine()
    with pytest.raises(FinalHistoryChanged) as gone:
        tick(database, chain)
    assert gone.value.block_number == 2


def test_reading_may_begin_later_and_still_unwinds(database: Database) -> None:
    chain, recorder = MadeUpChain(), Recorder()
    for number in range(5):
        chain.mine(logs=[heartbeat(number)])
    policy = service.IndexerPolicy(FinalityPolicy(None), block_number_first=3)
    service.tick(database, chain.reader(), recorder.handlers, policy)
    assert shown(database) == [2, 3, 4]
    chain.reorg(3)
    chain.mine(logs=[heartbeat(9)])
    service.tick(database, chain.reader(), recorder.handlers, policy)
    assert shown(database) == [9]


def test_depth_and_age_make_final_where_the_chain_says_nothing(database: Database) -> None:
    chain, recorder = MadeUpChain(), Recorder()
    chain.mine(logs=[heartbeat(1)])
    young = service.IndexerPolicy(FinalityPolicy(0, timedelta(days=1)))
    service.tick(database, chain.reader(), recorder.handlers, young)
    assert recorder.numbers == []
    deep = service.IndexerPolicy(FinalityPolicy(1))
    service.tick(database, chain.reader(), recorder.handlers, deep)
    assert recorder.numbers == []
    chain.mine()
    service.tick(database, chain.reader(), recorder.handlers, deep)
    assert recorder.numbers == [1]


def test_a_witness_that_tells_another_story_stops_credits(database: Database) -> None:
    chain, witness, recorder = MadeUpChain(), MadeUpChain(), Recorder()
    chain.mine(logs=[heartbeat(1)])
    chain.final = 1

    def look() -> None:
        service.tick(database, chain.reader(), recorder.handlers, POLICY, [witness.reader()])

    with pytest.raises(ChainMoved):
        look()
    witness.mine(logs=[heartbeat(2)])
    with pytest.raises(EndpointsDisagree):
        look()
    assert recorder.numbers == []
    witness.reorg(1)
    witness.branch = 0
    witness.mine(logs=[heartbeat(1)])
    look()
    assert recorder.numbers == [1]


def test_a_witness_that_keeps_an_event_to_itself_or_is_another_chain_stops_credits(
    database: Database,
) -> None:
    chain, recorder = MadeUpChain(), Recorder()
    chain.mine(logs=[heartbeat(1), heartbeat(2)])
    chain.final = 1
    silent, another, branched = MadeUpChain(), MadeUpChain(genesis=b"\x09" * 32), MadeUpChain()
    branched.branch = 1
    silent.mine(logs=[heartbeat(1)])
    for telling_all in (another, branched):
        telling_all.mine(logs=[heartbeat(1), heartbeat(2)])
    honest = MadeUpChain()
    honest.mine(logs=[heartbeat(1), heartbeat(2)])
    for witness in (silent, another, branched):
        witnesses = [honest.reader(), witness.reader()]
        with pytest.raises(EndpointsDisagree) as refused:
            service.tick(database, chain.reader(), recorder.handlers, POLICY, witnesses)
        assert "Node 3" in refused.value.message
    assert recorder.numbers == []
    service.tick(database, chain.reader(), recorder.handlers, POLICY, [honest.reader()])
    assert recorder.numbers == [1, 2]


def test_one_worker_at_a_time(database: Database) -> None:
    chain = MadeUpChain()
    chain.mine()
    with hold_turn(database, "indexer") as mine:
        assert mine
        report = service.tick(database, chain.reader(), {}, POLICY)
    assert report == service.TickReport()


CHAIN_STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("mine"), st.integers(0, 3)),
        st.tuples(st.just("reorg"), st.integers(1, 5)),
        st.tuples(st.just("tick"), st.just(0)),
        st.tuples(st.just("final"), st.integers(0, 4)),
    ),
    max_size=40,
)


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=CHAIN_STEPS)
def test_whatever_is_reorganised_the_final_story_is_acted_on_once_in_order(
    database: Database, steps: list[tuple[str, int]]
) -> None:
    with database.read() as work:
        before = store.chain_in_use(work)
    if before is not None:
        execute(database, lambda work, _: store.retire_chain(work, before.chain_key), None)
    number = 0
    chain = MadeUpChain(genesis=(before.chain_key if before else 0).to_bytes(32, "big"))
    recorder = Recorder()
    for name, amount in [*steps, ("mine", 1), ("final", 0), ("tick", 0)]:
        match name:
            case "mine":
                chain.mine(logs=[heartbeat(number + position) for position in range(amount)])
                number += amount
            case "reorg":
                chain.reorg(amount)
            case "final":
                chain.final = max(chain.final, chain.height - amount)
            case _:
                tick(database, chain, recorder)
    story = [int.from_bytes(log.payload, "big") for mined in chain.chain for log in mined.logs]
    assert recorder.numbers == story
    assert shown(database) == story
