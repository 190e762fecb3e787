"""Statements of one transaction sent together, with one wait for all of their answers.

Each still runs by itself, in order and (READ COMMITTED) with a snapshot of its own: what a lock
made sure holds for the statements after it. For paths that were measured to need it, since a thread
that waits for the database waits for the interpreter too before it goes on; everything else runs
its statements one by one through SQLAlchemy.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, cast

import sqlalchemy as sa
from sqlalchemy.engine.interfaces import DBAPICursor
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql.compiler import SQLCompiler

from ledger.kernel.transaction import Work

_DIALECT: Final = sa.make_url("postgresql+psycopg://").get_dialect()()


class Prepared:
    """A statement that is written out once, for the driver's own cursor.

    Its values are named parameters (``sa.bindparam``) of types that the driver knows by itself.
    """

    def __init__(self, statement: sa.Executable) -> None:
        compiled = cast(
            "SQLCompiler", cast("sa.ClauseElement", statement).compile(dialect=_DIALECT)
        )
        self.text = str(compiled)
        self._constants = {
            name: bind.value for bind, name in compiled.bind_names.items() if not bind.required
        }

    def parameters(self, given: Mapping[str, Any]) -> Mapping[str, Any]:
        """The values of one run, with those that are part of the statement."""
        return {**self._constants, **given} if self._constants else given


@dataclass(frozen=True, slots=True)
class Pipeline:
    """Statements on their way; answers may be read once the pipeline has ended."""

    work: Work
    connection: Any
    """The driver's own (psycopg 3)."""

    def send(self, statement: Prepared, given: Mapping[str, Any]) -> DBAPICursor:
        """Queue one statement."""
        cursor: DBAPICursor = self.connection.cursor()
        cursor.execute(statement.text, statement.parameters(given))
        return cursor


@contextmanager
def pipeline(work: Work) -> Iterator[Pipeline]:
    """Send what the block queues; at its end every statement has run.

    Raises:
        sqlalchemy.exc.DBAPIError: the first that failed; none after it ran. As from SQLAlchemy, so
            that ``execute`` treats it alike.
    """
    driver = work.connection.dialect.loaded_dbapi.Error
    raw: Any = work.connection.connection.driver_connection
    try:
        with raw.pipeline():
            yield Pipeline(work, raw)
    except driver as error:
        lost = bool(raw.closed)
        if lost:
            work.connection.invalidate(error)
        raise DBAPIError.instance(
            "(pipeline)", None, error, driver, connection_invalidated=lost
        ) from error
