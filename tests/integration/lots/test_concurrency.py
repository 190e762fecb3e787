"""Many connections at once, and workers that are killed: nothing is lost, nothing made."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import pytest
import sqlalchemy as sa

from ledger.kernel.errors import VkladError
from ledger.kernel.transaction import Database, execute
from ledger.kernel.units import Points
from ledger.lots import service
from ledger.lots.model import CaptureHold, MoveToEscrow, ReleaseHold, ReturnToLots
from ledger.verify.service import JOURNAL_CHECKS, verify
from tests.integration.conftest import TestDatabase
from tests.support.lots import ANNA, AT, a_hold, a_lot, buckets, grant

ROOT = Path(__file__).resolve().parents[3]


def _at_once(count: int, call: Callable[[int], object]) -> Counter[str]:
    """Run ``call(0) … call(count - 1)`` in as many threads; how often each outcome came."""
    outcomes: list[str] = []
    start = threading.Barrier(count)

    def run(number: int) -> None:
        start.wait()
        try:
            call(number)
        except VkladError as error:
            outcomes.append(error.code)
        else:
            outcomes.append("done")

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return Counter(outcomes)


def _holds(database: Database) -> None:
    assert verify(database, JOURNAL_CHECKS).findings == ()


def test_fifty_holds_of_the_same_points(database: Database) -> None:
    grant(database, a_lot("a", 60), a_lot("b", 40))
    outcomes = _at_once(
        50, lambda number: execute(database, service.place_hold, a_hold(number + 1, 100))
    )
    assert outcomes == {"done": 1, "insufficient_points": 49}
    assert buckets(database) == (0, 0, 100, 0)
    _holds(database)


def test_fifty_holds_of_a_share_each(database: Database) -> None:
    grant(database, a_lot("a", 60), a_lot("b", 40))
    outcomes = _at_once(
        50, lambda number: execute(database, service.place_hold, a_hold(number + 1, 7))
    )
    assert outcomes == {"done": 14, "insufficient_points": 36}
    assert buckets(database) == (0, 2, 98, 0)
    _holds(database)


def test_fifty_captures_and_releases_of_one_hold(database: Database) -> None:
    grant(database, a_lot("a", 100))
    execute(database, service.place_hold, a_hold(1, 100))

    def resolve(number: int) -> None:
        if number % 2:
            execute(database, service.capture_hold, CaptureHold(UUID(int=1), Points(90), AT))
        else:
            execute(database, service.release_hold, ReleaseHold(UUID(int=1), AT))

    outcomes = _at_once(50, resolve)
    pending, available, held, _ = buckets(database)
    if available == 10:
        assert outcomes == {"done": 1, "hold_already_resolved": 49}
    else:
        assert (pending, available, held) == (0, 100, 0)
        assert outcomes == {"done": 25, "hold_already_resolved": 25}
    _holds(database)


def test_twenty_refunds_give_back_what_was_spent(database: Database) -> None:
    grant(database, a_lot("a", 100))
    execute(database, service.place_hold, a_hold(1, 100))
    execute(database, service.capture_hold, CaptureHold(UUID(int=1), Points(100), AT))
    outcomes = _at_once(
        20,
        lambda number: execute(
            database,
            service.return_to_lots,
            ReturnToLots(UUID(int=1), UUID(int=70 + number), Points(30), AT),
        ),
    )
    assert outcomes == {"done": 3, "refund_too_large": 17}
    assert buckets(database) == (0, 90, 0, 0)
    _holds(database)


def test_the_same_refund_twenty_times_at_once(database: Database) -> None:
    grant(database, a_lot("a", 100))
    execute(database, service.place_hold, a_hold(1, 100))
    execute(database, service.capture_hold, CaptureHold(UUID(int=1), Points(100), AT))
    refund = ReturnToLots(UUID(int=1), UUID(int=70), Points(30), AT)
    outcomes = _at_once(20, lambda _: execute(database, service.return_to_lots, refund))
    assert outcomes == {"done": 20}
    assert buckets(database) == (0, 30, 0, 0)


def test_hold_and_bridge_compete_for_the_same_points(database: Database) -> None:
    grant(database, a_lot("a", 100))

    def take(number: int) -> None:
        if number % 2:
            execute(database, service.place_hold, a_hold(number + 1, 60))
        else:
            claim = MoveToEscrow(UUID(int=number + 1), ANNA, Points(60), AT)
            execute(database, service.move_to_escrow, claim)

    assert _at_once(20, take) == {"done": 1, "insufficient_points": 19}
    _holds(database)


_WORKER = """
import sys
from uuid import UUID
from ledger.kernel.transaction import connect, execute
from ledger.kernel.units import Points
from ledger.lots import service
from ledger.lots.model import CaptureHold
from tests.support.lots import AT, a_hold, a_lot

database = connect(sys.argv[1])
for number in range(int(sys.argv[2]), 100_000):
    execute(database, service.grant_lot, a_lot(f"k{number}", 10))
    print("granted", number, flush=True)
    execute(database, service.place_hold, a_hold(number + 1, 7))
    print("held", number, flush=True)
    execute(database, service.capture_hold, CaptureHold(UUID(int=number + 1), Points(5), AT))
    print("captured", number, flush=True)
"""


@pytest.mark.parametrize("lines_before_kill", [1, 2, 3, 10, 23, 40])
def test_a_killed_worker_leaves_whole_commands(
    database: Database, test_database: TestDatabase, lines_before_kill: int
) -> None:
    """What it said was done is done; what it did not finish is as if never begun."""
    with subprocess.Popen(
        [sys.executable, "-c", _WORKER, test_database.app_url, "0"],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    ) as worker:
        assert worker.stdout is not None
        said = [worker.stdout.readline().split() for _ in range(lines_before_kill)]
        worker.send_signal(signal.SIGKILL)
        said += [line.split() for line in worker.stdout if line.endswith("\n")]
    _holds(database)
    done = Counter(word for word, _ in said)
    with database.read() as work:
        lots, holds, captured = work.connection.execute(
            sa.text(
                "SELECT (SELECT count(*) FROM lots), (SELECT count(*) FROM holds), "
                "(SELECT count(*) FROM holds WHERE state = 'captured')"
            )
        ).one()
    # One command may have been committed without the time to say so.
    for stored, known in ((lots, "granted"), (holds, "held"), (captured, "captured")):
        assert 0 <= stored - done[known] <= 1
    assert (lots - done["granted"]) + (holds - done["held"]) + (captured - done["captured"]) <= 1
