"""Who meets an identity in facts: whose awards may change when it becomes somebody else's."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

import sqlalchemy as sa

from ledger.events.tables import event_participants
from ledger.kernel.arrays import any_uuid
from ledger.kernel.transaction import Work
from ledger.members.tables import identities


def members_beside(work: Work, references: Iterable[UUID]) -> list[UUID]:
    """The members who take part in facts in which one of these identities does, by id."""
    other = event_participants.alias("other")
    query = (
        sa.select(identities.c.member_id)
        .join(other, other.c.reference == identities.c.reference)
        .join(event_participants, event_participants.c.event_id == other.c.event_id)
        .where(
            event_participants.c.reference == any_uuid("refs", references),
            identities.c.member_id.is_not(None),
        )
        .distinct()
        .order_by(identities.c.member_id)
    )
    return list(work.connection.execute(query).scalars())
