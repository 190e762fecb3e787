"""The one door to the database: ``execute(use_case, command)``.

A use case is a plain function of a :class:`Work` and a command. It runs inside one transaction that
is committed before ``execute`` returns, and is run again from the start when PostgreSQL reports a
serialization failure or a deadlock. Nothing in it may speak to the network: what has to happen
after the commit is a row in the outbox (``ledger.kernel.outbox``).
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NoReturn, TypeVar, cast
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from ledger.kernel.clock import Clock, SystemClock
from ledger.kernel.errors import ErrorKind, VkladError
from ledger.kernel.ids import Ids, RandomIds
from ledger.kernel.packed import accept_packed

_Command = TypeVar("_Command")
_Answer = TypeVar("_Answer")

ATTEMPTS_MAX: Final = 8
_RETRIED: Final = {"40001", "40P01"}
"""PostgreSQL: serialization_failure, deadlock_detected."""
_GAVE_UP_WAITING: Final = "55P03"
"""PostgreSQL: lock_not_available."""
_BACKOFF_S: Final = 0.01
LOCK_TIMEOUT_S: Final = 20
STATEMENT_TIMEOUT_S: Final = 600

metadata: Final = sa.MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)
"""Every ``tables.py`` declares its tables on this one; migrations are compared with it."""


class DatabaseUnavailable(VkladError):
    """The database does not answer. If that was at the commit nobody knows whether it was written.

    So the caller tries again with the same key or id, which has its effect once.
    """

    code = "database_unavailable"
    kind = ErrorKind.UNAVAILABLE


class TooContended(VkladError):
    """The transaction lost every bounded retry; nothing was written."""

    code = "too_contended"
    kind = ErrorKind.UNAVAILABLE


@dataclass(frozen=True, slots=True)
class Work:
    """What one transaction is given: the connection, the time it began, and ids.

    ``now`` is read once per attempt, so everything written together carries one time.
    """

    connection: sa.Connection
    now: datetime
    ids: Ids

    def new_id(self) -> UUID:
        """A fresh id of this transaction's time."""
        return self.ids.new(self.now)


@dataclass(frozen=True, slots=True)
class Database:
    """An engine with the ports a use case needs."""

    engine: sa.Engine
    clock: Clock
    ids: Ids

    @contextmanager
    def read(self) -> Iterator[Work]:
        """A read-only look at one consistent moment (REPEATABLE READ).

        Raises:
            DatabaseUnavailable: no connection, or it was lost.
        """
        with _plain_failures(), self.engine.connect() as connection:
            connection.execution_options(
                isolation_level="REPEATABLE READ", postgresql_readonly=True
            )
            yield Work(connection, self.clock.now(), self.ids)


def connect(url: str, *, pool_size: int = 8, clock: Clock | None = None) -> Database:
    """A database by its SQLAlchemy URL (``postgresql+psycopg://…``); opens nothing yet."""
    engine = sa.create_engine(
        url,
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_timeout=10,
        pool_pre_ping=True,
        connect_args={
            "connect_timeout": 5,
            "application_name": "vklad",
            "options": f"-c lock_timeout={LOCK_TIMEOUT_S}s "
            f"-c statement_timeout={STATEMENT_TIMEOUT_S}s",
        },
    )
    sa.event.listen(engine, "connect", lambda raw, _: accept_packed(raw.adapters))
    return Database(engine, clock or SystemClock(), RandomIds())


def ping(database: Database) -> None:
    """Ask the database for nothing.

    Raises:
        DatabaseUnavailable: it does not answer.
    """
    with database.read() as work:
        work.connection.execute(sa.select(1))


def execute(
    database: Database, use_case: Callable[[Work, _Command], _Answer], command: _Command
) -> _Answer:
    """Run ``use_case`` in one transaction, commit, then return its answer.

    Raises:
        VkladError: whatever the use case refuses; its transaction is rolled back whole.
        DatabaseUnavailable: no connection, or it was lost before the commit was confirmed.
        TooContended: ``ATTEMPTS_MAX`` attempts all met a deadlock or serialization failure.
    """
    for attempt in range(ATTEMPTS_MAX):
        try:
            with _plain_failures(), database.engine.begin() as connection:
                answer = use_case(Work(connection, database.clock.now(), database.ids), command)
        except DBAPIError as error:
            if getattr(error.orig, "sqlstate", None) not in _RETRIED:
                raise
            time.sleep(random.uniform(0, _BACKOFF_S * 2**attempt))  # noqa: S311 - jitter only
        else:
            return answer
    raise TooContended("The database was too busy to finish this; nothing was written. Try again.")


class _Rehearsed(Exception):
    """Carries a rehearsal's answer past the commit."""

    def __init__(self, answer: object) -> None:
        self.answer = answer


def rehearse(
    database: Database, use_case: Callable[[Work, _Command], _Answer], command: _Command
) -> _Answer:
    """What ``use_case`` answers, and nothing of it stays: its transaction is rolled back.

    It waits for the locks of the true thing, so it is for what touches a few members. Raises what
    :func:`execute` raises.
    """

    def and_back(work: Work, asked: _Command) -> NoReturn:
        raise _Rehearsed(use_case(work, asked))

    try:
        execute(database, and_back, command)
    except _Rehearsed as done:
        return cast("_Answer", done.answer)
    raise AssertionError("a rehearsal ends by its answer, or by what was refused")


@contextmanager
def _plain_failures() -> Iterator[None]:
    try:
        yield
    except PoolTimeout as error:
        raise DatabaseUnavailable("All database connections are busy. Try again.") from error
    except DBAPIError as error:
        sqlstate = getattr(error.orig, "sqlstate", None)
        if sqlstate in _RETRIED:
            raise
        if sqlstate == _GAVE_UP_WAITING:
            raise TooContended(
                f"A lock was not to be had in {LOCK_TIMEOUT_S} s; nothing was written. Try again."
            ) from error
        lost = error.connection_invalidated or (
            isinstance(error, OperationalError)
            and (sqlstate is None or sqlstate[:2] in {"08", "57"})
        )
        if lost:
            raise DatabaseUnavailable(
                "The database does not answer. Try again in a moment, with the same key."
            ) from error
        raise
