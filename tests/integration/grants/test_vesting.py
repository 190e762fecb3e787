"""Grants of the reference programme's kinds: pending as long as it says, and on its condition."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa

from ledger.grants import service
from ledger.grants.errors import (
    BadGrant,
    PreviewNeeded,
    UnknownBeneficiary,
    UnknownVesting,
    VestingAboutWhom,
    VestingDaysOutOfBounds,
)
from ledger.grants.model import ApproveGrant, CreateGrant, Grant, GrantLine, GrantState
from ledger.grants.taking_back import service as taking_back
from ledger.grants.taking_back.model import ApproveTakeBack, AskTakeBack
from ledger.grants.vesting import AskedVesting
from ledger.journal import service as journal
from ledger.kernel.transaction import Database, execute
from ledger.kernel.units import Points
from ledger.programme.service import NoProgrammeInForce
from ledger.settlement.verify import SETTLEMENT_CHECKS
from ledger.settlement.vesting import settle_matured
from ledger.verify.grants import check_grant, payment_ids
from ledger.verify.service import GRANT_CHECKS, JOURNAL_CHECKS, verify
from tests.scoring_cases import WEEKLY
from tests.support.budgets import open_budget
from tests.support.life import at_time, balance, parts
from tests.world import World

PAID = datetime.fromisoformat("2026-03-02T09:00:00+00:00")
MOMENT = timedelta(microseconds=1)
CHECKS = (*JOURNAL_CHECKS, *GRANT_CHECKS, *SETTLEMENT_CHECKS)


@pytest.fixture
def world(database: Database) -> World:
    world = at_time(World.make(database), PAID.isoformat())
    world.activate(WEEKLY)
    for name in ("anna", "boris", "gil"):
        world.link(name)
    return world


def _after(world: World, days: int, more: timedelta = timedelta()) -> World:
    return at_time(world, (PAID + timedelta(days=days) + more).isoformat())


def _command(world: World, vesting: AskedVesting, *members: UUID) -> CreateGrant:
    admins = (world.first_admin, world.second_admin)
    budget = open_budget(world.database, 500, *admins)
    lines = tuple(GrantLine(each, Points(40)) for each in members or (world.linked["anna"],))
    return CreateGrant(admins[0], budget.budget_id, "Work", lines, vesting=vesting)


def _paid(world: World, command: CreateGrant) -> Grant:
    shown = execute(world.database, service.preview, command)
    proposal = replace(command, confirm=shown.confirm)
    grant = execute(world.database, service.create, proposal)
    assert grant.vesting == shown.vesting is not None
    yes = ApproveGrant(grant.grant_id, world.second_admin, grant.content_digest)
    paid = execute(world.database, service.approve, yes)
    with world.database.read() as work:
        assert service.find(work, grant.grant_id) == paid
    return paid


def _referral(world: World) -> AskedVesting:
    return AskedVesting("referral", about=world.linked["gil"])


def _findings(world: World) -> list[str]:
    return [str(each) for each in verify(world.database, CHECKS).findings]


def _taken_back(world: World, grant: Grant) -> None:
    ask = AskTakeBack(grant.grant_id, world.first_admin, "A mistake")
    asked = execute(world.database, taking_back.ask, ask)
    yes = ApproveTakeBack(grant.grant_id, world.second_admin, asked.content_digest)
    execute(world.database, taking_back.approve, yes)
    taking_back.carry_out(world.database, grant.grant_id)
    with world.database.read() as work:
        assert service.find(work, grant.grant_id).state is GrantState.TAKEN_BACK


@pytest.mark.parametrize(
    ("asked", "days"),
    [
        (AskedVesting("peer-review"), 30),
        (AskedVesting("mentoring"), 30),
        (AskedVesting("projects"), 60),
        (AskedVesting("projects", 75), 75),
        (AskedVesting("projects", 90), 90),
    ],
)
def test_points_of_a_kind_are_pending_for_its_days(
    world: World, asked: AskedVesting, days: int
) -> None:
    _paid(world, _command(world, asked))
    assert parts(_after(world, days, -MOMENT), "anna") == (40, 0)
    assert parts(_after(world, days), "anna") == (0, 40)
    assert _findings(world) == []


def test_points_for_learning_can_be_spent_at_once(world: World) -> None:
    _paid(world, _command(world, AskedVesting("learning")))
    assert parts(world, "anna") == (0, 40)
    assert _findings(world) == []


def test_a_referral_waits_ninety_days_for_a_guest_who_is_still_active(world: World) -> None:
    _paid(world, _command(world, _referral(world), world.linked["anna"], world.linked["boris"]))
    world.state("own", "post.read", "lms:anna", (PAID + timedelta(days=70)).isoformat())
    world.state("act", "post.read", "lms:gil", (PAID + timedelta(days=60)).isoformat())
    assert settle_matured(_after(world, 90, -MOMENT).database) == 0
    later = _after(world, 90)
    assert parts(later, "anna") == (40, 0)
    assert settle_matured(later.database) == 2
    assert (parts(later, "anna"), parts(later, "boris")) == ((0, 40), (0, 40))
    assert _findings(later) == []


def test_points_for_a_guest_who_left_go_to_the_rewards_pool(world: World) -> None:
    _paid(world, _command(world, _referral(world)))
    world.state("early", "post.read", "lms:gil", (PAID + timedelta(days=60) - MOMENT).isoformat())
    world.state("late", "post.read", "lms:gil", (PAID + timedelta(days=90)).isoformat())
    world.state("own", "post.read", "lms:anna", (PAID + timedelta(days=70)).isoformat())
    later = _after(world, 90)
    before = balance(later.database, "rewards")
    assert settle_matured(later.database) == 1
    assert parts(later, "anna") == (0, 0)
    assert balance(later.database, "rewards") == before + 40
    assert _findings(later) == []


@pytest.mark.parametrize(
    ("stated", "other"),
    [
        ('"within_days":30', '"within_days":31'),
        ('"to":"rewards"', '"to":"revoked"'),
        ("2026-05-31T", "2026-05-30T"),
    ],
)
def test_verify_names_a_line_that_waits_otherwise(world: World, stated: str, other: str) -> None:
    grant = _paid(world, _command(world, _referral(world)))
    with world.database.read() as work:
        entries = journal.entries(work, payment_ids(grant))
    assert list(check_grant(grant, entries, {})) == []
    ((entry_id, entry),) = entries.items()
    cause = entry.draft.cause.replace(stated, other)
    assert cause != entry.draft.cause
    altered = {entry_id: replace(entry, draft=replace(entry.draft, cause=cause))}
    (finding,) = check_grant(grant, altered, {})
    assert "wait for something else than was approved" in str(finding)


def test_the_terms_of_a_grant_never_change(world: World) -> None:
    _paid(world, _command(world, AskedVesting("projects")))
    change = sa.text("UPDATE grants SET vesting = NULL")
    with pytest.raises(sa.exc.DBAPIError, match="append-only"):
        execute(world.database, lambda work, _: work.connection.execute(change), None)


def test_what_was_approved_holds_whatever_is_in_force_when_it_is_paid(world: World) -> None:
    command = _command(world, AskedVesting("projects", 90))
    grant = execute(world.database, service.create, command)
    tomorrow = _after(world, 1)
    shorter = WEEKLY.replace("days: 60, days_max: 90", "days: 1").replace('"1"', '"2"')
    tomorrow.activate(shorter, tomorrow.database.clock.now().isoformat())
    yes = ApproveGrant(grant.grant_id, world.second_admin, grant.content_digest)
    execute(tomorrow.database, service.approve, yes)
    assert parts(_after(world, 91, -MOMENT), "anna") == (40, 0)
    assert parts(_after(world, 91), "anna") == (0, 40)
    assert _findings(tomorrow) == []


def test_a_list_is_confirmed_with_the_terms_that_were_shown(world: World) -> None:
    both = (world.linked["anna"], world.linked["boris"])
    command = _command(world, AskedVesting("projects"), *both)
    shown = execute(world.database, service.preview, command)
    other = replace(command, vesting=AskedVesting("projects", 61), confirm=shown.confirm)
    with pytest.raises(PreviewNeeded):
        execute(world.database, service.create, other)


def test_a_kind_that_cannot_be_is_refused(world: World) -> None:
    command = _command(world, AskedVesting("project"))
    with pytest.raises(UnknownVesting):
        execute(world.database, service.preview, command)
    for days in (59, 91):
        wrong = replace(command, vesting=AskedVesting("projects", days))
        with pytest.raises(VestingDaysOutOfBounds):
            execute(world.database, service.create, wrong)
    paid_too = AskedVesting("referral", about=world.linked["anna"])
    for asked in (AskedVesting("referral"), paid_too):
        with pytest.raises(VestingAboutWhom):
            execute(world.database, service.create, replace(command, vesting=asked))
    nobody = replace(command, vesting=AskedVesting("referral", about=UUID(int=1)))
    with pytest.raises(UnknownBeneficiary):
        execute(world.database, service.create, nobody)
    projects = replace(command, vesting=AskedVesting("projects"))
    for dates in ({"activates_at": PAID}, {"expires_at": PAID + timedelta(days=60)}):
        with pytest.raises(BadGrant):
            execute(world.database, service.create, replace(projects, **dates))


def test_without_a_programme_there_are_no_kinds(database: Database) -> None:
    world = at_time(World.make(database), PAID.isoformat())
    world.link("anna")
    with pytest.raises(NoProgrammeInForce):
        execute(world.database, service.preview, _command(world, AskedVesting("projects")))


def test_what_is_pending_is_taken_back_whole(world: World) -> None:
    grant = _paid(world, _command(world, _referral(world)))
    _taken_back(world, grant)
    assert parts(world, "anna") == (0, 0)
    assert settle_matured(_after(world, 90).database) == 1
    assert world.summary("anna").debt.amount == 0
    assert _findings(world) == []


def test_what_a_condition_took_is_not_taken_a_second_time(world: World) -> None:
    both = (world.linked["anna"], world.linked["boris"])
    grant = _paid(world, _command(world, _referral(world), *both))
    later = _after(world, 90)
    settle_matured(later.database)
    _taken_back(later, grant)
    for name in ("anna", "boris"):
        assert (parts(later, name), later.summary(name).debt.amount) == ((0, 0), 0)
    assert _findings(later) == []
