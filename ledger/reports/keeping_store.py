"""The one statement that counts more transfers, and forgetting what was counted.

Days and months come as the moments at which they begin, worked out by our own calendar, so that the
database's rules of zones decide nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from ledger.journal.tables import journal_head, transfers
from ledger.kernel.transaction import Work
from ledger.reports.tables import (
    report_acts,
    report_flows,
    report_head,
    report_holdings,
    report_lapses,
)

LOCK: Final = 7_061
"""The advisory lock of whoever counts."""

_COUNT: Final = sa.text(
    """
    WITH moved AS MATERIALIZED (
        SELECT t.kind, t.line, t.amount, t.cause,
               (CAST(:days AS date[]))[
                   width_bucket(t.recorded_at, CAST(:day_starts AS timestamptz[]))] AS day,
               debit.kind AS debit_kind, credit.kind AS credit_kind,
               debit.owner AS debit_owner, credit.owner AS credit_owner,
               given.lot_id AS debit_lot, got.lot_id AS credit_lot,
               given.member_id AS debit_member, got.member_id AS credit_member,
               given.expires_at AS debit_until, got.expires_at AS credit_until,
               (CAST(:months AS date[]))[
                   width_bucket(given.created_at, CAST(:month_starts AS timestamptz[]))]
                   AS debit_cohort,
               (CAST(:months AS date[]))[
                   width_bucket(got.created_at, CAST(:month_starts AS timestamptz[]))]
                   AS credit_cohort
        FROM transfers AS t
        JOIN accounts AS debit ON debit.account_id = t.debit_account_id
        JOIN accounts AS credit ON credit.account_id = t.credit_account_id
        LEFT JOIN lots AS given ON given.lot_id = debit.owner
        LEFT JOIN lots AS got ON got.lot_id = credit.owner
        WHERE t.sequence > :after AND t.sequence <= :upto
    ),
    sides AS (
        SELECT debit_kind AS kind, debit_lot AS lot_id, debit_member AS lot_member,
               debit_owner AS owner, debit_until AS until, -amount AS change FROM moved
        UNION ALL
        SELECT credit_kind, credit_lot, credit_member, credit_owner, credit_until, amount FROM moved
    ),
    flows AS (
        INSERT INTO report_flows AS old
        SELECT day, kind, debit_kind, credit_kind, debit_cohort, credit_cohort, sum(amount)
        FROM moved GROUP BY 1, 2, 3, 4, 5, 6
        ON CONFLICT ON CONSTRAINT uq_report_flows_cell
            DO UPDATE SET amount = old.amount + excluded.amount
    ),
    lapses AS (
        INSERT INTO report_lapses AS old
        SELECT date_trunc('hour', until - interval '1 microsecond', 'UTC') + interval '1 hour',
               kind, sum(change)
        FROM sides WHERE lot_id IS NOT NULL GROUP BY 1, 2
        ON CONFLICT ON CONSTRAINT uq_report_lapses_cell
            DO UPDATE SET balance = old.balance + excluded.balance
    ),
    holdings AS (
        INSERT INTO report_holdings AS old
        SELECT CASE kind WHEN 'debt' THEN owner ELSE lot_member END AS member_id,
               coalesce(sum(change) FILTER (WHERE kind <> 'debt'), 0),
               coalesce(-sum(change) FILTER (WHERE kind = 'debt'), 0)
        FROM sides WHERE lot_id IS NOT NULL OR kind = 'debt' GROUP BY 1
        ON CONFLICT (member_id) DO UPDATE
            SET owned = old.owned + excluded.owned, debt = old.debt + excluded.debt
    ),
    paid AS (
        SELECT day, kind, line, amount, debit_lot, credit_lot, CAST(cause AS jsonb) AS cause
        FROM moved WHERE kind IN ('award', 'correction')
    ),
    acted AS (
        SELECT day, cause -> 'why' ->> 'rule' AS rule_id, 0 AS acts, amount AS points
        FROM paid WHERE credit_lot IS NOT NULL AND debit_lot IS NULL
        UNION ALL
        SELECT day, coalesce(part ->> 'rule', cause -> 'why' ->> 'rule'), 1, 0
        FROM paid
        LEFT JOIN awards ON awards.award_id
            = CAST(cause -> 'lots' -> 0 -> 'cause' ->> 'id' AS uuid)
            AND awards.period IS NOT NULL
        LEFT JOIN award_revisions AS first
            ON first.award_id = awards.award_id AND first.revision = 1
        LEFT JOIN LATERAL jsonb_array_elements(first.receipt -> 'contributions') AS part ON true
        WHERE kind = 'award' AND line = 1
    ),
    acts AS (
        INSERT INTO report_acts AS old
        SELECT day, rule_id, sum(acts), sum(points) FROM acted
        WHERE rule_id IS NOT NULL GROUP BY 1, 2
        ON CONFLICT (day, rule_id) DO UPDATE
            SET acts = old.acts + excluded.acts, points = old.points + excluded.points
    )
    SELECT count(*) FROM moved
    """
)


@dataclass(frozen=True, slots=True)
class Counted:
    """Up to which transfer reports know the journal, by days of which zone, and when that was."""

    zone: str
    sequence: int
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class Starts:
    """Days or months (by their first day) with the moments at which they begin; both rising."""

    firsts: Sequence[date]
    moments: Sequence[datetime]


def lock(work: Work) -> bool:
    """Be the only one who counts until this transaction ends; false if another one is."""
    query = sa.select(sa.func.pg_try_advisory_xact_lock(LOCK))
    return bool(work.connection.execute(query).scalar_one())


def wait_for_lock(work: Work) -> None:
    """Be the only one who counts until this transaction ends, when the other one is done."""
    work.connection.execute(sa.select(sa.func.pg_advisory_xact_lock(LOCK)))


def counted(work: Work) -> Counted | None:
    """How far was counted; ``None`` if nothing is."""
    row = work.connection.execute(sa.select(report_head)).one_or_none()
    return None if row is None else Counted(row.zone, row.sequence, row.recorded_at)


def journal_end(work: Work) -> int:
    """The number of the journal's last transfer."""
    return int(work.connection.execute(sa.select(journal_head.c.sequence)).scalar_one())


def recorded_between(work: Work, after: int, upto: int) -> tuple[datetime, datetime]:
    """When the first and the last of these transfers were recorded; there is at least one."""
    t = transfers.c
    query = sa.select(sa.func.min(t.recorded_at), sa.func.max(t.recorded_at)).where(
        t.sequence > after, t.sequence <= upto
    )
    first, last = work.connection.execute(query).one()
    return first, last


def first_recorded(work: Work) -> datetime:
    """When the journal's first transfer was recorded."""
    query = sa.select(transfers.c.recorded_at).where(transfers.c.sequence == 1)
    first: datetime = work.connection.execute(query).scalar_one()
    return first


def count(work: Work, after: int, upto: Counted, days: Starts, months: Starts) -> int:
    """Count the transfers from ``after`` (exclusive) to ``upto`` (inclusive); how many."""
    given = {
        "after": after,
        "upto": upto.sequence,
        "days": list(days.firsts),
        "day_starts": list(days.moments),
        "months": list(months.firsts),
        "month_starts": list(months.moments),
    }
    found = int(work.connection.execute(_COUNT, given).scalar_one())
    state = {"zone": upto.zone, "sequence": upto.sequence, "recorded_at": upto.recorded_at}
    work.connection.execute(
        pg.insert(report_head)
        .values(head_id=1, **state)
        .on_conflict_do_update(index_elements=[report_head.c.head_id], set_=state)
    )
    return found


def forget(work: Work) -> None:
    """Drop all that was counted."""
    for table in (report_flows, report_lapses, report_holdings, report_acts, report_head):
        work.connection.execute(table.delete())
