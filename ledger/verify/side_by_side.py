"""Checks in several processes over one snapshot, each with a connection of its own.

What a process could not tell, because its check failed or it died, whoever asked finds out alone.
Processes are forked, so that checks need not be sent; where there is no fork, there are none.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

from ledger.kernel.collector import collect_rarely
from ledger.kernel.transaction import Database, Work, connect
from ledger.verify import store
from ledger.verify.checks import Check
from ledger.verify.model import Finding

Found = Mapping[int, Finding | None]
"""Number of a check → the first that it found, ``None`` where its rule holds."""


@dataclass(frozen=True, slots=True)
class _Share:
    """What every process is given; ``taken`` counts the checks that somebody has begun."""

    checks: Sequence[Check]
    database: Database
    snapshot: str
    taken: Any
    progress: Callable[[str], None]

    def next(self) -> int:
        """The number of a check that nobody else takes; past the last if none is left."""
        with self.taken.get_lock():
            number = int(self.taken.value)
            self.taken.value += 1
        return number


def run_side_by_side(
    database: Database,
    work: Work,
    checks: Sequence[Check],
    processes: int,
    progress: Callable[[str], None],
) -> Found:
    """What the checks find over the snapshot of ``work``; those that nobody could tell are absent.

    ``progress`` is called in the process that begins a check.
    """
    if "fork" not in multiprocessing.get_all_start_methods():
        return {}
    context = multiprocessing.get_context("fork")
    share = _Share(checks, database, store.export_snapshot(work), context.Value("i", 0), progress)
    children = []
    for _ in range(min(processes, len(checks))):
        answers, answer = context.Pipe(duplex=False)
        child = context.Process(target=_take, args=(share, answer), daemon=True)
        child.start()
        answer.close()
        children.append((child, answers))
    found: dict[int, Finding | None] = {}
    for child, answers in children:
        found.update(_told(answers))
        child.join()
    return found


def _told(answers: Connection) -> Found:
    with answers:
        try:
            told: Found = answers.recv()
        except EOFError:
            return {}  # It died.
        return told


def _take(share: _Share, answer: Connection) -> None:
    """A process: check after check, until none is left; one that fails ends it."""
    collect_rarely()
    url = share.database.engine.url.render_as_string(hide_password=False)
    found: dict[int, Finding | None] = {}
    try:
        with connect(url, pool_size=1, clock=share.database.clock).read() as work:
            store.take_snapshot(work, share.snapshot)
            while (number := share.next()) < len(share.checks):
                share.progress(share.checks[number].name)
                found[number] = next(share.checks[number].run(work), None)
    finally:
        answer.send(found)
