"""Rows about scoring: ``replay_events_per_s``, ``award_visible_p95_s`` and ``catchup_10k_s``.

The last two run the product's own worker and scheduler processes over an embedded broker.
"""

from __future__ import annotations

import random
import statistics
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Final

import psutil
import sqlalchemy as sa
from rows import AnyRow, Figure
from server import BenchServer, Say, faults_afterwards

from api.settings import PROJECT_FOLDER, process_environment
from api.supervisor.process import Program, recorded, start, wait_healthy
from api.supervisor.valkey import ValkeyServer
from ledger.events import store as events_store
from ledger.kernel.clock import Instant, SystemClock
from ledger.kernel.collector import collect_rarely
from ledger.programme.load import load_programme
from ledger.scoring.entitlements.service import projection
from ledger.scoring.model import Activation
from ledger.scoring.plan import Plan
from tests.world import World

MEMBERS: Final = 200
EVENTS_A_MEMBER: Final = 1_000
WAITING: Final = 10_000
A_SECOND: Final = 50
SECONDS: Final = 20
ROUNDS: Final = 3
STATED_AT_ONCE: Final = 1_000
"""Events in a batch: the most that a door takes."""
PATIENCE_S: Final = 120
_TYPES: Final = ("text.submitted", "commit.created", "ai.chat", "content.published")
_DAILY: Final = PROJECT_FOLDER / "examples" / "programmes" / "daily.yaml"
_OPEN: Final = sa.text(
    "SELECT count(*) FROM outbox WHERE topic = 'score' AND done_at IS NULL AND not_before <= now()"
)
_SEEN: Final = sa.text(
    "SELECT source_event_id FROM awards JOIN events USING (event_id) "
    "WHERE source_event_id = ANY(:waiting)"
)

Stated = tuple[str, str, str, str, dict[str, int]]


def replay_rows(server: BenchServer, events: int, say: Say) -> list[AnyRow]:
    """Facts read member by member and scored under a programme that is not in force."""
    world = World.make(server.database)
    members = max(events // EVENTS_A_MEMBER, 1)
    for number in range(members):
        world.link(str(number))
    for first in range(0, events, STATED_AT_ONCE):
        world.state_all([_event(n, members) for n in range(first, first + STATED_AT_ONCE)])
    with server.database.engine.begin() as connection:
        connection.execute(sa.text("ANALYZE"))
        connection.execute(sa.text("UPDATE outbox SET done_at = now() WHERE done_at IS NULL"))
    collect_rarely()  # As in a worker, which replays in the product.
    plan = Plan([Activation(load_programme(_DAILY.read_text("utf-8")))])
    rates, sums = [], set()
    for number in range(ROUNDS):
        began, counted, points = time.perf_counter(), 0, 0
        with server.database.read() as work:
            for member_id, facts in events_store.facts_by_member(work):
                counted += len(facts)
                entitled = projection(work, plan, member_id, facts)
                points += sum(e.points.amount for e in entitled.entitlements.values())
        rates.append(counted / (time.perf_counter() - began))
        sums.add((counted, points))
        say(f"  replay {number}: {rates[-1]:,.0f} events/s, {points:,} points")
    faults = [] if len(sums) == 1 and (events in {c for c, _ in sums}) else [f"sums: {sums}"]
    against = f"{events:,} stored events of {members} members, daily programme, one core"
    return [Figure("replay_events_per_s", "events/s", against, 50_000, rates, faults)]


def worker_rows(server: BenchServer, say: Say) -> list[AnyRow]:
    """Awards behind the answers, with the product's worker processes."""
    world = World.make(server.database)
    for number in range(MEMBERS):
        world.link(str(number))
    world.activate(_DAILY.read_text("utf-8"))
    with _workers(server, say) as worker:
        world.state_all([_now_event(f"warm-{n}", n) for n in range(MEMBERS)])
        _until_scored(server)
        catching_up = [_catch_up(world, server, worker, number) for number in range(ROUNDS)]
        say(f"  catch-up: {', '.join(f'{seconds:.2f} s' for seconds in catching_up)}")
        delays = _delays(world, server, say)
    faults = faults_afterwards(server.database, say)
    p95 = statistics.quantiles(delays, n=20)[-1]
    say(f"  visible: median {statistics.median(delays):.3f} s, 95th {p95:.3f} s")
    visible = f"95th of {len(delays)} events at {A_SECOND}/s, stored to award"
    waiting = f"{WAITING:,} waiting events of {MEMBERS} members"
    return [
        Figure("award_visible_p95_s", "s", visible, 0.25, [p95], faults, at_most=True),
        Figure("catchup_10k_s", "s", waiting, 2, catching_up, faults, at_most=True),
    ]


def _looking(server: BenchServer) -> sa.Connection:
    """A connection whose every statement sees what is committed by then."""
    return server.database.engine.connect().execution_options(isolation_level="AUTOCOMMIT")


def _event(number: int, members: int) -> Stated:
    moment = Instant.parse("2025-01-01T08:00:00Z").floor_datetime() + timedelta(
        minutes=97 * (number // members)
    )
    time_text = moment.isoformat().replace("+00:00", "Z")
    return (
        f"replay-{number}",
        _TYPES[number % len(_TYPES)],
        f"lms:{number % members}",
        time_text,
        {"place": number % 97},
    )


def _now_event(event_id: str, number: int) -> Stated:
    moment = SystemClock().now() - timedelta(seconds=1)
    text = moment.isoformat().replace("+00:00", "Z")
    return (event_id, _TYPES[number % len(_TYPES)], f"lms:{number % MEMBERS}", text, {})


def _catch_up(world: World, server: BenchServer, worker: psutil.Process, number: int) -> float:
    """Seconds from letting the workers go on until nothing waits."""
    processes = [worker, *worker.children(recursive=True)]
    for each in processes:
        each.suspend()
    for first in range(0, WAITING, STATED_AT_ONCE):
        numbers = range(first, first + STATED_AT_ONCE)
        world.state_all([_now_event(f"wait-{number}-{n}", n) for n in numbers])
    for each in processes:
        each.resume()
    began = time.perf_counter()
    _until_scored(server)
    return time.perf_counter() - began


def _until_scored(server: BenchServer) -> None:
    until = time.perf_counter() + PATIENCE_S
    with _looking(server) as connection:
        while connection.execute(_OPEN).scalar_one():
            assert time.perf_counter() < until, "scoring never caught up"
            time.sleep(0.005)


def _delays(world: World, server: BenchServer, say: Say) -> list[float]:
    """Seconds from the commit of each event to its award being there to be read.

    Events are of new members, so that no limit leaves one without an award.
    """
    count = A_SECOND * SECONDS
    whose = [f"new-{number}" for number in range(count // 4)]
    for subject in whose:
        world.link(subject)
    order = list(range(count))
    random.Random(1).shuffle(order)  # noqa: S311 - an order, not a secret
    stored: dict[str, float] = {}
    delays: list[float] = []
    say(f"  {count} events at {A_SECOND}/s …")
    began = time.perf_counter()
    with _looking(server) as connection:
        for place, number in enumerate(order):
            while time.perf_counter() < began + place / A_SECOND:
                _look(connection, stored, delays)
                time.sleep(0.002)
            event_id = f"visible-{number}"
            _, kind, _, text, facts = _now_event(event_id, number // len(whose))
            world.state(event_id, kind, f"lms:{whose[number % len(whose)]}", text, facts)
            stored[event_id] = time.perf_counter()
        until = time.perf_counter() + PATIENCE_S
        while stored:
            assert time.perf_counter() < until, f"{len(stored)} events without an award"
            _look(connection, stored, delays)
            time.sleep(0.002)
    return delays


def _look(connection: sa.Connection, stored: dict[str, float], delays: list[float]) -> None:
    if not stored:
        return
    seen = connection.execute(_SEEN, {"waiting": list(stored)}).scalars().all()
    now = time.perf_counter()
    delays += [now - stored.pop(event_id) for event_id in set(seen)]


@contextmanager
def _workers(server: BenchServer, say: Say) -> Iterator[psutil.Process]:
    """Broker, worker and scheduler as an installation runs them; the worker."""
    with ExitStack() as stack:
        valkey = ValkeyServer.of(server.state)
        broker = start(valkey.program())
        stack.callback(broker.stop)
        wait_healthy(broker, valkey.healthy, 20)
        environment = process_environment() | {
            "VKLAD_DATABASE_URL": server.url.replace("+psycopg", ""),
            "VKLAD_BROKER_URL": valkey.url(),
            "VKLAD_STATE_FOLDER": str(server.state.path),
            "VKLAD_SECRET": "of the bench: 0123456789abcdef0123456789",
            "VKLAD_CHAIN": "off",
            "PYTHONPATH": str(Path(__file__).parents[3]),
        }
        say("starting worker and scheduler …")
        for name in ("worker", "scheduler"):
            program = Program(
                name=name,
                argv=(sys.executable, "-m", "api.cli.main", name),
                environment=environment,
                directory=PROJECT_FOLDER,
                log_path=server.state.log(name),
                record_path=server.state.record(name),
            )
            process = start(program)
            stack.callback(process.stop)
            wait_healthy(process, server.state.ready(name).exists, 60)
        worker = recorded(server.state.record("worker"))
        assert worker is not None
        yield worker
