"""Statements over facts by identity: what two members state together, and who meets them in it."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

import sqlalchemy as sa

from ledger.events.model import RETRACTED, StoredFact
from ledger.events.store import FACT_COLUMNS, is_retracted, read_fact
from ledger.events.tables import event_participants, events
from ledger.kernel.arrays import any_uuid
from ledger.kernel.transaction import Work
from ledger.members.tables import identities


def facts_of_references(work: Work, references: Iterable[UUID]) -> list[StoredFact]:
    """Every fact in which one of these identities takes part, retracted ones left out, in order."""
    mine = sa.select(event_participants.c.event_id).where(
        event_participants.c.reference == any_uuid("refs", references)
    )
    query = (
        sa.select(*FACT_COLUMNS)
        .where(events.c.event_id.in_(mine), events.c.type != RETRACTED, sa.not_(is_retracted()))
        .order_by(
            events.c.occurred_at,
            events.c.occurred_fraction,
            events.c.source,
            events.c.source_event_id,
        )
    )
    return [read_fact(row) for row in work.connection.execute(query)]


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
