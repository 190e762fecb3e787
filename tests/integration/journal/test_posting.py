from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, IntegrityError

from ledger.journal import service, store
from ledger.journal.model import (
    AccountKey,
    AccountKind,
    BalanceOutOfRange,
    EntryConflict,
    EntryDraft,
    EntryKind,
    Outcome,
    Posted,
    Posting,
)
from ledger.kernel.ids import derived_id
from ledger.kernel.pipeline import pipeline
from ledger.kernel.transaction import Database, DatabaseUnavailable, Work, execute
from ledger.kernel.units import Points

AT = datetime(2026, 3, 2, 9, 0, 0, 123456, tzinfo=UTC)
LOT = UUID(int=7)
ISSUANCE = AccountKey(AccountKind.ISSUANCE)
SPENT = AccountKey(AccountKind.SPENT)
AVAILABLE = AccountKey(AccountKind.LOT_AVAILABLE, LOT)


def _draft(key: str, debit: AccountKey, credit: AccountKey, amount: int) -> EntryDraft:
    return EntryDraft(
        entry_id=derived_id(AT, "test", key),
        kind=EntryKind.AWARD,
        postings=(Posting(debit, credit, Points(amount)),),
        effective_at=AT,
        cause=f'{{"key":"{key}"}}',
        cites=UUID(int=9),
    )


def _post(work: Work, drafts: list[EntryDraft]) -> list[Posted]:
    return service.post(work, drafts)


def _balance(database: Database, key: AccountKey) -> int:
    with database.read() as work:
        return service.balances(work, [key])[key].amount


def test_what_is_posted_is_read_back_whole(database: Database) -> None:
    draft = _draft("a", ISSUANCE, AVAILABLE, 100)
    assert execute(database, _post, [draft])[0].outcome is Outcome.POSTED
    assert execute(database, _post, [draft])[0].outcome is Outcome.ALREADY_POSTED
    with database.read() as work:
        entry = service.entries(work, [draft.entry_id, UUID(int=1)])[draft.entry_id]
    assert entry.draft == draft
    assert entry.sequence_first == 1
    assert _balance(database, AVAILABLE) == 100
    assert _balance(database, ISSUANCE) == -100
    assert _balance(database, SPENT) == 0


def test_one_refusal_stops_all_of_post_and_none_of_post_each(database: Database) -> None:
    award, overdraft = (
        _draft("a", ISSUANCE, AVAILABLE, 100),
        _draft("b", AVAILABLE, SPENT, 101),
    )
    with pytest.raises(BalanceOutOfRange):
        execute(database, _post, [award, overdraft])
    assert _balance(database, AVAILABLE) == 0
    results = execute(database, service.post_each, [award, overdraft])
    assert [r.outcome for r in results] == [Outcome.POSTED, Outcome.REFUSED]
    assert _balance(database, AVAILABLE) == 100


def test_the_same_id_with_other_content_is_refused(database: Database) -> None:
    execute(database, _post, [_draft("a", ISSUANCE, AVAILABLE, 100)])
    other = EntryDraft(
        entry_id=derived_id(AT, "test", "a"),
        kind=EntryKind.AWARD,
        postings=(Posting(ISSUANCE, AVAILABLE, Points(101)),),
        effective_at=AT,
        cause='{"key":"a"}',
        cites=UUID(int=9),
    )
    with pytest.raises(EntryConflict):
        execute(database, _post, [other])


def test_posters_take_turns(database: Database) -> None:
    """Eight connections; the chain stays one chain, and its numbers have no gap."""

    def run(worker: int) -> None:
        for number in range(10):
            key = f"{worker}.{number}"
            execute(database, _post, [_draft(key, ISSUANCE, AVAILABLE, 1)])

    threads = [threading.Thread(target=run, args=(worker,)) for worker in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.read() as work:
        rows = work.connection.execute(
            sa.text(
                "SELECT sequence, debit_previous, debit_balance_after FROM transfers "
                "ORDER BY sequence"
            )
        ).all()
    assert [tuple(row) for row in rows] == [(n, n - 1, -n) for n in range(1, 81)]
    assert _balance(database, AVAILABLE) == 80


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE transfers SET amount = 1",
        "DELETE FROM transfers",
        "TRUNCATE transfers",
        "DELETE FROM accounts",
        "UPDATE accounts SET owner = NULL",
        "DELETE FROM journal_head",
        "UPDATE lots SET granted = 1",
        "UPDATE holds SET amount = 1",
        "DELETE FROM hold_returns",
        "UPDATE grants SET points = 1",
        "UPDATE grant_approvals SET approved_at = now()",
        "ALTER TABLE transfers DISABLE TRIGGER ALL",
        "DROP TRIGGER transfers_append_only ON transfers",
    ],
)
def test_the_database_itself_refuses_changes(database: Database, statement: str) -> None:
    execute(database, _post, [_draft("a", ISSUANCE, AVAILABLE, 100)])
    with pytest.raises(DBAPIError) as refused, database.engine.begin() as connection:
        connection.execute(sa.text(statement))
    assert getattr(refused.value.orig, "sqlstate", "") in {"23001", "42501"}


@pytest.mark.parametrize("kind", ["lot_available", "spent", "debt"])
def test_the_database_itself_refuses_an_overdraft(database: Database, kind: str) -> None:
    owner = None if kind == "spent" else LOT
    balance = 1 if kind == "debt" else -1
    with pytest.raises(IntegrityError), database.engine.begin() as connection:
        connection.execute(
            sa.text("INSERT INTO accounts VALUES (1, :kind, :owner, :balance, 0)"),
            {"kind": kind, "owner": owner, "balance": balance},
        )


def test_what_was_loaded_serves_one_posting(database: Database) -> None:
    """Worked out from it a second time, rows have numbers that are taken."""
    award, other = (_draft(key, ISSUANCE, AVAILABLE, 100) for key in "ab")

    def post_twice(work: Work, _: None) -> None:
        with pipeline(work) as line:
            loading = service.send_load(line, [award, other])
        loaded = loading.loaded()
        stale = replace(loaded, accounts=dict(loaded.accounts))
        for draft, each in ((award, loaded), (other, stale)):
            batch = service.work_out(work, [draft], each)[0]
            with pipeline(work) as line:
                service.send(line, batch)

    with pytest.raises(IntegrityError, match=r"pk_(accounts|transfers)"):
        execute(database, post_twice, None)
    assert _balance(database, AVAILABLE) == 0


def test_what_was_not_loaded_is_loaded(database: Database) -> None:
    """Other entries than those that the head was locked for are looked up, so none is twice."""
    execute(database, _post, [_draft("a", ISSUANCE, AVAILABLE, 100)])

    def post_others(work: Work, draft: EntryDraft) -> list[Posted]:
        with pipeline(work) as line:
            loading = service.send_load(line, [])
        batch, results = service.work_out(work, [draft], loading.loaded())
        with pipeline(work) as line:
            service.send(line, batch)
        return results

    again, more = _draft("a", ISSUANCE, AVAILABLE, 100), _draft("b", AVAILABLE, SPENT, 60)
    assert execute(database, post_others, again)[0].outcome is Outcome.ALREADY_POSTED
    assert execute(database, post_others, more)[0].outcome is Outcome.POSTED
    assert _balance(database, AVAILABLE) == 40


_STEPS: list[Callable[[Work], object]] = [
    lambda work: store.read_accounts(work, [AVAILABLE]),
    lambda work: store.load(work, [_draft("a", ISSUANCE, AVAILABLE, 1)]),
    store.lock_head,
]


@pytest.mark.parametrize("step", _STEPS, ids=["accounts", "exchange", "head"])
def test_a_lost_connection_is_told_as_such(
    database: Database, step: Callable[[Work], object]
) -> None:
    """Nothing was written, and the caller is told to try again, as by every other statement."""

    def lose_and_go_on(work: Work, _: None) -> None:
        mine = work.connection.execute(sa.text("SELECT pg_backend_pid()")).scalar_one()
        with database.engine.connect() as other:
            other.execute(sa.text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": mine})
        step(work)

    with pytest.raises(DatabaseUnavailable):
        execute(database, lose_and_go_on, None)
    draft = _draft("a", ISSUANCE, AVAILABLE, 100)
    assert execute(database, _post, [draft])[0].outcome is Outcome.POSTED
