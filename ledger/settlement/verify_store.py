"""What the checks of settlement read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, NamedTuple
from uuid import UUID

import sqlalchemy as sa

from ledger.journal.store import raw_cursor
from ledger.kernel.canonical import Json
from ledger.kernel.transaction import Work

_VESTINGS: Final = """
    SELECT v.lot_id, v.condition, v.to_rewards, granted.cause, d.holds, d.cancelled,
           coalesce(p.balance, 0) AS pending,
           EXISTS (SELECT FROM accounts AS a WHERE a.owner = v.lot_id AND a.kind = 'lot_available')
               AS activated,
           (SELECT sum(t.amount)::int8 FROM transfers AS t
            JOIN accounts AS c ON c.account_id = t.credit_account_id
            WHERE t.entry_id = d.entry_id AND t.kind = 'cancellation'
            AND c.kind = CASE WHEN v.to_rewards THEN 'rewards' ELSE 'revoked' END) AS moved
    FROM vestings AS v
    JOIN lots USING (lot_id)
    LEFT JOIN transfers AS granted ON granted.entry_id = lots.entry_id AND granted.line = 1
    LEFT JOIN vesting_decisions AS d ON d.lot_id = v.lot_id
    LEFT JOIN accounts AS p ON p.owner = v.lot_id AND p.kind = 'lot_pending'
    ORDER BY v.lot_id
"""
_UNDECIDED: Final = """
    SELECT entry_id FROM transfers WHERE kind = 'cancellation' AND line = 1 AND NOT EXISTS
        (SELECT FROM vesting_decisions AS d WHERE d.entry_id = transfers.entry_id)
    ORDER BY sequence LIMIT 1
"""
_FORGOTTEN: Final = """
    SELECT lot_id FROM lots JOIN transfers AS t ON t.entry_id = lots.entry_id AND t.line = 1
    WHERE t.cause LIKE '%"vesting":{%' AND t.cause::jsonb ? 'vesting'
    AND NOT EXISTS (SELECT FROM vestings AS v WHERE v.lot_id = lots.lot_id)
    ORDER BY lot_id LIMIT 1
"""
_GAPS: Final = """
    SELECT g.award_id,
           coalesce(sum(change) FILTER (WHERE reason = 'gone'), 0)::int8 AS gone,
           coalesce(sum(change) FILTER (WHERE reason <> 'gone'), 0)::int8 AS unpaid,
           (SELECT coalesce(sum(d.cancelled), 0)::int8 FROM lots
            JOIN vesting_decisions AS d USING (lot_id)
            WHERE lots.cause_kind = 'award' AND lots.cause_id = g.award_id::text)
           + (SELECT coalesce(sum(d.points), 0)::int8 FROM lots
            JOIN inactivity_decays AS d USING (lot_id)
            WHERE lots.cause_kind = 'award' AND lots.cause_id = g.award_id::text) AS taken
    FROM award_gaps AS g GROUP BY g.award_id ORDER BY g.award_id
"""
_PAID_LATER: Final = """
    SELECT g.award_id, -g.change AS points, t.kind, t.cause,
           (SELECT sum(amount)::int8 FROM transfers WHERE entry_id = g.entry_id) AS moved
    FROM award_gaps AS g LEFT JOIN transfers AS t ON t.entry_id = g.entry_id AND t.line = 1
    WHERE g.revision IS NULL ORDER BY g.award_id, g.gap_id
"""
_QUEUE: Final = """
    SELECT award_id, coalesce(q.points, 0) AS waits, coalesce(g.points, 0)::int8 AS lacks
    FROM award_queue AS q FULL JOIN (
        SELECT award_id, sum(change) AS points FROM award_gaps
        WHERE reason = 'pool' GROUP BY award_id HAVING sum(change) <> 0
    ) AS g USING (award_id)
    WHERE coalesce(q.points, 0) <> coalesce(g.points, 0) ORDER BY award_id LIMIT 1
"""
_BUDGETS: Final = """
    SELECT budget_id, span, coalesce(u.points, 0) AS stated, coalesce(a.points, 0)::int8 AS used
    FROM budget_uses AS u FULL JOIN (
        SELECT budget_id, span, sum(points) AS points FROM award_budgets GROUP BY 1, 2
    ) AS a USING (budget_id, span)
    ORDER BY budget_id, span
"""
_OVERCHARGED: Final = """
    SELECT b.award_id, b.budget_id, b.points, last.points AS worth
    FROM award_budgets AS b CROSS JOIN LATERAL (
        SELECT points FROM award_revisions AS r WHERE r.award_id = b.award_id
        ORDER BY revision DESC LIMIT 1) AS last
    WHERE b.points > last.points ORDER BY b.award_id LIMIT 1
"""


class PaidLater(NamedTuple):
    """What was paid of an award when the pool had something, with its entry."""

    award_id: UUID
    points: int
    kind: str | None
    cause: str | None
    moved: int | None


class BudgetUse(NamedTuple):
    """A budget in a span: what is said to be used of it, and what awards use."""

    budget_id: str
    span: str
    stated: int
    used: int


class VestingRow(NamedTuple):
    """A lot that waits, with its granting entry's cause and what was decided, if anything."""

    lot_id: UUID
    condition: Json
    to_rewards: bool
    cause: str | None
    holds: bool | None
    cancelled: int | None
    pending: int
    activated: bool
    moved: int | None


class GapRow(NamedTuple):
    """An award's gaps in sum: counted as gone (not above zero), unpaid; and what is gone."""

    award_id: UUID
    gone: int
    unpaid: int
    taken: int


def vestings(work: Work) -> Iterator[VestingRow]:
    """Every lot that had to see a condition, by lot."""
    return (VestingRow._make(row) for row in _stream(work, _VESTINGS))


def gap_sums(work: Work) -> Iterator[GapRow]:
    """Every award with gaps, by award."""
    return (GapRow._make(row) for row in _stream(work, _GAPS))


def paid_later(work: Work) -> Iterator[PaidLater]:
    """Every payment of what had waited for the pool."""
    return (PaidLater._make(row) for row in _stream(work, _PAID_LATER))


def wrongly_queued(work: Work) -> list[tuple[UUID, int, int]]:
    """Awards that wait for something else than they lack, the first; what waits, what lacks."""
    rows = work.connection.execute(sa.text(_QUEUE))
    return [(row.award_id, row.waits, row.lacks) for row in rows]


def budget_uses(work: Work) -> Iterator[BudgetUse]:
    """Every budget and span, by name."""
    return (BudgetUse._make(row) for row in _stream(work, _BUDGETS))


def overcharged(work: Work) -> list[tuple[UUID, str, int, int]]:
    """Awards that use more of a budget than they are worth, the first."""
    rows = work.connection.execute(sa.text(_OVERCHARGED))
    return [(row.award_id, row.budget_id, row.points, row.worth) for row in rows]


def undecided_cancellations(work: Work) -> list[UUID]:
    """Entries that cancel and that no decision names, the first."""
    return list(work.connection.execute(sa.text(_UNDECIDED)).scalars())


def forgotten_vestings(work: Work) -> list[UUID]:
    """Lots granted on a condition that has no row, the first."""
    return list(work.connection.execute(sa.text(_FORGOTTEN)).scalars())


def _stream(work: Work, query: str) -> Iterator[tuple[Any, ...]]:
    """A server-side cursor, closed whenever the reader stops."""
    with raw_cursor(work, f"settlement_{hash(query) & 0xFFFF_FFFF}") as cursor:
        cursor.execute(query)
        yield from cursor
