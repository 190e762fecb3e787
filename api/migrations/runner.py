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

from api.migrations.guards import APPLICATION_ROLE, WATCHER_ROLE
from ledger.kernel.errors import ErrorKind, VkladError
from oracle.watcher.store import READ_TABLES


class SchemaBehind(VkladError):
    """The database is not at the revision this code was written for."""

    code = "schema_behind"
    kind = ErrorKind.UNAVAILABLE


def migrate(
    url: str, application_role: str = APPLICATION_ROLE, watcher_role: str = WATCHER_ROLE
) -> str:
    """Apply every migration not applied yet; the revision reached.

    ``application_role`` may then use rows of all tables, and change no table; ``watcher_role`` may
    read what the watcher recomputes batches from. Safe to run twice and by two processes at once
    (advisory lock).
    """
    engine = sa.create_engine(url)
    try:
        with engine.begin() as connection:
            connection.execute(sa.text("SET lock_timeout = '10s'; SET statement_timeout = '10min'"))
            connection.execute(sa.text("SELECT pg_advisory_xact_lock(hashtext('vklad.migrate'))"))
            command.upgrade(_config(connection), "head")
            _grant_use(connection, application_role)
            if watcher_role not in (application_role, connection.engine.url.username):
                _grant_reading(connection, watcher_role)
            return newest_revision()
    finally:
        engine.dispose()


def current_revision(connection: sa.Connection) -> str | None:
    """The revision this database is at; ``None`` before the first migration."""
    return MigrationContext.configure(connection).get_current_revision()


def require_newest(connection: sa.Connection) -> str:
    """The revision this code expects, which this database has.

    Raises:
        SchemaBehind: it has another one.
    """
    found, wanted = current_revision(connection), newest_revision()
    if found != wanted:
        raise SchemaBehind(
            f"The database is at revision {found}, this code needs {wanted}: run vklad migrate.",
            found=found,
            wanted=wanted,
        )
    return wanted


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


def _grant_use(connection: sa.Connection, role: str) -> None:
    """Let the application's role, if the server has one, use rows but change no table."""
    quoted = _known_role(connection, role)
    if quoted is not None:
        connection.execute(
            sa.text(
                f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {quoted}; "
                f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {quoted}"
            )
        )


def _grant_reading(connection: sa.Connection, role: str) -> None:
    """Let the watcher's role, if the server has one, read its tables, and take all else away."""
    quoted = _known_role(connection, role)
    if quoted is not None:
        connection.execute(
            sa.text(
                f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {quoted}; "
                f"REVOKE ALL ON ALL SEQUENCES IN SCHEMA public FROM {quoted}; "
                f"GRANT SELECT ON {', '.join(READ_TABLES)} TO {quoted}"
            )
        )


def _known_role(connection: sa.Connection, role: str) -> str | None:
    """The role's name for a statement; ``None`` if this server has no such role."""
    known = connection.execute(
        sa.text("SELECT 1 FROM pg_roles WHERE rolname = :role"), {"role": role}
    ).scalar()
    return connection.dialect.identifier_preparer.quote_identifier(role) if known else None
