from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from ledger.kernel import outbox
from ledger.kernel.canonical import digest
from ledger.kernel.errors import ErrorKind, VkladError
from ledger.kernel.idempotency import (
    Answer,
    KeyReused,
    Request,
    RequestInProgress,
    execute_once,
)
from ledger.kernel.transaction import Database, Work


class _Conflict(VkladError):
    code = "conflict_for_this_test"
    kind = ErrorKind.CONFLICT


class _Forbidden(VkladError):
    code = "forbidden_for_this_test"
    kind = ErrorKind.FORBIDDEN


def _request(key: str = "key-1", body: str = "body", principal: str = "lms") -> Request:
    return Request(principal, key, digest(body))


def _put(work: Work, command: str) -> Answer:
    outbox.put(work, "topic", command)
    return Answer(201, {"put": command, "n": [1, None, "ж"]})


def _refusal(error: VkladError) -> Answer:
    return Answer(409, {"code": error.code})


def _once(database: Database, request: Request, use_case: object = _put) -> Answer:
    return execute_once(database, request, use_case, "a", refusal=_refusal)  # type: ignore[arg-type]


def _effects(database: Database) -> int:
    with database.read() as work:
        query = sa.select(sa.func.count()).select_from(outbox.outbox)
        return int(work.connection.execute(query).scalar_one())


def test_the_same_request_has_one_effect_and_the_same_answer(database: Database) -> None:
    first = _once(database, _request())
    second = _once(database, _request())
    assert (first.status, first.body, first.replayed) == (
        201,
        {"put": "a", "n": [1, None, "ж"]},
        False,
    )
    assert (second.status, second.body, second.replayed) == (first.status, first.body, True)
    assert _effects(database) == 1


def test_the_key_with_another_body_is_refused(database: Database) -> None:
    _once(database, _request())
    with pytest.raises(KeyReused) as caught:
        _once(database, _request(body="other"))
    assert caught.value.operands == {"key": "key-1"}
    assert _effects(database) == 1


def test_keys_of_two_principals_are_two_keys(database: Database) -> None:
    _once(database, _request())
    assert not _once(database, _request(principal="forum")).replayed
    assert _effects(database) == 2


def test_a_stored_refusal_is_replayed_and_left_nothing_else(database: Database) -> None:
    def refuse(work: Work, command: str) -> Answer:
        _put(work, command)
        raise _Conflict("No.")

    assert _once(database, _request(), refuse) == Answer(409, {"code": "conflict_for_this_test"})
    assert _once(database, _request()) == Answer(409, {"code": "conflict_for_this_test"}, True)
    assert _effects(database) == 0


def test_a_refusal_that_is_not_stored_may_be_tried_again(database: Database) -> None:
    def refuse(work: Work, command: str) -> Answer:
        _put(work, command)
        raise _Forbidden("No.")

    with pytest.raises(_Forbidden):
        _once(database, _request(), refuse)
    assert _once(database, _request()).status == 201
    assert _effects(database) == 1


def test_while_the_first_runs_the_second_is_told_so(database: Database) -> None:
    runs, release = threading.Event(), threading.Event()

    def slowly(work: Work, command: str) -> Answer:
        runs.set()
        assert release.wait(20)
        return _put(work, command)

    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(_once, database, _request(), slowly)
        assert runs.wait(20)
        with pytest.raises(RequestInProgress):
            _once(database, _request())
        release.set()
        assert not first.result(20).replayed
    assert _once(database, _request()).replayed


def test_fifty_callers_with_one_key_have_one_effect(database: Database) -> None:
    def call(_: int) -> str:
        try:
            return "replayed" if _once(database, _request()).replayed else "done"
        except RequestInProgress:
            return "in progress"

    with ThreadPoolExecutor(16) as pool:
        outcomes = list(pool.map(call, range(50)))
    assert outcomes.count("done") == 1
    assert _effects(database) == 1


def test_a_crash_before_the_commit_leaves_the_key_free(database: Database) -> None:
    def crash(work: Work, command: str) -> Answer:
        _put(work, command)
        raise RuntimeError("crash")

    with pytest.raises(RuntimeError):
        _once(database, _request(), crash)
    assert _once(database, _request()) == _put_answer()
    assert _effects(database) == 1


def _put_answer() -> Answer:
    return Answer(201, {"put": "a", "n": [1, None, "ж"]})
