from __future__ import annotations

from uuid import UUID

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from api.cli import ledger, main
from ledger.journal import service as journal
from ledger.journal.model import AccountKey, AccountKind, EntryDraft, EntryKind, Posting
from ledger.kernel.transaction import Database, execute
from ledger.kernel.units import Points
from ledger.verify import store
from tests.integration.conftest import TestDatabase
from tests.support.lots import AT

ENTRY = EntryDraft(
    entry_id=UUID(int=1),
    kind=EntryKind.CLAWBACK,
    postings=(
        Posting(
            AccountKey(AccountKind.DEBT, UUID(int=1)), AccountKey(AccountKind.REVOKED), Points(100)
        ),
    ),
    effective_at=AT,
    cause="{}",
)


def test_every_refusal_of_the_database_is_expected(database: Database) -> None:
    """A new append-only table belongs in ``api.cli.ledger.APPEND_ONLY``, so that verify looks."""
    with database.read() as work:
        stored = {(t.table, t.name) for t in store.refusal_triggers(work)}
    assert stored == ledger.REFUSALS


def test_the_command_says_that_all_rules_hold(
    database: Database, test_database: TestDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    execute(database, journal.post, [ENTRY])
    monkeypatch.setenv("VKLAD_DATABASE_URL", test_database.app_url)
    result = CliRunner().invoke(main.app, ["ledger", "verify"])
    assert result.exit_code == 0, result.output
    assert "1 transfers" in result.output


def test_the_command_names_the_row_and_fails(
    database: Database,
    test_database: TestDatabase,
    migrator_url: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    execute(database, journal.post, [ENTRY])
    engine = sa.create_engine(migrator_url)
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE accounts SET balance = 99 WHERE kind = 'revoked'"))
    engine.dispose()
    monkeypatch.setenv("VKLAD_DATABASE_URL", test_database.app_url)
    result = CliRunner().invoke(main.app, ["ledger", "verify"])
    assert result.exit_code == 1
    assert "chain: accounts 2: has balance 99" in result.output
