"""What a grant paid is taken back by two persons, by entries that cite its own."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa

from ledger.grants import service as grants
from ledger.grants import store as grants_store
from ledger.grants.errors import (
    AnotherPersonNeeded,
    BadGrant,
    GrantContentDiffers,
    GrantNotPayableYet,
)
from ledger.grants.model import (
    ApproveGrant,
    Budget,
    CreateGrant,
    Grant,
    GrantLine,
    GrantState,
)
from ledger.grants.taking_back import service, store
from ledger.grants.taking_back.errors import GrantNotPaid, TakeBackWaits, UnknownTakeBack
from ledger.grants.taking_back.model import (
    TAKE_BACK_TOPIC,
    ApproveTakeBack,
    AskTakeBack,
    CloseTakeBack,
    TakeBack,
)
from ledger.journal.model import EntryKind
from ledger.kernel import outbox
from ledger.kernel.transaction import Database, Work, execute
from ledger.kernel.units import Points
from ledger.lots.history import history
from ledger.lots.model import CaptureHold, HoldPurpose, PlaceHold, Summary
from ledger.lots.service import capture_hold, place_hold
from ledger.members import store as members
from ledger.members.model import NotAnAdmin, Role, WordCountsNoLonger
from ledger.verify.service import GRANT_CHECKS, JOURNAL_CHECKS, verify
from tests.support.admins import blocked
from tests.support.budgets import open_budget
from tests.support.clock import SetClock
from tests.support.lots import ANNA, BORIS, DAY, add_members, summary

ADMIN, SECOND = UUID(int=0xAD1), UUID(int=0xAD2)
WHY = "Meant for somebody else"


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def database(database: Database, clock: SetClock) -> Database:
    add_members(database, ANNA, BORIS, ADMIN, SECOND)

    def promote(work: Work, member_id: UUID) -> None:
        members.insert_role(work, member_id, Role.ADMIN, None)
        members.grant_role(work, member_id, Role.ADMIN, None)

    for admin in (ADMIN, SECOND):
        execute(database, promote, admin)
    return replace(database, clock=clock)


@pytest.fixture
def budget(database: Database) -> Budget:
    return open_budget(database, 500, ADMIN, SECOND)


@pytest.fixture
def paid(database: Database, budget: Budget) -> Grant:
    proposed = _propose(database, budget)
    yes = ApproveGrant(proposed.grant_id, SECOND, proposed.content_digest)
    return execute(database, grants.approve, yes)


def _propose(database: Database, budget: Budget) -> Grant:
    lines = (GrantLine(ANNA, Points(100)), GrantLine(BORIS, Points(50)))
    command = CreateGrant(ADMIN, budget.budget_id, "Led a group", lines)
    confirm = execute(database, grants.preview, command).confirm
    return execute(database, grants.create, replace(command, confirm=confirm))


def _ask(database: Database, grant: Grant, person: UUID = ADMIN, reason: str = WHY) -> TakeBack:
    return execute(database, service.ask, AskTakeBack(grant.grant_id, person, reason))


def _approve(database: Database, asked: TakeBack, person: UUID = SECOND) -> TakeBack:
    command = ApproveTakeBack(asked.grant_id, person, asked.content_digest)
    return execute(database, service.approve, command)


def _close(database: Database, grant: Grant, person: UUID) -> str:
    return execute(database, service.close, CloseTakeBack(grant.grant_id, person)).state


def _now(database: Database, grant: Grant) -> GrantState:
    with database.read() as work:
        return grants.find(work, grant.grant_id).state


def _has(database: Database, member: UUID, clock: SetClock) -> Summary:
    return summary(database, member, clock.now())


def _sound(database: Database) -> None:
    assert verify(database, (*JOURNAL_CHECKS, *GRANT_CHECKS)).findings == ()


def _spend(database: Database, clock: SetClock, points: int) -> None:
    hold = PlaceHold(
        UUID(int=0x5E), ANNA, Points(points), HoldPurpose.REDEMPTION, clock.now(), clock.now() + DAY
    )
    execute(database, place_hold, hold)
    execute(database, capture_hold, CaptureHold(hold.hold_id, hold.amount, clock.now()))


def test_what_is_left_is_taken_and_what_was_spent_becomes_debt(
    database: Database, clock: SetClock, budget: Budget, paid: Grant
) -> None:
    _spend(database, clock, 70)
    clock.forward(timedelta(hours=1))
    asked = _ask(database, paid)
    assert _has(database, ANNA, clock).available == Points(30)
    approved = _approve(database, asked)
    assert (approved.state, _now(database, paid)) == ("approved", GrantState.TAKING_BACK)
    _sound(database)
    service.carry_out(database, paid.grant_id)
    assert _now(database, paid) is GrantState.TAKEN_BACK
    anna, boris = _has(database, ANNA, clock), _has(database, BORIS, clock)
    assert (anna.available, anna.debt) == (Points(0), Points(70))
    assert (boris.available, boris.debt) == (Points(0), Points(0))
    with database.read() as work:
        newest = history(work, BORIS)[0]
        (left,) = grants_store.read_budgets(work, budget.budget_id)
    assert left.left == Points(500)
    assert newest.kind is EntryKind.CLAWBACK
    assert isinstance(newest.cause, dict)
    assert newest.cause["why"] == {
        "grant": str(paid.grant_id),
        "line": 2,
        "take_back": str(asked.take_back_id),
        "content": asked.content_digest.hex(),
        "taken_back_by": [str(ADMIN), str(SECOND)],
    }
    _sound(database)
    with pytest.raises(GrantNotPaid):
        _ask(database, paid)


def test_it_takes_two_and_the_exact_content(database: Database, paid: Grant) -> None:
    with pytest.raises(UnknownTakeBack):
        _close(database, paid, ADMIN)
    with pytest.raises(NotAnAdmin):
        _ask(database, paid, ANNA)
    for reason in (" ", "x" * 501):
        with pytest.raises(BadGrant):
            _ask(database, paid, reason=reason)
    asked = _ask(database, paid)
    with pytest.raises(TakeBackWaits):
        _ask(database, paid, SECOND)
    with pytest.raises(AnotherPersonNeeded):
        _approve(database, asked, ADMIN)
    with pytest.raises(NotAnAdmin):
        _approve(database, asked, ANNA)
    with blocked(database, ADMIN), pytest.raises(WordCountsNoLonger):
        _approve(database, asked, SECOND)
    with pytest.raises(GrantContentDiffers):
        _approve(database, replace(asked, content_digest=paid.content_digest))
    _sound(database)


def test_saying_no_leaves_what_was_paid(database: Database, clock: SetClock, paid: Grant) -> None:
    _ask(database, paid)
    assert _close(database, paid, ADMIN) == "withdrawn"
    _ask(database, paid)
    assert _close(database, paid, SECOND) == "rejected"
    with pytest.raises(UnknownTakeBack):
        _close(database, paid, SECOND)
    assert _now(database, paid) is GrantState.PAID
    assert _has(database, ANNA, clock).available == Points(100)
    # And may be asked for again.
    _approve(database, _ask(database, paid, SECOND), ADMIN)
    service.carry_out(database, paid.grant_id)
    with database.read() as work:
        states = [each.state for each in store.of_grants(work, [paid.grant_id])[paid.grant_id]]
    assert states == ["withdrawn", "rejected", "approved"]
    _sound(database)


def test_only_what_was_paid(database: Database, budget: Budget) -> None:
    with pytest.raises(GrantNotPaid):
        _ask(database, _propose(database, budget))


def test_part_after_part_once_each(database: Database, clock: SetClock, paid: Grant) -> None:
    _approve(database, _ask(database, paid))

    def part(work: Work, grant_id: UUID) -> bool:
        return service.carry_out_part(work, grant_id, chunk=1)

    clock.forward(timedelta(hours=1))
    assert execute(database, part, paid.grant_id)
    assert _now(database, paid) is GrantState.TAKING_BACK
    _sound(database)
    clock.forward(timedelta(hours=1))
    assert not execute(database, part, paid.grant_id)
    assert _now(database, paid) is GrantState.TAKEN_BACK

    def again(work: Work, grant_id: UUID) -> bool:
        outbox.put(work, TAKE_BACK_TOPIC, str(grant_id))
        return service.carry_out_part(work, grant_id)

    assert not execute(database, again, paid.grant_id)
    assert _has(database, ANNA, clock).debt == Points(0)
    _sound(database)


def test_a_single_admin_waits(database: Database, clock: SetClock, paid: Grant) -> None:
    def leave(work: Work, member_id: UUID) -> None:
        members.delete_role(work, member_id, Role.ADMIN)

    execute(database, leave, SECOND)
    asked = _ask(database, paid)
    clock.forward(timedelta(hours=72, microseconds=-1))
    with pytest.raises(GrantNotPayableYet):
        _approve(database, asked, ADMIN)
    clock.forward(timedelta(microseconds=1))
    assert _approve(database, asked, ADMIN).state == "approved"
    _sound(database)


def test_a_reason_is_forgotten_with_its_member(database: Database, budget: Budget) -> None:
    lines = (GrantLine(ANNA, Points(5)),)
    one = execute(database, grants.create, CreateGrant(ADMIN, budget.budget_id, "Why", lines))
    yes = ApproveGrant(one.grant_id, SECOND, one.content_digest)
    _ask(database, execute(database, grants.approve, yes))
    execute(database, lambda work, member: grants_store.forget_reasons(work, member, []), ANNA)
    with database.read() as work:
        (asked,) = store.of_grants(work, [one.grant_id])[one.grant_id]
    assert asked.reason is None
    _sound(database)


@pytest.mark.parametrize(
    ("statement", "problem"),
    [
        ("UPDATE grants SET state = 'paid'", "was approved, and its grant is paid"),
        ("UPDATE grants SET state = 'taken_back'", "the entry of line 1 is not in the journal"),
        ("UPDATE grant_take_back_reasons SET reason = 'x'", "states another reason"),
    ],
)
def test_what_does_not_fit_is_named(
    database: Database, paid: Grant, statement: str, problem: str
) -> None:
    _approve(database, _ask(database, paid))
    with database.engine.begin() as connection:
        connection.execute(sa.text(statement))
    (finding,) = verify(database, GRANT_CHECKS).findings
    assert problem in finding.problem


def test_a_grant_that_nobody_agreed_to_take_back_is_named(database: Database, paid: Grant) -> None:
    _ask(database, paid)
    with database.engine.begin() as connection:
        connection.execute(sa.text("UPDATE grants SET state = 'taken_back'"))
    (finding,) = verify(database, GRANT_CHECKS).findings
    assert "is taken_back, and nobody approved that" in finding.problem
