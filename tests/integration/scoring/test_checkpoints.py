"""Checkpoints in the database: gone on from where nothing before them changed, else not."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import sqlalchemy as sa

from ledger.events.model import ExactJson
from ledger.kernel.transaction import execute
from ledger.members import service as members
from ledger.members.model import LinkIdentity
from ledger.scoring import service
from ledger.scoring.checkpoints import service as checkpoints
from ledger.scoring.checkpoints import store
from ledger.scoring.checkpoints.model import Checkpoint
from ledger.scoring.checkpoints.service import Resumed
from ledger.scoring.tables import scoring_checkpoints
from ledger.scoring.verify import check_projection
from tests.scoring_cases import DAILY
from tests.support.merging import merge
from tests.unit.scoring.test_reductions import TEXT as REDUCING
from tests.world import World, lms

TYPES = ("commit.created", "day.opened", "content.published")


@pytest.fixture
def anna(world: World) -> World:
    """Anna has ten days of acts behind her, scored one by one."""
    world.activate(DAILY)
    world.link("anna")
    for day in range(1, 11):
        for place, kind in enumerate(TYPES):
            act(world, f"{day}-{place}", kind, f"2025-03-{day:02}T10:0{place}:00Z")
    return world


@pytest.fixture
def starts(monkeypatch: pytest.MonkeyPatch) -> list[Resumed | None]:
    """What each scoring went on from."""
    found: list[Resumed | None] = []
    resume = checkpoints.resumed

    def resumed(*given: object) -> Resumed | None:
        found.append(resume(*given))  # type: ignore[arg-type]  # handed on as given
        return found[-1]

    monkeypatch.setattr(checkpoints, "resumed", resumed)
    return found


def act(
    world: World, event_id: str, kind: str, time: str, *, who: str = "anna", **facts: str
) -> None:
    world.state(event_id, kind, f"lms:{who}", time, facts)
    world.score()


def another_version(world: World) -> None:
    world.activate(DAILY.replace("4.6", "9.2"), "2025-03-05T00:00:00Z")
    act(world, "under it", "content.published", "2025-03-11T09:00:00Z")


def another_account(world: World) -> None:
    """What Anna did under another name comes to her by a link."""
    world.state("at home", "content.published", "lms:home", "2025-03-04T09:00:00Z", {})
    key = lms("home")
    reference = execute(world.database, members.references_of, [key])[key]
    link = LinkIdentity(world.linked["anna"], reference, "test")
    execute(world.database, members.link_identity, link)
    world.score()


def another_person(world: World) -> None:
    """What somebody did comes to Anna by a merge."""
    world.link("home")
    act(world, "at home", "content.published", "2025-03-04T09:00:00Z", who="home")
    merge(world, world.linked["anna"], world.linked["home"])


def told_with_something_new(world: World) -> None:
    """Of two who ask for scoring one does not say what changed."""
    world.state("back", "activity.retracted", None, "2025-03-11T09:00:00Z", {"id": "4-0"})
    act(world, "new", "commit.created", "2025-03-11T09:30:00Z")


def checkpoint(world: World) -> Checkpoint | None:
    with world.database.read() as work:
        return store.read(work, world.linked["anna"])


def used(starts: list[Resumed | None]) -> int:
    """How many of these went on from a checkpoint."""
    return sum(start is not None for start in starts)


def require_right(world: World) -> None:
    with world.database.read() as work:
        assert list(check_projection(work)) == []


def test_the_next_act_goes_on_from_the_checkpoint(
    anna: World, starts: list[Resumed | None]
) -> None:
    before = checkpoint(anna)
    assert before is not None
    act(anna, "next", "commit.created", "2025-03-11T10:00:00Z")
    (start,) = starts
    assert start is not None
    assert start.checkpoint == before
    assert len(start.after) < 5, "thirty were before"
    require_right(anna)


@pytest.mark.parametrize(
    "doubt",
    [
        lambda world: act(world, "late", "content.published", "2025-03-04T09:00:00Z"),
        lambda world: act(world, "back", "activity.retracted", "2025-03-11T09:00:00Z", id="4-0"),
        lambda world: act(
            world, "up", "member.qualification.changed", "2025-03-02T00:00:00Z", level="3"
        ),
        another_version,
        another_account,
        another_person,
        told_with_something_new,
    ],
    ids=["late", "retracted", "attribute", "activated", "linked", "merged", "told together"],
)
def test_what_reaches_behind_it_is_folded_from_nothing(
    anna: World, starts: list[Resumed | None], doubt: Callable[[World], None]
) -> None:
    doubt(anna)
    assert starts
    assert set(starts) == {None}
    require_right(anna)
    act(anna, "next", "commit.created", "2025-03-11T10:00:00Z")
    assert starts[-1] is not None, "the fold from nothing left another checkpoint"
    require_right(anna)


def test_a_fact_of_the_very_time_of_the_checkpoint_may_come_before_it(
    anna: World, starts: list[Resumed | None]
) -> None:
    before = checkpoint(anna)
    assert before is not None
    time = before.position.time.isoformat()
    act(anna, "!", "content.published", time)
    assert before.position.id > "!"
    assert starts == [None]
    require_right(anna)


def paid(world: World, order: int, day: int) -> None:
    facts: dict[str, ExactJson] = {"order": str(order), "amount_minor": 1000}
    time = f"2025-03-{day:02}T09:00:00Z"
    world.state(f"paid {order} {day}", "shop.order.paid", "lms:anna", time, facts)
    world.score()


def test_a_refund_reaches_behind_it(world: World, starts: list[Resumed | None]) -> None:
    world.activate(REDUCING)
    world.link("anna")
    for order in range(5):
        paid(world, order, order + 1)
    resumed = used(starts)
    assert resumed > 0
    back: dict[str, ExactJson] = {"order": "0", "amount_minor": 1000, "refund": "r"}
    world.state("r0", "shop.order.refunded", "lms:anna", "2025-03-09T09:00:00Z", back)
    world.score()
    assert used(starts) == resumed
    assert world.points("anna") == 400
    require_right(world)
    for order in range(5, 9):
        paid(world, order, order + 5)
    assert checkpoint(world) is not None
    resumed = used(starts)
    paid(world, 0, 20)
    assert used(starts) == resumed, "what is left of the refund is said before it"
    require_right(world)


def test_a_dropped_checkpoint_is_missed_by_nobody(
    anna: World, starts: list[Resumed | None]
) -> None:
    with anna.database.engine.begin() as connection:
        connection.execute(scoring_checkpoints.delete())
    act(anna, "next", "commit.created", "2025-03-11T10:00:00Z")
    assert starts == [None]
    require_right(anna)


def test_asked_without_a_word_of_what_is_new_it_is_not_used(
    anna: World, starts: list[Resumed | None]
) -> None:
    before = checkpoint(anna)
    scored = execute(anna.database, service.score_member, anna.linked["anna"])
    assert scored.revised == 0
    assert starts == [None]
    assert checkpoint(anna) == before, "the same place, the same state"


def test_a_fact_of_a_lower_id_than_any_after_it_is_found(anna: World) -> None:
    with anna.database.engine.begin() as connection:
        highest = sa.cast(sa.literal("ffffffff-ffff-ffff-ffff-ffffffffffff"), sa.Uuid)
        connection.execute(scoring_checkpoints.update().values(first_after=highest))
    act(anna, "next", "commit.created", "2025-03-11T10:00:00Z")
    after = checkpoint(anna)
    assert after is not None
    assert after.first_after.int < 2**127, "or moved down to the new fact's"
