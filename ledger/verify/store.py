"""What the checks read: streams in the order of a key, from one consistent snapshot."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final
from uuid import UUID

import psycopg
import sqlalchemy as sa

from ledger.journal.chain import TransferRow
from ledger.journal.store import raw_cursor
from ledger.journal.tables import transfers
from ledger.kernel.transaction import Work
from ledger.kernel.units import Points
from ledger.lots.model import Cause, Lot
from ledger.lots.tables import holds
from ledger.verify.awards import RevisionRow
from ledger.verify.chain import AccountRow
from ledger.verify.holds import HeldBalance, ReturnRows
from ledger.verify.lots import LotFlow, StoredLot
from ledger.verify.triggers import FUNCTION, StoredTrigger

PAGE: Final = 5_000
"""Rows fetched at a time."""

_ACCOUNTS: Final = "SELECT account_id, kind, owner, balance, last_sequence FROM accounts ORDER BY 1"
_TRANSFERS: Final = (
    "SELECT sequence, entry_id, line, lines, kind, debit_account_id, credit_account_id, amount, "
    "debit_balance_after, credit_balance_after, debit_previous, credit_previous, effective_at, "
    "recorded_at, cites, cause, hash FROM transfers ORDER BY sequence"
)
_LOTS: Final = """
    SELECT lots.lot_id, member_id, granted, activates_at, expires_at, cause_kind, cause_id,
           lots.entry_id, continues, lots.cites, created_at, cause, recorded_at
    FROM lots LEFT JOIN transfers ON transfers.entry_id = lots.entry_id AND line = 1
    WHERE recorded_at IS DISTINCT FROM created_at
    -- The first lot of an entry by its canonical text; where that differs in any way, by JSON.
    OR NOT (starts_with(cause, concat('{"lots":[{"activates_at":"',
            replace((activates_at AT TIME ZONE 'UTC')::text, ' ', 'T'), 'Z","cause":{"id":"',
            cause_id, '","kind":"', cause_kind, '"},"cites":null,"continues":null,"expires_at":"',
            replace((expires_at AT TIME ZONE 'UTC')::text, ' ', 'T'), 'Z","granted":', granted,
            ',"lot":"', lot_id, '","member":"', member_id, '"}'))
        AND lots.cites IS NULL AND continues IS NULL AND concat(cause_id, cause_kind) !~ '["\\\\]'
        OR cause::jsonb @> jsonb_build_object('lots', jsonb_build_array(jsonb_build_object(
            'lot', lot_id, 'member', member_id, 'granted', granted,
            'activates_at', rtrim(rtrim(to_char(activates_at AT TIME ZONE 'UTC',
                'YYYY-MM-DD"T"HH24:MI:SS.US'), '0'), '.') || 'Z',
            'expires_at', rtrim(rtrim(to_char(expires_at AT TIME ZONE 'UTC',
                'YYYY-MM-DD"T"HH24:MI:SS.US'), '0'), '.') || 'Z',
            'cause', jsonb_build_object('kind', cause_kind, 'id', cause_id),
            'continues', continues, 'cites', lots.cites))))
    ORDER BY lot_id
"""
_LOT_FLOWS: Final = """
    WITH moved AS (
        SELECT debit_account_id AS mine, credit_account_id AS other, -amount AS change, entry_id
        FROM transfers
        UNION ALL
        SELECT credit_account_id, debit_account_id, amount, entry_id FROM transfers
    ), of_lots AS (
        SELECT mine.owner AS lot_id, mine.kind, other.kind AS other_kind,
               other.owner IS NOT DISTINCT FROM mine.owner AS inside, moved.change, moved.entry_id
        FROM moved
        JOIN accounts AS mine ON mine.account_id = moved.mine
        JOIN accounts AS other ON other.account_id = moved.other
        WHERE mine.kind IN ('lot_pending', 'lot_available', 'lot_held')
    ), sums AS (
        SELECT of_lots.lot_id, lots.granted,
            sum(change) FILTER (WHERE funds) AS funded,
            sum(change) AS own,
            -sum(change) FILTER (WHERE NOT funds AND other_kind = 'spent') AS spent,
            -sum(change) FILTER (WHERE NOT funds AND other_kind = 'expired') AS expired,
            -sum(change) FILTER (WHERE NOT funds AND other_kind IN ('revoked', 'debt', 'rewards'))
                AS revoked,
            -sum(change) FILTER (WHERE NOT funds AND other_kind = 'escrow') AS bridged,
            -sum(change) FILTER (WHERE NOT funds AND NOT inside AND other_kind NOT IN
                ('spent', 'expired', 'revoked', 'debt', 'escrow', 'rewards')) AS elsewhere
        FROM of_lots
        LEFT JOIN lots ON lots.lot_id = of_lots.lot_id
        CROSS JOIN LATERAL (SELECT coalesce(
            change > 0 AND NOT inside AND of_lots.entry_id = lots.entry_id, false)) AS f(funds)
        GROUP BY of_lots.lot_id, lots.granted
    ), filled AS (
        SELECT lot_id, granted, coalesce(funded, 0) AS funded, coalesce(own, 0) AS own,
               coalesce(spent, 0) AS spent, coalesce(expired, 0) AS expired,
               coalesce(revoked, 0) AS revoked, coalesce(bridged, 0) AS bridged,
               coalesce(elsewhere, 0) AS elsewhere
        FROM sums
        UNION ALL
        SELECT lot_id, granted, 0, 0, 0, 0, 0, 0, 0 FROM lots
        WHERE NOT EXISTS (SELECT FROM accounts WHERE owner = lots.lot_id)
    )
    SELECT lot_id, granted, funded::int8, own::int8, spent::int8, expired::int8, revoked::int8,
           bridged::int8, elsewhere::int8
    FROM filled
    WHERE granted IS NULL OR funded <> granted OR elsewhere <> 0
    OR least(own, spent, expired, revoked, bridged) < 0
    OR own + spent + expired + revoked + bridged <> granted
    ORDER BY lot_id
"""
_RETURNS: Final = """
    SELECT entry_id, came.cause, rows.rows
    FROM (
        SELECT entry_id, cause FROM transfers
        WHERE line = 1 AND kind IN ('refund', 'escrow_return', 'token_return')
    ) AS came
    FULL JOIN (
        SELECT entry_id, jsonb_agg(jsonb_build_object(
            'return', return_id, 'hold', hold_id, 'from', lot_id, 'to', to_lot_id,
            'amount', amount)) AS rows
        FROM hold_returns GROUP BY entry_id
    ) AS rows USING (entry_id)
    ORDER BY entry_id
"""
_HELD: Final = """
    SELECT lot_id, coalesce(balance, 0), coalesce(in_holds, 0)
    FROM (SELECT owner AS lot_id, balance FROM accounts WHERE kind = 'lot_held') AS accounts
    FULL JOIN (
        SELECT lot_id, sum(hold_parts.amount)::int8 AS in_holds
        FROM hold_parts JOIN holds USING (hold_id) WHERE state = 'held' GROUP BY lot_id
    ) AS open USING (lot_id)
    ORDER BY lot_id
"""
_AWARDS: Final = """
    SELECT award_id, member_id, rule_id, event_id, period, earned_at FROM awards ORDER BY award_id
"""
_REVISIONS: Final = """
    SELECT award_id, member_id, rule_id, event_id, period, earned_at, awards.created_at, revision,
           points, receipt::text, r.entry_id, r.recorded_at, coalesce(g.gaps, 0), t.kind, t.cause,
           t.effective_at, t.recorded_at, CASE WHEN t.lines = 1 THEN t.amount ELSE (
               SELECT sum(amount)::int8 FROM transfers AS each
               JOIN accounts AS d ON d.account_id = each.debit_account_id
               JOIN accounts AS c ON c.account_id = each.credit_account_id
               WHERE each.entry_id = r.entry_id
               AND (d.kind IN ('issuance', 'rewards') OR c.kind = 'revoked')) END
    FROM awards JOIN award_revisions AS r USING (award_id)
    LEFT JOIN transfers AS t ON t.entry_id = r.entry_id AND t.line = 1
    LEFT JOIN (
        SELECT award_id, revision, sum(change)::int8 AS gaps FROM award_gaps
        WHERE revision IS NOT NULL GROUP BY award_id, revision
    ) AS g USING (award_id, revision)
    ORDER BY award_id, revision
"""


def export_snapshot(work: Work) -> str:
    """The name by which others see what this transaction sees, as long as it is open."""
    return str(work.connection.execute(sa.text("SELECT pg_export_snapshot()")).scalar_one())


def take_snapshot(work: Work, name: str) -> None:
    """See what the transaction of :func:`export_snapshot` sees; the first thing to be done."""
    work.connection.execute(sa.text(f"SET TRANSACTION SNAPSHOT '{name}'"))


def stream_accounts(work: Work) -> Iterator[AccountRow]:
    """Every account, by number."""
    return (AccountRow._make(row) for row in _stream(work, _ACCOUNTS))


def stream_transfers(work: Work) -> Iterator[TransferRow]:
    """Every transfer, by sequence number."""
    return (TransferRow._make(row) for row in _stream(work, _TRANSFERS))


def stream_differing_lots(work: Work) -> Iterator[StoredLot]:
    """Lots that do not say what the cause of the entry that granted them says, by id.

    Compared where the rows are, since most journals are mostly lots.
    """
    for row in _stream(work, _LOTS):
        lot = Lot(
            lot_id=row[0],
            member_id=row[1],
            granted=Points(row[2]),
            activates_at=row[3],
            expires_at=row[4],
            cause=Cause(row[5], row[6]),
            entry_id=row[7],
            continues=row[8],
            cites=row[9],
        )
        yield StoredLot(lot, created_at=row[10], cause=row[11], recorded_at=row[12])


def stream_differing_flows(work: Work) -> Iterator[LotFlow]:
    """Where the points of lots are whose parts do not add up, by lot.

    Compared where the rows are, as :func:`stream_differing_lots`.
    """
    return (LotFlow._make(row) for row in _stream(work, _LOT_FLOWS))


def stream_returns(work: Work) -> Iterator[ReturnRows]:
    """Every entry that brought points back, and the rows that name it."""
    return (ReturnRows._make(row) for row in _stream(work, _RETURNS))


def stream_held(work: Work) -> Iterator[HeldBalance]:
    """What every lot has in its held account, and in open holds."""
    return (HeldBalance._make(row) for row in _stream(work, _HELD))


def stream_awards(work: Work) -> Iterator[tuple[Any, ...]]:
    """Every award by id: what its id is derived from."""
    return _stream(work, _AWARDS)


def stream_revisions(work: Work) -> Iterator[RevisionRow]:
    """Every revision of every award, with its entry."""
    return (RevisionRow._make(row) for row in _stream(work, _REVISIONS))


def entries_without_award(work: Work) -> Iterator[tuple[int, UUID]]:
    """Entries of awards and corrections which no revision names, the first."""
    query = sa.text(
        "SELECT sequence, entry_id FROM transfers WHERE kind IN ('award', 'correction') "
        "AND line = 1 AND entry_id NOT IN "
        "(SELECT entry_id FROM award_revisions WHERE entry_id IS NOT NULL "
        "UNION ALL SELECT entry_id FROM award_gaps WHERE entry_id IS NOT NULL) "
        "ORDER BY sequence LIMIT 1"
    )
    return ((row.sequence, row.entry_id) for row in work.connection.execute(query))


def awards_without_revision(work: Work) -> Iterator[UUID]:
    """Awards that were never worth anything stated, the first."""
    query = sa.text(
        "SELECT award_id FROM awards WHERE NOT EXISTS "
        "(SELECT FROM award_revisions WHERE award_id = awards.award_id) ORDER BY award_id LIMIT 1"
    )
    return (row.award_id for row in work.connection.execute(query))


def hold_ids_after(work: Work, after: UUID, limit: int) -> list[UUID]:
    """The next holds by id."""
    query = (
        sa.select(holds.c.hold_id)
        .where(holds.c.hold_id > after)
        .order_by(holds.c.hold_id)
        .limit(limit)
    )
    return list(work.connection.execute(query).scalars())


def entries_without_hold(work: Work) -> Iterator[tuple[UUID, str]]:
    """Entries that place or resolve a hold which no row names."""
    t = transfers.c
    placing = t.kind.in_(["hold", "escrow"]) & t.entry_id.not_in(sa.select(holds.c.entry_id))
    named = sa.select(holds.c.resolution_entry_id).where(holds.c.resolution_entry_id.is_not(None))
    resolving = t.kind.in_(["capture", "release", "lapse"]) & t.entry_id.not_in(named)
    query = (
        sa.select(t.entry_id, t.kind)
        .where(t.line == 1, placing | resolving)
        .order_by(t.sequence)
        .limit(1)
    )
    return ((row.entry_id, row.kind) for row in work.connection.execute(query))


def unfounded_mints(work: Work, kinds: list[str]) -> Iterator[tuple[int, UUID, str]]:
    """Transfers out of issuance or a pool by entries of other kinds than these, the first."""
    query = sa.text(
        "SELECT sequence, entry_id, transfers.kind FROM transfers "
        "JOIN accounts ON account_id = debit_account_id "
        "WHERE accounts.kind IN ('issuance', 'rewards', 'treasury', 'startup', 'team', 'liquidity')"
        " AND NOT transfers.kind = ANY(:kinds) ORDER BY sequence LIMIT 1"
    )
    rows = work.connection.execute(query, {"kinds": kinds})
    return ((row.sequence, row.entry_id, row.kind) for row in rows)


def grants_unpaid_for(work: Work) -> Iterator[tuple[int, UUID]]:
    """Entries of kind ``grant`` that no paid grant or import stands behind, the first."""
    query = sa.text(
        "SELECT sequence, entry_id FROM transfers WHERE kind = 'grant' AND line = 1 AND NOT EXISTS "
        "(SELECT FROM lots JOIN grants ON grants.grant_id::text = lots.cause_id "
        "WHERE lots.entry_id = transfers.entry_id AND cause_kind = 'grant' "
        "AND state IN ('paid', 'taking_back', 'taken_back')) "
        "AND NOT EXISTS (SELECT FROM import_payments AS p WHERE p.entry_id = transfers.entry_id) "
        "ORDER BY sequence LIMIT 1"
    )
    return ((row.sequence, row.entry_id) for row in work.connection.execute(query))


def refusal_triggers(work: Work) -> list[StoredTrigger]:
    """The triggers of this schema that refuse changes."""
    query = sa.text(
        "SELECT relname, tgname, tgenabled FROM pg_trigger "
        "JOIN pg_class ON pg_class.oid = tgrelid JOIN pg_proc ON pg_proc.oid = tgfoid "
        "WHERE proname = :function AND relnamespace = 'public'::regnamespace "
        "AND prosrc LIKE '%RAISE EXCEPTION%'"
    )
    rows = work.connection.execute(query, {"function": FUNCTION})
    return [StoredTrigger(row.relname, row.tgname, str(row.tgenabled)) for row in rows]


def _stream(work: Work, query: str) -> Iterator[tuple[Any, ...]]:
    """A server-side cursor, rows in binary: tables are read whole, never held whole."""
    with raw_cursor(work, f"verify_{hash(query) & 0xFFFF_FFFF}") as cursor:
        assert isinstance(cursor, psycopg.ServerCursor), "a named cursor stays on the server"
        cursor.itersize = PAGE
        cursor.execute(query)
        yield from cursor
