"""Scoring by several workers while facts arrive, and by workers that die on the way."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Event as Flag
from uuid import UUID

import pytest
import sqlalchemy as sa

from api.cli.ledger import CHECKS
from ledger.kernel import outbox
from ledger.kernel.transaction import Database, DatabaseUnavailable, Work, execute
from ledger.members.model import SCORE_TOPIC
from ledger.programme import service as programmes
from ledger.scoring import service, store
from ledger.verify.service import verify
from tests.scoring_cases import DAILY, WEEKLY, event, retraction, score
from tests.scoring_cases import Event as Stated
from tests.world import SOURCE_URI, World

MEMBERS = [f"m{number}" for number in range(10)]
WORKERS = 4
PATIENCE_S = 120


def _likes(writer: int) -> Iterator[list[Stated]]:
    """Batches that touch several members each, in differing orders, and then some taken back."""
    likes: list[Stated] = []
    for number, (one, other) in enumerate(itertools.permutations(MEMBERS, 2)):
        if number % 2 == writer:
            time = f"2025-03-{3 + number % 25:02}T09:00:00Z"
            data = {"owner": f"lms:{other}"}
            fact_id = f"{writer}/{number}"
            likes.append(
                event("club.like.given", f"lms:{one}", time, data, id=fact_id, source=SOURCE_URI)
            )
    taken_back = [
        retraction(like, id=f"r/{like['id']}", time="2025-04-01T00:00:00Z") for like in likes[::4]
    ]
    both = [*likes, *taken_back]
    for start in range(0, len(both), 3):
        yield both[start : start + 3][:: 1 if writer else -1]


def _state(world: World, events: list[Stated]) -> None:
    world.state_all([(e["id"], e["type"], e["subject"], e["time"], e["data"]) for e in events])


def _work(database: Database, stop: Flag, errors: list[Exception]) -> int:
    """A worker's life: look, score what waits, look again; once more after the last fact."""

    def handle(key: str) -> None:
        execute(database, service.score_waiting, UUID(key))

    handled = 0
    while True:
        is_last = stop.is_set()
        handled += outbox.drain(
            database, SCORE_TOPIC, handle, on_failure=lambda _, error: errors.append(error)
        )
        if is_last:
            return handled


def _deadlocks(database: Database) -> int:
    with database.read() as work:
        query = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
        return int(work.connection.execute(sa.text(query)).scalar_one())


def test_workers_side_by_side_score_everything_while_facts_arrive(world: World) -> None:
    world.activate(WEEKLY)
    world.close_periods()
    for name in MEMBERS[:5]:
        world.link(name)
    batches = [list(_likes(0)), list(_likes(1))]
    stop, errors = Flag(), list[Exception]()

    def write(own: list[list[Stated]]) -> None:
        for batch in own:
            _state(world, batch)

    def link() -> None:
        for name in MEMBERS[5:]:
            world.link(name)

    with ThreadPoolExecutor(WORKERS + 3) as pool:
        workers = [pool.submit(_work, world.database, stop, errors) for _ in range(WORKERS)]
        writers = [pool.submit(write, own) for own in batches]
        linking = pool.submit(link)
        try:
            for each in (*writers, linking):
                each.result(PATIENCE_S)
        finally:
            stop.set()
        handled = sum(worker.result(PATIENCE_S) for worker in workers)
    assert errors == []
    assert handled > 0
    assert _deadlocks(world.database) == 0
    with world.database.read() as work:
        assert set(store.members_waiting(work, SCORE_TOPIC)) == set()
    judged = score(
        "naive",
        WEEKLY,
        [each for own in batches for batch in own for each in batch],
        resolve={f"lms:{name}": name for name in MEMBERS},
    )
    found = {
        (name, award.key.rule_id, award.key.period): (award.points, award.excess)
        for name in MEMBERS
        for award in world.awards(name)
        if award.points
    }
    assert found == {key: worth for key, worth in judged.items() if any(worth)}
    assert verify(world.database, CHECKS).findings == ()


@pytest.fixture
def waiting(world: World) -> World:
    """Anna has a fact that waits to be scored."""
    world.activate(DAILY)
    world.link("anna")
    world.score()
    world.state("e1", "template.commit.merged", "lms:anna", "2026-03-02T09:00:00Z")
    return world


def _assert_nothing_is_lost(world: World) -> None:
    """The work waits still, nothing of it is written, and another worker does it once."""
    member = world.linked["anna"]
    with world.database.read() as work:
        assert set(store.members_waiting(work, SCORE_TOPIC)) == {member}
    assert world.awards("anna") == []
    assert world.available("anna").amount == 0
    world.score()
    assert world.points("anna") == world.available("anna").amount == 12
    assert verify(world.database, CHECKS).findings == ()


class _DiedError(Exception):
    """A worker's end."""


def test_a_worker_that_dies_before_the_commit_loses_nothing(waiting: World) -> None:
    def die(work: Work, member_id: UUID) -> None:
        scored = service.score_waiting(work, member_id)
        assert scored is not None
        assert scored.difference.amount == 12
        raise _DiedError

    with pytest.raises(_DiedError):
        execute(waiting.database, die, waiting.linked["anna"])
    _assert_nothing_is_lost(waiting)


def test_a_connection_lost_before_the_commit_loses_nothing(waiting: World) -> None:
    def lose(work: Work, member_id: UUID) -> None:
        service.score_waiting(work, member_id)
        work.connection.execute(sa.text("SELECT pg_terminate_backend(pg_backend_pid())"))

    with pytest.raises(DatabaseUnavailable):
        execute(waiting.database, lose, waiting.linked["anna"])
    _assert_nothing_is_lost(waiting)


def _fail(*_: object) -> None:
    raise _DiedError


@pytest.mark.parametrize("place", ["insert_awards", "insert_revisions"])
def test_a_worker_that_dies_between_two_statements_loses_nothing(
    waiting: World, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(store, place, _fail)
        with pytest.raises(_DiedError):
            execute(waiting.database, service.score_waiting, waiting.linked["anna"])
    _assert_nothing_is_lost(waiting)


def test_the_same_work_told_twice_is_done_once(waiting: World) -> None:
    member = waiting.linked["anna"]
    first = execute(waiting.database, service.score_waiting, member)
    assert first is not None
    assert execute(waiting.database, service.score_waiting, member) is None
    assert [award.revision for award in waiting.awards("anna")] == [1]
    assert waiting.points("anna") == 12


def test_an_activation_whose_handler_dies_is_handled_again(world: World) -> None:
    world.activate(DAILY)
    with world.database.read() as work:
        (activation,) = programmes.activations(work)

    def die(work: Work, activation_id: UUID) -> None:
        assert service.score_everybody(work, activation_id)
        raise _DiedError

    with pytest.raises(_DiedError):
        execute(world.database, die, activation.activation_id)
    assert execute(world.database, service.score_everybody, activation.activation_id)
