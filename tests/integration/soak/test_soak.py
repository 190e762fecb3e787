"""Eight processes at the same members' points: no deadlock is left, no rule is broken."""

from __future__ import annotations

import multiprocessing
from collections import Counter

from ledger.kernel.transaction import connect
from ledger.verify.service import JOURNAL_CHECKS, verify
from tests.conftest import DEEP, Tell
from tests.integration.conftest import TestDatabase
from tests.integration.soak import soak_worker
from tests.support.lots import ANNA, BORIS, add_members

PROCESSES = 8
SECONDS = 60 if DEEP else 6
SEED = 20_261_122


def test_eight_processes_at_the_same_members(test_database: TestDatabase, tell: Tell) -> None:
    database = connect(test_database.app_url)
    add_members(database, ANNA, BORIS)
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([soak_worker.__name__])
    processes, ears = [], []
    for number in range(PROCESSES):
        hears, says = context.Pipe(duplex=False)
        given = (test_database.app_url, (ANNA, BORIS), SEED + number, SECONDS, says)
        process = context.Process(target=soak_worker.run, args=given)
        process.start()
        says.close()
        processes.append(process)
        ears.append(hears)
    done: Counter[str] = Counter()
    refused: Counter[str] = Counter()
    for process, hears in zip(processes, ears, strict=True):
        assert hears.poll(SECONDS + 60), "a process hangs"
        one_did, one_was_refused = hears.recv()
        done += one_did
        refused += one_was_refused
        process.join(30)
        assert process.exitcode == 0
    assert set(done) == set(soak_worker.COMMANDS), f"never done: {done}"
    report = verify(database, JOURNAL_CHECKS)
    database.engine.dispose()
    tell(f"{done.total() / SECONDS:.0f} commands/s by {PROCESSES} processes over {SECONDS} s")
    tell(f"done {dict(done)}; refused {dict(refused)}; {report.transfers} transfers")
    assert report.findings == ()
