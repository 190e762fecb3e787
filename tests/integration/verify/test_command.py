from __future__ import annotations

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from api.cli import ledger, main
from ledger.kernel.transaction import Database
from ledger.verify import store
from tests.integration.conftest import TestDatabase
from tests.support.lots import a_lot, grant


def test_every_refusal_of_the_database_is_expected(database: Database) -> None:
    """A new append-only table belongs in ``api.cli.ledger.APPEND_ONLY``, so that verify looks."""
    others = {(table, f"{table}_append_only") for table in ledger.APPEND_ONLY}
    with database.read() as work:
        stored = {(t.table, t.name) for t in store.refusal_triggers(work)}
    assert stored == ledger.LEDGER_REFUSALS | others


def test_the_command_says_that_all_rules_hold(
    database: Database, test_database: TestDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    grant(database, a_lot("a", 100))
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
    grant(database, a_lot("a", 100))
    engine = sa.create_engine(migrator_url)
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE accounts SET balance = 99 WHERE kind = 'lot_available'"))
    engine.dispose()
    monkeypatch.setenv("VKLAD_DATABASE_URL", test_database.app_url)
    result = CliRunner().invoke(main.app, ["ledger", "verify"])
    assert result.exit_code == 1
    assert "chain: accounts 2: has balance 99" in result.output
