"""Reading the token beside the indexer: final blocks only, each once, of one branch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from governance.power import service, store
from governance.power.model import ChangeKind, ReadTo
from ledger.kernel.transaction import Database, Work, execute
from oracle.bindings import vkl_token
from oracle.chain.port import BlockHeader, Log, LogQuery
from oracle.indexer import store as indexer_store
from oracle.indexer.model import ChainMoved, Checkpoint
from oracle.turns.store import hold_turn
from tests.support.made_up_chain import BRIDGE, MadeUpChain

TOKEN = BRIDGE
"""The made-up chain gives all its logs this address."""
NOBODY, ANN, BOB = ("0x" + digit * 40 for digit in "012")
_Made = tuple[tuple[bytes, ...], bytes]


def _word(account: str) -> bytes:
    return bytes.fromhex(account[2:]).rjust(32, b"\0")


def _data(*numbers: int) -> bytes:
    return b"".join(each.to_bytes(32, "big") for each in numbers)


def transfer(source: str, target: str, units: int) -> _Made:
    return (vkl_token.Transfer.TOPIC, _word(source), _word(target)), _data(units)


def delegated(account: str, before: str, to: str) -> _Made:
    return (vkl_token.DelegateChanged.TOPIC, *map(_word, (account, before, to))), b""


def votes(account: str, before: int, now: int) -> _Made:
    return (vkl_token.DelegateVotesChanged.TOPIC, _word(account)), _data(before, now)


class Reading:
    """A database whose indexer is as far as the test says."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.chain = MadeUpChain()
        self.key = 0

    def indexer_at(self, final: int, *, keep: Sequence[BlockHeader] = ()) -> None:
        def move(work: Work, _: None) -> None:
            if not self.key:
                key = indexer_store.insert_chain(work, self.chain.reader().identity())
                assert key is not None
                self.key = key
                start = Checkpoint(final, bytes(32), final)
                indexer_store.insert_checkpoint(work, self.key, start)
            else:
                old = indexer_store.checkpoint(work, self.key)
                assert old is not None
                new = Checkpoint(final, bytes(32), final)
                assert indexer_store.replace_checkpoint(work, self.key, old, new)
            indexer_store.insert_blocks(work, self.key, keep)

        execute(self.database, move, None)

    def read(self, chain: MadeUpChain | None = None) -> int:
        return service.read_token(self.database, chain or self.chain, TOKEN, 1)

    def said(self) -> list[tuple[int, str, str, str | None, int | None]]:
        with self.database.read() as work:
            return [
                (each.block_number, each.kind.value, each.account, each.other, each.units)
                for each in store.changes(work, self.key)
            ]

    def is_behind(self) -> bool:
        with self.database.read() as work:
            return service.is_behind(work)


@pytest.fixture
def reading(database: Database) -> Reading:
    return Reading(database)


def _blocks(reading: Reading) -> None:
    """Three blocks with something in them, and two without."""
    chain = reading.chain
    chain.mine(logs=[transfer(NOBODY, ANN, 5), ((b"\x09" * 32,), b"another event")])
    chain.mine()
    chain.mine(logs=[delegated(ANN, NOBODY, BOB), votes(BOB, 0, 5)])
    chain.mine()
    chain.mine(logs=[transfer(ANN, BOB, 2)])


ALL = [
    (1, "transfer", NOBODY, ANN, 5),
    (3, "delegate", ANN, BOB, None),
    (3, "votes", BOB, None, 5),
    (5, "transfer", ANN, BOB, 2),
]


def test_final_blocks_are_read_once(reading: Reading, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "RANGE_BLOCKS_MAX", 2)
    _blocks(reading)
    assert (reading.read(), reading.is_behind()) == (0, False), "no chain is known yet"
    reading.indexer_at(4)
    assert reading.is_behind()
    assert (reading.read(), reading.said()) == (4, ALL[:3])
    assert (reading.read(), reading.is_behind()) == (0, False)
    reading.indexer_at(5)
    assert (reading.read(), reading.said()) == (1, ALL)


def test_a_long_way_is_gone_in_several_turns(
    reading: Reading, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "RANGE_BLOCKS_MAX", 1)
    monkeypatch.setattr(service, "RANGES_PER_TICK_MAX", 2)
    _blocks(reading)
    reading.indexer_at(5)
    assert [reading.read() for _ in range(4)] == [2, 2, 1, 0]
    assert reading.said() == ALL


def test_who_had_what_when(reading: Reading) -> None:
    _blocks(reading)
    reading.indexer_at(5)
    reading.read()
    times = [datetime.fromtimestamp(mined.header.timestamp_s, UTC) for mined in reading.chain.chain]
    with reading.database.read() as work:
        key = reading.key
        assert [bool(store.powerful(work, key, at)) for at in times] == [False] * 3 + [True] * 3
        assert store.powerful(work, key, times[3]) == {BOB}
        assert store.delegators(work, key, BOB, times[2]) == set()
        assert store.delegators(work, key, BOB, times[3]) == {ANN}
        assert store.holders(work, key, [ANN, BOB], times[4]) == {ANN}
        assert store.holders(work, key, [ANN, BOB], times[5]) == {ANN, BOB}
        assert store.holders(work, key, [], times[5]) == set()
        read_to = store.read_to(work, key)
        assert read_to is not None
        assert (read_to.block_number, read_to.block_time) == (5, times[5])
        kinds = {each.kind for each in store.changes(work, key)}
        assert kinds == set(ChangeKind)


def _refuses(reading: Reading, chain: MadeUpChain | None = None) -> None:
    with pytest.raises(ChainMoved):
        reading.read(chain)
    assert reading.said() == []
    assert reading.is_behind(), "nothing was read, so it is read again"


def test_another_branch_than_the_indexers_is_not_read(reading: Reading) -> None:
    _blocks(reading)
    header = replace(reading.chain.chain[5].header, block_hash=b"\x0f" * 32)
    reading.indexer_at(5, keep=[header])
    _refuses(reading)


def test_logs_of_another_branch_than_their_blocks_are_not_read(reading: Reading) -> None:
    class Torn(MadeUpChain):
        def logs(self, query: LogQuery) -> tuple[Log, ...]:
            return tuple(replace(log, block_hash=bytes(32)) for log in super().logs(query))

    torn = Torn()
    _blocks(reading)
    torn.chain = reading.chain.chain
    reading.indexer_at(5)
    _refuses(reading, torn)


def test_a_node_that_is_behind_is_waited_for(reading: Reading) -> None:
    _blocks(reading)
    reading.indexer_at(6)
    _refuses(reading)


def test_who_was_overtaken_writes_nothing(reading: Reading) -> None:
    _blocks(reading)
    reading.indexer_at(5)
    reading.read()
    for stale in (None, ReadTo(2, datetime.fromtimestamp(0, UTC))):
        query = LogQuery(3, 5, (TOKEN,))
        with pytest.raises(ChainMoved):
            service._read(reading.database, reading.key, reading.chain, query, stale)
    assert reading.said() == ALL


def test_two_workers_do_not_read_at_once(reading: Reading) -> None:
    _blocks(reading)
    reading.indexer_at(5)
    with hold_turn(reading.database, "token") as mine:
        assert mine
        assert reading.read() == 0
    assert reading.read() == 5
