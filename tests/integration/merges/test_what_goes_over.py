"""What goes over with a merge: waiting conditions, claims behind tokens, allowances used up."""

from __future__ import annotations

import json
from pathlib import Path
from uuid import UUID

from api.erasing import LIST_NAME, forget_again
from api.supervisor.state import StateFolder
from ledger.kernel.ids import format_id
from ledger.kernel.transaction import execute
from ledger.kernel.units import Points
from ledger.lots import service as lots
from ledger.lots.model import CreditRedeemed, MoveToEscrow
from ledger.members import service as members
from ledger.settlement.funding import emit_and_fund
from ledger.settlement.vesting import settle_matured
from tests.support.life import at_time
from tests.support.merging import findings, merge, split
from tests.world import World

COURSE = """
programme: course
version: "1"
zone: UTC
rules:
  - {id: solve, on: lms.task.solved, to: actor, points: 30}
  - id: mentor
    on: mentoring.session.held
    to: actor
    points: 40
    vesting: {days: 3, condition: {active: {within_days: 2}}}
"""
DAY = "2026-03-02T09:00:00Z"


def _course(world: World) -> World:
    for who in ("1", "2"):
        world.link(who)
    world.activate(COURSE)
    return world


def test_a_condition_is_looked_at_in_the_whole_person(world: World) -> None:
    """The absorbed waits for an act of theirs; the survivor's is one."""
    now = _course(at_time(world, "2026-03-03T09:00:00+00:00"))
    now.state("m", "mentoring.session.held", "lms:2", DAY, {"object": "s"})
    now.score()
    assert (now.summary("2").pending.amount, now.summary("2").available.amount) == (40, 0)
    merge(now, now.linked["1"], now.linked["2"])
    assert now.summary("1").pending.amount == 40
    now.state("s", "lms.task.solved", "lms:1", "2026-03-04T09:00:00Z")
    later = at_time(now, "2026-03-06T09:00:00+00:00")
    later.score()
    assert settle_matured(later.database) == 1
    found = later.summary("1")
    assert (found.pending.amount, found.available.amount) == (0, 70)
    assert findings(later) == ()


def test_what_comes_back_of_tokens_goes_to_the_lot_it_left(world: World) -> None:
    """A claim of the absorbed is the person's, before a split and after it."""
    _course(world)
    world.state("s", "lms.task.solved", "lms:2", DAY)
    world.score()
    with world.database.read() as work:
        at = work.now
    one, two, claim = world.linked["1"], world.linked["2"], UUID(int=7)
    execute(world.database, lots.move_to_escrow, MoveToEscrow(claim, two, Points(20), at))
    merged = merge(world, one, two)
    burnt = CreditRedeemed(
        member_id=two,
        key=("chain", "bridge", "1"),
        key_at=at,
        amount=Points(15),
        at=at,
        minted_claims=frozenset({claim}),
        others_expire_at=None,
    )
    credited = execute(world.database, lots.credit_redeemed, burnt)
    assert [part.hold_id for part in credited.lots] == [claim]
    assert world.summary("1").available.amount == 25
    split(world, merged.merge_id)
    assert (world.summary("1").available.amount, world.summary("2").available.amount) == (0, 25)
    assert [each for each in findings(world) if each.check != "bridge claims"] == []


POOL = """
programme: club
version: "1"
zone: UTC
period: week
rules: [{id: read, on: lms.section.read, to: actor, points: 30}]
emission: {start: "2026-03-01", yearly: 3650, pools: {rewards: 100}}
"""


def test_an_overtaken_award_leaves_nothing_waiting_at_the_pool(world: World) -> None:
    """What the pool has not paid of both weeks waits once, as the one week that they are."""
    for who in ("1", "2"):
        world.link(who)
        for day in (2, 3, 4):
            when = f"2026-03-0{day}T09:00:00Z"
            world.state(f"{who}-{day}", "lms.section.read", f"lms:{who}", when, {"section": "a"})
    world.activate(POOL)
    now = at_time(world, "2026-03-09T01:00:00+00:00")
    now.close_periods()
    now.score()
    merged = merge(now, now.linked["1"], now.linked["2"])
    assert now.points("1") == 180
    assert findings(now) == ()
    later = at_time(world, "2026-04-30T01:00:00+00:00")
    emit_and_fund(later.database)
    assert later.summary("1").available.amount == 180
    assert findings(later) == ()
    split(later, merged.merge_id)
    emit_and_fund(later.database)
    assert [later.points(who) for who in ("1", "2")] == [90, 90]
    assert [later.summary(who).available.amount for who in ("1", "2")] == [90, 90]
    assert findings(later) == ()


def test_a_restored_backup_forgets_only_whom_the_list_names(world: World, tmp_path: Path) -> None:
    """The backup takes two for one person of whom, parted since, one was erased."""
    course = _course(world)
    one, two = course.linked["1"], course.linked["2"]
    merge(course, one, two)
    state = StateFolder(tmp_path)
    line = {"member": format_id("mem", two), "identities": [], "erased_at": "2026-03-06T08:00:00Z"}
    (tmp_path / LIST_NAME).write_text(json.dumps(line))
    assert "1 members" in (forget_again(course.database, state) or "")
    with course.database.read() as work:
        assert members.require_member(work, two).status == "erased"
        assert members.require_member(work, one).status == "active"
