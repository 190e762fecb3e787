from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from ledger.kernel import outbox
from ledger.kernel.errors import ErrorKind, VkladError
from ledger.kernel.transaction import (
    ATTEMPTS_MAX,
    Database,
    DatabaseUnavailable,
    TooContended,
    Work,
    connect,
    execute,
)


class _Refused(VkladError):
    code = "refused_for_this_test"
    kind = ErrorKind.INVALID


def _rows(database: Database) -> int:
    with database.read() as work:
        query = sa.select(sa.func.count()).select_from(outbox.outbox)
        return int(work.connection.execute(query).scalar_one())


def _put(work: Work, key: str) -> str:
    outbox.put(work, "topic", key)
    return key


def test_the_answer_comes_after_the_commit(database: Database) -> None:
    assert execute(database, _put, "a") == "a"
    assert _rows(database) == 1


def test_a_refusal_leaves_nothing(database: Database) -> None:
    def put_and_refuse(work: Work, key: str) -> None:
        _put(work, key)
        raise _Refused("No.")

    with pytest.raises(_Refused):
        execute(database, put_and_refuse, "a")
    assert _rows(database) == 0


@pytest.mark.parametrize("sqlstate", ["40001", "40P01"])
def test_what_postgresql_asks_to_repeat_is_repeated_from_the_start(
    database: Database, sqlstate: str
) -> None:
    attempts = []

    def fail_twice(work: Work, key: str) -> str:
        attempts.append(work.now)
        _put(work, key)
        if len(attempts) < 3:
            _raise(work, sqlstate)
        return key

    assert execute(database, fail_twice, "a") == "a"
    assert len(attempts) == 3
    assert _rows(database) == 1


def test_repeating_is_bounded(database: Database) -> None:
    attempts = []

    def fail_always(work: Work, key: str) -> None:
        attempts.append(key)
        _raise(work, "40001")

    with pytest.raises(TooContended):
        execute(database, fail_always, "a")
    assert len(attempts) == ATTEMPTS_MAX


def test_a_programming_error_is_not_repeated(database: Database) -> None:
    attempts = []

    def fail(work: Work, key: str) -> None:
        attempts.append(key)
        _raise(work, "22012")

    with pytest.raises(sa.exc.DBAPIError):
        execute(database, fail, "a")
    assert len(attempts) == 1


def _raise(work: Work, sqlstate: str) -> None:
    work.connection.execute(
        sa.text(f"DO $$ BEGIN RAISE EXCEPTION 'as asked' USING ERRCODE = '{sqlstate}'; END $$")
    )


def test_a_real_deadlock_is_resolved(database: Database) -> None:
    """Two transactions lock two rows in opposite order; both finish."""
    execute(database, _put, "a")
    execute(database, _put, "b")
    both_hold_one = threading.Barrier(2, timeout=10)
    met = threading.local()

    def lock_both(work: Work, order: tuple[str, str]) -> str:
        for key in order:
            work.connection.execute(
                sa.select(outbox.outbox).where(outbox.outbox.c.key == key).with_for_update()
            )
            if not getattr(met, "done", False):
                met.done = True
                both_hold_one.wait()
        return "done"

    with ThreadPoolExecutor(2) as pool:
        futures = [
            pool.submit(execute, database, lock_both, order) for order in (("a", "b"), ("b", "a"))
        ]
        assert [future.result(timeout=30) for future in futures] == ["done", "done"]


def test_a_lock_that_is_not_to_be_had_is_said_so(database: Database) -> None:
    execute(database, _put, "a")

    def lock(work: Work, wait: str) -> None:
        work.connection.execute(sa.text(f"SET LOCAL lock_timeout = '{wait}'"))
        work.connection.execute(sa.select(outbox.outbox).with_for_update())

    with database.engine.begin() as holder:
        holder.execute(sa.select(outbox.outbox).with_for_update())
        with pytest.raises(TooContended):
            execute(database, lock, "20ms")
    execute(database, lock, "5s")


def test_no_server_is_unavailable(database: Database) -> None:
    nowhere = connect("postgresql+psycopg://vklad_app:x@/vklad?host=/nonexistent")
    with pytest.raises(DatabaseUnavailable):
        execute(nowhere, _put, "a")
    with pytest.raises(DatabaseUnavailable), nowhere.read():
        pass


def test_a_connection_that_is_cut_is_unavailable_and_the_next_one_works(
    database: Database,
) -> None:
    def cut(work: Work, _: None) -> None:
        _put(work, "a")
        work.connection.execute(sa.text("SELECT pg_terminate_backend(pg_backend_pid())"))

    with pytest.raises(DatabaseUnavailable):
        execute(database, cut, None)
    assert execute(database, _put, "b") == "b"
    assert _rows(database) == 1


def test_reading_sees_one_moment_and_writes_nothing(database: Database) -> None:
    with database.read() as work:
        count = sa.select(sa.func.count()).select_from(outbox.outbox)
        assert work.connection.execute(count).scalar_one() == 0
        execute(database, _put, "a")
        assert work.connection.execute(count).scalar_one() == 0
    with pytest.raises(sa.exc.DBAPIError, match="read-only"), database.read() as work:
        _put(work, "b")


def test_everything_written_together_carries_one_time(database: Database) -> None:
    def put_two(work: Work, _: None) -> None:
        outbox.put_many(work, "topic", [("a", None), ("b", None)])
        outbox.put(work, "topic", "c")

    execute(database, put_two, None)
    with database.read() as work:
        times = work.connection.execute(sa.select(outbox.outbox.c.created_at)).scalars()
        assert len(set(times)) == 1
