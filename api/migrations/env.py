"""Alembic's entry: one connection, handed in by ``api.migrations.runner``."""

from __future__ import annotations

from alembic import context

from ledger.kernel.transaction import metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, transactional_ddl=True)
with context.begin_transaction():
    context.run_migrations()
