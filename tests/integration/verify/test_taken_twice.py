"""What was taken back of points, against what gave them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from ledger.journal.model import EntryKind
from ledger.kernel.transaction import Database, execute
from ledger.kernel.units import Points
from ledger.lots import service as lots
from ledger.lots.model import CaptureHold, Cause, ClawBack, GrantLot, HoldPurpose, PlaceHold
from ledger.verify.service import verify
from ledger.verify.taken_twice import TAKEN_CHECKS
from tests.support.decays import let_decay
from tests.support.life import SetClock, at_time
from tests.world import World

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
GIFT = Cause("gift", "1")


@pytest.fixture
def world(database: Database) -> World:
    world = at_time(World.make(database), START.isoformat())
    world.link("anna")
    _grant(world, 100, GIFT)
    _grant(world, 500, Cause("gift", "2"))
    return world


def _grant(world: World, amount: int, cause: Cause) -> None:
    command = GrantLot(
        member_id=world.linked["anna"],
        amount=Points(amount),
        kind=EntryKind.GRANT,
        key=(cause.cause_id,),
        effective_at=START,
        activates_at=START,
        expires_at=START + timedelta(days=90 + amount),
        cause=cause,
    )
    execute(world.database, lots.grant_lot, command)


def _claw(world: World, amount: int, key: str, gone: int = 0) -> None:
    now = world.database.clock.now()
    points = Points(amount)
    command = ClawBack(world.linked["anna"], points, GIFT, (key,), START, now, gone=Points(gone))
    execute(world.database, lots.claw_back, command)


def _decay(world: World, points: int) -> None:
    clock = world.database.clock
    assert isinstance(clock, SetClock)
    clock.at += timedelta(days=1)
    let_decay(world.database, world.linked["anna"], points)


def _problems(world: World) -> list[tuple[str, str]]:
    return [(each.row, each.problem) for each in verify(world.database, TAKEN_CHECKS).findings]


def test_what_decayed_and_is_taken_too_is_found(world: World) -> None:
    _decay(world, 20)
    _claw(world, 100, "a")
    told = "gave 100 points; 100 were taken back though 20 were gone before"
    assert _problems(world) == [("of gift 1", told)]


def test_what_decayed_and_is_not_taken_is_well(world: World) -> None:
    _decay(world, 20)
    _claw(world, 100, "a", gone=20)
    assert _problems(world) == []


def test_more_than_was_given_is_found(world: World) -> None:
    _claw(world, 60, "a")
    assert _problems(world) == []
    _claw(world, 41, "b")
    assert _problems(world) == [("of gift 1", "gave 100 points; 101 were taken back")]


@pytest.mark.parametrize("spent", [1, 100])
def test_what_was_spent_is_taken_elsewhere(world: World, spent: int) -> None:
    anna, now = world.linked["anna"], world.database.clock.now()
    until = now + timedelta(days=1)
    hold = PlaceHold(UUID(int=1), anna, Points(spent), HoldPurpose.REDEMPTION, now, until)
    execute(world.database, lots.place_hold, hold)
    capture = CaptureHold(hold.hold_id, hold.amount, now)
    execute(world.database, lots.capture_hold, capture)
    _claw(world, 100, "a")
    assert _problems(world) == []


def test_what_decays_of_points_that_came_later_is_no_fault(world: World) -> None:
    _claw(world, 100, "a")
    _decay(world, 50)
    assert _problems(world) == []
