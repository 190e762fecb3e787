"""Imports that were approved, paid and taken back verify; one damaged value does not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from uuid import UUID

import pytest
import sqlalchemy as sa

from api.supervisor.postgres import APPLICATION, MIGRATOR, PostgresServer
from ledger.grants.imports import paying, service
from ledger.grants.imports.model import ApproveImport, Import, ProposeImport, TakeBackImport
from ledger.grants.imports.verify import IMPORT_CHECKS
from ledger.kernel.ids import RandomIds, format_id
from ledger.kernel.transaction import Database, Work, connect, execute
from ledger.members import store as members
from ledger.members.model import Role
from ledger.verify.service import GRANT_CHECKS, run_checks
from tests.support.budgets import open_budget
from tests.support.clock import SetClock
from tests.support.lots import ANNA, BORIS, add_members

ADMIN, SECOND = UUID(int=0xAD1), UUID(int=0xAD2)
_TABLES = (
    *("imports", "import_lines", "import_approvals", "import_payments", "import_take_backs"),
    *("transfers", "lots"),
)


def _make_admin(work: Work, member: UUID) -> None:
    members.insert_role(work, member, Role.ADMIN, None)
    members.grant_role(work, member, Role.ADMIN, None)


def _bring(database: Database, budget: UUID, text: str, reason: str) -> Import:
    command = ProposeImport(ADMIN, budget, reason, text.encode())
    with database.read() as work:
        confirm = service.preview(work, command).confirm
    what = execute(database, service.propose, replace(command, confirm=confirm))
    execute(database, service.approve, ApproveImport(what.import_id, SECOND, what.content_digest))
    paying.carry_out(database, what.import_id)
    return what


def _imports_happen(database: Database) -> None:
    add_members(database, ANNA, BORIS, ADMIN, SECOND)
    for admin in (ADMIN, SECOND):
        execute(database, _make_admin, admin)
    budget = open_budget(database, 500, ADMIN, SECOND)
    anna, boris = format_id("mem", ANNA), format_id("mem", BORIS)
    header = "member,provider,issuer,subject,points,reference,reason\n"
    text = f"{header}{anna},,,,100,a,Winter\n{boris},,,,50,,\n,lms,i,9,7,,\n"
    _bring(database, budget.budget_id, text, "first")
    back = _bring(database, budget.budget_id, f"{header}{anna},,,,30,b,\n", "second")
    for admin in (ADMIN, SECOND):
        command = TakeBackImport(back.import_id, admin, back.content_digest)
        execute(database, service.take_back, command)
    paying.carry_out(database, back.import_id)


@pytest.fixture(scope="module")
def brought(postgres_server: PostgresServer, template_database: str) -> Iterator[sa.Engine]:
    name = "test_verify_imports"
    postgres_server.create_database(name, template_database)
    database = replace(connect(postgres_server.url(APPLICATION, name)), clock=SetClock())
    _imports_happen(database)
    database.engine.dispose()
    owner = sa.create_engine(postgres_server.url(MIGRATOR, name))
    with owner.begin() as connection:
        for table in _TABLES:
            connection.execute(sa.text(f"ALTER TABLE {table} DISABLE TRIGGER USER"))
    yield owner
    owner.dispose()
    postgres_server.drop_database(name)


def _findings(owner: sa.Engine, damage: str | None = None) -> list[str]:
    with owner.connect() as connection:
        if damage is not None:
            connection.execute(sa.text(damage))
        work = Work(connection, SetClock().now(), RandomIds())
        found = run_checks(work, [*IMPORT_CHECKS, *GRANT_CHECKS]).findings
        connection.rollback()
    return [str(finding) for finding in found]


def test_what_happened_verifies(brought: sa.Engine) -> None:
    assert _findings(brought) == []


_FIRST = "state = 'paid'"
_MERGED = (
    f"UPDATE members SET merged_into = '{SECOND}', status = 'merged' WHERE member_id = '{BORIS}'"
)


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        ("UPDATE imports SET line_count = 9 WHERE " + _FIRST, "digest is of other content"),
        ("UPDATE import_lines SET points = 99 WHERE points = 100", "has other lines"),
        ("UPDATE import_lines SET expires_on = '2030-01-01'", "has other lines"),
        ("UPDATE import_words SET reason = 'Summer'", "has other words in line 2"),
        ("UPDATE import_reasons SET reason = 'x'", "states another reason"),
        ("UPDATE import_approvals SET content_digest = sha256('x')", "another content's digest"),
        (
            "UPDATE import_approvals SET approved_at = approved_at - interval '1 s'",
            "not stood for by its creator",
        ),
        (
            f"UPDATE import_approvals SET person_id = '{BORIS}' WHERE person_id = '{SECOND}'",
            "who approved it",
        ),
        (
            _MERGED,
            f"paid {SECOND}, who approved it",
        ),
        (
            f"UPDATE import_payments SET member_id = '{ADMIN}' WHERE member_id = '{BORIS}'",
            f"paid {ADMIN}, who approved it",
        ),
        (f"DELETE FROM import_approvals WHERE person_id = '{SECOND}'", "with 1 persons"),
        ("DELETE FROM import_take_backs", "nobody asked for that"),
        ("UPDATE import_take_backs SET asked_at = asked_at + interval '1 s'", "that entry is not"),
        ("UPDATE import_payments SET entry_id = gen_random_uuid()", "an entry that is not its own"),
        (
            "UPDATE import_payments SET outcome = 'lapsed', entry_id = NULL WHERE line = 3",
            "never expire",
        ),
        (
            f"UPDATE import_payments SET member_id = '{BORIS}' WHERE member_id = '{ANNA}'",
            "to another member",
        ),
        ("DELETE FROM import_payments WHERE line = 2", "no line of one names it"),
        ("DELETE FROM import_payments WHERE line = 2", "no paid grant stands behind it"),
    ],
)
def test_damage_is_named(brought: sa.Engine, damage: str, said: str) -> None:
    assert any(said in finding for finding in _findings(brought, damage)), _findings(
        brought, damage
    )
