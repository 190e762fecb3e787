"""Statements over gaps, and over what conditions of vesting look at."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

import sqlalchemy as sa

from ledger.events.model import RETRACTED, StoredFact
from ledger.events.store import FACT_COLUMNS, is_retracted, read_fact
from ledger.events.tables import event_participants, events
from ledger.kernel.arrays import any_uuid
from ledger.kernel.transaction import Work
from ledger.members.persons.store import of_person
from ledger.scoring.tables import awards
from ledger.settlement.model import Gap, Reason
from ledger.settlement.tables import award_gaps

_UNPAID_MAX: Final = 100
_STATED_OF_SOMEBODY: Final = r"^member\.[a-z][a-z0-9_]*\.changed$"
"""Types of events that state an attribute: no act of the member's own."""


@dataclass(frozen=True, slots=True)
class Unpaid:
    """What of an award was not paid, and why."""

    rule_id: str
    period: str | None
    earned_at: datetime
    reason: Reason
    points: int


def insert_gaps(work: Work, gaps: Sequence[Gap]) -> None:
    """Store what entries did not move."""
    if gaps:
        work.connection.execute(
            award_gaps.insert(),
            [
                {
                    "gap_id": work.new_id(),
                    "award_id": gap.award_id,
                    "revision": gap.revision,
                    "reason": gap.reason,
                    "change": gap.change,
                    "entry_id": None,
                    "recorded_at": work.now,
                }
                for gap in gaps
            ],
        )


def gaps_of(work: Work, award_ids: Collection[UUID]) -> dict[tuple[UUID, Reason], int]:
    """The sum of the gaps of these awards, by reason; those without any are absent."""
    query = (
        sa.select(
            award_gaps.c.award_id, award_gaps.c.reason, sa.func.sum(award_gaps.c.change).label("n")
        )
        .where(award_gaps.c.award_id == any_uuid("awards", award_ids))
        .group_by(award_gaps.c.award_id, award_gaps.c.reason)
    )
    return {
        (row.award_id, Reason(row.reason)): int(row.n) for row in work.connection.execute(query)
    }


def unpaid_of_member(work: Work, member_id: UUID) -> list[Unpaid]:
    """What a member earned and was not paid, the newest first."""
    unpaid = sa.func.sum(award_gaps.c.change)
    query = (
        sa.select(
            awards.c.rule_id,
            awards.c.period,
            awards.c.earned_at,
            award_gaps.c.reason,
            unpaid.label("points"),
        )
        .join(award_gaps, award_gaps.c.award_id == awards.c.award_id)
        .where(of_person(awards.c.member_id, member_id), award_gaps.c.reason != Reason.GONE)
        .group_by(awards.c.award_id, award_gaps.c.reason)
        .having(unpaid > 0)
        .order_by(awards.c.earned_at.desc(), awards.c.award_id)
        .limit(_UNPAID_MAX)
    )
    return [
        Unpaid(row.rule_id, row.period, row.earned_at, Reason(row.reason), int(row.points))
        for row in work.connection.execute(query)
    ]


def event_of_award(work: Work, award_id: UUID) -> StoredFact | None:
    """The event that an award is for; ``None`` of a period's award, or none at all."""
    query = sa.select(*FACT_COLUMNS).join(awards, awards.c.event_id == events.c.event_id)
    row = work.connection.execute(query.where(awards.c.award_id == award_id)).one_or_none()
    return None if row is None else read_fact(row)


def own_act(
    work: Work,
    references: Collection[UUID],
    since: datetime,
    until: datetime,
    event_type: str | None = None,
) -> UUID | None:
    """The first event from ``since`` (inclusive) to ``until`` (exclusive) by one of these.

    Of the type, if one is given; what is stated of somebody is no act, nor is what was retracted.
    """
    query = (
        sa.select(events.c.event_id)
        .join(event_participants, event_participants.c.event_id == events.c.event_id)
        .where(
            event_participants.c.reference == any_uuid("refs", references),
            event_participants.c.role == "subject",
            events.c.occurred_at >= since,
            events.c.occurred_at < until,
            events.c.type != RETRACTED,
            sa.not_(is_retracted()),
        )
    )
    if event_type is None:
        query = query.where(sa.not_(events.c.type.regexp_match(_STATED_OF_SOMEBODY)))
    else:
        query = query.where(events.c.type == event_type)
    order = (events.c.occurred_at, events.c.occurred_fraction, events.c.event_id)
    return work.connection.execute(query.order_by(*order).limit(1)).scalar()
