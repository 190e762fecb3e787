"""Statements over facts by identity: what two members state together."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

import sqlalchemy as sa

from ledger.events.model import RETRACTED, StoredFact
from ledger.events.store import FACT_COLUMNS, is_retracted, read_fact
from ledger.events.tables import event_participants, events
from ledger.kernel.arrays import any_uuid
from ledger.kernel.transaction import Work


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
