"""Which lots of a member nobody may spend now: those of awards whose facts are under review.

Asked where points leave lots (``ledger/lots``), so it knows tables only, and no lots' rules. Points
stay where they are: they activate, expire and pay debts as ever, and no entry is needed for a
doubt that may turn out unfounded.
"""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa

from ledger.kernel.transaction import Work
from ledger.lots.tables import lots
from ledger.quarantine.model import LIVE
from ledger.quarantine.tables import review_cases, review_events, review_members
from ledger.scoring.tables import awards


def withheld_lots(work: Work, member_id: UUID) -> frozenset[UUID]:
    """The ids of lots that wait for a decision; nearly always none."""
    query = (
        sa.select(lots.c.lot_id)
        .select_from(
            review_members.join(review_cases, review_cases.c.case_id == review_members.c.case_id)
            .join(review_events, review_events.c.case_id == review_cases.c.case_id)
            .join(
                awards,
                sa.and_(
                    awards.c.event_id == review_events.c.event_id,
                    awards.c.member_id == review_members.c.member_id,
                ),
            )
            .join(
                lots,
                sa.and_(
                    lots.c.member_id == awards.c.member_id,
                    lots.c.cause_kind == "award",
                    lots.c.cause_id == sa.cast(awards.c.award_id, sa.Text),
                ),
            )
        )
        .where(review_members.c.member_id == member_id, review_cases.c.state.in_(LIVE))
    )
    return frozenset(work.connection.execute(query).scalars())
