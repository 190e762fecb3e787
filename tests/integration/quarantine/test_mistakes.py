"""A fact that is a mistake: the effect is seen first, and two persons set it aside."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa

from api.cli.ledger import CHECKS
from ledger.kernel.transaction import Work, execute, rehearse
from ledger.kernel.units import Points
from ledger.lots import service as lots
from ledger.lots.model import CaptureHold, HoldPurpose, PlaceHold
from ledger.members import store as members_store
from ledger.members.model import Role
from ledger.quarantine import service
from ledger.quarantine.foreseeing import Foreseen, foresee_undoing
from ledger.quarantine.model import (
    Decide,
    Kind,
    NotACaseReviewer,
    NothingToUndo,
    ReportMistake,
    ReviewWordsUnreadable,
    State,
)
from tests.world import World

PROGRAMME = """\
programme: club
version: "1"
zone: Europe/Moscow
rules:
  - {id: post, on: club.post.created, to: actor, points: 5}
cap: {per: day, points: 10}
"""


def reviewer(world: World, name: str) -> UUID:
    member_id = world.link(name)

    def promote(work: Work, role: Role) -> None:
        members_store.insert_role(work, member_id, role, None)
        members_store.grant_role(work, member_id, role, None)

    execute(world.database, promote, Role.MODERATOR)
    return member_id


def post(world: World, number: int, day: int = 1) -> UUID:
    """A post of Ann's, scored; its event's id."""
    when = f"2026-03-{day:02}T1{number}:00:00Z"
    world.state(f"p{number}", "club.post.created", "lms:ann", when, {"post": f"p{number}"})
    world.score()
    with world.database.read() as work:
        return work.connection.execute(
            sa.text("SELECT event_id FROM events ORDER BY event_id DESC LIMIT 1")
        ).scalar_one()


@pytest.fixture
def ann(world: World) -> UUID:
    world.activate(PROGRAMME)
    return world.link("ann")


def foreseen(world: World, event_id: UUID) -> Foreseen:
    return rehearse(world.database, foresee_undoing, event_id)


def rows(world: World) -> list[object]:
    """How many rows the tables that a rehearsal writes to have."""
    tables = ("retractions", "award_revisions", "transfers", "lots", "outbox", "review_cases")
    with world.database.read() as work:
        return [
            work.connection.execute(sa.select(sa.func.count()).select_from(sa.table(each))).scalar()
            for each in tables
        ]


def available(world: World, member_id: UUID) -> int:
    with world.database.read() as work:
        return lots.summary(work, member_id, work.now).available.amount


def test_the_effect_is_seen_and_nothing_stays_of_looking(world: World, ann: UUID) -> None:
    event_id = post(world, 1)
    before = rows(world)
    (effect,) = foreseen(world, event_id).effects
    assert (effect.member_id, effect.awards) == (ann, 1)
    assert (effect.before.available.amount, effect.after.available.amount) == (5, 0)
    assert rows(world) == before
    assert available(world, ann) == 5


def test_what_a_cap_had_cut_comes_in_its_place(world: World, ann: UUID) -> None:
    first = post(world, 1)
    for number in (2, 3):
        post(world, number)
    assert available(world, ann) == 10
    (effect,) = foreseen(world, first).effects
    assert (effect.before.available.amount, effect.after.available.amount) == (10, 10)
    assert effect.awards == 3, "one is gone, one earns again, one stands otherwise under the cap"


def test_what_was_spent_would_be_owed(world: World, ann: UUID) -> None:
    event_id = post(world, 1)
    at = datetime(2026, 4, 1, tzinfo=UTC)
    later = at + timedelta(hours=1)
    hold = PlaceHold(UUID(int=7), ann, Points(4), HoldPurpose.REDEMPTION, at, later)
    execute(world.database, lots.place_hold, hold)
    execute(world.database, lots.capture_hold, CaptureHold(UUID(int=7), Points(4), at))
    (effect,) = foreseen(world, event_id).effects
    assert (effect.after.available.amount, effect.after.debt.amount) == (0, 4)


def test_two_persons_do_what_was_foreseen(world: World, ann: UUID) -> None:
    event_id = post(world, 1)
    bob, eve = reviewer(world, "bob"), reviewer(world, "eve")
    (effect,) = foreseen(world, event_id).effects
    case = execute(
        world.database, service.report_mistake, ReportMistake(event_id, bob, "Sent twice by hand")
    )
    assert (case.kind, case.state, case.members) == (Kind.MISTAKE, State.PROPOSED, (ann,))
    with world.database.read() as work:
        assert service.points_under_review(work, ann).amount == 5
    execute(world.database, service.appeal, Decide(case.case_id, ann, "It was mine"))
    execute(world.database, service.confirm_void, Decide(case.case_id, eve, "Looked at both"))
    world.score()
    assert available(world, ann) == effect.after.available.amount == 0
    with world.database.read() as work:
        assert [finding for check in CHECKS for finding in check.run(work)] == []
    with pytest.raises(NothingToUndo, match="counts no longer"):
        foreseen(world, event_id)


def test_who_may_not_and_what_is_not_there(world: World, ann: UUID) -> None:
    event_id = post(world, 1)
    bob = reviewer(world, "bob")

    def refused(by: UUID, words: str = "Wrong", what: UUID = event_id) -> None:
        execute(world.database, service.report_mistake, ReportMistake(what, by, words))

    with pytest.raises(NotACaseReviewer):
        refused(ann)
    with pytest.raises(ReviewWordsUnreadable):
        refused(bob, " ")
    with pytest.raises(NothingToUndo, match="no such fact"):
        refused(bob, what=UUID(int=5))
    refused(bob)
    with pytest.raises(NothingToUndo, match="already"):
        refused(bob)
    with pytest.raises(NothingToUndo, match="already"):
        foreseen(world, event_id)


def test_nobody_undoes_what_is_about_them(world: World) -> None:
    world.activate(PROGRAMME)
    ann = reviewer(world, "ann")
    event_id = post(world, 1)
    with pytest.raises(NotACaseReviewer):
        execute(world.database, service.report_mistake, ReportMistake(event_id, ann, "Mine"))
