"""Two at once: a person's 24 hours and a budget are counted as if one came after the other."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest

from ledger.grants import service, store
from ledger.grants.errors import BudgetExceeded
from ledger.grants.model import (
    ApproveGrant,
    Budget,
    CreateGrant,
    Grant,
    GrantLine,
    GrantPolicy,
    GrantState,
)
from ledger.kernel.transaction import Database, Work, execute
from ledger.kernel.units import Points
from ledger.members import service as members
from ledger.members import store as members_store
from ledger.members.model import CreateMember, Role
from tests.support.budgets import open_budget

SMALL = GrantPolicy(third_person_above=Points(1_000))
AT_ONCE = 4


@pytest.fixture
def persons(database: Database) -> list[UUID]:
    """Three admins, then somebody who gets points."""
    found = [execute(database, members.create_member, CreateMember()).member_id for _ in range(4)]
    execute(database, members.make_first_admin, found[0])
    execute(database, members.make_first_admin, found[1])

    def promote(work: Work, member_id: UUID) -> None:
        members_store.insert_role(work, member_id, Role.ADMIN, None)
        members_store.grant_role(work, member_id, Role.ADMIN, None)

    execute(database, promote, found[2])
    return found


def propose(database: Database, budget: Budget, persons: list[UUID], points: int) -> Grant:
    line = GrantLine(persons[3], Points(points))
    command = CreateGrant(persons[0], budget.budget_id, "a study group", (line,), policy=SMALL)
    return execute(database, service.create, command)


def opened(database: Database, persons: list[UUID], points: int) -> Budget:
    return open_budget(database, points, persons[0], persons[1], "For mentors")


def test_one_persons_proposals_at_once_are_summed(database: Database, persons: list[UUID]) -> None:
    budget = opened(database, persons, 100_000)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        asked = [pool.submit(propose, database, budget, persons, 600) for _ in range(AT_ONCE)]
        needed = sorted(each.result().persons_needed for each in asked)
    assert needed == [2, 3, 3, 3]


def test_approvals_at_once_end_cleanly_at_the_budget(
    database: Database, persons: list[UUID]
) -> None:
    budget = opened(database, persons, 250)
    grants = [propose(database, budget, persons, 100) for _ in range(AT_ONCE)]

    def approve(grant: Grant) -> GrantState | int:
        command = ApproveGrant(grant.grant_id, persons[1], grant.content_digest, SMALL)
        try:
            return execute(database, service.approve, command).state
        except BudgetExceeded as error:
            return int(str(error.operands["left"]))

    with ThreadPoolExecutor(AT_ONCE) as pool:
        ended = list(pool.map(approve, grants))
    assert sorted(ended, key=str) == [50, 50, GrantState.PAID, GrantState.PAID]
    with database.read() as work:
        (left,) = store.read_budgets(work, budget.budget_id)
    assert left.left == Points(50)
