"""How much of what a grant or an import gave is gone for good, and is not taken a second time."""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa

from ledger.inactivity.tables import inactivity_decays
from ledger.kernel.transaction import Work
from ledger.kernel.units import Points
from ledger.lots.model import Cause
from ledger.lots.tables import lots, vesting_decisions


def gone_by_member(work: Work, cause: Cause) -> dict[UUID, Points]:
    """How much of a cause's lots is gone for good, by member.

    Cancelled, as their condition did not hold, or decayed while their member was away.
    """
    taken = sa.union_all(
        sa.select(vesting_decisions.c.lot_id, vesting_decisions.c.cancelled.label("points")),
        sa.select(inactivity_decays.c.lot_id, inactivity_decays.c.points),
    ).subquery()
    query = (
        sa.select(lots.c.member_id, sa.func.sum(taken.c.points).label("gone"))
        .join(taken, taken.c.lot_id == lots.c.lot_id)
        .where(lots.c.cause_kind == cause.kind, lots.c.cause_id == cause.cause_id)
        .group_by(lots.c.member_id)
    )
    return {row.member_id: Points(int(row.gone)) for row in work.connection.execute(query)}
