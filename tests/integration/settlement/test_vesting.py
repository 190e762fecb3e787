"""Points that wait: what becomes of them when they mature, and before."""

from __future__ import annotations

from dataclasses import replace

from ledger.settlement.vesting import count_waiting, settle_matured
from tests.support.life import at_time, balance, damaged, findings, parts
from tests.support.syncs import another_source, declare
from tests.world import World

CLUB = """\
programme: club
version: "1"
zone: Europe/Moscow
vesting:
  review: {days: 30}
rules:
  - {id: review, on: peer.review.completed, to: actor, points: 10, vesting: review}
  - {id: later, on: book.written, to: actor, points: 40, vesting: {days: 36000}}
  - id: guest
    on: project.completed
    to: actor
    points: 100
    vesting: {days: 90, condition: {active: {who: data.owner, within_days: 30}}}
  - id: mentor
    on: mentoring.session.held
    to: actor
    points: 50
    vesting:
      days: 30
      condition: {happened: {type: lms.course.completed, who: data.owner, within_days: 20}}
  - {id: small, on: small.done, to: actor, points: 7}
"""


def a_guest(world: World, act: str | None) -> None:
    """Anna's guest paid on 1 March 2025, so that matures on 30 May; the guest's last act."""
    world.activate(CLUB)
    world.link("anna")
    world.link("gil")
    world.state(
        "g", "project.completed", "lms:anna", "2025-03-01T09:00:00+03:00", {"owner": "lms:gil"}
    )
    if act is not None:
        world.state("act", "small.done", "lms:gil", act)
    world.score()


def waiting(world: World) -> int:
    with world.database.read() as work:
        return count_waiting(work)


def test_points_are_pending_for_as_long_as_the_rule_says(world: World) -> None:
    world.activate(CLUB)
    world.link("anna")
    world.state("1", "peer.review.completed", "lms:anna", "2025-03-01T09:00:00+03:00")
    world.state("2", "book.written", "lms:anna", "2025-03-01T09:00:00+03:00")
    world.score()
    assert parts(world, "anna") == (40, 10)
    assert findings(world.database) == []


def test_a_condition_that_holds_lets_them_go(world: World) -> None:
    a_guest(world, "2025-04-30T09:00:00+03:00")
    assert parts(world, "anna") == (100, 0)
    assert findings(world.database) == []
    assert settle_matured(world.database) == 1
    assert parts(world, "anna") == (0, 100)
    assert settle_matured(world.database) == 0
    assert findings(world.database) == []


def test_an_act_a_moment_too_early_or_at_maturity_does_not_count(world: World) -> None:
    a_guest(world, "2025-04-30T08:59:59+03:00")
    world.state("late", "small.done", "lms:gil", "2025-05-30T09:00:00+03:00")
    world.score()
    settle_matured(world.database)
    assert parts(world, "anna") == (0, 0)
    assert balance(world.database, "revoked") == 100
    assert findings(world.database) == []


def test_what_was_found_is_never_looked_at_again(world: World) -> None:
    a_guest(world, None)
    settle_matured(world.database)
    world.state("act", "small.done", "lms:gil", "2025-05-01T09:00:00+03:00")
    world.score()
    settle_matured(world.database)
    assert parts(world, "anna") == (0, 0)
    assert world.points("anna") == 100
    assert findings(world.database) == []


def test_a_condition_waits_until_sources_have_told_everything_before_maturity(
    world: World,
) -> None:
    a_guest(world, None)
    declare(world, "2025-03-05T00:00:00+00:00")
    later = at_time(world, "2025-06-01T00:00:00+00:00")
    declare(later, "2025-05-29T00:00:00+00:00")
    declare(later, "2025-05-31T00:00:00+00:00", "failed")
    assert settle_matured(later.database) == 0
    assert (parts(later, "anna"), waiting(later)) == ((100, 0), 1)
    world.state("act", "small.done", "lms:gil", "2025-05-29T09:00:00+03:00")
    declare(later, "2025-05-30T05:59:59+00:00")
    assert (settle_matured(later.database), waiting(later)) == (0, 1)
    declare(later, "2025-05-30T06:00:00+00:00")
    assert waiting(later) == 0
    assert settle_matured(later.database) == 1
    assert parts(later, "anna") == (0, 100)
    assert findings(world.database) == []


def test_a_source_that_cannot_state_what_a_condition_looks_for_holds_nothing_up(
    world: World,
) -> None:
    """The mentor's waits for a course; the guest's for anything at all."""
    a_guest(world, None)
    world.state(
        "m", "mentoring.session.held", "lms:anna", "2025-03-01T09:00:00Z", {"owner": "lms:gil"}
    )
    world.score()
    forum = replace(world, source=another_source(world, "forum", ["club.*"]))
    declare(forum, "2025-03-05T00:00:00+00:00")
    assert settle_matured(world.database) == 1
    assert (parts(world, "anna"), waiting(world)) == ((100, 0), 1)
    declare(at_time(forum, "2025-06-02T00:00:00+00:00"), "2025-06-01T00:00:00+00:00")
    assert settle_matured(world.database) == 1
    assert parts(world, "anna") == (0, 0)
    assert findings(world.database) == []


def test_what_is_stated_of_a_member_is_no_act_of_theirs(world: World) -> None:
    a_guest(world, None)
    world.state(
        "level", "member.level.changed", "lms:gil", "2025-05-01T09:00:00+03:00", {"level": 2}
    )
    settle_matured(world.database)
    assert parts(world, "anna") == (0, 0)


def test_something_has_to_happen_within_its_days(world: World) -> None:
    world.activate(CLUB)
    world.link("anna")
    for number, done in (("1", "2025-03-20T09:00:00Z"), ("2", "2025-03-22T09:00:00Z")):
        pupil = f"lms:p{number}"
        world.state(
            f"m{number}",
            "mentoring.session.held",
            "lms:anna",
            "2025-03-01T09:00:00Z",
            {"owner": pupil},
        )
        world.state(f"c{number}", "lms.course.completed", pupil, done)
    world.score()
    assert parts(world, "anna") == (100, 0)
    assert settle_matured(world.database) == 2
    assert parts(world, "anna") == (0, 50)
    assert findings(world.database) == []


def test_a_retraction_takes_what_is_pending_first(world: World) -> None:
    world.activate(CLUB)
    world.link("anna")
    world.state("s", "small.done", "lms:anna", "2025-03-01T09:00:00Z")
    world.state("b", "book.written", "lms:anna", "2025-03-02T09:00:00Z")
    world.score()
    world.state("r", "activity.retracted", None, "2025-03-03T09:00:00Z", {"id": "b"})
    world.score()
    assert parts(world, "anna") == (0, 7)
    assert world.summary("anna").debt.amount == 0
    assert findings(world.database) == []


def test_nobody_pays_for_what_was_cancelled_before(world: World) -> None:
    a_guest(world, None)
    world.state("s", "small.done", "lms:anna", "2025-03-01T09:00:00Z")
    world.score()
    settle_matured(world.database)
    world.state("r", "activity.retracted", None, "2025-07-01T09:00:00Z", {"id": "g"})
    world.score()
    assert (parts(world, "anna"), world.points("anna")) == ((0, 7), 7)
    assert world.summary("anna").debt.amount == 0
    assert findings(world.database) == []


def test_verify_names_a_condition_that_was_changed(world: World, migrator_url: str) -> None:
    a_guest(world, None)
    eased = "UPDATE vestings SET condition = '{\"active\": {}}'"
    assert any(
        "entry that granted it states" in f for f in damaged(world.database, migrator_url, eased)
    )


def test_verify_names_a_condition_that_was_forgotten(world: World, migrator_url: str) -> None:
    a_guest(world, None)
    found = damaged(world.database, migrator_url, "DELETE FROM vestings")
    assert any("nothing waits for it" in finding for finding in found)


def test_verify_names_a_cancellation_that_nobody_decided(world: World, migrator_url: str) -> None:
    a_guest(world, None)
    settle_matured(world.database)
    found = damaged(world.database, migrator_url, "DELETE FROM vesting_decisions")
    assert any("no decision names it" in finding for finding in found)


def test_verify_names_another_sum_than_was_cancelled(world: World, migrator_url: str) -> None:
    a_guest(world, None)
    settle_matured(world.database)
    found = damaged(world.database, migrator_url, "UPDATE vesting_decisions SET cancelled = 99")
    assert any("its entry moved 100" in finding for finding in found)


def test_verify_names_what_is_counted_as_gone_and_is_not(world: World, migrator_url: str) -> None:
    a_guest(world, None)
    found = damaged(
        world.database,
        migrator_url,
        "INSERT INTO award_gaps SELECT gen_random_uuid(), award_id, 1, 'gone', -5, NULL, now() "
        "FROM awards",
    )
    assert any("counts on 5 points being gone" in finding for finding in found)
