"""What migrations use to make the database itself refuse.

Append-only tables refuse UPDATE, DELETE and TRUNCATE by trigger, for every role that cannot disable
triggers; the application's role cannot.
"""

from __future__ import annotations

from typing import Final, Protocol

APPLICATION_ROLE: Final = "vklad_app"
WATCHER_ROLE: Final = "vklad_watcher"


class _Executes(Protocol):
    """What is used of ``alembic.op``."""

    def execute(self, sqltext: str) -> None:
        """Run one statement."""
        ...


_REFUSE: Final = """
CREATE OR REPLACE FUNCTION vklad_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% on % is refused: its rows are append-only', TG_OP, TG_TABLE_NAME
    USING ERRCODE = 'restrict_violation';
END $$
"""


def create_refusal(op: _Executes) -> None:
    """Create the function that the triggers of :func:`refuse_changes` call; once, in 0001."""
    op.execute(_REFUSE)


def refuse_changes(op: _Executes, table: str) -> None:
    """Make ``table`` append-only."""
    op.execute(
        f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION vklad_refuse_change()"
    )
