"""Counts over what members asked the relayer for."""

from __future__ import annotations

from datetime import datetime
from typing import Final
from uuid import UUID

import sqlalchemy as sa

from governance.permits.tables import permits
from governance.tables import ballots, delegations, proposals
from ledger.kernel.transaction import Work
from oracle.sender.tables import intents

_BUDGETS_LOCK: Final = 0x766B_6C61_6400_0007
"""Advisory lock of whoever counts against the relayer's budgets: the gas is everybody's."""


def lock_budgets(work: Work) -> None:
    """Wait for whoever else asks the relayer for something, until their transaction ends."""
    work.connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_BUDGETS_LOCK)))


def actions_of(work: Work, member_id: UUID, since: datetime) -> int:
    """Ballots, delegations, permits and proposals of a member since then."""
    counts = [
        sa.select(sa.func.count()).where(table.c.member_id == member_id, when >= since)
        for table, when in (
            (ballots, ballots.c.received_at),
            (delegations, delegations.c.received_at),
            (permits, permits.c.received_at),
            (proposals, proposals.c.submitted_at),
        )
    ]
    return sum(int(work.connection.execute(count).scalar_one()) for count in counts)


def relayed_gas(work: Work, since: datetime) -> int:
    """Gas limits of the governance intents since then."""
    query = sa.select(sa.func.coalesce(sa.func.sum(intents.c.gas_limit), 0)).where(
        intents.c.kind.like("governance.%"), intents.c.created_at >= since
    )
    return int(work.connection.execute(query).scalar_one())
