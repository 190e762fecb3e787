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

import psycopg
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import psycopg as psycopg_dialect
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql.compiler import SQLCompiler

from ledger.kernel.transaction import Work

_DIALECT: Final = psycopg_dialect.dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy


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
    connection: psycopg.Connection[tuple[Any, ...]]

    def send(
        self, statement: Prepared, given: Mapping[str, Any]
    ) -> psycopg.Cursor[tuple[Any, ...]]:
        """Queue one statement."""
        cursor = self.connection.cursor()
        return cursor.execute(statement.text.encode(), statement.parameters(given))


@contextmanager
def pipeline(work: Work) -> Iterator[Pipeline]:
    """Send what the block queues; at its end every statement has run.

    Raises:
        sqlalchemy.exc.DBAPIError: the first that failed; none after it ran. As from SQLAlchemy, so
            that ``execute`` treats it alike.
    """
    raw = cast("psycopg.Connection[Any]", work.connection.connection.driver_connection)
    try:
        with raw.pipeline():
            yield Pipeline(work, raw)
    except psycopg.Error as error:
        lost = raw.closed
        if lost:
            work.connection.invalidate(error)
        raise DBAPIError.instance(
            "(pipeline)", None, error, psycopg.Error, connection_invalidated=lost
        ) from error
