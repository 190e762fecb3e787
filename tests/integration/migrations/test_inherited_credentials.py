"""What was issued by one person before two were asked goes on working, and is marked."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config

import api.migrations
from api.auth import store as auth
from api.migrations.runner import migrate
from api.supervisor import postgres as pg
from ledger.events.credentials import store as credentials
from ledger.events.sources import store as sources
from ledger.kernel.transaction import connect

SOURCE, SECRET, KEY, PLAIN = (UUID(int=number) for number in range(1, 5))
ROWS = """
INSERT INTO sources VALUES (:source, 'https://lms.example', 'lms', 'standard_webhooks', 'active',
                            '{}', 30, 100, now(), now());
INSERT INTO source_secrets VALUES (:secret, :source, 'sealed', NULL, now(), NULL);
INSERT INTO api_keys (key_id, name, secret_digest, scopes, source, created_at)
VALUES (:key, 'lms', sha256('a'), '{}', 'https://lms.example', now()),
       (:plain, 'crm', sha256('b'), '{}', NULL, now())
"""


@pytest.fixture
def before(postgres_server: pg.PostgresServer) -> Iterator[str]:
    """A database of the revision before, with a secret and keys in it."""
    name = "before_credentials"
    postgres_server.create_database(name)
    engine = sa.create_engine(postgres_server.url(pg.MIGRATOR, name), poolclass=sa.NullPool)
    ids = {"source": SOURCE, "secret": SECRET, "key": KEY, "plain": PLAIN}
    with engine.begin() as connection:
        config = Config()
        config.set_main_option("script_location", str(Path(api.migrations.__path__[0])))
        config.attributes["connection"] = connection
        command.upgrade(config, "0010")
        for statement in ROWS.split(";"):
            used = {name: value for name, value in ids.items() if f":{name}" in statement}
            connection.execute(sa.text(statement), used)
    yield name
    postgres_server.drop_database(name)


def test_what_worked_goes_on_working_and_is_marked(
    postgres_server: pg.PostgresServer, before: str
) -> None:
    migrate(postgres_server.url(pg.MIGRATOR, before))
    database = connect(postgres_server.url(pg.APPLICATION, before))
    with database.read() as work:
        found = {one.credential_id: one for one in credentials.list_credentials(work, 10)}
        assert {(one.state, one.inherited, one.decided_by) for one in found.values()} == {
            ("approved", True, None)
        }
        assert {one: found[one].kind for one in found} == {SECRET: "secret", KEY: "key"}
        assert sources.sealed_secrets(work, SOURCE) == [b"sealed"]
        rows = {row.key.key_id: row for row in auth.keys_after(work, None, 10)}
        assert all(row.key.is_live(work.now) for row in rows.values())
        assert set(rows) == {KEY, PLAIN}
    database.engine.dispose()
