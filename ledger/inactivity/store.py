"""Statements over absences, warnings and decay."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from ledger.inactivity.tables import inactivity_checks, inactivity_decays, inactivity_warnings
from ledger.journal.model import AccountKind
from ledger.journal.tables import accounts, transfers
from ledger.kernel.transaction import Work
from ledger.kernel.units import Points
from ledger.lots.decaying import Decayed
from ledger.lots.model import Cause
from ledger.lots.tables import lots

_AWAY: Final = sa.text(
    """
    SELECT m.member_id, coalesce(acts.last_act, m.created_at) AS since
    FROM members AS m
    CROSS JOIN LATERAL (
        SELECT max(e.occurred_at) AS last_act
        FROM identities AS i
        JOIN event_participants AS p ON p.reference = i.reference AND p.role = 'subject'
        JOIN events AS e USING (event_id)
        WHERE i.member_id = m.member_id AND e.occurred_at < :until
        AND e.type <> 'activity.retracted' AND e.type !~ '^member[.][a-z][a-z0-9_]*[.]changed$'
        AND NOT EXISTS (SELECT FROM retractions AS r
            WHERE r.source = e.source AND r.source_event_id = e.source_event_id)
    ) AS acts
    WHERE m.member_id > :after AND m.status NOT IN ('erased', 'merged')
    AND EXISTS (SELECT FROM lots JOIN accounts AS a ON a.owner = lots.lot_id
        WHERE lots.member_id IN (SELECT m.member_id UNION ALL
            SELECT other.member_id FROM members AS other WHERE other.merged_into = m.member_id)
        AND a.kind IN ('lot_available', 'lot_pending', 'lot_held')
        AND a.balance > 0)
    ORDER BY m.member_id LIMIT :limit
    """
)
_BRIDGED: Final = sa.text(
    """
    WITH person AS (
        SELECT member_id FROM members WHERE member_id = :member_id OR merged_into = :member_id)
    SELECT coalesce(sum(p.captured), 0)::int8 - coalesce((
        SELECT sum(r.amount)::int8 FROM hold_returns AS r JOIN holds AS h USING (hold_id)
        WHERE h.member_id IN (SELECT member_id FROM person) AND h.purpose = 'bridge'), 0)
    FROM hold_parts AS p JOIN holds AS h USING (hold_id)
    WHERE h.member_id IN (SELECT member_id FROM person) AND h.purpose = 'bridge'
    """
)
_WRONG: Final = """
    SELECT d.check_date, d.lot_id, d.points, d.since, t.kind, t.cause,
           (SELECT sum(amount)::int8 FROM transfers AS x
            JOIN accounts AS a ON a.account_id = x.debit_account_id
            WHERE x.entry_id = d.entry_id AND a.owner = d.lot_id
            AND a.kind = 'lot_available') AS moved,
           EXISTS (SELECT FROM inactivity_warnings AS w WHERE w.member_id = d.member_id
               AND w.since = d.since AND w.decays_from <= d.check_date
               AND w.recorded_at < d.check_date::timestamp AT TIME ZONE 'UTC') AS warned
    FROM inactivity_decays AS d
    LEFT JOIN transfers AS t ON t.entry_id = d.entry_id AND t.line = 1
    ORDER BY d.check_date, d.lot_id
"""


@dataclass(frozen=True, slots=True)
class Away:
    """A member with points, and their last act (or their joining) before a moment."""

    member_id: UUID
    since: datetime


class DecayRow(NamedTuple):
    """What a check says it took of a lot, with its entry."""

    check: date
    lot_id: UUID
    points: int
    since: datetime
    kind: str | None
    cause: str | None
    moved: int | None
    warned: bool


def away(work: Work, after: UUID, until: datetime, limit: int) -> list[Away]:
    """The next members by id who have points, with the last act before ``until``."""
    rows = work.connection.execute(_AWAY, {"after": after, "until": until, "limit": limit})
    return [Away(row.member_id, row.since) for row in rows]


def away_one(work: Work, member_id: UUID, until: datetime) -> Away | None:
    """As :func:`away`, of one member."""
    found = away(work, UUID(int=member_id.int - 1), until, 1)
    return found[0] if found and found[0].member_id == member_id else None


def bridged(work: Work, member_id: UUID) -> int:
    """Points of a member's own that stand behind tokens."""
    return int(work.connection.execute(_BRIDGED, {"member_id": member_id}).scalar_one())


def insert_warnings(work: Work, absent: Sequence[Away], decays_from: date) -> int:
    """Warn of these absences, each once; how many that were."""
    if not absent:
        return 0
    rows = [
        {
            "member_id": each.member_id,
            "since": each.since,
            "decays_from": decays_from,
            "recorded_at": work.now,
        }
        for each in absent
    ]
    statement = pg.insert(inactivity_warnings).values(rows).on_conflict_do_nothing()
    warned = work.connection.execute(statement.returning(inactivity_warnings.c.member_id))
    return len(warned.all())


def decays_from(work: Work, absent: Away) -> date | None:
    """The first check that may take of this absence; ``None`` if nobody warned of it."""
    table = inactivity_warnings
    query = sa.select(table.c.decays_from).where(
        table.c.member_id == absent.member_id, table.c.since == absent.since
    )
    return work.connection.execute(query).scalar()


def is_decayed(work: Work, member_id: UUID, check: date) -> bool:
    """Whether a check took something of a member before."""
    table = inactivity_decays
    query = sa.select(table.c.lot_id).where(
        table.c.member_id == member_id, table.c.check_date == check
    )
    return work.connection.execute(query.limit(1)).first() is not None


def insert_decays(work: Work, absent: Away, check: date, taken: Sequence[Decayed]) -> None:
    """Store what a check took."""
    if taken:
        work.connection.execute(
            inactivity_decays.insert(),
            [
                {
                    "check_date": check,
                    "lot_id": each.lot_id,
                    "member_id": absent.member_id,
                    "since": absent.since,
                    "points": each.points.amount,
                    "entry_id": each.entry_id,
                    "recorded_at": work.now,
                }
                for each in taken
            ],
        )


def decayed_of(work: Work, cause_kind: str, cause_ids: Collection[str]) -> dict[str, Points]:
    """How much decayed of the lots of these causes, by cause id."""
    query = (
        sa.select(lots.c.cause_id, sa.func.sum(inactivity_decays.c.points).label("points"))
        .join(inactivity_decays, inactivity_decays.c.lot_id == lots.c.lot_id)
        .where(lots.c.cause_kind == cause_kind, lots.c.cause_id.in_(list(cause_ids)))
        .group_by(lots.c.cause_id)
    )
    return {row.cause_id: Points(int(row.points)) for row in work.connection.execute(query)}


def decayed_into(work: Work, cause: Cause) -> dict[AccountKind, Points]:
    """How much decayed of the lots of a cause, by the account that it went to."""
    query = (
        sa.select(accounts.c.kind, sa.func.sum(inactivity_decays.c.points).label("points"))
        .join(lots, lots.c.lot_id == inactivity_decays.c.lot_id)
        .join(
            transfers,
            sa.and_(transfers.c.entry_id == inactivity_decays.c.entry_id, transfers.c.line == 1),
        )
        .join(accounts, accounts.c.account_id == transfers.c.credit_account_id)
        .where(lots.c.cause_kind == cause.kind, lots.c.cause_id == cause.cause_id)
        .group_by(accounts.c.kind)
    )
    rows = work.connection.execute(query)
    return {AccountKind(row.kind): Points(int(row.points)) for row in rows}


def done_checks(work: Work, checks: Collection[date]) -> set[date]:
    """Those of these checks at which everybody was looked at."""
    table = inactivity_checks
    query = sa.select(table.c.check_date).where(table.c.check_date.in_(list(checks)))
    return set(work.connection.execute(query).scalars())


def insert_check(work: Work, check: date, programme_hash: bytes) -> None:
    """Everybody was looked at."""
    work.connection.execute(
        pg.insert(inactivity_checks)
        .values(check_date=check, programme_hash=programme_hash, recorded_at=work.now)
        .on_conflict_do_nothing()
    )


def warning_of(work: Work, member_id: UUID) -> tuple[datetime, date] | None:
    """A member's newest warning: the absence's last act, and the first check that may take."""
    table = inactivity_warnings
    query = (
        sa.select(table.c.since, table.c.decays_from)
        .where(table.c.member_id == member_id)
        .order_by(table.c.since.desc())
        .limit(1)
    )
    row = work.connection.execute(query).one_or_none()
    return None if row is None else (row.since, row.decays_from)


def decay_rows(work: Work) -> list[DecayRow]:
    """Everything that decayed, with its entries."""
    return [DecayRow._make(row) for row in work.connection.execute(sa.text(_WRONG))]


def unnamed_entries(work: Work) -> list[Any]:
    """Entries of decay that no row names, the first."""
    query = sa.text(
        "SELECT entry_id FROM transfers WHERE kind = 'decay' AND line = 1 AND NOT EXISTS "
        "(SELECT FROM inactivity_decays AS d WHERE d.entry_id = transfers.entry_id) "
        "ORDER BY sequence LIMIT 1"
    )
    return list(work.connection.execute(query).scalars())
