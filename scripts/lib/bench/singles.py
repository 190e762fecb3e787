"""Single awards from many callers at once, each durable before its answer; and the peer.

Ours: two processes, each with half of the callers (64, or as many as asked) on an event loop, whose
awards share transactions through the micro-batcher over ``grant_lots``. The peer: two processes
with 4 clients each, every one with a connection, one INSERT and one COMMIT a row.

    python singles.py awards|inserts DATABASE_URL NUMBER [CALLERS]
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

sys.path[:0] = [str(Path(__file__).parents[3])]

import posting  # noqa: E402 - after the checkout is on the path
import psycopg  # noqa: E402 - after the checkout is on the path
from server import BenchServer, Say  # noqa: E402 - after the checkout is on the path

from api.settings import process_environment  # noqa: E402 - after the checkout is on the path
from ledger.kernel.batcher import MicroBatcher  # noqa: E402 - after the checkout is on the path
from ledger.kernel.collector import collect_rarely  # noqa: E402 - after the checkout is on the path
from ledger.kernel.transaction import connect  # noqa: E402 - after the checkout is on the path
from ledger.lots.clawing import grant_of  # noqa: E402 - after the checkout is on the path
from ledger.lots.granting import grant_lots  # noqa: E402 - after the checkout is on the path
from ledger.lots.model import GrantLot, Lot, Position  # noqa: E402 - after the checkout
from ledger.lots.sheet import open_sheet  # noqa: E402 - after the checkout is on the path

PROCESSES: Final = 2
CALLERS: Final = 64
CLIENTS: Final = 8
FIRST_MEMBER: Final = 10_000_000
MEMBERS_EACH: Final = 2_000
PREPARED_A_SECOND: Final = 6_000
"""Awards that a process makes ready before the clock starts; more than it can post."""
_PEER_TABLE: Final = (
    "CREATE TABLE rows (row_id int8 GENERATED ALWAYS AS IDENTITY PRIMARY KEY, member_id uuid, "
    "amount int8, cause text, recorded_at timestamptz DEFAULT now())"
)


def members_of_process(number: int) -> range:
    """Numbers of the members that a process awards."""
    first = FIRST_MEMBER + number * MEMBERS_EACH
    return range(first, first + MEMBERS_EACH)


class Awarder:
    """Callers of one process, on one event loop, over one micro-batcher."""

    def __init__(self, url: str, number: int, callers: int) -> None:
        database = connect(url, pool_size=4)
        self._callers = callers
        self._batcher: MicroBatcher[GrantLot, Lot] = MicroBatcher(database, grant_lots)
        self._members = members_of_process(number)
        self._next = 0

    def round(self, seconds: float) -> int:
        """Award after award from every caller until the time is over; how many were answered."""
        return asyncio.run(self._round(seconds))

    async def _round(self, seconds: float) -> int:
        commands = [self._command() for _ in range(int(PREPARED_A_SECOND * seconds))]
        waiting = iter(commands)
        until = time.perf_counter() + seconds
        counts = await asyncio.gather(*(self._call(waiting, until) for _ in range(self._callers)))
        assert sum(counts) < len(commands), "the callers ran out of awards"
        self._next -= len(commands) - sum(counts)
        return sum(counts)

    async def _call(self, waiting: Iterator[GrantLot], until: float) -> int:
        done = 0
        while time.perf_counter() < until:
            await self._batcher.call_async(next(waiting))
            done += 1
        return done

    def _command(self) -> GrantLot:
        place, who = divmod(self._next, MEMBERS_EACH)
        self._next += 1
        member = posting.member(self._members[who])
        return grant_of(open_sheet(Position(member)), posting.award(member, place, who))


class Inserter:
    """Clients of one process, each a thread with a connection of its own."""

    def __init__(self, url: str, number: int) -> None:
        self._url = url
        self._member = posting.member(number)

    def round(self, seconds: float) -> int:
        """INSERT and COMMIT from every client until the time is over."""
        counts = [0] * (CLIENTS // PROCESSES)
        gate = threading.Barrier(len(counts))
        threads = [
            threading.Thread(target=self._insert, args=(counts, place, gate, seconds))
            for place in range(len(counts))
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return sum(counts)

    def _insert(
        self, counts: list[int], place: int, gate: threading.Barrier, seconds: float
    ) -> None:
        with psycopg.connect(self._url) as connection:
            gate.wait(10)
            until = time.perf_counter() + seconds
            while time.perf_counter() < until:
                connection.execute(
                    "INSERT INTO rows (member_id, amount, cause) VALUES (%s, %s, %s)",
                    (self._member, 1, "x" * 350),
                )
                connection.commit()
                counts[place] += 1


def serve(worker: Awarder | Inserter) -> None:
    """Rounds of so many seconds, asked for on standard input; answered with what was done.

    The collector is set as in every process that serves or works, of either side.
    """
    collect_rarely()
    for line in sys.stdin:
        print(json.dumps(worker.round(json.loads(line))), flush=True)


@dataclass
class Callers:
    """The processes of both sides."""

    awarders: Sequence[subprocess.Popen[str]]
    inserters: Sequence[subprocess.Popen[str]]
    raw: str
    inserted: int = 0
    awarded: int = 0

    def awards(self, seconds: float) -> int:
        """What ours did in one round."""
        done = _round(self.awarders, seconds)
        self.awarded += done
        return done

    def inserts(self, seconds: float) -> int:
        """What the peer did in one round."""
        done = _round(self.inserters, seconds)
        self.inserted += done
        return done

    def differences(self, server: BenchServer) -> list[str]:
        """What either side's rows say otherwise than its answers did."""
        awards, _, _ = posting.sums(server.database)
        with psycopg.connect(self.raw) as connection:
            (inserts,) = connection.execute("SELECT count(*) FROM rows").fetchone() or (0,)
        said, found = (self.awarded, self.inserted), (awards, inserts)
        return [] if said == found else [f"answered {said}, stored {found}"]


@contextmanager
def running_callers(server: BenchServer, say: Say, ours: int = CALLERS) -> Iterator[Callers]:
    """Both sides' processes, over a server whose members of this part exist by then."""
    say(f"singles: {ours} callers in {PROCESSES} processes; the peer has {CLIENTS} clients")
    raw = server.another_database(f"singles_{time.time_ns()}").replace("+psycopg", "")
    with psycopg.connect(raw) as connection:
        connection.execute(_PEER_TABLE)
    for number in range(PROCESSES):
        posting.create_members_numbered(server.database, members_of_process(number))
    server.analyse()
    with ExitStack() as stack:
        each = ours // PROCESSES
        awarders = [_start(stack, "awards", server.url, n, each) for n in range(PROCESSES)]
        inserters = [_start(stack, "inserts", raw, number) for number in range(PROCESSES)]
        yield Callers(awarders, inserters, raw)


def _start(stack: ExitStack, kind: str, url: str, *numbers: int) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, __file__, kind, url, *map(str, numbers)],
        env=process_environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    stack.callback(process.wait, 30)
    stack.callback(process.terminate)
    return process


def _round(processes: Sequence[subprocess.Popen[Any]], seconds: float) -> int:
    for process in processes:
        assert process.stdin is not None
        process.stdin.write(f"{seconds}\n")
        process.stdin.flush()
    done = 0
    for process in processes:
        assert process.stdout is not None
        done += int(process.stdout.readline())
    return done


if __name__ == "__main__":
    kind_, url_, number_ = sys.argv[1], sys.argv[2], int(sys.argv[3])
    if kind_ == "awards":
        serve(Awarder(url_, number_, int(sys.argv[4])))
    else:
        serve(Inserter(url_, number_))
