"""Posting for the bench: drafts as the product makes them, our side, and the raw peer.

Each entry is an award: issuance → a new lot's account, with the cause that the product writes. What
stands behind it (members, lots, awards, revisions) is stored outside the measured time, so that the
whole of ``ledger verify`` can be asked afterwards.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import binary_copy
import psycopg
import sqlalchemy as sa

from ledger.journal import service as journal
from ledger.journal.chain import GENESIS, TransferRow
from ledger.journal.model import EntryDraft, Head, Outcome
from ledger.journal.post import Batch, WorkingAccount, apply
from ledger.kernel.canonical import Json, digest
from ledger.kernel.ids import derived_id
from ledger.kernel.transaction import Database, execute
from ledger.kernel.units import Points
from ledger.lots.clawing import AWARD_CAUSE, settle_all
from ledger.lots.model import Position, SettleAward
from ledger.lots.sheet import open_sheet

BATCH: Final = 1_000
AWARDS_A_MEMBER: Final = 10
RULE: Final = "bench"
RECEIPT: Final[dict[str, Json]] = {"rule": RULE, "points": "1"}
EARNED_AT: Final = datetime(2026, 1, 1, tzinfo=UTC)
_WHY: Final[dict[str, Json]] = {
    "rule": RULE,
    "programme": None,
    "receipt": digest(RECEIPT).hex(),
}
_NEW_MEMBERS: Final = sa.text(
    "INSERT INTO members (member_id, status, locale, created_at) "
    "SELECT member_id, 'active', 'en', now() FROM unnest(:ids) AS t(member_id) "
    "ON CONFLICT DO NOTHING"
).bindparams(sa.bindparam("ids", type_=sa.ARRAY(sa.Uuid)))
_STATED: Final = """
    SELECT entry_id, cause::jsonb->'lots'->0 AS lot, amount, effective_at, recorded_at
    FROM transfers WHERE kind = 'award' AND sequence > :after
"""
_BEHIND: Final = tuple(
    sa.text(statement)
    for statement in (
        f"""INSERT INTO lots (lot_id, member_id, granted, activates_at, expires_at, cause_kind,
                cause_id, continues, cites, entry_id, created_at)
            SELECT (lot->>'lot')::uuid, (lot->>'member')::uuid, amount,
                (lot->>'activates_at')::timestamptz, (lot->>'expires_at')::timestamptz,
                lot->'cause'->>'kind', lot->'cause'->>'id', NULL, NULL, entry_id, recorded_at
            FROM ({_STATED}) AS stated ON CONFLICT DO NOTHING""",  # noqa: S608 - a constant of this module
        f"""INSERT INTO awards (award_id, member_id, rule_id, event_id, period, earned_at,
                created_at)
            SELECT (lot->'cause'->>'id')::uuid, (lot->>'member')::uuid, '{RULE}', NULL,
                'no. ' || extract(microsecond FROM effective_at)::int % 1000, effective_at,
                recorded_at
            FROM ({_STATED}) AS stated""",  # noqa: S608 - constants of this module
        f"""INSERT INTO award_revisions (award_id, revision, points, excess, receipt, entry_id,
                recorded_at)
            SELECT (lot->'cause'->>'id')::uuid, 1, amount, 0, :receipt, entry_id, recorded_at
            FROM ({_STATED}) AS stated""",  # noqa: S608 - a constant of this module
    )
)


def member(number: int) -> UUID:
    """The member with this number in the bench."""
    return derived_id(EARNED_AT, "bench member", str(number))


def drafts(first_award: int, count: int) -> list[EntryDraft]:
    """Awards number ``first_award`` and on, ``AWARDS_A_MEMBER`` for each member."""
    made = []
    for number in range(first_award, first_award + count):
        who, place = divmod(number, AWARDS_A_MEMBER)
        sheet = open_sheet(Position(member(who)))
        settle_all(sheet, [award(member(who), place, number)], EARNED_AT)
        made += sheet.entries
    return made


def award(member_id: UUID, place: int, number: int) -> SettleAward:
    """A member's award number ``place`` (from 0), as scoring would have it settled.

    Award ``number`` is earned a millisecond after the one before it, so that ids come in the order
    of time as those of facts do; all of one moment would fall anywhere into the indexes.
    """
    earned_at = EARNED_AT + timedelta(milliseconds=number, microseconds=place)
    parts = (AWARD_CAUSE, str(member_id), RULE, str(None), f"no. {place}")
    return SettleAward(
        member_id=member_id,
        award_id=derived_id(earned_at, *parts),
        revision=1,
        difference=Points(1 + number % 50),
        effective_at=earned_at,
        activates_at=earned_at,
        expires_at=EARNED_AT + timedelta(days=3_650),
        why=_WHY,
    )


def create_members(database: Database, first_award: int, count: int) -> None:
    """Those whom these awards are for."""
    create_members_numbered(
        database,
        range(first_award // AWARDS_A_MEMBER, (first_award + count) // AWARDS_A_MEMBER + 1),
    )


def create_members_numbered(database: Database, whose: range) -> None:
    """The members with these numbers, where they do not exist."""
    with database.engine.begin() as connection:
        connection.execute(_NEW_MEMBERS, {"ids": [member(number) for number in whose]})


def put_behind(database: Database, after: int) -> None:
    """The lots, awards and revisions of all awards posted above a sequence number."""
    with database.engine.begin() as connection:
        for statement in _BEHIND:
            given: dict[str, Any] = {"after": after}
            if "receipt" in statement._bindparams:  # noqa: SLF001 - which of them it takes
                given["receipt"] = RECEIPT
                statement = statement.bindparams(  # noqa: PLW2901 - the same with a type
                    sa.bindparam("receipt", type_=sa.JSON)
                )
            connection.execute(statement, given)


@dataclass
class Ours:
    """The product's posting, one transaction a batch through the one door."""

    database: Database

    def post(self, batches: Sequence[Sequence[EntryDraft]]) -> float:
        """Seconds for all of them, each durable before the next begins."""
        began = time.perf_counter()
        for batch in batches:
            posted = execute(self.database, journal.post, batch)
            assert all(each.outcome is Outcome.POSTED for each in posted)
        return time.perf_counter() - began


_PEER_TABLES: Final = """
    CREATE TABLE transfers (sequence int8 PRIMARY KEY, entry_id uuid, line int2, lines int2,
        kind text, debit_account_id int8, credit_account_id int8, amount int8,
        debit_balance_after int8, credit_balance_after int8, debit_previous int8,
        credit_previous int8, effective_at timestamptz, recorded_at timestamptz, cites uuid,
        cause text, hash bytea, UNIQUE (entry_id, line));
    CREATE TABLE accounts (account_id int8 PRIMARY KEY, kind text, owner uuid, balance int8,
        last_sequence int8, UNIQUE NULLS NOT DISTINCT (owner, kind));
"""
_PEER_COPY: Final = f"COPY transfers ({', '.join(TransferRow._fields)}) FROM STDIN (FORMAT BINARY)"
_PEER_ACCOUNTS: Final = "COPY accounts FROM STDIN (FORMAT BINARY)"


@dataclass
class RawCopy:
    """The peer: the same rows by COPY into a table with the same indexes, and the same balances.

    Rows are worked out and packed for COPY before the clock starts, so that it is the database that
    is measured; nothing is locked, read, checked or constrained.
    """

    connection: psycopg.Connection
    head: Head = field(default_factory=lambda: Head(0, GENESIS, 0))
    accounts: dict[Any, WorkingAccount] = field(default_factory=dict)

    def create(self) -> None:
        """Its tables."""
        self.connection.execute(_PEER_TABLES.encode())
        self.connection.commit()

    def worked_out(self, batch: Sequence[EntryDraft]) -> Batch:
        """The rows that the product would write, kept ready."""
        known = {key: account for key, account in self.accounts.items() if key.owner is None}
        made = Batch(self.head, known, {}, datetime.now(UTC))  # noqa: TID251 - a bench's clock
        apply(made, batch)
        self.head = made.head
        for account in made.accounts.values():
            self.accounts[account.key] = account
        return made

    def post(self, batches: Sequence[Sequence[EntryDraft]]) -> float:
        """Seconds for all of them, a transaction each."""
        seconds = 0.0
        for batch in batches:
            made = self.worked_out(batch)
            touched = made.touched()
            seconds += self._write(made, touched)
            for account in touched:
                account.is_new = False
        return seconds

    def _write(self, made: Batch, touched: Sequence[WorkingAccount]) -> float:
        new = [account for account in touched if account.is_new]
        old = [account for account in touched if not account.is_new]
        accounts, transfers = binary_copy.account_rows(new), binary_copy.transfer_rows(made.rows)
        began = time.perf_counter()
        with self.connection.cursor() as cursor:
            with cursor.copy(_PEER_ACCOUNTS) as copy:
                copy.write(accounts)
            cursor.execute(
                "UPDATE accounts SET balance = n.b, last_sequence = n.s "
                "FROM unnest(%s::int8[], %s::int8[], %s::int8[]) AS n(a, b, s) "
                "WHERE account_id = n.a",
                (
                    [a.account_id for a in old],
                    [a.balance for a in old],
                    [a.last_sequence for a in old],
                ),
            )
            with cursor.copy(_PEER_COPY) as copy:
                copy.write(transfers)
        self.connection.commit()
        return time.perf_counter() - began


def sums(database: Database) -> tuple[int, int, int]:
    """Rows, points and the issuance account's balance, as our side has them."""
    with database.engine.connect() as connection:
        rows, points = connection.execute(
            sa.text("SELECT count(*), coalesce(sum(amount), 0)::int8 FROM transfers")
        ).one()
        issued = connection.execute(
            sa.text("SELECT coalesce(sum(balance), 0)::int8 FROM accounts WHERE kind = 'issuance'")
        ).scalar_one()
        return rows, points, issued


def raw_sums(connection: psycopg.Connection) -> tuple[int, int, int]:
    """The same of the peer."""
    one = connection.execute("SELECT count(*), coalesce(sum(amount), 0)::int8 FROM transfers")
    rows, points = one.fetchone() or (0, 0)
    two = connection.execute(
        "SELECT coalesce(sum(balance), 0)::int8 FROM accounts WHERE kind = 'issuance'"
    )
    (issued,) = two.fetchone() or (0,)
    connection.commit()
    return rows, points, issued
