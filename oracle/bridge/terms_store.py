"""Statements over what became of others' tokens."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from ledger.kernel.transaction import Work
from ledger.lots.returning import BRIDGE_CAUSE
from ledger.lots.tables import lots
from ledger.members.persons.store import of_person


def others_lots(work: Work, member_id: UUID, since: datetime) -> list[tuple[datetime, int]]:
    """Lots of a member out of others' tokens: when they become spendable, from then on; points."""
    query = sa.select(lots.c.activates_at, lots.c.granted).where(
        of_person(lots.c.member_id, member_id),
        lots.c.cause_kind == BRIDGE_CAUSE,
        lots.c.continues.is_(None),
        lots.c.cites.is_(None),
        lots.c.activates_at >= since,
    )
    return [(row.activates_at, row.granted) for row in work.connection.execute(query)]
