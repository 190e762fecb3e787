"""The database's history, forward only (Alembic). Run by a role the application does not have."""
