"""Admins who are blocked for a while, to see what their word is worth then."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

import sqlalchemy as sa

from ledger.kernel.transaction import Database

_SET = sa.text("UPDATE members SET status = :status WHERE member_id = :member")


@contextmanager
def blocked(database: Database, member: UUID) -> Iterator[None]:
    """Inside, the member takes no part; afterwards again."""
    _set(database, member, "blocked")
    yield
    _set(database, member, "active")


def _set(database: Database, member: UUID, status: str) -> None:
    with database.engine.begin() as connection:
        assert connection.execute(_SET, {"status": status, "member": member}).rowcount == 1
