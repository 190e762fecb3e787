from __future__ import annotations

import dataclasses
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from ledger.kernel import outbox
from ledger.kernel.outbox import Part, drain, put_many, take, waiting_keys, waiting_rows
from ledger.kernel.transaction import Database, DatabaseUnavailable, Work, execute

TOPIC = "score"
NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


class _SetClock:
    def __init__(self) -> None:
        self.at = NOON

    def now(self) -> datetime:
        return self.at


@pytest.fixture
def clock() -> _SetClock:
    return _SetClock()


@pytest.fixture
def box(database: Database, clock: _SetClock) -> Database:
    """The database on a clock that the test sets."""
    return dataclasses.replace(database, clock=clock)


def _put(box: Database, *keys: str, topic: str = TOPIC) -> None:
    execute(box, lambda work, rows: put_many(work, topic, rows), [(key, key) for key in keys])


def _take(box: Database, key: str) -> list[outbox.OutboxRow]:
    return execute(box, lambda work, taken: take(work, TOPIC, taken), key)


def _waiting(box: Database, part: Part = outbox.WHOLE) -> list[str]:
    with box.read() as work:
        return waiting_keys(work, TOPIC, part=part)


def _no_failure(key: str, error: Exception) -> None:
    pytest.fail(f"{key}: {error}")


def test_rows_of_a_key_are_taken_together_in_order_and_once(box: Database) -> None:
    _put(box, "a", "b", "a")
    assert _waiting(box) == ["a", "b"]
    taken = _take(box, "a")
    assert [row.key for row in taken] == ["a", "a"]
    assert taken[0].outbox_id < taken[1].outbox_id
    assert _take(box, "a") == []
    assert _waiting(box) == ["b"]


def test_another_topic_is_another_queue(box: Database) -> None:
    _put(box, "a", topic="other")
    assert _take(box, "a") == []
    assert _waiting(box) == []


def test_a_transaction_that_rolls_back_leaves_its_rows_waiting(box: Database) -> None:
    _put(box, "a")

    def take_and_fail(work: Work, key: str) -> None:
        assert take(work, TOPIC, key)
        raise RuntimeError("crash")

    with pytest.raises(RuntimeError):
        execute(box, take_and_fail, "a")
    assert _waiting(box) == ["a"]


def test_a_key_belongs_to_one_drainer_even_for_rows_put_meanwhile(box: Database) -> None:
    _put(box, "a", "b")
    taken, release = threading.Event(), threading.Event()

    def slowly(work: Work, key: str) -> int:
        rows = take(work, TOPIC, key)
        taken.set()
        assert release.wait(20)
        return len(rows)

    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(execute, box, slowly, "a")
        assert taken.wait(20)
        _put(box, "a")
        assert _take(box, "a") == []
        assert [row.key for row in _take(box, "b")] == ["b"]
        release.set()
        assert first.result(20) == 1
    assert [row.key for row in _take(box, "a")] == ["a"]


def test_many_drainers_handle_each_row_once(box: Database) -> None:
    keys = [f"k{number % 17}" for number in range(200)]
    _put(box, *keys)
    handled: list[int] = []

    def handle(key: str) -> None:
        rows = execute(box, lambda work, taken: take(work, TOPIC, taken), key)
        handled.extend(row.outbox_id for row in rows)

    with ThreadPoolExecutor(6) as pool:
        for future in [
            pool.submit(drain, box, TOPIC, handle, on_failure=_no_failure) for _ in range(12)
        ]:
            future.result(30)
    assert len(handled) == len(set(handled)) == 200
    assert _waiting(box) == []


def test_parts_split_the_keys_without_overlap(box: Database) -> None:
    keys = {f"k{number}" for number in range(50)}
    _put(box, *keys)
    parts = [_waiting(box, Part(index, 4)) for index in range(4)]
    assert sorted(key for part in parts for key in part) == sorted(keys)
    assert all(parts)


def test_a_key_that_fails_waits_ever_longer_and_holds_up_no_other(
    box: Database, clock: _SetClock
) -> None:
    _put(box, "bad", "good")
    seen: list[tuple[str, str]] = []

    def handle(key: str) -> None:
        if key == "bad":
            raise ValueError("no")
        _take(box, key)

    def drained() -> int:
        return drain(
            box, TOPIC, handle, on_failure=lambda key, error: seen.append((key, str(error)))
        )

    assert drained() == 1
    waits = []
    for _ in range(14):
        with box.read() as work:
            (failing,) = outbox.failing(work, attempts_min=1)
        waits.append(failing.not_before - clock.at)
        clock.at = failing.not_before - timedelta(microseconds=1)
        assert _waiting(box) == []
        clock.at = failing.not_before
        assert drained() == 0
    assert waits[:4] == [timedelta(seconds=seconds) for seconds in (1, 2, 4, 8)]
    assert max(waits) == waits[-1] == outbox.RETRY_AFTER_MAX
    assert set(seen) == {("bad", "no")}
    with box.read() as work:
        (failing,) = outbox.failing(work)
    assert (failing.key, failing.attempts, failing.last_error) == ("bad", 15, "ValueError: no")


def test_without_a_database_draining_stops_at_once(box: Database) -> None:
    _put(box, "a", "b", "c")
    tried = []

    def handle(key: str) -> None:
        tried.append(key)
        raise DatabaseUnavailable("gone")

    with pytest.raises(DatabaseUnavailable):
        drain(box, TOPIC, handle, on_failure=_no_failure)
    assert tried == ["a"]
    assert _waiting(box) == ["a", "b", "c"]


def test_due_rows_are_counted_by_topic(box: Database, clock: _SetClock) -> None:
    _put(box, "a", "b", "a")
    _put(box, "x", topic="other")
    with box.read() as work:
        assert waiting_rows(work, [TOPIC, "other", "third"]) == {TOPIC: 3, "other": 1}
        assert waiting_rows(work, []) == {}
    clock.at -= timedelta(hours=1)
    with box.read() as work:
        assert waiting_rows(work, [TOPIC]) == {}


def test_done_rows_are_forgotten_and_waiting_ones_never(box: Database, clock: _SetClock) -> None:
    _put(box, "done", "waiting")
    _take(box, "done")
    clock.at += timedelta(days=8)
    before = clock.at - timedelta(days=7)
    assert execute(box, outbox.forget, before) == 1
    assert execute(box, outbox.forget, before) == 0
    assert _waiting(box) == ["waiting"]
