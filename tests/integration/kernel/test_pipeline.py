from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import pytest
import sqlalchemy as sa

from ledger.kernel import outbox
from ledger.kernel.pipeline import Prepared, pipeline
from ledger.kernel.transaction import Database, DatabaseUnavailable, Work, execute

_TOPIC: Final = "topic"
_LOCK_KEY: Final = 4_711
_LOCK: Final = Prepared(sa.select(sa.func.pg_advisory_xact_lock(_LOCK_KEY)))
_COUNT: Final = Prepared(sa.select(sa.func.count()).select_from(outbox.outbox))
_ADD: Final = Prepared(sa.select(sa.bindparam("value", type_=sa.Integer) + 1))
_END: Final = Prepared(sa.select(sa.func.pg_terminate_backend(sa.func.pg_backend_pid())))
_DIVIDE: Final = Prepared(sa.select(1 / sa.cast(sa.bindparam("by", type_=sa.Integer), sa.Integer)))


def _rows(database: Database) -> int:
    with database.read() as work:
        query = sa.select(sa.func.count()).select_from(outbox.outbox)
        return int(work.connection.execute(query).scalar_one())


def test_each_statement_has_its_own_answer_and_constants_stay(database: Database) -> None:
    def ask(work: Work, _: None) -> list[int]:
        with pipeline(work) as line:
            cursors = [line.send(_ADD, {"value": value}) for value in range(20)]
        return [cursor.fetchall()[0][0] for cursor in cursors]

    assert execute(database, ask, None) == list(range(1, 21))


def test_it_is_part_of_the_transaction_around_it(database: Database) -> None:
    def put_both_ways(work: Work, _: None) -> int:
        outbox.put(work, _TOPIC, "before")
        with pipeline(work) as line:
            outbox.send_many(line, _TOPIC, [("within", None), ("too", None)])
            counted = line.send(_COUNT, {})
        outbox.put(work, _TOPIC, "after")
        return int(counted.fetchall()[0][0])

    assert execute(database, put_both_ways, None) == 3
    assert _rows(database) == 4


def test_what_a_lock_waited_for_is_seen_by_the_statement_after_it(database: Database) -> None:
    locked, may_end = threading.Event(), threading.Event()

    def put_slowly(work: Work, _: None) -> None:
        with pipeline(work) as line:
            line.send(_LOCK, {})
        locked.set()
        assert may_end.wait(10)
        outbox.put(work, _TOPIC, "a")

    def wait_and_count(work: Work, _: None) -> int:
        with pipeline(work) as line:
            line.send(_LOCK, {})
            counted = line.send(_COUNT, {})
        return int(counted.fetchall()[0][0])

    with ThreadPoolExecutor(2) as pool:
        slow = pool.submit(execute, database, put_slowly, None)
        assert locked.wait(10)
        waiting = pool.submit(execute, database, wait_and_count, None)
        while not _somebody_waits(database):
            assert not waiting.done(), "it waits for the lock"
        may_end.set()
        slow.result()
        assert waiting.result() == 1


def test_a_failing_statement_fails_the_transaction_whole(database: Database) -> None:
    def put_and_divide(work: Work, by: int) -> None:
        with pipeline(work) as line:
            outbox.send_many(line, _TOPIC, [("a", None)])
            line.send(_DIVIDE, {"by": by})
            outbox.send_many(line, _TOPIC, [("b", None)])

    with pytest.raises(sa.exc.DataError, match="division by zero"):
        execute(database, put_and_divide, 0)
    assert _rows(database) == 0
    execute(database, put_and_divide, 1)
    assert _rows(database) == 2


@pytest.mark.parametrize("sqlstate", ["40001", "40P01"])
def test_what_postgresql_asks_to_repeat_is_repeated(database: Database, sqlstate: str) -> None:
    raising = Prepared(
        sa.text(f"DO $$ BEGIN RAISE EXCEPTION 'again' USING ERRCODE = '{sqlstate}'; END $$")
    )
    attempts = []

    def fail_once(work: Work, _: None) -> None:
        attempts.append(work.now)
        with pipeline(work) as line:
            outbox.send_many(line, _TOPIC, [("a", None)])
            if len(attempts) == 1:
                line.send(raising, {})

    execute(database, fail_once, None)
    assert len(attempts) == 2
    assert _rows(database) == 1


def test_a_lost_connection_is_said_plainly_and_not_kept(database: Database) -> None:
    def lose(work: Work, _: None) -> None:
        with pipeline(work) as line:
            line.send(_END, {})
            line.send(_COUNT, {})

    with pytest.raises(DatabaseUnavailable):
        execute(database, lose, None)
    assert _rows(database) == 0


def _somebody_waits(database: Database) -> bool:
    with database.read() as work:
        query = sa.text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
        return bool(work.connection.execute(query).scalar_one())
