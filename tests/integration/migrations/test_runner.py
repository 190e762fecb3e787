"""Migrating: once, whoever asks, with rights for the role that uses the tables."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa
from pydantic import SecretStr

from api.composition import migrate_installation
from api.migrations.runner import SchemaBehind, migrate, newest_revision, require_newest
from api.settings import Settings
from api.supervisor import postgres as pg
from api.supervisor.state import StateFolder


@pytest.fixture
def empty(postgres_server: pg.PostgresServer) -> Iterator[str]:
    postgres_server.create_database("empty")
    yield "empty"
    postgres_server.drop_database("empty")


def _plain(url: str) -> SecretStr:
    return SecretStr(url.replace("+psycopg", ""))


def test_two_that_migrate_at_once_migrate_once(
    postgres_server: pg.PostgresServer, empty: str
) -> None:
    url = postgres_server.url(pg.MIGRATOR, empty)
    with ThreadPoolExecutor(2) as pool:
        assert set(pool.map(migrate, [url, url])) == {newest_revision()}


def test_a_database_behind_is_refused_and_one_migrated_by_its_owner_is_not(
    postgres_server: pg.PostgresServer, empty: str, tmp_path: Path
) -> None:
    app_url = postgres_server.url(pg.APPLICATION, empty)
    owner_url = postgres_server.url(pg.MIGRATOR, empty)
    state = StateFolder(tmp_path / "state")
    remote = Settings(database_url=_plain(app_url))
    with pytest.raises(SchemaBehind) as caught:
        migrate_installation(remote, state)
    assert caught.value.operands == {"found": None, "wanted": newest_revision()}

    owned = Settings(database_url=_plain(app_url), migration_database_url=_plain(owner_url))
    assert migrate_installation(owned, state) == newest_revision()
    assert migrate_installation(remote, state) == newest_revision()
    with psycopg.connect(_plain(app_url).get_secret_value()) as connection:
        assert connection.execute("SELECT count(*) FROM outbox").fetchone() == (0,)


def test_a_newer_database_is_refused_too(migrator_url: str) -> None:
    engine = sa.create_engine(migrator_url, poolclass=sa.NullPool)
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
        with pytest.raises(SchemaBehind):
            require_newest(connection)


def test_every_append_only_table_refuses_every_change_for_both_roles(
    migrator_url: str, test_database: object
) -> None:
    """Whatever a migration made append-only: found by its trigger, tried by both roles."""
    engine = sa.create_engine(migrator_url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        tables = list(
            connection.execute(
                sa.text(
                    "SELECT tgrelid::regclass::text FROM pg_trigger "
                    "WHERE tgfoid = 'vklad_refuse_change'::regproc ORDER BY 1"
                )
            ).scalars()
        )
        columns = {
            table: connection.execute(
                sa.text(
                    "SELECT attname FROM pg_attribute WHERE attrelid = CAST(:t AS regclass) "
                    "AND attnum > 0 AND NOT attisdropped AND attgenerated = '' "
                    "AND attidentity = '' LIMIT 1"
                ),
                {"t": table},
            ).scalar_one()
            for table in tables
        }
    assert "transfers" in tables
    assert "events" in tables
    for url in (migrator_url, test_database.app_url):  # type: ignore[attr-defined]
        one = sa.create_engine(url, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT")
        for table in tables:
            for statement in (
                f"UPDATE {table} SET {columns[table]} = {columns[table]}",
                f"DELETE FROM {table}",
                f"TRUNCATE {table} CASCADE",
            ):
                with (
                    one.connect() as connection,
                    pytest.raises(sa.exc.DBAPIError, match=r"append-only|permission denied"),
                ):
                    connection.execute(sa.text(statement))
