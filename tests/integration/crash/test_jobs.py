"""Kill the worker in every job and topic, at every hop; each restart ends in the same state.

Schools stand still at a moment when everything is due at once: `scenarios` tells what. For each hop
of a run that lives, a fresh copy is worked on until the worker kills itself there, and then by
another to the end. `--deep` takes every hop; an ordinary run one of each commit, and of each piece
of a topic, of the jobs that have something to do. A job without a scenario fails.
"""

from __future__ import annotations

import multiprocessing
import shutil
import signal
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import sqlalchemy as sa

from api.cli.ledger import CHECKS
from api.supervisor import postgres as pg
from api.tasks.schedule import JOBS
from api.tasks.topics import TOPICS
from ledger.kernel.transaction import Database, connect
from ledger.verify.service import verify
from tests.conftest import DEEP, Tell, seeds_of_this_run
from tests.integration.crash import chain_worker, jobs_worker
from tests.integration.crash.jobs_worker import BRIDGE_TOPIC, Errand
from tests.integration.crash.scenarios import SCENARIOS, SECRET, WORK

WORKER_TIMEOUT_S = 60
_STATE = {
    "entries": "SELECT kind, count(*), sum(amount)::int8 FROM transfers GROUP BY 1 ORDER BY 1",
    "accounts": "SELECT kind, sum(balance)::int8 FROM accounts GROUP BY 1 ORDER BY 1",
    "lots": "SELECT m.balance, l.granted FROM lots AS l JOIN accounts AS m ON m.owner = l.lot_id "
    "ORDER BY l.created_at = l.activates_at, l.granted, m.kind, m.balance",
    "awards": "SELECT rule_id, coalesce(source_event_id, period), points, excess FROM awards "
    "LEFT JOIN events USING (event_id) JOIN LATERAL (SELECT points, excess FROM award_revisions r "
    "WHERE r.award_id = awards.award_id ORDER BY revision DESC LIMIT 1) AS last ON true "
    "ORDER BY 1, 2, 3",
    "revisions": "SELECT count(*) FROM award_revisions",
    "holds": "SELECT state, amount, captured FROM holds ORDER BY 1, 2",
    "redemptions": "SELECT state, count(*) FROM redemptions GROUP BY 1",
    "closes": "SELECT count(*) FROM period_closes",
    "passes": "SELECT state, reason, waits, count(*) FROM referrals GROUP BY 1, 2, 3 ORDER BY 1, 2",
    "cases": "SELECT kind, state, count(*), (SELECT count(*) FROM review_events) FROM review_cases "
    "GROUP BY 1, 2 ORDER BY 1, 2",
    "absent": "SELECT (SELECT count(*) FROM inactivity_warnings), "
    "(SELECT sum(points)::int8 FROM inactivity_decays), (SELECT count(*) FROM inactivity_checks)",
    "levels": "SELECT count(*) FROM member_levels",
    "conditions": "SELECT holds, cancelled FROM vesting_decisions ORDER BY 1, 2",
    "previews": "SELECT digest, failure FROM programme_previews WHERE finished_at IS NOT NULL",
    "orders": "SELECT state, count(*), (SELECT sum(stock)::int8 FROM goods) FROM good_orders "
    "GROUP BY 1 ORDER BY 1",
    "polls": "SELECT title, closing->'counted', closing->'tallies'->'unsigned'->'totals' "
    "FROM polls ORDER BY 1",
    "notices": "SELECT kind, count(*), count(DISTINCT (member_id, moment)), "
    "(SELECT count(*) FROM reminder_rounds) FROM notices GROUP BY 1 ORDER BY 1",
    "stages": "SELECT stage, count(*), (SELECT count(*) FROM outgoing_deliveries) "
    "FROM funnel_stages GROUP BY 1 ORDER BY 1",
    "brought": "SELECT outcome, count(*) FROM import_payments GROUP BY 1 ORDER BY 1",
    "proofs": "SELECT count(*) FROM link_proofs",
    "waiting": "SELECT topic, count(*) FROM outbox WHERE done_at IS NULL GROUP BY 1 ORDER BY 1",
    "log": "SELECT max(tree_size) = (SELECT sequence FROM journal_head) FROM log_heads",
}


_CHECKS = tuple(check for check in CHECKS if check.name != "grants")
"""Lots are given here without the two persons whom a grant needs."""


@dataclass(frozen=True)
class Play:
    """The state that a scenario ended in; of the first worker the hops, what wrote, its end."""

    state: dict[str, object]
    hops: list[str]
    wrote: set[str]
    died_at: str | None


@dataclass
class Driver:
    """One scenario that can be played any number of times."""

    server: pg.PostgresServer
    scenario: str
    folder: Path
    plays: int = 0

    def play(self, die_at: int | str | None) -> Play:
        """Play it once; if the first worker dies, another takes over."""
        self.plays += 1
        name = f"{self.scenario}_{self.plays}"
        self.server.create_database(name, self.scenario)
        folder = self.folder / name
        folder.mkdir()
        database = connect(self.server.url(pg.APPLICATION, name))
        try:
            diary = folder / "diary"
            status = self._run(name, folder, die_at)
            lines = diary.read_text().splitlines()
            hops = [line for line in lines if not line.startswith(jobs_worker.WROTE)]
            wrote = {line.removeprefix(jobs_worker.WROTE) for line in lines} - set(hops)
            died_at = None
            if status != 0:
                assert status == -signal.SIGKILL, f"the worker ended with {status}"
                died_at = hops[-1]
                assert self._run(name, folder, None) == 0
            return Play(self._state(database), hops, wrote, died_at)
        finally:
            database.engine.dispose()
            self.server.drop_database(name)
            shutil.rmtree(folder, ignore_errors=True)

    def _run(self, name: str, folder: Path, die_at: int | str | None) -> int | None:
        errand = Errand(
            settings={
                "VKLAD_DATABASE_URL": self.server.url(pg.APPLICATION, name).replace("+psycopg", ""),
                "VKLAD_STATE_FOLDER": str(folder),
                "VKLAD_CHAIN": "off",
                "VKLAD_SECRET": SECRET,
            },
            die_at=die_at,
            diary=str(folder / "diary"),
        )
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload([jobs_worker.__name__])
        process = context.Process(target=jobs_worker.run, args=(errand,))
        process.start()
        process.join(WORKER_TIMEOUT_S)
        assert not process.is_alive(), "the worker hangs"
        status = process.exitcode
        process.close()
        return status

    def _state(self, database: Database) -> dict[str, object]:
        """Everything that must not depend on where the worker died."""
        with database.read() as work:
            state: dict[str, object] = {
                name: [tuple(row) for row in work.connection.execute(sa.text(query))]
                for name, query in _STATE.items()
            }
        state["findings"] = [str(finding) for finding in verify(database, _CHECKS).findings]
        return state


@pytest.fixture
def made(postgres_server: pg.PostgresServer, template_database: str) -> Iterator[list[str]]:
    """Databases to drop at the end."""
    names: list[str] = []
    yield names
    for name in names:
        postgres_server.drop_database(name)


@pytest.mark.parametrize("scenario", list(SCENARIOS))
def test_wherever_a_job_dies_the_end_is_the_same(
    postgres_server: pg.PostgresServer,
    template_database: str,
    made: list[str],
    tmp_path: Path,
    scenario: str,
    tell: Tell,
) -> None:
    name = f"crash_{scenario.replace(' ', '_')}"
    postgres_server.create_database(name, template_database)
    made.append(name)
    database = connect(postgres_server.url(pg.APPLICATION, name))
    SCENARIOS[scenario](database)
    database.engine.dispose()
    driver = Driver(postgres_server, name, tmp_path)
    lived = driver.play(None)
    assert lived.state["findings"] == []
    assert lived.state["waiting"] == []
    assert lived.wrote >= WORK[scenario], "something here has nothing to do"
    first = {hop: number for number, hop in reversed(list(enumerate(lived.hops)))}
    some = [
        number
        for hop, number in first.items()
        if ": after " in hop and hop.split(": ")[0] in WORK[scenario]
    ]
    count = len(lived.hops)
    numbers = list(seeds_of_this_run(count, 0, 0)) if DEEP else sorted(some)
    wanted = {lived.hops[number] for number in numbers}
    died_at: Counter[str] = Counter()
    for number in numbers:
        played = driver.play(number)
        assert played.state == lived.state, f"died at hop {number}, {played.died_at}"
        if played.died_at is None:
            assert len(played.hops) <= number, f"hop {number} was passed by"
        else:
            died_at[played.died_at] += 1
    for hop in sorted(wanted - set(died_at)):
        # How often a worker looks depends on the clock, so that numbers shift from life to life.
        played = driver.play(hop)
        assert played.state == lived.state, f"died at {hop}"
        died_at[hop] += played.died_at == hop
    tell(f"{scenario}: killed {died_at.total()} times, at {count} hops of the living run:")
    for hop, times in sorted(died_at.items()):
        tell(f"{times:>3} x {hop}")
    assert wanted <= set(+died_at), "a hop was never died at"


THE_BRIDGES = {"bridge_intents"}
"""What the driver in ``oracle`` kills a worker in, with the bridge's steps of ``oracle.tick``."""


def test_every_job_and_topic_has_a_driver() -> None:
    driven = {name for names in WORK.values() for name in names} | THE_BRIDGES
    driven |= {name.split(": ")[0] for name in chain_worker.WORK}
    assert driven == {job.name for job in JOBS} | set(TOPICS)
    assert set(WORK) == set(SCENARIOS)
    assert {BRIDGE_TOPIC} == THE_BRIDGES
    assert set(jobs_worker.topics()) == set(TOPICS) - set(jobs_worker.NEED_A_CHAIN)
