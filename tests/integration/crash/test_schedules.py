"""A thousand seeded schedules of duplicates, reorders and crashes: each ends as if nothing was.

`--deep` runs them all, in shards that resume; an ordinary run a few, other ones every day. A seed
that failed is in the test's name and replayed by ``VKLAD_TEST_SEED=… pytest`` on this file.
"""

from __future__ import annotations

import multiprocessing
import shutil
import signal
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from api.cli.ledger import CHECKS
from api.supervisor import postgres as pg
from ledger.kernel.transaction import Database, connect, execute
from ledger.lots import service as lots
from ledger.members import service as members
from ledger.members.model import LinkIdentity
from ledger.verify.service import verify
from tests.conftest import Tell, seeds_of_this_run
from tests.integration.crash import jobs_worker, schedule_worker
from tests.integration.crash.schedule_worker import LOST, Errand
from tests.integration.crash.schedules import (
    MEMBER_OF,
    SEEDS,
    START,
    TEXTS,
    Fault,
    Schedule,
    Turn,
)
from tests.support.clock import SetClock
from tests.world import World, lms

A_DAY = 4
"""Seeds of an ordinary run."""
WORKER_TIMEOUT_S = 120
IN_THE_DIARY = ("done ", "refused: ", jobs_worker.WROTE)
"""Lines that are no hops."""
_CHECKS = [check for check in CHECKS if check.name not in {"redemptions", "bridge"}]
"""Holds are placed by themselves here, no redemption behind them."""
_STATE = {
    "facts": "SELECT source_event_id, type, occurred_at FROM events ORDER BY 1",
    "awards": "SELECT rule_id, coalesce(source_event_id, period), member_id, points, excess "
    "FROM awards LEFT JOIN events USING (event_id) JOIN LATERAL (SELECT points, excess FROM "
    "award_revisions r WHERE r.award_id = awards.award_id ORDER BY revision DESC LIMIT 1) AS last "
    "ON points + excess > 0 ORDER BY 1, 2, 3",
    "unpaid": "SELECT award_id FROM award_gaps GROUP BY 1 HAVING sum(change) FILTER "
    "(WHERE reason <> 'gone') <> 0",
    "holds": "SELECT hold_id, state, amount, captured FROM holds ORDER BY 1",
    "versions": "SELECT programme_hash, effective_at, mode FROM programme_activations "
    "ORDER BY activation_id",
    "closes": "SELECT max(closed_until) FROM period_closes",
    "spent": "SELECT balance FROM accounts WHERE kind IN ('spent', 'escrow') ORDER BY kind",
    "waiting": "SELECT topic, key FROM outbox WHERE done_at IS NULL",
    "log": "SELECT max(tree_size) = (SELECT sequence FROM journal_head) FROM log_heads",
}


@dataclass
class Player:
    """Plays schedules on copies of a prepared school."""

    server: pg.PostgresServer
    folder: Path
    worlds: dict[str, World]
    plant: str | None = None
    struck: Counter[str] = field(default_factory=Counter)
    plays: int = 0

    def end_of(self, schedule: Schedule, turns: Sequence[Turn]) -> dict[str, Any]:
        """The state in which a school is after these turns."""
        self.plays += 1
        name = f"schedule_{self.plays}"
        self.server.create_database(name, f"school_{schedule.programme}")
        folder = self.folder / name
        folder.mkdir()
        database = connect(self.server.url(pg.APPLICATION, name))
        try:
            self._play(schedule, list(turns), name, folder)
            return self._state(replace(database, clock=SetClock(turns[-1].at)), schedule)
        finally:
            database.engine.dispose()
            self.server.drop_database(name)
            shutil.rmtree(folder, ignore_errors=True)

    def _play(self, schedule: Schedule, turns: list[Turn], name: str, folder: Path) -> None:
        world = self.worlds[schedule.programme]
        done = 0
        while turns:
            diary = folder / "diary"
            diary.write_text("")
            errand = Errand(
                settings={
                    "VKLAD_DATABASE_URL": self.server.url(pg.APPLICATION, name).replace(
                        "+psycopg", ""
                    ),
                    "VKLAD_STATE_FOLDER": str(folder),
                    "VKLAD_CHAIN": "off",
                    "VKLAD_SECRET": "a secret of the tests: 0123456789abcdef",
                },
                source=world.source,
                members=world.linked,
                text=schedule.text,
                turns=tuple((turn, _first(turn.faults)) for turn in turns),
                done=done,
                diary=str(diary),
                plant=self.plant,
            )
            status = _run(errand)
            if status == 0:
                return
            assert status in {-signal.SIGKILL, LOST}, f"the worker ended with {status}"
            lines = diary.read_text().splitlines()
            self.struck[[line for line in lines if not line.startswith(IN_THE_DIARY)][-1]] += 1
            turns, done = _left(turns, done, lines)

    def _state(self, database: Database, schedule: Schedule) -> dict[str, Any]:
        linked = self.worlds[schedule.programme].linked
        with database.read() as work:
            state: dict[str, Any] = {
                what: [tuple(row) for row in work.connection.execute(sa.text(query))]
                for what, query in _STATE.items()
            }
            for name, member_id in linked.items():
                has = lots.summary(work, member_id, work.now)
                state[name] = (has.pending, has.available, has.held, has.debt)
        state["findings"] = [str(each) for each in verify(database, _CHECKS).findings]
        return state


def _left(turns: list[Turn], done: int, lines: list[str]) -> tuple[list[Turn], int]:
    """What is to be done after a worker fell: its turn from the deed that nobody wrote down."""
    number = 0
    for line in lines:
        if line.startswith("done "):
            number, place = map(int, line.split()[1:])
            done = place + 1
    if done == len(turns[number].deeds):
        number, done = number + 1, 0
    fallen = turns[number]
    return [replace(fallen, faults=fallen.faults[1:]), *turns[number + 1 :]], done


def _first(faults: tuple[Fault, ...]) -> Fault | None:
    return faults[0] if faults else None


def _run(errand: Errand) -> int | None:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([schedule_worker.__name__])
    process = context.Process(target=schedule_worker.run, args=(errand,))
    process.start()
    process.join(WORKER_TIMEOUT_S)
    if process.is_alive():
        process.kill()
        pytest.fail("the worker hangs")
    status = process.exitcode
    process.close()
    return status


@pytest.fixture(scope="module")
def worlds(
    postgres_server: pg.PostgresServer, template_database: str
) -> Iterator[dict[str, World]]:
    """A school under each programme, to be copied."""
    made: dict[str, World] = {}
    for programme, text in TEXTS.items():
        name = f"school_{programme}"
        postgres_server.create_database(name, template_database)
        database = connect(postgres_server.url(pg.APPLICATION, name))
        world = World.make(replace(database, clock=SetClock(START)))
        world.activate(text)
        for identity, member in MEMBER_OF.items():
            if member == identity:
                world.link(identity)
            else:
                key = lms(identity)
                reference = execute(world.database, members.references_of, [key])[key]
                link = LinkIdentity(world.linked[member], reference, "test")
                execute(world.database, members.link_identity, link)
        database.engine.dispose()
        made[programme] = world
    yield made
    for programme in made:
        postgres_server.drop_database(f"school_{programme}")


@pytest.fixture
def player(
    postgres_server: pg.PostgresServer, worlds: dict[str, World], tmp_path: Path
) -> Callable[[str | None], Player]:
    plain = {name: replace(world, database=None) for name, world in worlds.items()}
    return lambda plant: Player(postgres_server, tmp_path, plain, plant)


def differences(player: Player, schedule: Schedule) -> dict[str, tuple[Any, Any]]:
    """What is otherwise in the end than if nothing had gone wrong; what is wrong in itself."""
    wanted = player.end_of(schedule, schedule.undisturbed)
    assert (wanted["findings"], wanted["waiting"], wanted["unpaid"]) == ([], [], [])
    found = player.end_of(schedule, schedule.disturbed)
    return {what: (found[what], wanted[what]) for what in wanted if found[what] != wanted[what]}


def today() -> int:
    """The first of today's seeds."""
    return datetime.now(UTC).date().toordinal() * A_DAY % SEEDS  # noqa: TID251 - it shall rotate


FORGETFUL = (10, 2, 3, 11, *range(12, 40))
"""Seeds to try on a worker who marks a piece as done before it is; the first ones catch it."""


def test_a_worker_that_forgets_is_found(player: Callable[[str | None], Player]) -> None:
    one = player("taken before it is done")
    assert any(
        {"awards", "findings"} <= set(differences(one, Schedule(seed))) for seed in FORGETFUL
    )


def test_however_it_goes_the_end_is_the_same(
    player: Callable[[str | None], Player], tell: Tell
) -> None:
    seeds = seeds_of_this_run(SEEDS, A_DAY, today())
    one = player(None)
    failed = {}
    for seed in seeds:
        try:
            differing = differences(one, Schedule(seed))
        except AssertionError as error:
            differing = {"error": (str(error), "")}
        if differing:
            failed[seed] = differing
            tell(f"seed {seed} failed; VKLAD_TEST_SEED={seed} scripts/test {__file__} replays it")
    tell(f"seeds {seeds[0]} to {seeds[-1]}; {one.struck.total()} workers fell, at:")
    for hop, count in sorted(one.struck.items()):
        tell(f"{count:>4} x {hop}")
    assert failed == {}
