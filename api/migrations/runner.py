"""Bring a database to the newest schema, under the migrator's role.

Both timeouts are set for the session, so a migration that would wait for a lock gives up instead of
stopping the service behind it.
"""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from api.migrations.guards import APPLICATION_ROLE


def migrate(url: str) -> str:
    """Apply every migration not applied yet; the revision reached.

    Safe to run twice and by two processes at once (advisory lock).
    """
    engine = sa.create_engine(url)
    try:
        with engine.begin() as connection:
            connection.execute(sa.text("SET lock_timeout = '10s'; SET statement_timeout = '10min'"))
            connection.execute(sa.text("SELECT pg_advisory_xact_lock(hashtext('vklad.migrate'))"))
            command.upgrade(_config(connection), "head")
            _grant(connection)
            return newest_revision()
    finally:
        engine.dispose()


def current_revision(connection: sa.Connection) -> str | None:
    """The revision this database is at; ``None`` before the first migration."""
    return MigrationContext.configure(connection).get_current_revision()


def newest_revision() -> str:
    """The revision this code expects."""
    head = ScriptDirectory.from_config(_config(None)).get_current_head()
    assert head is not None, "there is at least one migration"
    return head


def _config(connection: sa.Connection | None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.attributes["connection"] = connection
    return config


def _grant(connection: sa.Connection) -> None:
    """Let the application's role, if the server has one, use rows but change no table."""
    role = connection.execute(
        sa.text("SELECT 1 FROM pg_roles WHERE rolname = :role"), {"role": APPLICATION_ROLE}
    ).scalar()
    if role:
        connection.execute(
            sa.text(
                f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public "
                f"TO {APPLICATION_ROLE}; "
                f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {APPLICATION_ROLE}"
            )
        )
