"""A budget is asked for by one admin and opened by another."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from ledger.grants import store as grants
from ledger.grants.budgets import service, store
from ledger.grants.budgets.errors import (
    BudgetContentDiffers,
    BudgetDecided,
    BudgetNeedsAnotherPerson,
    BudgetNotOpenYet,
)
from ledger.grants.budgets.model import (
    ApproveBudget,
    BudgetProposal,
    CloseBudget,
    ProposeBudget,
)
from ledger.grants.errors import BadGrant, BudgetNameTaken, UnknownBudget
from ledger.grants.model import Budget
from ledger.kernel.transaction import Database, Work, execute
from ledger.kernel.units import Points
from ledger.members import store as members
from ledger.members.model import NotAnAdmin, Role, WordCountsNoLonger
from ledger.verify.service import GRANT_CHECKS, verify
from tests.support.admins import blocked
from tests.support.clock import SetClock
from tests.support.lots import ANNA, add_members

ADMIN, SECOND = UUID(int=0xAD1), UUID(int=0xAD2)
Promote = Callable[[UUID], None]


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def database(database: Database, clock: SetClock) -> Database:
    add_members(database, ANNA, ADMIN, SECOND)
    return replace(database, clock=clock)


@pytest.fixture
def promote(database: Database) -> Promote:
    def _promote(work: Work, member_id: UUID) -> None:
        members.insert_role(work, member_id, Role.ADMIN, None)
        members.grant_role(work, member_id, Role.ADMIN, None)

    return lambda member_id: execute(database, _promote, member_id)


@pytest.fixture
def admins(promote: Promote) -> None:
    promote(ADMIN)
    promote(SECOND)


def _propose(database: Database, name: str = "Mentors", points: int = 500) -> BudgetProposal:
    return execute(database, service.propose, ProposeBudget(name, Points(points), ADMIN))


def _approve(database: Database, asked: BudgetProposal, person: UUID) -> BudgetProposal:
    command = ApproveBudget(asked.budget_id, person, asked.content_digest)
    return execute(database, service.approve, command)


def _open(database: Database) -> list[Budget]:
    with database.read() as work:
        return grants.read_budgets(work)


def _is_sound(database: Database) -> bool:
    return verify(database, GRANT_CHECKS).findings == ()


@pytest.mark.usefixtures("admins")
def test_there_is_a_budget_once_a_second_admin_says_so(database: Database, clock: SetClock) -> None:
    asked = _propose(database, "  For   mentors ")
    assert (asked.name, asked.state, asked.open_from) == ("For mentors", "proposed", None)
    assert _open(database) == []
    with pytest.raises(BudgetNeedsAnotherPerson):
        _approve(database, asked, ADMIN)
    with pytest.raises(NotAnAdmin):
        _approve(database, asked, ANNA)
    with blocked(database, ADMIN), pytest.raises(WordCountsNoLonger):
        _approve(database, asked, SECOND)
    with pytest.raises(BudgetContentDiffers):
        _approve(database, replace(asked, content_digest=b"x" * 32), SECOND)
    with pytest.raises(UnknownBudget):
        _approve(database, replace(asked, budget_id=UUID(int=1)), SECOND)
    clock.forward(timedelta(hours=1))
    approved = _approve(database, asked, SECOND)
    assert approved.decided is not None
    assert (approved.state, approved.decided.decided_by) == ("approved", SECOND)
    (budget,) = _open(database)
    assert (budget.budget_id, budget.name, budget.left) == (
        asked.budget_id,
        "For mentors",
        Points(500),
    )
    assert (budget.opened_by, budget.opened_at) == (ADMIN, clock.now())
    with pytest.raises(BudgetDecided):
        _approve(database, asked, SECOND)
    with pytest.raises(BudgetDecided):
        execute(database, service.close, CloseBudget(asked.budget_id, ADMIN))
    assert _is_sound(database)


@pytest.mark.usefixtures("admins")
def test_saying_no_leaves_the_name_free(database: Database) -> None:
    ended = []
    for person in (ADMIN, SECOND):
        asked = _propose(database)
        with pytest.raises(NotAnAdmin):
            execute(database, service.close, CloseBudget(asked.budget_id, ANNA))
        ended.append(execute(database, service.close, CloseBudget(asked.budget_id, person)).state)
        with pytest.raises(BudgetDecided):
            _approve(database, asked, SECOND)
    assert ended == ["withdrawn", "rejected"]
    first, second = _propose(database), _propose(database)
    with database.read() as work:
        waiting = [each.budget_id for each in store.waiting(work, 10)]
        assert waiting == [first.budget_id, second.budget_id]
        newest = store.list_proposals(work, before=first.budget_id, limit=1)
    assert [each.state for each in newest] == ["rejected"]
    _approve(database, first, SECOND)
    # The other of this name was asked for while it was free, and is not any more.
    with pytest.raises(BudgetNameTaken):
        _approve(database, second, SECOND)
    with pytest.raises(BudgetNameTaken):
        _propose(database)
    assert [each.budget_id for each in _open(database)] == [first.budget_id]
    assert _is_sound(database)


@pytest.mark.usefixtures("admins")
@pytest.mark.parametrize(
    ("name", "points"), [("", 1), (" ", 1), ("x" * 121, 1), ("y", 0), ("y", 10**12 + 1)]
)
def test_a_budget_has_a_name_and_an_amount(database: Database, name: str, points: int) -> None:
    with pytest.raises(BadGrant):
        _propose(database, name, points)


def test_only_admins_ask(database: Database) -> None:
    with pytest.raises(NotAnAdmin):
        _propose(database)


def test_a_single_admin_waits_under_a_public_notice(
    database: Database, clock: SetClock, promote: Promote
) -> None:
    promote(ADMIN)
    asked = _propose(database)
    assert asked.open_from == clock.now() + timedelta(days=3)
    with database.read() as work:
        assert store.announced(work, 10) == [asked]
    clock.forward(timedelta(days=3, microseconds=-1))
    with pytest.raises(BudgetNotOpenYet) as refused:
        _approve(database, asked, ADMIN)
    assert refused.value.operands["open_from"] == asked.open_from.isoformat()
    clock.forward(timedelta(microseconds=1))
    _approve(database, asked, ADMIN)
    assert len(_open(database)) == 1
    with database.read() as work:
        assert store.announced(work, 10) == []
    assert _is_sound(database)


def test_a_single_admin_who_is_joined_needs_the_other(
    database: Database, clock: SetClock, promote: Promote
) -> None:
    promote(ADMIN)
    asked = _propose(database)
    promote(SECOND)
    clock.forward(timedelta(days=4))
    with pytest.raises(BudgetNeedsAnotherPerson):
        _approve(database, asked, ADMIN)
    _approve(database, asked, SECOND)
    assert len(_open(database)) == 1
