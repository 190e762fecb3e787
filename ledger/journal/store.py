"""The journal's statements: lock, read set-wise, write in four statements whatever the batch."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final
from uuid import UUID

import psycopg
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.exc import DBAPIError

from ledger.journal import binary_copy
from ledger.journal.chain import TransferRow, account_identity
from ledger.journal.model import (
    AccountKey,
    AccountKind,
    EntryDraft,
    EntryKind,
    Head,
    PostedEntry,
    Posting,
    ShownTransfer,
)
from ledger.journal.post import WorkingAccount
from ledger.journal.tables import accounts, journal_head, transfers
from ledger.kernel.pipeline import Pipeline, Prepared, pipeline
from ledger.kernel.transaction import Work
from ledger.kernel.units import Points

_UUIDS: Final = pg.ARRAY(sa.Uuid)
_COPY: Final = f"COPY transfers ({', '.join(TransferRow._fields)}) FROM STDIN (FORMAT BINARY)"
_WALK: Final = """
    WITH RECURSIVE walk(account_id, sequence) AS (
        SELECT account_id, last_sequence FROM accounts WHERE owner = ANY(:owners)
        UNION ALL
        SELECT walk.account_id,
               CASE transfers.debit_account_id WHEN walk.account_id
                    THEN transfers.debit_previous ELSE transfers.credit_previous END
        FROM walk JOIN transfers ON transfers.sequence = walk.sequence
    )
"""
_ENTRIES_OF: Final = sa.text(
    _WALK  # noqa: S608 - two constants of this module
    + """
    SELECT entry_id FROM walk JOIN transfers USING (sequence)
    GROUP BY entry_id
    HAVING min(sequence) < :before
    ORDER BY min(sequence) DESC LIMIT :limit
    """
)
_FLOWS_OF: Final = sa.text(
    _WALK  # noqa: S608 - two constants of this module
    + """
    , opened(owner, entry_id) AS (SELECT * FROM unnest(:owners, :entries))
    SELECT mine.owner, other.kind,
           sum(CASE transfers.debit_account_id WHEN mine.account_id
                    THEN amount ELSE -amount END)::int8 AS net_out
    FROM walk
    JOIN transfers USING (sequence)
    JOIN accounts AS mine ON mine.account_id = walk.account_id
    JOIN accounts AS other ON other.account_id = CASE transfers.debit_account_id
        WHEN mine.account_id THEN transfers.credit_account_id ELSE transfers.debit_account_id END
    JOIN opened ON opened.owner = mine.owner
    WHERE other.owner IS DISTINCT FROM mine.owner
      AND NOT (transfers.entry_id = opened.entry_id
               AND transfers.credit_account_id = mine.account_id)
    GROUP BY mine.owner, other.kind
    """
)
_ACCOUNTS_OF: Final = """
    SELECT account_id, kind, owner, balance, last_sequence FROM accounts WHERE owner IS NULL
    UNION ALL
    SELECT account_id, kind, owner, balance, last_sequence FROM accounts
    WHERE owner = ANY(%b::uuid[])
"""
_KNOWN: Final = "SELECT entry_id FROM transfers WHERE entry_id = ANY(%b::uuid[]) AND line = 1"
_LOCK_HEAD: Final = Prepared(
    sa.select(
        journal_head.c.sequence, journal_head.c.hash, journal_head.c.account_count
    ).with_for_update()
)
_OPEN_ACCOUNTS: Final = (
    "COPY accounts (account_id, kind, owner, balance, last_sequence) FROM STDIN (FORMAT BINARY)"
)
_UPDATE_ACCOUNTS: Final = """
    UPDATE accounts SET balance = news.balance, last_sequence = news.last_sequence
    FROM unnest(%s::int8[], %s::int8[], %s::int8[]) AS news(account_id, balance, last_sequence)
    WHERE accounts.account_id = news.account_id
"""


def lock_head(work: Work) -> Head:
    """The end of the chain, locked until this transaction ends."""
    with raw_cursor(work) as cursor:
        return _head(cursor.execute(_LOCK_HEAD.text))


def lock_and_load(
    work: Work, entry_ids: Collection[UUID], keys: Collection[AccountKey]
) -> tuple[Head, list[UUID], dict[AccountKey, WorkingAccount]]:
    """In one exchange: :func:`lock_head`, then :func:`known_entries` and :func:`read_accounts`."""
    with pipeline(work) as line:
        head = send_lock(line)
        known = send_known_entries(line, entry_ids)
        found = line.connection.cursor(binary=True).execute(_ACCOUNTS_OF, (_owners(keys),))
    return _head(head), known_of(known), _accounts(found)


def send_lock(line: Pipeline) -> Any:
    """:func:`lock_head` on its way: what is sent after it runs when it is locked."""
    return line.connection.cursor(binary=True).execute(_LOCK_HEAD.text)


def send_known_entries(line: Pipeline, entry_ids: Collection[UUID]) -> Any:
    """Ask which of these ids are in the journal; :func:`known_of` has the answer."""
    return line.connection.cursor(binary=True).execute(_KNOWN, (list(entry_ids),))


def known_of(answered: Any) -> list[UUID]:
    """The ids that :func:`send_known_entries` was answered."""
    return [row[0] for row in answered]


def _head(answered: Any) -> Head:
    sequence, hashed, account_count = answered.fetchone()
    return Head(sequence, bytes(hashed), account_count)


def read_head(work: Work) -> Head:
    """The end of the chain as this transaction sees it, not locked."""
    row = work.connection.execute(
        sa.select(journal_head.c.sequence, journal_head.c.hash, journal_head.c.account_count)
    ).one()
    return Head(row.sequence, bytes(row.hash), row.account_count)


def read_accounts(work: Work, keys: Collection[AccountKey]) -> dict[AccountKey, WorkingAccount]:
    """Those of ``keys`` that exist, with every system account and every account of their owners."""
    with raw_cursor(work) as cursor:
        return _accounts(cursor.execute(_ACCOUNTS_OF, (_owners(keys),)))


def _owners(keys: Collection[AccountKey]) -> list[UUID]:
    return list({key.owner for key in keys if key.owner is not None})


def _accounts(rows: Iterable[tuple[Any, ...]]) -> dict[AccountKey, WorkingAccount]:
    found = {}
    for account_id, kind, owner, balance, last_sequence in rows:
        key = AccountKey(AccountKind(kind), owner)
        identity = account_identity(kind, owner)
        found[key] = WorkingAccount(account_id, key, identity, balance, last_sequence)
    return found


def read_entries(work: Work, entry_ids: Collection[UUID]) -> dict[UUID, PostedEntry]:
    """Those of these entries that are in the journal, whole."""
    if not entry_ids:
        return {}
    debit, credit, t = accounts.alias("debit"), accounts.alias("credit"), transfers.c
    query = (
        sa.select(
            *(t.sequence, t.entry_id, t.kind, t.amount, t.effective_at, t.recorded_at, t.cites),
            *(t.cause, debit.c.kind.label("debit_kind"), debit.c.owner.label("debit_owner")),
            *(credit.c.kind.label("credit_kind"), credit.c.owner.label("credit_owner")),
        )
        .join_from(transfers, debit, debit.c.account_id == t.debit_account_id)
        .join(credit, credit.c.account_id == t.credit_account_id)
        .where(t.entry_id == sa.any_(sa.bindparam("ids", type_=_UUIDS)))
        .order_by(t.sequence)
    )
    lines: dict[UUID, list[Any]] = {}
    for row in work.connection.execute(query, {"ids": list(entry_ids)}):
        lines.setdefault(row.entry_id, []).append(row)
    return {entry_id: _entry(entry_id, rows) for entry_id, rows in lines.items()}


def _entry(entry_id: UUID, rows: list[Any]) -> PostedEntry:
    first = rows[0]
    draft = EntryDraft(
        entry_id=entry_id,
        kind=EntryKind(first.kind),
        postings=tuple(
            Posting(
                debit=AccountKey(AccountKind(row.debit_kind), row.debit_owner),
                credit=AccountKey(AccountKind(row.credit_kind), row.credit_owner),
                amount=Points(row.amount),
            )
            for row in rows
        ),
        effective_at=first.effective_at,
        cause=first.cause,
        cites=first.cites,
    )
    return PostedEntry(draft, first.sequence, first.recorded_at)


def read_transfers(work: Work, *, after: int, limit: int) -> list[ShownTransfer]:
    """Rows numbered above ``after``, whole, in their order."""
    debit, credit = accounts.alias("debit"), accounts.alias("credit")
    query = (
        sa.select(
            *(transfers.c[name] for name in TransferRow._fields),
            *(debit.c.kind.label("debit_kind"), debit.c.owner.label("debit_owner")),
            *(credit.c.kind.label("credit_kind"), credit.c.owner.label("credit_owner")),
        )
        .join_from(transfers, debit, debit.c.account_id == transfers.c.debit_account_id)
        .join(credit, credit.c.account_id == transfers.c.credit_account_id)
        .where(transfers.c.sequence > after)
        .order_by(transfers.c.sequence)
        .limit(limit)
    )
    return [
        ShownTransfer(
            TransferRow(*row[: len(TransferRow._fields)]),
            AccountKey(AccountKind(row.debit_kind), row.debit_owner),
            AccountKey(AccountKind(row.credit_kind), row.credit_owner),
        )
        for row in work.connection.execute(query)
    ]


def read_entries_of(
    work: Work, owners: Collection[UUID], *, before: int, limit: int
) -> list[PostedEntry]:
    """Entries that touch accounts of these owners, newest first, that begin before a number."""
    ids = list(
        work.connection.execute(
            _ENTRIES_OF, {"owners": list(owners), "before": before, "limit": limit}
        ).scalars()
    )
    found = read_entries(work, ids)
    return [found[entry_id] for entry_id in ids]


def read_flows_of(work: Work, opened: Mapping[UUID, UUID]) -> dict[UUID, dict[AccountKind, Points]]:
    """Net flow out of each owner's accounts, by the kind of the account at the other side.

    ``opened`` maps owners to the entry that first funded them; that funding is left out.
    """
    rows = work.connection.execute(
        _FLOWS_OF, {"owners": list(opened), "entries": list(opened.values())}
    )
    flows: dict[UUID, dict[AccountKind, Points]] = {owner: {} for owner in opened}
    for row in rows:
        flows[row.owner][AccountKind(row.kind)] = Points(row.net_out)
    return flows


def write(
    work: Work, rows: list[TransferRow], touched: Sequence[WorkingAccount], head: Head
) -> None:
    """Append rows and new accounts by one binary COPY each; bring accounts and head up to date."""
    new = [account for account in touched if account.is_new]
    known = [account for account in touched if not account.is_new]
    with raw_cursor(work, binary=False) as cursor:
        if new:
            with cursor.copy(_OPEN_ACCOUNTS) as copy:
                copy.write(binary_copy.account_rows(new))
        if known:
            cursor.execute(
                _UPDATE_ACCOUNTS,
                (
                    [a.account_id for a in known],
                    [a.balance for a in known],
                    [a.last_sequence for a in known],
                ),
            )
        with cursor.copy(_COPY) as copy:
            copy.write(binary_copy.transfer_rows(rows))
    work.connection.execute(
        journal_head.update().values(
            sequence=head.sequence, hash=head.hash, account_count=head.account_count
        )
    )


@contextmanager
def raw_cursor(work: Work, name: str = "", *, binary: bool = True) -> Iterator[psycopg.Cursor[Any]]:
    """A psycopg cursor in this transaction: for COPY and binary results; named, server-side.

    What goes wrong in it is raised as SQLAlchemy's own errors, so that the door to the database
    retries and reports as always.
    """
    driver = work.connection.connection.driver_connection
    assert isinstance(driver, psycopg.Connection), "the one dialect is PostgreSQL by psycopg"
    try:
        with driver.cursor(name, binary=binary) if name else driver.cursor(binary=binary) as cursor:
            yield cursor
    except psycopg.Error as error:
        raise DBAPIError.instance(
            None, None, error, psycopg.Error, connection_invalidated=driver.closed
        ) from error
