"""The relayer's budgets are counted by one at a time."""

from __future__ import annotations

from uuid import UUID

import pytest
import sqlalchemy as sa

from governance import relaying
from ledger.kernel.transaction import Database, TooContended, Work, execute


def test_nobody_counts_while_somebody_else_spends(database: Database) -> None:
    def spend_and_look(work: Work, member_id: UUID) -> None:
        relaying.spend(work, member_id, 1)
        with database.read() as other:
            other.connection.execute(sa.text("SET LOCAL lock_timeout = '50ms'"))
            relaying.spend(other, member_id, 1)

    with pytest.raises(TooContended):
        execute(database, spend_and_look, UUID(int=1))
    execute(database, lambda work, _: relaying.spend(work, UUID(int=1), 1), None)
