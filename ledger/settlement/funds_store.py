"""Statements over budgets and over what waits for the rewards pool; under the journal's lock."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from ledger.kernel.arrays import any_uuid
from ledger.kernel.transaction import Work
from ledger.settlement.allot import Allotment, BudgetSpan
from ledger.settlement.model import Reason
from ledger.settlement.tables import award_budgets, award_gaps, award_queue, budget_uses

_LAST_RECEIPTS: Final = sa.text(
    """
    SELECT q.award_id, q.points, a.member_id, a.rule_id, a.earned_at,
           last.receipt->'programme'->>'hash' AS programme_hash,
           (SELECT count(*) FROM award_gaps AS g
            WHERE g.award_id = q.award_id AND g.revision IS NULL)::int AS paid_before
    FROM award_queue AS q
    JOIN awards AS a USING (award_id)
    CROSS JOIN LATERAL (
        SELECT receipt FROM award_revisions AS r WHERE r.award_id = q.award_id
        ORDER BY revision DESC LIMIT 1) AS last
    ORDER BY q.earned_at, q.award_id LIMIT :limit
    """
)


@dataclass(frozen=True, slots=True)
class Waiting:
    """An award of which ``points`` wait for the pool; paid later ``paid_before`` times so far."""

    award_id: UUID
    points: int
    member_id: UUID
    rule_id: str
    earned_at: datetime
    programme_hash: bytes
    paid_before: int


def anybody_waits(work: Work) -> bool:
    """Whether some award waits for the pool."""
    return work.connection.execute(sa.select(award_queue.c.award_id).limit(1)).first() is not None


def queue(work: Work, limit: int) -> list[Waiting]:
    """What waits for the pool, oldest first."""
    return [
        Waiting(
            row.award_id,
            row.points,
            row.member_id,
            row.rule_id,
            row.earned_at,
            bytes.fromhex(row.programme_hash.removeprefix("0x")),
            row.paid_before,
        )
        for row in work.connection.execute(_LAST_RECEIPTS, {"limit": limit})
    ]


def waits(work: Work, award_id: UUID, earned_at: datetime, change: int) -> None:
    """Let more or less of an award wait; nothing left leaves the queue."""
    table = award_queue
    gone = table.delete().where(table.c.award_id == award_id, table.c.points == -change)
    if change < 0:
        if work.connection.execute(gone).rowcount:
            return
        more = table.update().where(table.c.award_id == award_id)
        work.connection.execute(more.values(points=table.c.points + change))
        return
    row = pg.insert(table).values(award_id=award_id, earned_at=earned_at, points=change)
    work.connection.execute(
        row.on_conflict_do_update(
            index_elements=[table.c.award_id], set_={"points": table.c.points + change}
        )
    )


def paid_later(work: Work, award_id: UUID, points: int, entry_id: UUID) -> None:
    """Store that what waited was paid."""
    work.connection.execute(
        award_gaps.insert().values(
            gap_id=work.new_id(),
            award_id=award_id,
            revision=None,
            reason=Reason.POOL,
            change=-points,
            entry_id=entry_id,
            recorded_at=work.now,
        )
    )


def charges_of(work: Work, award_ids: Collection[UUID]) -> dict[tuple[UUID, BudgetSpan], int]:
    """What these awards use of budgets."""
    table = award_budgets
    rows = work.connection.execute(
        sa.select(table).where(table.c.award_id == any_uuid("awards", award_ids))
    )
    return {(row.award_id, BudgetSpan(row.budget_id, row.span)): row.points for row in rows}


def uses_of(work: Work, spans: Collection[BudgetSpan]) -> dict[BudgetSpan, int]:
    """What is used of these budgets in sum."""
    if not spans:
        return {}
    table = budget_uses
    pairs = [(span.budget_id, span.span) for span in spans]
    rows = work.connection.execute(
        sa.select(table).where(sa.tuple_(table.c.budget_id, table.c.span).in_(pairs))
    )
    return {BudgetSpan(row.budget_id, row.span): row.points for row in rows}


def charge(work: Work, allotments: Sequence[Allotment], used: Mapping[BudgetSpan, int]) -> None:
    """Store what awards use of budgets now, and the new sums."""
    for allotment in allotments:
        for span, change in allotment.charges:
            _charge_award(work, allotment.worth.award_id, span, change)
    touched = {span for allotment in allotments for span, _ in allotment.charges}
    for span in sorted(touched):
        row = pg.insert(budget_uses).values(
            budget_id=span.budget_id, span=span.span, points=used[span]
        )
        work.connection.execute(
            row.on_conflict_do_update(
                index_elements=[budget_uses.c.budget_id, budget_uses.c.span],
                set_={"points": used[span]},
            )
        )


def _charge_award(work: Work, award_id: UUID, span: BudgetSpan, change: int) -> None:
    table = award_budgets
    key = {"award_id": award_id, "budget_id": span.budget_id, "span": span.span}
    row = pg.insert(table).values(**key, points=max(change, 0))
    work.connection.execute(
        row.on_conflict_do_update(
            index_elements=list(key), set_={"points": table.c.points + change}
        )
    )
