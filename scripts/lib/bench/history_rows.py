"""Rows ``new_event_100``, ``_1000`` and ``_10000``: one more event after a history of that length.

Both sides are the product's own scoring of one member in one transaction: gone on from the member's
checkpoint, and from nothing as after a link or a retraction. What is scored is stored before.
"""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Final

import sqlalchemy as sa
from rows import AnyRow, Pair, Row
from server import BenchServer, Say, faults_afterwards

from api.settings import PROJECT_FOLDER
from ledger.kernel import outbox
from ledger.kernel.clock import Instant
from ledger.kernel.collector import collect_rarely
from ledger.kernel.transaction import Work, execute
from ledger.members.model import SCORE_TOPIC
from ledger.scoring import service
from tests.world import World

LENGTHS: Final = (100, 1_000, 10_000)
PAIRS: Final = 7
STATED_AT_ONCE: Final = 1_000
REACH: Final = {100: None, 1_000: 2.0, 10_000: 10.0}
"""How many times as long from nothing takes; a short history has no checkpoint: both are alike."""
_DAILY: Final = PROJECT_FOLDER / "examples" / "programmes" / "daily.yaml"
_TYPES: Final = ("text.submitted", "commit.created", "ai.chat", "content.published")
_BEGINNING: Final = Instant.parse("2025-01-01T08:00:00Z").floor_datetime()
_A_STEP: Final = timedelta(minutes=47)


def history_rows(server: BenchServer, say: Say) -> list[AnyRow]:
    """A member for each length, whose history is scored before the clock starts."""
    collect_rarely()  # As in a worker.
    world = World.make(server.database)
    world.activate(_DAILY.read_text("utf-8"))
    rows: list[tuple[int, list[Pair]]] = []
    for length in LENGTHS:
        subject = f"of-{length}"
        world.link(subject)
        for first in range(0, length, STATED_AT_ONCE):
            numbers = range(first, min(first + STATED_AT_ONCE, length))
            world.state_all([_event(subject, number) for number in numbers])
        world.score()
        with server.database.engine.begin() as connection:
            connection.execute(sa.text("ANALYZE"))
        pairs = [_pair(world, subject, length + 2 * number) for number in range(PAIRS + 1)][1:]
        said = ", ".join(f"{1_000 / p.ours:.1f} / {1_000 / p.theirs:.1f}" for p in pairs)
        say(f"  {length:,}: {said} ms")
        rows.append((length, pairs))
    faults = faults_afterwards(server.database, say)
    return [
        Row(
            f"new_event_{length}",
            "events/s",
            f"from nothing, after {length:,} events of a member",
            REACH[length],
            pairs,
            faults,
        )
        for length, pairs in rows
    ]


def _pair(world: World, subject: str, number: int) -> Pair:
    """One event gone on from a checkpoint, the next from nothing; their order alternates."""
    from_nothing = (True, False) if number // 2 % 2 else (False, True)
    taken = {
        doubted: _milliseconds(world, subject, number + place, is_doubted=doubted)
        for place, doubted in enumerate(from_nothing)
    }
    return Pair(1_000 / taken[False], 1_000 / taken[True])


def _milliseconds(world: World, subject: str, number: int, *, is_doubted: bool) -> float:
    member_id = world.linked[subject]

    def doubt(work: Work, _: None) -> None:
        outbox.put(work, SCORE_TOPIC, str(member_id))

    world.state_all([_event(subject, number)])
    if is_doubted:
        execute(world.database, doubt, None)
    began = time.perf_counter()
    scored = execute(world.database, service.score_waiting, member_id)
    taken = time.perf_counter() - began
    assert scored is not None, "nothing waited"
    return taken * 1_000


def _event(subject: str, number: int) -> tuple[str, str, str, str, dict[str, int]]:
    time_text = (_BEGINNING + number * _A_STEP).isoformat().replace("+00:00", "Z")
    kind = _TYPES[number % len(_TYPES)]
    return f"{subject}/{number}", kind, f"lms:{subject}", time_text, {"place": number % 97}
