"""The journal's statements: lock, read set-wise, write in four statements whatever the batch."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import psycopg
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.exc import DBAPIError

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
from ledger.journal.packing import account_columns, balance_columns, transfer_columns
from ledger.journal.post import PART_MAX, Batch, WorkingAccount, seal
from ledger.journal.tables import accounts, journal_head, transfers
from ledger.kernel.packed import uuids
from ledger.kernel.pipeline import Pipeline, Prepared, pipeline
from ledger.kernel.transaction import Work
from ledger.kernel.units import Points

_UUIDS: Final = pg.ARRAY(sa.Uuid)
WALK: Final = """
    WITH RECURSIVE walk(account_id, sequence) AS (
        SELECT account_id, last_sequence FROM accounts WHERE owner = ANY(:owners)
        UNION ALL
        SELECT walk.account_id,
               CASE transfers.debit_account_id WHEN walk.account_id
                    THEN transfers.debit_previous ELSE transfers.credit_previous END
        FROM walk JOIN transfers ON transfers.sequence = walk.sequence
    )
"""
"""Every transfer of the accounts of ``:owners``, as ``walk(account_id, sequence)``."""
_ENTRIES_OF: Final = sa.text(
    WALK  # noqa: S608 - two constants of this module
    + """
    SELECT entry_id FROM walk JOIN transfers USING (sequence)
    GROUP BY entry_id
    HAVING min(sequence) < :before
    ORDER BY min(sequence) DESC LIMIT :limit
    """
)
_FLOWS_OF: Final = sa.text(
    WALK  # noqa: S608 - two constants of this module
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
    WHERE owner = ANY(%s::uuid[])
"""
_KNOWN: Final = "SELECT entry_id FROM transfers WHERE entry_id = ANY(%s::uuid[]) AND line = 1"
_LOCK_HEAD: Final = Prepared(
    sa.select(
        journal_head.c.sequence, journal_head.c.hash, journal_head.c.account_count
    ).with_for_update()
)
_OPEN_ACCOUNTS: Final = """
    INSERT INTO accounts (account_id, kind, owner, balance, last_sequence)
    SELECT unnest(%s::int8[]), unnest(%s::text[]), unnest(%s::uuid[]), unnest(%s::int8[]),
        unnest(%s::int8[])
"""
_UPDATE_ACCOUNTS: Final = """
    UPDATE accounts SET balance = news.balance, last_sequence = news.last_sequence
    FROM unnest(%s::int8[], %s::int8[], %s::int8[]) AS news(account_id, balance, last_sequence)
    WHERE accounts.account_id = news.account_id
"""
_APPEND: Final = f"""
    INSERT INTO transfers ({", ".join(TransferRow._fields)})
    SELECT unnest(%s::int8[]), unnest(%s::uuid[]), unnest(%s::int2[]), unnest(%s::int2[]),
        unnest(%s::text[]), unnest(%s::int8[]), unnest(%s::int8[]), unnest(%s::int8[]),
        unnest(%s::int8[]), unnest(%s::int8[]), unnest(%s::int8[]), unnest(%s::int8[]),
        unnest(%s::timestamptz[]), unnest(%s::timestamptz[]), unnest(%s::uuid[]),
        unnest(%s::text[]), unnest(%s::bytea[])
"""
_MOVE_HEAD: Final = "UPDATE journal_head SET sequence = %s, hash = %s, account_count = %s"


@dataclass(frozen=True, slots=True)
class Loaded:
    """What one posting begins with: the locked head, and what is there of its entries.

    ``accounts`` are the system's and all of ``owners``. Good until something is posted: rows that
    are worked out from it afterwards have numbers that are taken, which the primary key refuses.
    """

    head: Head
    asked: Collection[UUID]
    known: Collection[UUID]
    owners: Collection[UUID]
    accounts: dict[AccountKey, WorkingAccount]

    def covers(self, drafts: Iterable[EntryDraft]) -> bool:
        """Whether it says all that posting these needs to know."""
        return all(draft.entry_id in self.asked for draft in drafts) and all(
            owner in self.owners for owner in owners_of(drafts)
        )


@dataclass(frozen=True, slots=True)
class Loading:
    """A :class:`Loaded` on its way; to be read when the pipeline has ended."""

    asked: frozenset[UUID]
    owners: frozenset[UUID]
    head: Any
    known: Any
    accounts: Any

    def loaded(self) -> Loaded:
        """The answers."""
        return Loaded(
            head=_head(self.head),
            asked=self.asked,
            known={row[0] for row in self.known},
            owners=self.owners,
            accounts=_accounts(self.accounts),
        )


def lock_head(work: Work) -> Head:
    """The end of the chain, locked until this transaction ends."""
    with raw_cursor(work) as cursor:
        return _head(cursor.execute(_LOCK_HEAD.text))


def load(work: Work, drafts: Collection[EntryDraft]) -> Loaded:
    """In one exchange: :func:`lock_head`, then what posting these needs to know."""
    with pipeline(work) as line:
        loading = send_load(line, drafts)
    return loading.loaded()


def send_load(line: Pipeline, drafts: Collection[EntryDraft]) -> Loading:
    """:func:`load` on its way: what is sent after it runs when the head is locked."""
    asked = frozenset(draft.entry_id for draft in drafts)
    owners = frozenset(owners_of(drafts))
    head, known, found = (line.connection.cursor(binary=True) for _ in range(3))
    return Loading(
        asked,
        owners,
        head.execute(_LOCK_HEAD.text),
        known.execute(_KNOWN, (uuids(list(asked)),)),
        found.execute(_ACCOUNTS_OF, (uuids(list(owners)),)),
    )


def owners_of(drafts: Iterable[EntryDraft]) -> Iterator[UUID]:
    """Whose accounts these entries touch, the system's own left out; some more than once."""
    for draft in drafts:
        for posting in draft.postings:
            for owner in (posting.debit.owner, posting.credit.owner):
                if owner is not None:
                    yield owner


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
        owners = {key.owner for key in keys if key.owner is not None}
        return _accounts(cursor.execute(_ACCOUNTS_OF, (uuids(list(owners)),)))


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


def send(line: Pipeline, batch: Batch) -> None:
    """Append a batch's rows and new accounts, and bring the others and the head up to date.

    What was sent already is being written while the rest is hashed and packed.
    """
    touched = batch.touched()
    new = [account for account in touched if account.is_new]
    known = [account for account in touched if not account.is_new]
    if new:
        line.connection.cursor().execute(_OPEN_ACCOUNTS, account_columns(new))
    if known:
        line.connection.cursor().execute(_UPDATE_ACCOUNTS, balance_columns(known))
    for part in seal(batch, PART_MAX):
        line.connection.cursor().execute(_APPEND, transfer_columns(part))
    head = batch.head
    line.connection.cursor().execute(_MOVE_HEAD, (head.sequence, head.hash, head.account_count))


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
