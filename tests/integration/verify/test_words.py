"""What was carried by the word of somebody who had lost the role by then is found."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

import pytest
import sqlalchemy as sa

from api.supervisor.postgres import MIGRATOR, PostgresServer
from ledger.kernel.ids import RandomIds
from ledger.kernel.transaction import Work
from ledger.verify.words import check_words
from tests.integration.conftest import TestDatabase
from tests.support.lots import AT

FIRST, SECOND, THIRD, ANNA, BORIS = (UUID(int=0xAD1 + number) for number in range(5))
_DIGEST = "sha256('x')"
_AT = f"timestamptz '{AT.isoformat()}'"
_KINDS = {
    "grants": f"""
        INSERT INTO grants VALUES ('{ANNA}', '{ANNA}', '{FIRST}', {_AT}, NULL, NULL, 5, {_DIGEST},
            {_DIGEST}, 2, NULL, 'paid', '{SECOND}', {_AT});
        INSERT INTO grant_approvals VALUES ('{ANNA}', '{FIRST}', {_DIGEST}, {_AT} - interval '9 d'),
            ('{ANNA}', '{SECOND}', {_DIGEST}, {_AT})""",
    "imports": f"""
        INSERT INTO imports (import_id, budget_id, created_by, created_at, points, line_count,
            file_digest, lines_digest, reason_digest, content_digest, persons_needed, state, walked,
            closed_by, closed_at) VALUES ('{ANNA}', '{ANNA}', '{FIRST}', {_AT}, 5, 1, {_DIGEST},
            {_DIGEST}, {_DIGEST}, {_DIGEST}, 2, 'approved', 0, '{SECOND}', {_AT});
        INSERT INTO import_approvals VALUES
            ('{ANNA}', '{FIRST}', {_DIGEST}, {_AT} - interval '9 d'),
            ('{ANNA}', '{SECOND}', {_DIGEST}, {_AT})""",
    "budget_proposals": "SELECT",
    "member_merges": f"""
        INSERT INTO member_merges VALUES ('{ANNA}', '{ANNA}', '{BORIS}', NULL, '{FIRST}', {_AT},
            {_DIGEST}, {_DIGEST});
        INSERT INTO member_merge_decisions VALUES
            ('{ANNA}', 'approved', {_DIGEST}, '{SECOND}', {_AT})""",
    "programme_changes": f"""
        INSERT INTO programmes VALUES ({_DIGEST}, 'p', '1', '', '', {_AT}, 'x');
        INSERT INTO programme_changes (change_id, programme_hash, effective_at, mode, content_hash,
            proposed_by, proposed_at) VALUES
            ('{ANNA}', {_DIGEST}, {_AT}, 'forward', {_DIGEST}, '{FIRST}', {_AT});
        INSERT INTO programme_decisions VALUES
            ('{ANNA}', '{SECOND}', 'approved', {_DIGEST}, {_AT})""",
}
_BUDGET = f"""
    INSERT INTO budget_proposals VALUES
        ('{ANNA}', 'b', 9, '{FIRST}', {_AT} - interval '9 d', NULL, {_DIGEST});
    INSERT INTO budget_decisions VALUES
        ('{ANNA}', 'approved', {_DIGEST}, '{SECOND}', {_AT}, NULL);
    INSERT INTO budgets VALUES ('{ANNA}', 'b', 9, '{FIRST}', {_AT}, {_DIGEST})"""


@pytest.fixture
def owner(postgres_server: PostgresServer, test_database: TestDatabase) -> Iterator[sa.Connection]:
    engine = sa.create_engine(postgres_server.url(MIGRATOR, test_database.name))
    with engine.connect() as connection:
        for member in (FIRST, SECOND, THIRD, ANNA, BORIS):
            _do(connection, f"INSERT INTO members VALUES ('{member}', 'active', 'en', {_AT})")
            _do(connection, _role(member, "granted", "30 d"))
        _do(connection, _BUDGET)
        yield connection
        connection.rollback()
    engine.dispose()


def _do(connection: sa.Connection, statements: str) -> None:
    for statement in statements.split(";"):
        connection.execute(sa.text(statement))


def _role(member: UUID, action: str, before: str) -> str:
    return (
        f"INSERT INTO role_changes VALUES (gen_random_uuid(), '{member}', 'admin', '{action}', "
        f"NULL, {_AT} - interval '{before}')"
    )


def _block(member: UUID, action: str, before: str) -> str:
    return (
        f"INSERT INTO member_blocks VALUES (gen_random_uuid(), '{member}', '{action}', '{THIRD}', "
        f"{_DIGEST}, {_AT} - interval '{before}')"
    )


def _erased(member: UUID, before: str) -> str:
    return (
        f"INSERT INTO erasures VALUES ('{member}', '{{}}', 'member', {_AT} - interval '{before}')"
    )


def _found(connection: sa.Connection) -> list[tuple[str, str]]:
    work = Work(connection, AT, RandomIds())
    return [(each.table, each.problem) for each in check_words(work)]


@pytest.mark.parametrize("kind", _KINDS)
@pytest.mark.parametrize("member", [FIRST, SECOND])
def test_a_word_that_was_lost_is_found(owner: sa.Connection, kind: str, member: UUID) -> None:
    _do(owner, _KINDS[kind])
    assert _found(owner) == []
    _do(owner, _role(member, "revoked", "2 h"))
    said = f"took effect by the word of {member}, which did not count any more"
    assert (kind, said) in _found(owner)
    _do(owner, _role(member, "granted", "1 h"))
    assert _found(owner) == []


_HISTORIES = [
    ([_block(FIRST, "blocked", "2 h")], 1),
    ([_block(FIRST, "blocked", "2 h"), _block(FIRST, "unblocked", "1 h")], 0),
    ([_block(FIRST, "blocked", "-1 h")], 0),
    ([_block(FIRST, "blocked", "30 s")], 0),
    ([_role(FIRST, "revoked", "30 s")], 0),
    ([_role(FIRST, "revoked", "-1 h")], 0),
    ([_role(THIRD, "revoked", "2 h")], 0),
    ([_erased(FIRST, "2 h")], 1),
    ([_erased(FIRST, "-2 h")], 0),
]


@pytest.mark.parametrize(("history", "found"), _HISTORIES, ids=map(str, range(len(_HISTORIES))))
def test_what_takes_a_word_away(owner: sa.Connection, history: list[str], found: int) -> None:
    for statement in history:
        _do(owner, statement)
    assert len(_found(owner)) == found


def test_of_three_who_stood_two_are_enough(owner: sa.Connection) -> None:
    _do(owner, _KINDS["grants"])
    _do(owner, f"INSERT INTO grant_approvals VALUES ('{ANNA}', '{THIRD}', {_DIGEST}, {_AT})")
    _do(owner, _role(THIRD, "revoked", "2 h"))
    assert _found(owner) == []
    _do(owner, _block(SECOND, "blocked", "2 h"))
    assert [table for table, _ in _found(owner)] == ["budget_proposals", "grants", "grants"]
