from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa

from ledger.grants import service, store
from ledger.grants.budgets import service as budgets
from ledger.grants.budgets.model import ApproveBudget, ProposeBudget
from ledger.grants.errors import (
    AnotherPersonNeeded,
    BadGrant,
    BudgetExceeded,
    GrantClosed,
    GrantContentDiffers,
    GrantNotPayableYet,
    GrantThresholdReached,
    OwnGrant,
    PreviewNeeded,
    UnknownBeneficiary,
    UnknownBudget,
    UnknownGrant,
)
from ledger.grants.model import (
    ApproveGrant,
    Budget,
    CloseGrant,
    CreateGrant,
    Grant,
    GrantLine,
    GrantPolicy,
    GrantState,
    Preview,
)
from ledger.kernel.transaction import Database, execute
from ledger.kernel.units import Points
from ledger.members.model import NotAnAdmin, WordCountsNoLonger
from ledger.members.service import make_first_admin
from tests.support.admins import blocked
from tests.support.budgets import open_budget
from tests.support.lots import ANNA, AT, BORIS, DAY, add_members, summary

ADMIN, SECOND, THIRD = (UUID(int=n) for n in (0xAD1, 0xAD2, 0xAD3))
SMALL = GrantPolicy(third_person_above=Points(1_000))


@dataclass
class MovingClock:
    moment: datetime = AT

    def now(self) -> datetime:
        return self.moment


@pytest.fixture
def clock() -> MovingClock:
    return MovingClock()


@pytest.fixture
def database(database: Database, clock: MovingClock) -> Database:
    add_members(database, ANNA, BORIS, ADMIN, SECOND, THIRD)
    return replace(database, clock=clock)


def _make_admins(database: Database, *members: UUID) -> None:
    with database.engine.begin() as connection:
        for member in members:
            connection.execute(
                sa.text(
                    "INSERT INTO member_roles (member_id, role, state, proposed_at, approved_at) "
                    "VALUES (:member, 'admin', 'granted', now(), now())"
                ),
                {"member": member},
            )


@pytest.fixture
def budget(database: Database) -> Budget:
    _make_admins(database, ADMIN, SECOND, THIRD)
    return open_budget(database, 500, ADMIN, SECOND, " For  mentors")


def _announced_budget(database: Database, clock: MovingClock) -> Budget:
    """Opened by a school's only admin, after the notice has stood for three days."""
    clock.moment = AT - 3 * DAY
    asked = execute(database, budgets.propose, ProposeBudget("b", Points(10_000), ADMIN))
    clock.moment = AT
    yes = ApproveBudget(asked.budget_id, ADMIN, asked.content_digest)
    execute(database, budgets.approve, yes)
    with database.read() as work:
        return store.read_budgets(work)[0]


def _proposal(budget: Budget, *points: int, **changes: object) -> CreateGrant:
    members = (ANNA, BORIS)
    lines = tuple(GrantLine(m, Points(p)) for m, p in zip(members, points, strict=False))
    command = CreateGrant(ADMIN, budget.budget_id, "Led a study group", lines)
    return replace(command, **changes)  # type: ignore[arg-type] # fields by name


def _create(database: Database, command: CreateGrant) -> Grant:
    shown: Preview = execute(database, service.preview, command)
    return execute(database, service.create, replace(command, confirm=shown.confirm))


def _approve(database: Database, grant: Grant, person: UUID, policy: GrantPolicy = SMALL) -> Grant:
    command = ApproveGrant(grant.grant_id, person, grant.content_digest, policy)
    return execute(database, service.approve, command)


def _available(database: Database, member: UUID, at: datetime = AT) -> int:
    return summary(database, member, at).available.amount


def test_a_grant_is_previewed_proposed_approved_and_paid(
    database: Database, budget: Budget
) -> None:
    command = _proposal(budget, 100, 50, expires_at=AT + 10 * DAY)
    shown = execute(database, service.preview, command)
    assert (shown.points, shown.line_count, shown.budget_left) == (Points(150), 2, Points(350))
    assert (shown.persons_needed, shown.payable_from) == (2, None)
    grant = execute(database, service.create, replace(command, confirm=shown.confirm))
    assert grant.state is GrantState.PROPOSED
    assert _available(database, ANNA) == 0
    paid = _approve(database, grant, SECOND)
    assert (paid.state, paid.closed_by) == (GrantState.PAID, SECOND)
    assert (_available(database, ANNA), _available(database, BORIS)) == (100, 50)
    assert _available(database, ANNA, AT + 10 * DAY) == 0
    with database.read() as work:
        assert service.find(work, grant.grant_id) == paid
        assert store.read_budgets(work, budget.budget_id)[0].left == Points(350)
        assert store.list_grants(work, state=GrantState.PAID, before=None, limit=5) == [paid]
        assert store.list_grants(work, state=None, before=grant.grant_id, limit=5) == []
    with pytest.raises(GrantClosed):
        _approve(database, grant, THIRD)
    with pytest.raises(GrantClosed):
        execute(database, service.close, CloseGrant(grant.grant_id, ADMIN))


def test_the_second_person_is_another_admin_and_no_beneficiary(
    database: Database, budget: Budget
) -> None:
    grant = _create(database, _proposal(budget, 10))
    with pytest.raises(AnotherPersonNeeded):
        _approve(database, grant, ADMIN)
    with pytest.raises(NotAnAdmin):
        _approve(database, grant, BORIS)
    with blocked(database, ADMIN), pytest.raises(WordCountsNoLonger):
        _approve(database, grant, SECOND)
    to_second = _create(database, _proposal(budget, lines=(GrantLine(SECOND, Points(1)),)))
    with pytest.raises(OwnGrant):
        _approve(database, to_second, SECOND)
    with pytest.raises(OwnGrant):
        _create(database, _proposal(budget, lines=(GrantLine(ADMIN, Points(1)),)))
    with pytest.raises(NotAnAdmin):
        _create(database, _proposal(budget, 10, created_by=BORIS))
    assert _available(database, ANNA) == 0


def test_an_approval_is_of_the_exact_content(database: Database, budget: Budget) -> None:
    grant, other = (_create(database, _proposal(budget, points)) for points in (10, 11))
    with pytest.raises(GrantContentDiffers):
        _approve(database, replace(grant, content_digest=other.content_digest), SECOND)


def test_a_list_is_previewed_as_it_is(database: Database, budget: Budget) -> None:
    command = _proposal(budget, 10, 20)
    shown = execute(database, service.preview, command)
    changed = replace(command, confirm=shown.confirm, reason="Something else")
    for unseen in (command, changed):
        with pytest.raises(PreviewNeeded):
            execute(database, service.create, unseen)


def test_a_budget_is_never_exceeded(database: Database, budget: Budget) -> None:
    first, second = (_create(database, _proposal(budget, 300)) for _ in range(2))
    _approve(database, first, SECOND)
    with pytest.raises(BudgetExceeded) as refused:
        _approve(database, second, SECOND)
    assert (refused.value.left, refused.value.required) == (200, 300)
    with pytest.raises(BudgetExceeded):
        _create(database, _proposal(budget, 201))
    assert _available(database, ANNA) == 300
    with pytest.raises(UnknownBudget):
        _create(database, _proposal(budget, 1, budget_id=UUID(int=1)))


@pytest.mark.parametrize(
    "changes",
    [
        {"reason": "  "},
        {"reason": "x" * 501},
        {"lines": ()},
        {"lines": (GrantLine(ANNA, Points(0)),)},
        {"lines": (GrantLine(ANNA, Points(1)), GrantLine(ANNA, Points(2)))},
        {"expires_at": AT},
        {"activates_at": AT + DAY, "expires_at": AT + DAY},
    ],
)
def test_what_cannot_be_right_is_refused(
    database: Database, budget: Budget, changes: dict[str, object]
) -> None:
    with pytest.raises(BadGrant):
        _create(database, _proposal(budget, 10, **changes))


def test_only_active_members_are_paid(database: Database, budget: Budget) -> None:
    grant = _create(database, _proposal(budget, 10, 20))
    with database.engine.begin() as connection:
        connection.execute(
            sa.text("UPDATE members SET status = 'blocked' WHERE member_id = :m"), {"m": BORIS}
        )
    with pytest.raises(UnknownBeneficiary):
        _approve(database, grant, SECOND)
    with pytest.raises(UnknownBeneficiary):
        _create(database, _proposal(budget, lines=(GrantLine(UUID(int=5), Points(1)),)))


def test_saying_no(database: Database, budget: Budget) -> None:
    first, second = (_create(database, _proposal(budget, 10)) for _ in range(2))
    withdrawn = execute(database, service.close, CloseGrant(first.grant_id, ADMIN))
    rejected = execute(database, service.close, CloseGrant(second.grant_id, SECOND))
    assert [g.state for g in (withdrawn, rejected)] == [GrantState.WITHDRAWN, GrantState.REJECTED]
    with database.read() as work:
        assert service.find(work, first.grant_id) == withdrawn
    third = _create(database, _proposal(budget, 10))
    with pytest.raises(NotAnAdmin):
        execute(database, service.close, CloseGrant(third.grant_id, ANNA))
    with pytest.raises(UnknownGrant):
        execute(database, service.close, CloseGrant(UUID(int=1), ADMIN))


def test_small_grants_add_up_to_one_that_needs_a_third_person(
    database: Database, clock: MovingClock
) -> None:
    _make_admins(database, ADMIN, SECOND, THIRD)
    budget = open_budget(database, 10_000, ADMIN, SECOND)
    first = _create(database, _proposal(budget, 600, policy=SMALL))
    assert _approve(database, first, SECOND).state is GrantState.PAID
    second = _create(database, _proposal(budget, 600, policy=SMALL))
    assert second.persons_needed == 3
    assert _approve(database, second, SECOND).state is GrantState.PROPOSED
    with pytest.raises(AnotherPersonNeeded):
        _approve(database, second, SECOND)
    with blocked(database, SECOND):
        assert _approve(database, second, THIRD).state is GrantState.PROPOSED
    _make_admins(database, BORIS)
    assert _approve(database, second, BORIS).state is GrantState.PAID
    assert _available(database, ANNA) == 1_200
    clock.moment = AT + timedelta(hours=24)
    third = _create(database, _proposal(budget, 600, policy=SMALL))
    assert third.persons_needed == 2


def test_taking_turns_at_proposing_does_not_evade_the_threshold(
    database: Database, budget: Budget
) -> None:
    policy = GrantPolicy(third_person_above=Points(100))
    first = _create(database, _proposal(budget, 60, policy=policy))
    assert _approve(database, first, SECOND, policy).state is GrantState.PAID
    second = _create(database, _proposal(budget, 41, created_by=THIRD, policy=policy))
    assert second.persons_needed == 2
    assert _approve(database, second, SECOND, policy).state is GrantState.PROPOSED
    assert _approve(database, second, ADMIN, policy).state is GrantState.PAID


def test_a_single_admin_waits_under_a_public_notice(database: Database, clock: MovingClock) -> None:
    execute(database, make_first_admin, ADMIN)
    budget = _announced_budget(database, clock)
    grant = _create(database, _proposal(budget, 100, 50))
    assert (grant.persons_needed, grant.payable_from) == (1, AT + 3 * DAY)
    with database.read() as work:
        (notice,) = store.open_notices(work, 10)
    assert (notice.points, notice.line_count) == (Points(150), 2)
    clock.moment = AT + 3 * DAY - timedelta(seconds=1)
    with pytest.raises(GrantNotPayableYet):
        _approve(database, grant, ADMIN)
    clock.moment = AT + 3 * DAY
    assert _approve(database, grant, ADMIN).state is GrantState.PAID
    assert _available(database, ANNA, clock.moment) == 100
    with database.read() as work:
        assert store.open_notices(work, 10) == []
    with pytest.raises(GrantThresholdReached):
        _create(database, _proposal(budget, 1_001, policy=SMALL))


def test_a_single_admin_who_is_joined_needs_the_other(
    database: Database, clock: MovingClock
) -> None:
    execute(database, make_first_admin, ADMIN)
    budget = _announced_budget(database, clock)
    grant = _create(database, _proposal(budget, 100))
    _make_admins(database, SECOND)
    clock.moment = AT + 4 * DAY
    with pytest.raises(AnotherPersonNeeded):
        _approve(database, grant, ADMIN)
    assert _available(database, ANNA, clock.moment) == 0
    assert _approve(database, grant, SECOND).state is GrantState.PAID


def test_without_a_delay_a_single_admin_cannot_be_enough(
    database: Database, clock: MovingClock
) -> None:
    _make_admins(database, ADMIN)
    budget = _announced_budget(database, clock)
    strict = GrantPolicy(single_admin_delay=None)
    grant = _create(database, _proposal(budget, 100, policy=strict))
    clock.moment = AT + 400 * DAY
    with pytest.raises(AnotherPersonNeeded):
        _approve(database, grant, ADMIN)


def test_a_grant_may_wait_and_pays_a_debt_first(
    database: Database, budget: Budget, clock: MovingClock
) -> None:
    grant = _create(database, _proposal(budget, 100, activates_at=AT + DAY))
    _approve(database, grant, SECOND)
    assert (_available(database, ANNA), _available(database, ANNA, AT + DAY)) == (0, 100)
