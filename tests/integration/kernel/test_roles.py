"""What the application's role may not do, and that the parts of a session answer."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from api.supervisor.anvil import AnvilNode
from api.supervisor.valkey import ValkeyServer
from ledger.kernel.transaction import Database


def test_database_is_postgresql_18_with_utf8(database: Database) -> None:
    with database.read() as work:
        assert work.connection.execute(sa.text("SHOW server_version_num")).scalar_one() >= "180000"
        assert work.connection.execute(sa.text("SHOW server_encoding")).scalar_one() == "UTF8"


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE outbox ADD COLUMN x int",
        "ALTER TABLE outbox DISABLE TRIGGER ALL",
        "DROP TABLE outbox",
        "TRUNCATE outbox",
        "CREATE TABLE mine (x int)",
        "SET session_replication_role = replica",
        "SET ROLE vklad_migrator",
        "CREATE DATABASE mine",
    ],
)
def test_the_application_cannot(database: Database, statement: str) -> None:
    connection = database.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
    with connection, pytest.raises(sa.exc.ProgrammingError, match=r"permission|must be owner"):
        connection.execute(sa.text(statement))


def test_the_broker_answers(valkey: ValkeyServer) -> None:
    assert valkey.healthy()


def test_the_chain_answers_and_has_funded_accounts(anvil: AnvilNode) -> None:
    assert anvil.healthy()
