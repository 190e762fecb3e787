from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from ledger.kernel import outbox
from ledger.kernel.batcher import BatcherClosed, MicroBatcher, TooManyWaiting, one_by_one
from ledger.kernel.errors import ErrorKind, VkladError
from ledger.kernel.transaction import Database, DatabaseUnavailable, TooContended, Work, connect


class _Refused(VkladError):
    code = "refused_by_the_batch_test"
    kind = ErrorKind.INVALID


def _put(work: Work, key: str) -> int:
    outbox.put(work, "topic", key)
    if key.startswith("refused"):
        raise _Refused(f"{key} is refused.")
    if key.startswith("poison"):
        work.connection.execute(sa.text("SELECT 1 / 0"))
    return _transaction(work.connection)


def _transaction(connection: sa.Connection) -> int:
    return int(str(connection.execute(sa.text("SELECT pg_current_xact_id()::text")).scalar_one()))


def _keys(database: Database) -> set[str]:
    with database.read() as work:
        return set(work.connection.execute(sa.select(outbox.outbox.c.key)).scalars())


class _Gate:
    """Holds the first batch inside its transaction until told to go on."""

    def __init__(self) -> None:
        self.entered, self.open = threading.Event(), threading.Event()
        self._step = one_by_one(_put)

    def __call__(self, work: Work, commands: Sequence[str]) -> Sequence[int | VkladError]:
        self.entered.set()
        assert self.open.wait(20)
        return self._step(work, commands)


@pytest.fixture
def gate() -> _Gate:
    return _Gate()


@pytest.fixture
def batcher(database: Database, gate: _Gate) -> Iterator[MicroBatcher[str, int]]:
    batcher = MicroBatcher(database, gate)
    yield batcher
    gate.open.set()
    batcher.close()


def test_an_answer_comes_after_the_commit(
    batcher: MicroBatcher[str, int], database: Database, gate: _Gate
) -> None:
    future = batcher.submit("a")
    assert gate.entered.wait(20)
    assert not future.done()
    assert _keys(database) == set()
    gate.open.set()
    future.result(20)
    assert _keys(database) == {"a"}


def test_what_gathers_meanwhile_shares_one_transaction(
    batcher: MicroBatcher[str, int], database: Database, gate: _Gate
) -> None:
    first = batcher.submit("first")
    assert gate.entered.wait(20)
    rest = [batcher.submit(f"k{number}") for number in range(40)]
    gate.open.set()
    transactions = {future.result(20) for future in rest}
    assert len(transactions) == 1
    assert first.result(20) not in transactions
    assert len(_keys(database)) == 41


@pytest.mark.parametrize("bad", ["refused", "poison"])
def test_one_that_fails_leaves_no_trace_and_fails_nobody_else(
    batcher: MicroBatcher[str, int], database: Database, gate: _Gate, bad: str
) -> None:
    batcher.submit("first")
    assert gate.entered.wait(20)
    good, failing = batcher.submit("good"), batcher.submit(bad)
    also_good = batcher.submit("also good")
    gate.open.set()
    good.result(20)
    also_good.result(20)
    with pytest.raises(_Refused if bad == "refused" else sa.exc.DBAPIError):
        failing.result(20)
    assert _keys(database) == {"first", "good", "also good"}


def test_batches_are_no_larger_than_said(database: Database) -> None:
    sizes = []

    def step(work: Work, commands: Sequence[int]) -> list[int]:
        sizes.append(len(commands))
        return list(commands)

    batcher = MicroBatcher(database, step, batch_max=7)
    futures = [batcher.submit(number) for number in range(50)]
    assert [future.result(20) for future in futures] == list(range(50))
    batcher.close()
    assert max(sizes) <= 7


def test_with_two_threads_a_batch_does_not_wait_for_the_one_before(database: Database) -> None:
    both_are_in = threading.Barrier(2, timeout=20)

    def step(work: Work, commands: Sequence[str]) -> Sequence[int | VkladError]:
        both_are_in.wait()
        return one_by_one(_put)(work, commands)

    batcher = MicroBatcher(database, step, batch_max=1, threads=2)
    first, second = batcher.submit("a"), batcher.submit("b")
    assert first.result(20) != second.result(20)
    batcher.close()
    assert _keys(database) == {"a", "b"}


def test_a_full_queue_refuses(database: Database, gate: _Gate) -> None:
    batcher = MicroBatcher(database, gate, waiting_max=2)
    batcher.submit("running")
    assert gate.entered.wait(20)
    batcher.submit("a")
    batcher.submit("b")
    with pytest.raises(TooManyWaiting):
        batcher.submit("c")
    gate.open.set()
    batcher.close()
    assert _keys(database) == {"running", "a", "b"}


def test_closing_commits_what_waits_and_refuses_the_rest(
    batcher: MicroBatcher[str, int], database: Database, gate: _Gate
) -> None:
    gate.open.set()
    futures = [batcher.submit(f"k{number}") for number in range(20)]
    batcher.close()
    assert all(future.done() for future in futures)
    with pytest.raises(BatcherClosed):
        batcher.submit("late")
    assert len(_keys(database)) == 20


def test_a_command_cancelled_while_it_waits_is_not_done(
    batcher: MicroBatcher[str, int], database: Database, gate: _Gate
) -> None:
    batcher.submit("first")
    assert gate.entered.wait(20)
    waiting = batcher.submit("cancelled")
    assert waiting.cancel()
    last = batcher.submit("last")
    gate.open.set()
    last.result(20)
    assert _keys(database) == {"first", "last"}


def test_without_a_database_every_caller_hears_so_and_the_batcher_lives() -> None:
    nowhere = connect("postgresql+psycopg://vklad_app:x@/vklad?host=/nonexistent")
    batcher = MicroBatcher(nowhere, one_by_one(_put))
    for _ in range(2):
        with pytest.raises(DatabaseUnavailable):
            batcher.call("a")
    batcher.close()


def test_a_lock_that_is_not_to_be_had_is_waited_for_once_by_a_whole_batch(
    database: Database,
) -> None:
    entered, gate, steps = threading.Event(), threading.Event(), list[int]()

    def blocked(work: Work, commands: Sequence[str]) -> Sequence[int]:
        entered.set()
        assert gate.wait(20)
        steps.append(len(commands))
        raise TooContended("A lock was not to be had.")

    batcher: MicroBatcher[str, int] = MicroBatcher(database, blocked)
    futures = [batcher.submit("first")]
    assert entered.wait(20)
    futures += [batcher.submit(str(number)) for number in range(5)]
    gate.set()
    for future in futures:
        with pytest.raises(TooContended):
            future.result(20)
    batcher.close()
    assert steps == [1, 5]


def test_callers_on_an_event_loop_wait_without_blocking_it(
    database: Database, gate: _Gate, batcher: MicroBatcher[str, int]
) -> None:
    async def many() -> list[int]:
        calls = [asyncio.create_task(batcher.call_async(f"k{number}")) for number in range(30)]
        await asyncio.to_thread(gate.entered.wait, 20)
        gate.open.set()
        return await asyncio.gather(*calls)

    answers = asyncio.run(many())
    assert len(answers) == 30
    assert len(set(answers)) < 30
    assert len(_keys(database)) == 30


def test_a_caller_on_an_event_loop_hears_its_own_refusal(
    batcher: MicroBatcher[str, int], gate: _Gate
) -> None:
    async def three() -> list[int | BaseException]:
        calls = [asyncio.create_task(batcher.call_async(key)) for key in ("a", "refused", "b")]
        await asyncio.to_thread(gate.entered.wait, 20)
        gate.open.set()
        return await asyncio.gather(*calls, return_exceptions=True)

    first, second, third = asyncio.run(three())
    assert isinstance(second, _Refused)
    assert isinstance(first, int)
    assert isinstance(third, int)


def test_a_loop_that_was_closed_is_not_waited_for(
    batcher: MicroBatcher[str, int], database: Database, gate: _Gate
) -> None:
    async def leave() -> None:
        asyncio.get_running_loop().create_task(batcher.call_async("a"))
        await asyncio.to_thread(gate.entered.wait, 20)

    asyncio.run(leave())
    gate.open.set()
    assert batcher.call("b")
    assert _keys(database) == {"a", "b"}


def test_a_caller_that_goes_away_undoes_nothing(
    database: Database, gate: _Gate, batcher: MicroBatcher[str, int]
) -> None:
    async def go_away() -> None:
        call = asyncio.create_task(batcher.call_async("a"))
        await asyncio.to_thread(gate.entered.wait, 20)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call

    asyncio.run(go_away())
    gate.open.set()
    batcher.call("b")
    assert _keys(database) == {"a", "b"}


def test_many_threads_are_each_given_their_own_answer(database: Database) -> None:
    def step(work: Work, commands: Sequence[int]) -> list[int]:
        return [command * command for command in commands]

    batcher = MicroBatcher(database, step)
    with ThreadPoolExecutor(16) as pool:
        assert list(pool.map(batcher.call, range(500))) == [n * n for n in range(500)]
    batcher.close()
