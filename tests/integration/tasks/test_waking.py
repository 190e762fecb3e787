"""From a committed outbox row to its handler in a worker, over a real broker that may fail."""

from __future__ import annotations

import pickle
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest
from celery import Celery
from celery.beat import Scheduler, Service
from celery.contrib.testing.worker import start_worker

from api.composition import Composition
from api.supervisor.process import start, wait_healthy
from api.supervisor.state import StateFolder
from api.supervisor.valkey import ValkeyServer
from api.tasks.app import DRAIN, DRAIN_QUEUE, ComposedPerProcess, add_tasks, create_celery
from api.tasks.relay import KEYS_FOR_ONE_LOOK, Relay
from api.tasks.schedule import Job
from ledger.kernel import outbox
from ledger.kernel.transaction import Database, Work, execute

TOPIC = "topic"
LONG_S = 30


class Handled:
    """What the handler did, and a way to wait for it."""

    def __init__(self) -> None:
        self.keys: list[str] = []
        self.changed = threading.Condition()

    def handler(self, composition: Composition, key: str) -> None:
        def take(work: Work, taken: str) -> int:
            return len(outbox.take(work, TOPIC, taken))

        if execute(composition.database, take, key):
            with self.changed:
                self.keys.append(key)
                self.changed.notify_all()

    def wait_for(self, count: int) -> None:
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.keys) >= count, LONG_S), self.keys


@pytest.fixture
def handled() -> Handled:
    return Handled()


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[ValkeyServer]:
    """A broker of the test's own folder; the test starts it."""
    state = StateFolder(tmp_path / "state")
    state.prepare()
    return ValkeyServer.of(state)


@contextmanager
def running(server: ValkeyServer) -> Iterator[None]:
    process = start(server.program())
    try:
        wait_healthy(process, server.healthy, 20)
        yield
    finally:
        process.stop()


def make_app(broker_url: str, database: Database, handled: Handled, *jobs: Job) -> Celery:
    app = create_celery(broker_url, jobs)
    composition: Composition = SimpleNamespace(database=database)  # type: ignore[assignment]
    add_tasks(app, ComposedPerProcess(lambda: composition), {TOPIC: handled.handler}, jobs)
    return app


@contextmanager
def working(app: Celery) -> Iterator[None]:
    with start_worker(app, pool="solo", perform_ping_check=False, shutdown_timeout=LONG_S):
        yield


@contextmanager
def relaying(database: Database, app: Celery) -> Iterator[None]:
    stop = threading.Event()
    relay = Relay(database, app, [TOPIC], workers=2)
    thread = threading.Thread(target=relay.run, args=[stop])
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(LONG_S)


def put(database: Database, *keys: str) -> None:
    execute(
        database,
        lambda work, rows: outbox.put_many(work, TOPIC, rows),
        [(key, None) for key in keys],
    )


def queued(app: Celery) -> int:
    with app.connection_for_write() as connection:
        count: int = connection.default_channel.queue_declare(DRAIN_QUEUE).message_count
        return count


def test_a_committed_row_reaches_its_handler(
    database: Database, valkey: ValkeyServer, handled: Handled
) -> None:
    app = make_app(valkey.url(), database, handled)
    with working(app), relaying(database, app):
        put(database, "a", "b")
        handled.wait_for(2)
        put(database, "a")
        handled.wait_for(3)
    assert sorted(handled.keys) == ["a", "a", "b"]


def test_losing_every_message_loses_nothing(
    database: Database, broker: ValkeyServer, handled: Handled
) -> None:
    with running(broker):
        app = make_app(broker.url(), database, handled)
        put(database, "a", "b", "c")
        with app.connection_for_write() as connection:
            assert Relay(database, app, [TOPIC], workers=2).look(connection) == 1
        assert queued(app) == 1
    with running(broker):
        assert queued(app) == 0
        with working(app), relaying(database, app):
            handled.wait_for(3)
    assert sorted(handled.keys) == ["a", "b", "c"]


def test_while_the_broker_is_down_rows_gather_and_are_handled_when_it_is_back(
    database: Database, broker: ValkeyServer, handled: Handled
) -> None:
    app = make_app(broker.url(), database, handled)
    with relaying(database, app):
        put(database, "a")
        with running(broker), working(app):
            handled.wait_for(1)


def test_messages_do_not_pile_up_behind_busy_workers(
    database: Database, valkey: ValkeyServer, handled: Handled
) -> None:
    app = make_app(valkey.url(), database, handled)
    put(database, *(f"k{number}" for number in range(KEYS_FOR_ONE_LOOK + 1)))
    relay = Relay(database, app, [TOPIC], workers=3)
    with app.connection_for_write() as connection:
        connection.default_channel.queue_purge(DRAIN_QUEUE)  # What other tests left is not ours.
        assert [relay.look(connection) for _ in range(5)] == [3, 0, 0, 0, 0]
    with working(app):
        handled.wait_for(KEYS_FOR_ONE_LOOK + 1)
    assert len(set(handled.keys)) == len(handled.keys) == KEYS_FOR_ONE_LOOK + 1


def test_messages_are_json_and_name_no_fact(
    database: Database, valkey: ValkeyServer, handled: Handled
) -> None:
    app = make_app(valkey.url(), database, handled)
    put(database, "lms:1042")
    with app.connection_for_write() as connection:
        Relay(database, app, [TOPIC], workers=2).look(connection)
        message = connection.SimpleQueue(DRAIN_QUEUE).get(timeout=LONG_S)
        message.ack()
    assert message.content_type == "application/json"
    assert message.headers["task"] == DRAIN
    assert message.payload[0] == [TOPIC, 0, 1]


class _Bomb:
    """Unpickled, it makes a file."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def __reduce__(self) -> tuple[object, ...]:
        return (Path.touch, (self._file,))


def test_a_pickle_in_the_queue_is_refused_unopened(
    database: Database, valkey: ValkeyServer, handled: Handled, tmp_path: Path
) -> None:
    app = make_app(valkey.url(), database, handled)
    trace = tmp_path / "opened"
    with app.connection_for_write() as connection:
        connection.Producer().publish(
            pickle.dumps(([_Bomb(trace), 0, 1], {}, {})),
            routing_key=DRAIN_QUEUE,
            exchange=DRAIN_QUEUE,
            content_type="application/x-python-serialize",
            content_encoding="binary",
            headers={"task": DRAIN, "id": "1"},
        )
    assert queued(app) == 1
    with working(app), relaying(database, app):
        put(database, "a")
        handled.wait_for(1)
    assert queued(app) == 0
    assert not trace.exists()


def test_a_job_is_run_by_its_name_and_an_unknown_one_is_not(
    database: Database, valkey: ValkeyServer, handled: Handled
) -> None:
    ran = threading.Event()
    job = Job("test.job", 3600, _signal(ran))
    app = make_app(valkey.url(), database, handled, job)
    with working(app):
        app.send_task("vklad.run_job", args=["unknown"], queue="jobs")
        app.send_task("vklad.run_job", args=["test.job"], queue="jobs")
        assert ran.wait(LONG_S)
    assert app.conf.beat_schedule["test.job"]["schedule"] == 3600


def _signal(event: threading.Event) -> Callable[[Composition], None]:
    return lambda _composition: event.set()


def test_a_daily_job_runs_when_beat_starts(
    database: Database, valkey: ValkeyServer, handled: Handled
) -> None:
    ran = threading.Event()
    app = make_app(valkey.url(), database, handled, Job("test.daily", 86_400, _signal(ran)))
    beat = Service(app, scheduler_cls=Scheduler)
    thread = threading.Thread(target=beat.start)
    with working(app):
        thread.start()
        try:
            assert ran.wait(LONG_S)
        finally:
            beat.stop()
            thread.join(LONG_S)
