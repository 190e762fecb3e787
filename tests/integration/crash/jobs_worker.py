"""The worker that the driver of jobs kills: it kills itself, at the hop it is told.

A hop is a moment before a statement, before and after a commit, and before and after a piece taken
from the outbox. The process is the driver's child, and its end is SIGKILL: no finally block, no
rollback, no flush. What it runs are the product's own registries of topics and of jobs.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import sqlalchemy as sa

from api.composition import Composition, compose
from api.settings import load_settings
from api.tasks.app import drain_topic
from api.tasks.schedule import JOBS
from api.tasks.topics import TOPICS
from governance.ballots.service import INTENTS_TOPIC
from oracle.anchors.service import TOPIC as ANCHORS_TOPIC
from oracle.bridge.commands import TOPIC as BRIDGE_TOPIC

TURNS_MAX = 12
NEED_A_CHAIN = (BRIDGE_TOPIC, INTENTS_TOPIC, ANCHORS_TOPIC)
WROTE = "wrote: "
"""Before the name of a job or topic in the diary, when it changed a row."""
_WRITING = {"INSERT", "UPDATE", "DELETE"}
_VERBS = {"SELECT", "WITH", "INSERT", "UPDATE", "DELETE", "COPY", "LOCK"}
"""Statements of the product; pings and settings of the driver are left out."""
_OPEN = sa.text("SELECT count(*) FROM outbox WHERE done_at IS NULL AND not_before <= now()")


@dataclass(frozen=True)
class Errand:
    """All that the child needs, as plain values.

    ``die_at``: the number of a hop, or the first of a name; ``None``: live to the end.
    """

    settings: dict[str, str]
    die_at: int | str | None
    diary: str


class Hops:
    """Counts and writes down every hop, and ends the process at one of them."""

    def __init__(self, die_at: int | str | None, diary: str) -> None:
        self.left = die_at
        self._diary = Path(diary).open("a")  # noqa: SIM115 - open until the process ends
        self._writers: set[str] = set()
        self.doing = "beginning"

    def note(self, text: str) -> None:
        """Write a line that survives the end of the process."""
        self._diary.write(f"{text}\n")
        self._diary.flush()

    def wrote(self) -> None:
        """Whatever is being done changed a row; written down the first time."""
        if self.doing not in self._writers:
            self._writers.add(self.doing)
            self.note(f"{WROTE}{self.doing}")

    def hop(self, name: str, connection: psycopg.Connection[Any] | None = None) -> None:
        """A moment at which the process may end; ``connection`` is the one in use."""
        line = f"{self.doing}: {name}"
        self.note(line)
        if self.left in {0, line}:
            self.strike(connection)
        if isinstance(self.left, int):
            self.left -= 1

    def strike(self, _: psycopg.Connection[Any] | None) -> None:
        """As when the power goes."""
        os.kill(os.getpid(), signal.SIGKILL)


def run(errand: Errand) -> None:
    """Work until nothing waits; exit status 0, or 3 if something always does."""
    composition = composed(errand.settings)
    hops = Hops(errand.die_at, errand.diary)
    hop_everywhere(composition, hops)
    if not work_to_the_end(composition, hops):
        sys.exit(3)


def composed(settings: dict[str, str]) -> Composition:
    """The product, by these settings and none from outside."""
    for name in [name for name in os.environ if name.startswith("VKLAD_")]:  # noqa: TID251
        del os.environ[name]  # noqa: TID251 - a child of its own
    os.environ |= settings  # noqa: TID251 - a child of its own
    return compose(load_settings())


def hop_everywhere(composition: Composition, hops: Hops) -> None:
    """Have the database tell each hop."""
    _hop_at_commits(composition, hops)
    _hop_at_statements(hops)


def work_to_the_end(composition: Composition, hops: Hops) -> bool:
    """Jobs and topics until nothing waits and nothing moves; ``False`` if something always does."""
    before = None
    for _ in range(TURNS_MAX):
        _turn(composition, hops)
        after = _position(composition)
        if after == before and after[0] == 0:
            return True
        before = after
    return False


def topics() -> list[str]:
    """Topics that need no chain."""
    return [topic for topic in TOPICS if topic not in NEED_A_CHAIN]


def _turn(composition: Composition, hops: Hops) -> None:
    for job in JOBS:
        if not job.needs_chain:
            hops.doing = job.name
            job.run(composition)
    for topic in topics():
        drain(composition, hops, topic)


def drain(composition: Composition, hops: Hops, topic: str) -> None:
    """Do what waits on a topic, as a worker that was woken does."""
    hops.doing = topic
    handler = TOPICS[topic]

    def handle(composition: Composition, key: str) -> None:
        hops.hop("before taking from the outbox")
        handler(composition, key)
        hops.hop("after taking from the outbox")

    drain_topic(composition, topic, handle)


def _position(composition: Composition) -> tuple[int, int]:
    with composition.database.read() as work:
        waiting = work.connection.execute(_OPEN).scalar_one()
        end = work.connection.execute(sa.text("SELECT sequence FROM journal_head")).scalar_one()
    return waiting, end


def _hop_at_commits(composition: Composition, hops: Hops) -> None:
    """Before: the commit never arrives. After: it did, and nobody was told."""
    engine = composition.database.engine

    def before(connection: sa.Connection) -> None:
        hops.hop("before commit", connection.connection.driver_connection)

    sa.event.listen(engine, "commit", before)
    original = engine.dialect.do_commit

    def commit_and_hop(connection: Any) -> None:
        original(connection)
        hops.hop("after commit", connection)

    engine.dialect.do_commit = commit_and_hop  # type: ignore[method-assign]


@dataclass
class _Sent:
    """Cursors that write. How much is known when they have run: together, at the pipeline's end."""

    hops: Hops
    cursors: list[Any] = field(default_factory=list)

    def add(self, cursor: Any) -> None:
        """One more; alone, it has run."""
        self.cursors.append(cursor)
        if cursor.connection.pgconn.pipeline_status == psycopg.pq.PipelineStatus.OFF:
            self.tell()

    def tell(self) -> None:
        """All have run."""
        if any(cursor.rowcount > 0 for cursor in self.cursors):
            self.hops.wrote()
        self.cursors.clear()


def _hop_at_statements(hops: Hops) -> None:
    """Before every statement, whoever sends it: SQLAlchemy's and the journal's own cursors."""
    sent = _Sent(hops)

    def hopping(original: Callable[..., Any]) -> Callable[..., Any]:
        def send(cursor: Any, query: Any, *given: Any, **named: Any) -> Any:
            verb = str(query).split(maxsplit=1)[0].upper()
            if verb in _VERBS:
                hops.hop(f"before {verb}", cursor.connection)
            answer = original(cursor, query, *given, **named)
            if verb == "COPY":
                hops.wrote()
            elif verb in _WRITING:
                sent.add(cursor)
            return answer

        return send

    for kind in (psycopg.Cursor, psycopg.ServerCursor):
        kind.execute = hopping(kind.execute)  # type: ignore[method-assign]
    psycopg.Cursor.copy = hopping(psycopg.Cursor.copy)  # type: ignore[method-assign]
    end = psycopg.Pipeline.__exit__

    def end_and_tell(pipeline: psycopg.Pipeline, *failure: Any) -> None:
        end(pipeline, *failure)
        sent.tell()

    psycopg.Pipeline.__exit__ = end_and_tell  # type: ignore[method-assign]
