"""The tables that the code declares are the tables that the migrations make."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from api.migrations.runner import current_revision, migrate, newest_revision
from ledger.kernel.transaction import metadata

ROOT = Path(__file__).resolve().parents[3]
PACKAGES = ("ledger", "oracle", "governance", "api")


def _import_every_table() -> None:
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            if path.name in {"tables.py", "outbox.py", "idempotency.py"}:
                name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
                importlib.import_module(name)


@pytest.fixture
def owner(migrator_url: str) -> sa.Engine:
    return sa.create_engine(migrator_url, poolclass=sa.NullPool)


def test_models_are_the_migrations(owner: sa.Engine) -> None:
    _import_every_table()
    with owner.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_server_default": False})
        assert compare_metadata(context, metadata) == []


def test_migrating_again_changes_nothing(owner: sa.Engine, migrator_url: str) -> None:
    assert migrate(migrator_url) == newest_revision()
    with owner.connect() as connection:
        assert current_revision(connection) == newest_revision()


def test_check_constraints_are_the_same(owner: sa.Engine) -> None:
    """Alembic does not compare these, so their names are compared here."""
    _import_every_table()
    declared = {
        (table.name, str(constraint.name))
        for table in metadata.tables.values()
        for constraint in table.constraints
        if isinstance(constraint, sa.CheckConstraint)
    }
    with owner.connect() as connection:
        made = {
            (row.table_name, row.name)
            for row in connection.execute(
                sa.text(
                    "SELECT conrelid::regclass::text AS table_name, conname AS name "
                    "FROM pg_constraint WHERE contype = 'c' "
                    "AND connamespace = 'public'::regnamespace"
                )
            )
        }
    assert {(table, _full_name(table, name)) for table, name in declared} == made


def _full_name(table: str, name: str) -> str:
    return name if name.startswith("ck_") else f"ck_{table}_{name}"
