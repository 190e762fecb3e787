"""Kill the worker in every job and topic, at every hop; each restart ends in the same state.

A school stands still at a moment when everything is due at once: facts to score, one retracted, a
programme just activated, a purchase whose hold ran out, lots to activate and to expire, awards to
vest, a day's emission, a week to close. For each hop of a run that lives, a fresh copy is worked on
until the worker kills itself there, and then by another to the end. `--deep` takes every hop; an
ordinary run one of each job's commits and of each topic's pieces.
"""

from __future__ import annotations

import multiprocessing
import shutil
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from api.cli.ledger import CHECKS
from api.supervisor import postgres as pg
from api.tasks.schedule import JOBS
from ledger.journal.model import EntryKind
from ledger.kernel.transaction import Database, Work, connect, execute
from ledger.kernel.units import Points
from ledger.lots import service as lots
from ledger.lots.model import Cause, GrantLot
from ledger.verify.service import verify
from tests.conftest import DEEP, Tell
from tests.integration.crash import jobs_worker
from tests.integration.crash.jobs_worker import Errand
from tests.integration.redemption.conftest import SetClock, make_school
from tests.world import World

WORKER_TIMEOUT_S = 60
WEEKLY = (Path(__file__).parents[3] / "examples" / "programmes" / "weekly.yaml").read_text("utf-8")
DAY = timedelta(days=1)
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
    "waiting": "SELECT topic, count(*) FROM outbox WHERE done_at IS NULL GROUP BY 1 ORDER BY 1",
    "log": "SELECT max(tree_size) = (SELECT sequence FROM journal_head) FROM log_heads",
}


_CHECKS = tuple(check for check in CHECKS if check.name != "grants")
"""Lots are given here without the two persons whom a grant needs."""


@dataclass(frozen=True)
class Play:
    """The state that a scenario ended in, the hops of the first worker, where it died if it did."""

    state: dict[str, object]
    hops: list[str]
    died_at: str | None


@dataclass
class Driver:
    """One scenario that can be played any number of times."""

    server: pg.PostgresServer
    scenario: str
    folder: Path
    plays: int = 0
    found: list[str] = field(default_factory=list)

    def play(self, die_at: int | None) -> Play:
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
            hops = diary.read_text().splitlines()
            died_at = None
            if status != 0:
                assert status == -signal.SIGKILL, f"the worker ended with {status}"
                died_at = hops[-1]
                assert self._run(name, folder, None) == 0
            return Play(self._state(database), hops, died_at)
        finally:
            database.engine.dispose()
            self.server.drop_database(name)
            shutil.rmtree(folder, ignore_errors=True)

    def _run(self, name: str, folder: Path, die_at: int | None) -> int | None:
        errand = Errand(
            settings={
                "VKLAD_DATABASE_URL": self.server.url(pg.APPLICATION, name).replace("+psycopg", ""),
                "VKLAD_STATE_FOLDER": str(folder),
                "VKLAD_CHAIN": "off",
                "VKLAD_SECRET": "a secret of the tests: 0123456789abcdef",
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


def _everything_due(database: Database) -> None:
    """A shop, forty days ago: a hold that runs out, lots that activate and expire, old work."""
    clock = SetClock(datetime.now(UTC) - 40 * DAY)  # noqa: TID251 - a test's clock
    school = make_school(database, clock)
    school.put_in_force("validity: {days: 400}")
    for number, (wait, life) in enumerate(((1, 10), (2, 300), (0, 5), (0, 300))):
        at = clock.time
        command = GrantLot(
            member_id=school.member,
            amount=Points(100 + number),
            kind=EntryKind.GRANT,
            key=(f"due {number}",),
            effective_at=at,
            activates_at=at + wait * DAY,
            expires_at=at + (wait + life) * DAY,
            cause=Cause("test", str(number)),
        )
        execute(school.database, lots.grant_lot, command)
    school.set_terms()
    school.held(30)
    execute(database, _old_work, clock.time - 30 * DAY)
    moment = f"{clock.time + DAY:%Y-%m-%dT%H:%M:%SZ}"
    for number in range(3):
        school.world.state(f"e{number}", "lms.section.read", "lms:1042", moment)
    school.world.state("gone", "activity.retracted", None, moment, {"id": "e1"})


def _old_work(work: Work, done_at: datetime) -> None:
    work.connection.execute(
        sa.text(
            "INSERT INTO outbox (topic, key, payload, created_at, not_before, done_at) "
            "SELECT 'old', n::text, 'null', :at, :at, :at FROM generate_series(1, 3) AS n"
        ),
        {"at": done_at},
    )


def _a_week_to_close(database: Database) -> None:
    """Two members' weeks that are over, under the weekly programme."""
    world = World.make(database)
    world.link("anna")
    world.link("boris")
    world.activate(WEEKLY)
    monday = datetime.now(UTC) - 15 * DAY  # noqa: TID251 - a test's clock
    for number in range(4):
        moment = f"{monday + number * timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}"
        world.state(f"s{number}", "lms.section.read", "lms:anna", moment)
        world.state(f"l{number}", "club.like.given", "lms:boris", moment, {"owner": "lms:anna"})


EMISSION = """
programme: emitting
version: "1"
zone: UTC
vesting:
  soon: {{days: 1}}
emission:
  start: "{start}"
  yearly: 36500
  pools: {{rewards: 50, treasury: 50}}
rules:
  - {{id: read, on: lms.section.read, to: actor, points: 60, vesting: soon}}
"""


def _emission_to_come(database: Database) -> None:
    """Days without their emission, awards that wait for it, and points to vest."""
    now = datetime.now(UTC)  # noqa: TID251 - a test's clock
    world = World.make(database)
    world.link("anna")
    world.activate(EMISSION.format(start=f"{now - 3 * DAY:%Y-%m-%d}"))
    for number in range(5):
        moment = f"{now - 2 * DAY:%Y-%m-%dT%H:%M:%SZ}"
        world.state(f"e{number}", "lms.section.read", "lms:anna", moment)


SCENARIOS: dict[str, Callable[[Database], None]] = {
    "shop": _everything_due,
    "week": _a_week_to_close,
    "emission": _emission_to_come,
}


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
    name = f"crash_{scenario}"
    postgres_server.create_database(name, template_database)
    made.append(name)
    database = connect(postgres_server.url(pg.APPLICATION, name))
    SCENARIOS[scenario](database)
    database.engine.dispose()
    driver = Driver(postgres_server, name, tmp_path)
    lived = driver.play(None)
    assert lived.state["findings"] == []
    assert lived.state["waiting"] == []
    _everything_was_done(scenario, lived)
    first = {hop: number for number, hop in reversed(list(enumerate(lived.hops)))}
    some = sorted(number for hop, number in first.items() if ": after " in hop)
    numbers = list(range(len(lived.hops))) if DEEP else some
    died_at: Counter[str] = Counter()
    for number in numbers:
        played = driver.play(number)
        assert played.state == lived.state, f"died at hop {number}, {played.died_at}"
        assert played.died_at is not None, f"hop {number} was never reached"
        died_at[played.died_at] += 1
    tell(f"{scenario}: killed at {len(numbers)} of {len(lived.hops)} hops, one a run:")
    for hop, count in sorted(died_at.items()):
        tell(f"{count:>3} x {hop}")
    wanted = {lived.hops[number] for number in numbers}
    assert wanted == set(died_at), "a sort of hop was never died at"
    assert not DEEP or set(died_at) == set(lived.hops)


def _everything_was_done(scenario: str, lived: Play) -> None:
    """The scenario has something to do for its jobs, so that a kill can do harm."""
    kinds = {kind for kind, _, _ in lived.state["entries"]}  # type: ignore[attr-defined]
    wanted = {
        "shop": {"activation", "expiry", "lapse", "award"},
        "week": {"award"},
        "emission": {"award", "emission", "activation"},
    }
    assert wanted[scenario] <= kinds, kinds
    doing = {hop.split(": ")[0] for hop in lived.hops}
    jobs = {job.name for job in JOBS if not job.needs_chain}
    assert jobs | set(jobs_worker.topics()) <= doing, "a job or topic was never at work"
