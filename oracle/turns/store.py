"""A lock that outlives transactions but not its worker: PostgreSQL's advisory session lock.

The jobs between ledger and chain speak to the node between their transactions, so no transaction's
lock can span them. Correctness does not rest on this lock (every write compares what it replaces);
it keeps two workers from doing the same work twice.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from ledger.kernel.transaction import Database


@contextmanager
def hold_turn(database: Database, name: str) -> Iterator[bool]:
    """Whether this worker may do ``name`` now; if so, nobody else may until the block ends.

    A worker that dies lets go with its connection.
    """
    key = sa.func.hashtextextended(f"vklad.turn\x1f{name}", 0)
    with database.engine.connect() as pooled:
        connection = pooled.execution_options(isolation_level="AUTOCOMMIT")
        mine = bool(connection.execute(sa.select(sa.func.pg_try_advisory_lock(key))).scalar_one())
        try:
            yield mine
        finally:
            if mine and not connection.closed and not connection.invalidated:
                connection.execute(sa.select(sa.func.pg_advisory_unlock(key)))
