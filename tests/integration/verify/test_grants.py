"""Grants that were proposed, approved and paid verify; one damaged value does not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa

from api.supervisor.postgres import APPLICATION, MIGRATOR, PostgresServer
from ledger.grants import service
from ledger.grants.budgets import service as budgets
from ledger.grants.budgets.model import ApproveBudget, CloseBudget, ProposeBudget
from ledger.grants.model import ApproveGrant, CloseGrant, CreateGrant, GrantLine
from ledger.kernel.ids import RandomIds
from ledger.kernel.transaction import Database, Work, connect, execute
from ledger.kernel.units import Points
from ledger.members import store as members
from ledger.members.model import Role
from ledger.verify.service import GRANT_CHECKS, JOURNAL_CHECKS, run_checks
from tests.support.clock import SetClock
from tests.support.lots import ANNA, AT, BORIS, DAY, a_lot, add_members, grant

ADMIN, SECOND = UUID(int=0xAD1), UUID(int=0xAD2)
_ASKED = ("budget_proposals", "budget_decisions")
_TABLES = ("budgets", *_ASKED, "grants", "grant_lines", "grant_approvals", "transfers", "lots")


def _grants_happen(database: Database, clock: SetClock) -> None:
    add_members(database, ANNA, BORIS, ADMIN, SECOND)

    def make_admin(work: Work, member: UUID) -> None:
        members.insert_role(work, member, Role.ADMIN, None)
        members.grant_role(work, member, Role.ADMIN, None)

    execute(database, make_admin, ADMIN)
    budget = execute(database, budgets.propose, ProposeBudget("b", Points(500), ADMIN))
    clock.forward(timedelta(days=3))
    yes = ApproveBudget(budget.budget_id, ADMIN, budget.content_digest)
    execute(database, budgets.approve, yes)
    lines = (GrantLine(ANNA, Points(100)), GrantLine(BORIS, Points(50)))
    alone = CreateGrant(ADMIN, budget.budget_id, "alone", lines[:1])
    first = execute(database, service.create, alone)
    clock.forward(timedelta(days=3))
    execute(database, service.approve, ApproveGrant(first.grant_id, ADMIN, first.content_digest))
    execute(database, make_admin, SECOND)
    command = CreateGrant(
        ADMIN,
        budget.budget_id,
        "two",
        lines,
        activates_at=clock.now() + DAY,
        expires_at=clock.now() + 9 * DAY,
    )
    shown = execute(database, service.preview, command)
    clock.forward(timedelta(seconds=1))
    second = execute(database, service.create, replace(command, confirm=shown.confirm))
    clock.forward(timedelta(seconds=1))
    approval = ApproveGrant(second.grant_id, SECOND, second.content_digest)
    execute(database, service.approve, approval)
    third = execute(database, service.create, replace(alone, reason="no"))
    execute(database, service.close, CloseGrant(third.grant_id, SECOND))
    execute(database, service.create, replace(alone, reason="open"))
    other = execute(database, budgets.propose, ProposeBudget("e", Points(5), ADMIN))
    yes = ApproveBudget(other.budget_id, SECOND, other.content_digest)
    execute(database, budgets.approve, yes)
    no = execute(database, budgets.propose, ProposeBudget("d", Points(5), ADMIN))
    execute(database, budgets.close, CloseBudget(no.budget_id, SECOND))


@pytest.fixture(scope="module")
def granted(postgres_server: PostgresServer, template_database: str) -> Iterator[sa.Engine]:
    name = "test_verify_grants"
    postgres_server.create_database(name, template_database)
    clock = SetClock()
    database = replace(connect(postgres_server.url(APPLICATION, name)), clock=clock)
    _grants_happen(database, clock)
    database.engine.dispose()
    owner = sa.create_engine(postgres_server.url(MIGRATOR, name))
    with owner.begin() as connection:
        connection.execute(sa.text("ALTER TABLE grants DROP CONSTRAINT fk_grants_budget_id"))
        for table in _TABLES:
            connection.execute(sa.text(f"ALTER TABLE {table} DISABLE TRIGGER USER"))
    yield owner
    owner.dispose()
    postgres_server.drop_database(name)


_TWO = "(SELECT grant_id FROM grant_reasons WHERE reason = 'two')"
_ALONE = "(SELECT grant_id FROM grant_reasons WHERE reason = 'alone')"
_DAMAGE = [
    ("UPDATE budgets SET amount = amount + 1", "budgets "),
    ("UPDATE budgets SET name = 'c' WHERE name = 'b'", "budgets "),
    (f"UPDATE budgets SET opened_by = '{SECOND}'", "budgets "),
    ("UPDATE budgets SET opened_at = opened_at + interval '1 s'", "budgets "),
    ("UPDATE budgets SET content_digest = sha256('x')", "budgets "),
    *(
        (f"UPDATE budget_proposals SET {change}", "budget_proposals ")
        for change in (
            "amount = amount + 1",
            "name = 'c'",
            f"proposed_by = '{SECOND}'",
            "proposed_at = proposed_at - interval '1 s'",
            "open_from = open_from + interval '1 s'",
            "content_digest = sha256('x')",
        )
    ),
    (f"UPDATE grants SET vesting = '{{}}' WHERE grant_id = {_ALONE}", "grants: grants "),
    ("UPDATE budget_decisions SET decision = 'rejected'", "budgets "),
    ("UPDATE budget_decisions SET content_digest = sha256('x')", "budget_proposals "),
    ("UPDATE budget_decisions SET decided_at = decided_at - interval '1 s'", "budget_proposals "),
    (f"UPDATE budget_decisions SET decided_by = '{ADMIN}'", f"{ADMIN}, who asked for it"),
    *(
        (f"UPDATE grants SET {change} WHERE grant_id = {_TWO}", "grants: grants ")
        for change in (
            f"created_by = '{SECOND}'",
            f"budget_id = '{BORIS}'",
            "created_at = created_at + interval '1 s'",
            "activates_at = NULL",
            "expires_at = expires_at + interval '1 s'",
            "points = points + 1",
            "reason_digest = sha256('x')",
            "content_digest = sha256('x')",
            "persons_needed = 3",
            "persons_needed = 1, payable_from = created_at",
            f"closed_by = '{ADMIN}'",
            "closed_at = closed_at + interval '1 s'",
        )
    ),
    (
        (
            f"UPDATE grants SET state = 'proposed', closed_at = NULL, closed_by = NULL "
            f"WHERE grant_id = {_TWO}"
        ),
        "grants: transfers ",
    ),
    (f"UPDATE grants SET state = 'rejected' WHERE grant_id = {_ALONE}", "grants: transfers "),
    (
        (
            "UPDATE grants SET state = 'paid', closed_at = now(), closed_by = created_by "
            "WHERE state = 'proposed'"
        ),
        "grants: grants ",
    ),
    (
        f"UPDATE grants SET closed_at = payable_from - interval '1 s' WHERE grant_id = {_ALONE}",
        "grants: grants ",
    ),
    (f"UPDATE grant_lines SET points = points + 1 WHERE grant_id = {_TWO}", "grants: grants "),
    (
        f"UPDATE grant_lines SET member_id = '{SECOND}' WHERE line = 1 AND grant_id = {_TWO}",
        "grants: grants ",
    ),
    (
        f"UPDATE grant_lines SET line = line + 2 WHERE line = 1 AND grant_id = {_TWO}",
        "grants: grants ",
    ),
    (
        (
            f"UPDATE grant_lines SET grant_id = {_TWO}, line = 3, member_id = '{ADMIN}' "
            f"WHERE grant_id = {_ALONE}"
        ),
        "grants: grants ",
    ),
    (f"DELETE FROM grant_lines WHERE line = 2 AND grant_id = {_TWO}", "grants: grants "),
    ("UPDATE grant_reasons SET reason = 'else' WHERE reason = 'two'", "grants: grants "),
    *(
        (
            (
                f"UPDATE grant_approvals SET {change} "
                f"WHERE person_id = '{SECOND}' AND grant_id = {_TWO}"
            ),
            "grants: grants ",
        )
        for change in (
            f"person_id = '{BORIS}'",
            f"grant_id = {_ALONE}",
            "content_digest = sha256('x')",
            "approved_at = approved_at + interval '1 s'",
        )
    ),
    (
        (
            f"UPDATE members SET merged_into = '{SECOND}', status = 'merged' "
            f"WHERE member_id = '{BORIS}'"
        ),
        f"pays {SECOND}, who approved it under another name",
    ),
    (
        f"DELETE FROM grant_approvals WHERE person_id = '{SECOND}' AND grant_id = {_TWO}",
        "grants: grants ",
    ),
]


@pytest.mark.parametrize(("statement", "names"), _DAMAGE, ids=[s for s, _ in _DAMAGE])
def test_one_damaged_value_is_found_and_named(
    granted: sa.Engine, statement: str, names: str
) -> None:
    with granted.connect() as connection:
        assert connection.execute(sa.text(statement)).rowcount >= 1
        findings = run_checks(Work(connection, AT, RandomIds()), GRANT_CHECKS).findings
        connection.rollback()
    assert any(names in str(finding) for finding in findings), findings


def test_without_damage_nothing_is_found(granted: sa.Engine) -> None:
    with granted.connect() as connection:
        work = Work(connection, AT, RandomIds())
        assert run_checks(work, (*JOURNAL_CHECKS, *GRANT_CHECKS)).findings == ()


def test_an_erased_reason_is_no_fault(granted: sa.Engine) -> None:
    with granted.connect() as connection:
        connection.execute(sa.text("DELETE FROM grant_reasons"))
        assert run_checks(Work(connection, AT, RandomIds()), GRANT_CHECKS).findings == ()


def test_every_column_is_damaged_above(granted: sa.Engine) -> None:
    with granted.connect() as connection:
        columns = connection.execute(
            sa.text(
                "SELECT table_name, column_name FROM information_schema.columns WHERE table_name IN"
                " ('budgets', 'budget_proposals', 'budget_decisions', 'grants', 'grant_lines',"
                " 'grant_approvals')"
            )
        ).all()
    damaged = {
        (statement.split()[1], change.split(" = ")[0].strip())
        for statement, _ in _DAMAGE
        if statement.startswith("UPDATE")
        for change in statement.partition(" SET ")[2].partition(" WHERE ")[0].split(",")
    }
    missing = {tuple(column) for column in columns} - damaged
    assert missing == {
        ("budgets", "budget_id"),
        ("budget_proposals", "budget_id"),
        ("budget_decisions", "budget_id"),
        ("budget_decisions", "vote"),  # compared with what votes ordered, in governance.mandates
        ("grants", "grant_id"),
    }


def test_a_grant_that_nobody_approved_is_found(database: Database) -> None:
    grant(database, a_lot("a", 10))
    with database.read() as work:
        (finding,) = run_checks(work, GRANT_CHECKS).findings
    assert (finding.table, finding.row[:2]) == ("transfers", "1 ")
