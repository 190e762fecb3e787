"""Two members become one person and two again; points, lots and awards follow."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa

from ledger.kernel.transaction import Work, execute
from ledger.kernel.units import Points
from ledger.lots import service as lots
from ledger.lots.model import CaptureHold, HoldPurpose, PlaceHold, ReleaseHold
from ledger.members import service as members
from ledger.members.model import BlockMember, MemberNotActive, MemberStatus, WordCountsNoLonger
from ledger.merges import service
from ledger.merges.model import (
    ApproveMerge,
    BadMergeReason,
    CloseMerge,
    MergeContentDiffers,
    MergeDecided,
    MergeNeedsAnotherPerson,
    MergeOfOfficer,
    MergeState,
    MergeUnderReview,
    MergeWithOneself,
    NotMerged,
    ProposeMerge,
    ProposeSplit,
    UnknownMerge,
)
from ledger.quarantine.tables import review_cases, review_members
from tests.support.admins import blocked
from tests.support.merging import WHY, findings, merge, split
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
DAY = "2026-03-02T09:00:00Z"
NEXT = "2026-03-03T09:00:00Z"


@pytest.fixture
def course(world: World) -> World:
    world.link("1")
    world.link("2")
    world.activate(TEXT)
    return world


def _read(world: World, who: str, section: str, at: str = DAY) -> None:
    world.state(f"read-{who}-{section}", "lms.section.read", f"lms:{who}", at, {"section": section})
    world.score()


def _solve(world: World, who: str, number: int, at: str = DAY) -> None:
    world.state(f"solved-{who}-{number}", "lms.task.solved", f"lms:{who}", at)
    world.score()


def _hold(world: World, member: UUID, amount: int, number: int = 1) -> CaptureHold:
    with world.database.read() as work:
        at = work.now
    until = at + timedelta(hours=1)
    placed = PlaceHold(UUID(int=number), member, Points(amount), HoldPurpose.REDEMPTION, at, until)
    execute(world.database, lots.place_hold, placed)
    return CaptureHold(placed.hold_id, Points(amount), at)


def _spend(world: World, member: UUID, amount: int, number: int = 1) -> None:
    execute(world.database, lots.capture_hold, _hold(world, member, amount, number))


def _buckets(world: World, who: str) -> tuple[int, ...]:
    found = world.summary(who)
    return found.available.amount, found.held.amount, found.debt.amount


def test_the_union_is_projected_as_one(course: World) -> None:
    """Read twice counts once, and two days' caps become one: 5 and 60 over the cap of 50."""
    for who in ("1", "2"):
        _read(course, who, "a")
        _solve(course, who, 1)
    _solve(course, "2", 2, NEXT)
    one, two = course.linked["1"], course.linked["2"]
    assert (course.points("1"), course.points("2")) == (35, 65)
    merge(course, one, two)
    assert course.points("1") == 50 + 30
    assert _buckets(course, "1") == (80, 0, 0)
    with course.database.read() as work:
        gone = members.require_member(work, two)
    assert (gone.status, gone.merged_into) == (MemberStatus.MERGED, one)
    assert findings(course) == ()


def test_a_split_makes_two_of_one_again(course: World) -> None:
    for who in ("1", "2"):
        _read(course, who, "a")
        _solve(course, who, 1)
    merged = merge(course, course.linked["1"], course.linked["2"])
    _solve(course, "2", 2, NEXT)
    split(course, merged.merge_id)
    assert (course.points("1"), course.points("2")) == (35, 65)
    assert (_buckets(course, "1"), _buckets(course, "2")) == ((35, 0, 0), (65, 0, 0))
    assert findings(course) == ()
    with pytest.raises(NotMerged):
        split(course, merged.merge_id)
    merge(course, course.linked["2"], course.linked["1"])
    assert course.points("2") == 80
    assert findings(course) == ()


def test_what_was_spent_together_is_spent_by_whose_lots_it_was(course: World) -> None:
    """Lots go back with what is left in them; what both are worth then is not less than before."""
    _solve(course, "1", 1)
    _solve(course, "2", 1, NEXT)
    merged = merge(course, course.linked["1"], course.linked["2"])
    _spend(course, course.linked["1"], 45)
    assert _buckets(course, "1") == (15, 0, 0)
    split(course, merged.merge_id)
    assert (_buckets(course, "1"), _buckets(course, "2")) == ((0, 0, 0), (15, 0, 0))
    assert findings(course) == ()


def test_debt_goes_over_and_is_paid_by_both(course: World) -> None:
    """Who owes cannot begin again as somebody else, and a split gives back what was not paid."""
    _solve(course, "2", 1)
    _spend(course, course.linked["2"], 30)
    course.state("gone", "activity.retracted", None, NEXT, {"id": "solved-2-1"})
    _read(course, "1", "a")
    course.score()
    assert (_buckets(course, "1"), _buckets(course, "2")) == ((5, 0, 0), (0, 0, 30))
    merged = merge(course, course.linked["1"], course.linked["2"])
    assert _buckets(course, "1") == (0, 0, 25)
    assert findings(course) == ()
    split(course, merged.merge_id)
    assert (_buckets(course, "1"), _buckets(course, "2")) == ((0, 0, 0), (0, 0, 25))
    assert findings(course) == ()


def test_a_split_leaves_each_with_their_own_debt(course: World) -> None:
    for who in ("1", "2"):
        _solve(course, who, 1)
        _spend(course, course.linked[who], 30, int(who))
        course.state(f"gone-{who}", "activity.retracted", None, NEXT, {"id": f"solved-{who}-1"})
    course.score()
    merged = merge(course, course.linked["1"], course.linked["2"])
    assert _buckets(course, "1") == (0, 0, 60)
    split(course, merged.merge_id)
    assert (_buckets(course, "1"), _buckets(course, "2")) == ((0, 0, 30), (0, 0, 30))
    assert findings(course) == ()


def test_open_holds_go_on(course: World) -> None:
    """A hold of the absorbed resolves as ever, and what it gives back is the person's."""
    _solve(course, "2", 1)
    capture = _hold(course, course.linked["2"], 20)
    merge(course, course.linked["1"], course.linked["2"])
    assert _buckets(course, "1") == (10, 20, 0)
    execute(course.database, lots.release_hold, ReleaseHold(capture.hold_id, capture.at))
    assert _buckets(course, "1") == (30, 0, 0)
    assert findings(course) == ()


def test_nobody_spends_for_the_merged(course: World) -> None:
    _solve(course, "2", 1)
    merge(course, course.linked["1"], course.linked["2"])
    with pytest.raises(MemberNotActive):
        _hold(course, course.linked["2"], 10)


def test_a_chain_of_merges_comes_apart_in_any_order(course: World) -> None:
    """3 takes 1, who took 2; then 1's merge is undone first, and only 2 goes."""
    course.link("3")
    for who in ("1", "2", "3"):
        _solve(course, who, 1)
    inner = merge(course, course.linked["1"], course.linked["2"])
    outer = merge(course, course.linked["3"], course.linked["1"])
    assert course.points("3") == 50
    assert findings(course) == ()
    split(course, inner.merge_id)
    assert (course.points("3"), course.points("2")) == (50, 30)
    assert findings(course) == ()
    split(course, outer.merge_id)
    assert [course.points(who) for who in ("1", "2", "3")] == [30, 30, 30]
    assert findings(course) == ()


def test_a_branch_leaves_whole(course: World) -> None:
    course.link("3")
    for who in ("1", "2", "3"):
        _solve(course, who, 1)
    merge(course, course.linked["1"], course.linked["2"])
    outer = merge(course, course.linked["3"], course.linked["1"])
    split(course, outer.merge_id)
    assert (course.points("1"), course.points("3")) == (50, 30)
    with course.database.read() as work:
        assert members.require_member(work, course.linked["2"]).merged_into == course.linked["1"]
    assert findings(course) == ()


def test_a_person_who_was_blocked_parts_into_two_blocked_ones(course: World) -> None:
    merged = merge(course, course.linked["1"], course.linked["2"])
    block = BlockMember(course.linked["1"], course.first_admin)
    execute(course.database, members.block_member, block)
    split(course, merged.merge_id)
    with course.database.read() as work:
        statuses = {members.require_member(work, course.linked[who]).status for who in ("1", "2")}
    assert statuses == {MemberStatus.BLOCKED}


@pytest.mark.parametrize("blocked", ["1", "2"])
def test_nobody_slips_out_of_a_block_by_a_merge(course: World, blocked: str) -> None:
    block = BlockMember(course.linked[blocked], course.first_admin)
    execute(course.database, members.block_member, block)
    with pytest.raises(MemberNotActive):
        merge(course, course.linked["1"], course.linked["2"])


def test_it_takes_two_persons_beside_the_two(course: World) -> None:
    one, two = course.linked["1"], course.linked["2"]
    asked = ProposeMerge(one, two, WHY, course.first_admin)
    proposed = execute(course.database, service.propose_merge, asked)
    content = proposed.content_digest
    own_yes = ApproveMerge(proposed.merge_id, content, course.first_admin)
    with pytest.raises(MergeNeedsAnotherPerson):
        execute(course.database, service.approve, own_yes)
    other = ApproveMerge(proposed.merge_id, bytes(32), course.second_admin)
    with pytest.raises(MergeContentDiffers):
        execute(course.database, service.approve, other)
    own = ProposeMerge(course.first_admin, two, WHY, course.first_admin)
    with pytest.raises(MergeNeedsAnotherPerson):
        execute(course.database, service.propose_merge, own)
    approved = ApproveMerge(proposed.merge_id, content, course.second_admin)
    with blocked(course.database, course.first_admin), pytest.raises(WordCountsNoLonger):
        execute(course.database, service.approve, approved)
    execute(course.database, service.approve, approved)
    with pytest.raises(MergeDecided):
        execute(course.database, service.approve, approved)


def test_an_admin_who_is_merged_into_does_not_approve_it(course: World) -> None:
    asked = ProposeMerge(course.second_admin, course.linked["2"], WHY, course.first_admin)
    proposed = execute(course.database, service.propose_merge, asked)
    yes = ApproveMerge(proposed.merge_id, proposed.content_digest, course.second_admin)
    with pytest.raises(MergeNeedsAnotherPerson):
        execute(course.database, service.approve, yes)


def test_what_cannot_be_merged(course: World) -> None:
    one, two = course.linked["1"], course.linked["2"]
    with pytest.raises(MergeWithOneself):
        merge(course, one, one)
    with pytest.raises(MergeOfOfficer):
        merge(course, one, course.second_admin)
    asked = ProposeMerge(one, two, " ", course.first_admin)
    with pytest.raises(BadMergeReason):
        execute(course.database, service.propose_merge, asked)
    with pytest.raises(UnknownMerge):
        execute(course.database, service.approve, ApproveMerge(one, bytes(32), one))
    merge(course, one, two)
    with pytest.raises(MemberNotActive):
        merge(course, one, two)


@pytest.mark.parametrize(
    ("whose", "state"), [("proposer", MergeState.WITHDRAWN), ("other", MergeState.REJECTED)]
)
def test_saying_no(course: World, whose: str, state: MergeState) -> None:
    asked = ProposeMerge(course.linked["1"], course.linked["2"], WHY, course.first_admin)
    proposed = execute(course.database, service.propose_merge, asked)
    by = course.first_admin if whose == "proposer" else course.second_admin
    closed = execute(course.database, service.close, CloseMerge(proposed.merge_id, by))
    assert closed.state is state
    undo = ProposeSplit(proposed.merge_id, WHY, course.first_admin)
    with pytest.raises(NotMerged):
        execute(course.database, service.propose_split, undo)


def test_facts_under_review_come_first(course: World) -> None:
    """A merge would mix what is looked at with what is not."""

    def suspect(work: Work, case_id: UUID) -> None:
        opened = {"state": "open", "opened_at": work.now, "kind": "ring", "parameters": {}}
        work.connection.execute(review_cases.insert().values(case_id=case_id, **opened))
        named = {"case_id": case_id, "member_id": course.linked["2"]}
        work.connection.execute(review_members.insert().values(named))

    execute(course.database, suspect, UUID(int=1))
    with pytest.raises(MergeUnderReview):
        merge(course, course.linked["1"], course.linked["2"])


@pytest.mark.parametrize("whose", ["1", "2"], ids=["survivor", "absorbed"])
def test_who_is_under_review_is_not_parted(course: World, whose: str) -> None:
    """A case is about facts of one person: who that is does not change while it is live."""

    def suspect(work: Work, case_id: UUID) -> None:
        opened = {"state": "open", "opened_at": work.now, "kind": "ring", "parameters": {}}
        work.connection.execute(review_cases.insert().values(case_id=case_id, **opened))
        named = {"case_id": case_id, "member_id": course.linked[whose]}
        work.connection.execute(review_members.insert().values(named))

    def release(work: Work, by: UUID) -> None:
        released = {"state": "released", "decided_at": work.now, "decided_by": by}
        work.connection.execute(review_cases.update().values(released))

    merged = merge(course, course.linked["1"], course.linked["2"])
    asked = ProposeSplit(merged.merge_id, WHY, course.first_admin)
    before = execute(course.database, service.propose_split, asked)
    execute(course.database, suspect, UUID(int=1))
    # Neither is it proposed, nor is what was proposed before approved.
    with pytest.raises(MergeUnderReview):
        execute(course.database, service.propose_split, asked)
    yes = ApproveMerge(before.merge_id, before.content_digest, course.second_admin)
    with pytest.raises(MergeUnderReview):
        execute(course.database, service.approve, yes)
    execute(course.database, release, course.first_admin)
    assert execute(course.database, service.approve, yes).state is MergeState.APPROVED


WEEKS = """
programme: school
version: "1"
zone: UTC
period: week
rules: [{id: read, on: lms.section.read, to: actor, points: 5}]
caps: [{id: all, of: programme, per: week, points: 20}]
"""
LIKES = """
programme: forum
version: "1"
zone: UTC
rules:
  - {id: liked, on: club.like.given, to: data.owner, points: 10}
"""


def test_weeks_of_both_become_one_week(world: World) -> None:
    """Each had an award for the same week; one stands for both, worth what both did together."""
    world.link("1")
    world.link("2")
    world.activate(WEEKS)
    for number in range(2):
        _read(world, "1", f"a{number}", f"2026-03-0{2 + number}T09:00:00Z")
    for number in range(3):
        _read(world, "2", f"b{number}", f"2026-03-0{2 + number}T10:00:00Z")
    world.close_periods()
    world.score()
    assert (world.points("1"), world.points("2")) == (10, 15)
    merged = merge(world, world.linked["1"], world.linked["2"])
    assert world.points("1") == 20
    assert [award.points for award in world.awards("1")] == [20]
    assert _buckets(world, "1") == (20, 0, 0)
    assert findings(world) == ()
    split(world, merged.merge_id)
    assert (world.points("1"), world.points("2")) == (10, 15)
    assert (_buckets(world, "1"), _buckets(world, "2")) == ((10, 0, 0), (15, 0, 0))
    assert findings(world) == ()


def test_who_meets_them_is_projected_again(world: World) -> None:
    """A like of one's other account's post is an own act, which earns nothing."""
    for who in ("1", "2", "3"):
        world.link(who)
    world.activate(LIKES)
    for who in ("1", "3"):
        told = {"post": "p", "owner": "lms:2"}
        world.state(f"like-{who}", "club.like.given", f"lms:{who}", DAY, told)
    world.score()
    assert [world.points(who) for who in ("1", "2", "3")] == [0, 20, 0]
    merged = merge(world, world.linked["1"], world.linked["2"])
    assert world.score() == 1
    assert world.points("1") == 10
    assert findings(world) == ()
    split(world, merged.merge_id)
    world.score()
    assert [world.points(who) for who in ("1", "2", "3")] == [0, 20, 0]
    assert findings(world) == ()


def test_what_an_insider_changes_is_found(course: World) -> None:
    """Who stands for whom is what two persons decided, and nothing of the merged is left alone."""
    _solve(course, "1", 1)
    _solve(course, "2", 1)
    merge(course, course.linked["1"], course.linked["2"])
    assert findings(course) == ()
    change = sa.text("UPDATE members SET merged_into = :who WHERE member_id = :member")
    values = {"who": course.first_admin, "member": course.linked["2"]}
    with course.database.engine.begin() as connection:
        connection.execute(change, values)
    found = findings(course)
    assert "merges" in {each.check for each in found}
    assert "by the decisions that stand" in " ".join(str(each) for each in found)
