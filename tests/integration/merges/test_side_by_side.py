"""Merges and splits while others post, hold and capture for the same two: nothing is lost."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import UUID

import pytest

from ledger.kernel.transaction import execute
from ledger.kernel.units import Points
from ledger.lots import service as lots
from ledger.lots.errors import InsufficientPoints
from ledger.lots.model import CaptureHold, HoldPurpose, PlaceHold, ReleaseHold
from ledger.members.model import MemberNotActive
from ledger.scoring import service as scoring
from tests.support.merging import findings, merge, split
from tests.world import World

TEXT = """
programme: course
version: "1"
zone: UTC
rules:
  - {id: read, on: lms.section.read, to: actor, points: 5, once_per: data.section}
  - {id: solve, on: lms.task.solved, to: actor, points: 30}
cap: {per: day, points: 50}
"""
ACTS_OF_EACH = 25
MERGES = 5


def _act(world: World, seed: int) -> None:
    """Facts and scoring, as doors and workers do."""
    chance = random.Random(seed)  # noqa: S311 - repeatable, not secret
    for number in range(ACTS_OF_EACH):
        who, day = chance.choice("12"), chance.randint(1, 28)
        kind = chance.choice(("lms.section.read", "lms.task.solved"))
        when = f"2026-03-{day:02d}T09:00:00Z"
        told = {"section": f"s{chance.randint(1, 9)}"}
        world.state(f"{seed}-{number}", kind, f"lms:{who}", when, told)
        execute(world.database, scoring.score_waiting, world.linked[who])


def _spend(world: World, seed: int) -> int:
    """Holds, captured in part or given back; how many there were."""
    chance = random.Random(seed)  # noqa: S311 - repeatable, not secret
    done = 0
    for number in range(ACTS_OF_EACH):
        with world.database.read() as work:
            at = work.now
        hold_id, points = UUID(int=seed * 1_000 + number), Points(chance.randint(1, 20))
        placed = PlaceHold(
            *(hold_id, world.linked[chance.choice("12")], points, HoldPurpose.REDEMPTION),
            *(at, at + timedelta(hours=1)),
        )
        try:
            execute(world.database, lots.place_hold, placed)
        except (InsufficientPoints, MemberNotActive):
            continue
        done += 1
        if chance.random() < 0.5:
            execute(world.database, lots.release_hold, ReleaseHold(hold_id, at))
        else:
            half = Points(max(1, points.amount // 2))
            execute(world.database, lots.capture_hold, CaptureHold(hold_id, half, at))
    return done


def _merge_and_split(world: World, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - repeatable, not secret
    for _ in range(MERGES):
        pair = ["1", "2"]
        chance.shuffle(pair)
        done = merge(world, *(world.linked[each] for each in pair))
        split(world, done.merge_id)


@pytest.mark.parametrize("seed", [1, 2])
def test_nothing_is_lost_between_two_and_one(world: World, seed: int) -> None:
    world.activate(TEXT)
    for who in ("1", "2"):
        world.link(who)
        world.state(f"first-{who}", "lms.task.solved", f"lms:{who}", "2026-03-01T09:00:00Z")
    world.score()
    with ThreadPoolExecutor(5) as workers:
        merging = workers.submit(_merge_and_split, world, seed)
        acting = [workers.submit(_act, world, 10 * seed + n) for n in (1, 2)]
        spending = [workers.submit(_spend, world, 10 * seed + n) for n in (3, 4)]
        merging.result()
        for each in acting:
            each.result()
        assert sum(each.result() for each in spending) > 0
    world.score()
    assert findings(world) == ()
    earned = world.points("1") + world.points("2")
    merge(world, world.linked["1"], world.linked["2"])
    assert world.points("1") <= earned
    assert findings(world) == ()
