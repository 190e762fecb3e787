"""Eight processes at the same members' points: no deadlock is left, no rule is broken.

They grant and take back; hold, capture, release and refund at checkouts; issue, use and cancel
codes; buy from each other; bridge, and bring tokens back; hand out guest passes, reward and reverse
them; raise cases and decide them; look for the absent; and run the jobs of all that. Everything is
a use case that people or jobs have. A clock that runs fast makes all of it come due while they are
at it.
"""

from __future__ import annotations

import multiprocessing
import time
from collections import Counter
from dataclasses import replace

import sqlalchemy as sa

from api.cli.ledger import CHECKS
from ledger.kernel.transaction import Database, connect
from ledger.verify.service import verify
from tests.conftest import DEEP, Tell
from tests.integration.conftest import TestDatabase
from tests.integration.soak import crossing, office, school, shop, soak_worker
from tests.integration.soak.soak_worker import Errand
from tests.support.budgets import open_budget
from tests.support.clock import SetClock
from tests.world import World

PROCESSES = 8
SECONDS = 60 if DEEP else 6
SEED = 20_261_122
_ENDS = {
    "redemptions": "SELECT state, count(*) FROM redemptions GROUP BY 1 ORDER BY 1",
    "purchases": "SELECT returned_at IS NULL, count(*) FROM purchases GROUP BY 1 ORDER BY 1",
    "requests": "SELECT state, count(*) FROM bridge_requests GROUP BY 1 ORDER BY 1",
    "burns": "SELECT state, count(*) FROM bridge_redemptions GROUP BY 1 ORDER BY 1",
    "passes": "SELECT state, count(*) FROM referrals GROUP BY 1 ORDER BY 1",
    "cases": "SELECT state, count(*) FROM review_cases GROUP BY 1 ORDER BY 1",
    "decayed": "SELECT count(*), sum(points)::int8, (SELECT count(*) FROM inactivity_warnings), "
    "(SELECT count(*) FROM inactivity_checks) FROM inactivity_decays",
}


def test_eight_processes_at_the_same_members(test_database: TestDatabase, tell: Tell) -> None:
    database = connect(test_database.app_url)
    world = World.make(replace(database, clock=SetClock(school.START)))
    school.prepare(world)
    named = {name: world.link(name) for name in ("anna", "boris")}
    clock = school.QuickClock(time.time(), SECONDS)  # noqa: TID251 - shared by processes
    admins = (world.first_admin, world.second_admin)
    shop.prepare(world)
    crossing.prepare(world)
    budget = open_budget(world.database, office.BUDGET, *admins)
    errand = Errand(
        test_database.app_url, named, world.source, admins, clock, budget.budget_id, SEED
    )
    done, refused = _walk(errand)

    late = replace(world, database=replace(database, clock=SetClock(clock.now())))
    school.settle(late)
    crossing.tick(late.database)
    ends = _ends(database)
    report = verify(late.database, CHECKS)
    database.engine.dispose()
    tell(f"{done.total() / SECONDS:.0f} commands/s by {PROCESSES} processes over {SECONDS} s")
    tell(f"done {dict(done)}; refused {dict(refused)}; {report.transfers} transfers; {ends}")
    assert report.findings == ()
    if not DEEP:
        return  # A few seconds are too short for everything that takes two parties.
    assert set(done) == set(soak_worker.COMMANDS), f"never done: {done}"
    assert {"expired", "partially_refunded", "refunded", "released"} <= set(
        dict(ends["redemptions"])
    )
    assert {"returned", "minted"} <= set(dict(ends["requests"]))
    assert {"credited", "parked"} <= set(dict(ends["burns"]))
    assert {"rewarded", "reversed", "lapsed"} <= set(dict(ends["passes"]))
    assert {"released", "voided"} <= set(dict(ends["cases"]))
    assert ends["decayed"][0][0] > 0


def _walk(errand: Errand) -> tuple[Counter[str], Counter[str]]:
    """What all processes did, and what they were refused."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([soak_worker.__name__])
    processes, ears = [], []
    for number in range(PROCESSES):
        hears, says = context.Pipe(duplex=False)
        given = (replace(errand, seed=errand.seed + number), says)
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
    return done, refused


def _ends(database: Database) -> dict[str, list[tuple[object, ...]]]:
    with database.read() as work:
        return {
            what: [tuple(row) for row in work.connection.execute(sa.text(query))]
            for what, query in _ENDS.items()
        }
