"""A ledger in which everything happened verifies; one damaged value anywhere does not."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa

from api.supervisor.postgres import APPLICATION, MIGRATOR, PostgresServer
from ledger.journal import service as journal
from ledger.journal.model import AccountKey, AccountKind, EntryDraft, EntryKind, Posting
from ledger.kernel.ids import RandomIds
from ledger.kernel.transaction import Database, Work, connect, execute
from ledger.kernel.units import Points
from ledger.lots import service
from ledger.lots.model import (
    CaptureHold,
    Cause,
    ClawBack,
    CreditRedeemed,
    MoveToEscrow,
    ReleaseHold,
    ReturnFromEscrow,
    ReturnToLots,
    SettleAward,
)
from ledger.verify.checks import Check
from ledger.verify.model import Finding, Report
from ledger.verify.service import JOURNAL_CHECKS, check_refusals, run_checks, verify
from ledger.verify.triggers import LEDGER_REFUSALS
from tests.support.lots import ANNA, AT, BORIS, DAY, AtClock, a_hold, a_lot, add_members, grant

CHECKS = (check_refusals(LEDGER_REFUSALS), *JOURNAL_CHECKS)
MINUTE = timedelta(minutes=1)


def everything_happens(database: Database) -> None:
    grant(database, a_lot("a", 100), a_lot("b", 40, wait=9), a_lot("c", 60, days=2))
    grant(database, a_lot("d", 500, days=None), a_lot("e", 70, member=BORIS))
    for revision, difference in ((1, 100), (2, 20), (3, -50)):
        execute(
            database,
            service.settle_award,
            SettleAward(
                member_id=ANNA,
                award_id=UUID(int=5),
                revision=revision,
                difference=Points(difference),
                effective_at=AT,
                activates_at=AT,
                expires_at=AT + 300 * DAY,
            ),
        )
    for number in (1, 2, 3, 4):
        execute(database, service.place_hold, a_hold(number, 70))
    execute(database, service.capture_hold, CaptureHold(UUID(int=1), Points(65), AT + MINUTE))
    execute(database, service.release_hold, ReleaseHold(UUID(int=2), AT + 3 * DAY))
    execute(database, service.expire_hold, service.ExpireHold(UUID(int=3), AT + DAY))
    refund = ReturnToLots(UUID(int=1), UUID(int=71), Points(30), AT + 2 * DAY)
    execute(database, service.return_to_lots, refund)
    execute(database, service.move_to_escrow, MoveToEscrow(UUID(int=6), ANNA, Points(90), AT))
    execute(database, service.move_to_escrow, MoveToEscrow(UUID(int=7), ANNA, Points(20), AT))
    execute(
        database, service.return_from_escrow, ReturnFromEscrow(UUID(int=7), UUID(int=72), AT + DAY)
    )
    execute(
        database,
        service.credit_redeemed,
        CreditRedeemed(
            member_id=ANNA,
            key=("1", "0x", "1"),
            key_at=AT + DAY,
            amount=Points(50),
            at=AT + DAY,
            minted_claims=frozenset({UUID(int=6)}),
            others_expire_at=None,
        ),
    )
    claw = ClawBack(BORIS, Points(90), Cause("test", "e"), ("k",), AT, AT + DAY)
    execute(database, service.claw_back, claw)
    grant(database, a_lot("f", 15, member=BORIS))
    execute(database, service.apply_due, service.ApplyDue(ANNA, AT + 10 * DAY))


def _verify(database: Database) -> Report:
    return verify(database, CHECKS)


_DROP_REFERENCES = """
DO $$ DECLARE c record; BEGIN
  FOR c IN SELECT conrelid::regclass AS t, conname FROM pg_constraint WHERE contype = 'f' LOOP
    EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', c.t, c.conname);
  END LOOP;
END $$
"""
_TABLES = ("accounts", "transfers", "journal_head", "lots", "holds", "hold_parts", "hold_returns")


@pytest.fixture(scope="module")
def full_ledger(postgres_server: PostgresServer, template_database: str) -> Iterator[sa.Engine]:
    """A database in which everything happened, as its owner, with nothing that refuses changes."""
    name = "test_verify_full"
    postgres_server.create_database(name, template_database)
    database = replace(connect(postgres_server.url(APPLICATION, name)), clock=AtClock())
    add_members(database, ANNA, BORIS)
    everything_happens(database)
    database.engine.dispose()
    owner = sa.create_engine(postgres_server.url(MIGRATOR, name))
    with owner.begin() as connection:
        connection.execute(sa.text(_DROP_REFERENCES))
        for table in _TABLES:
            connection.execute(sa.text(f"ALTER TABLE {table} DISABLE TRIGGER USER"))
    yield owner
    owner.dispose()
    postgres_server.drop_database(name)


def test_an_empty_ledger_holds(database: Database) -> None:
    assert _verify(database).findings == ()


def test_a_ledger_in_which_everything_happened_holds(database: Database) -> None:
    everything_happens(database)
    report = _verify(database)
    assert report.findings == ()
    assert report.transfers > 30
    assert len(report.checks) == len(CHECKS)


def test_side_by_side_the_report_is_the_same(database: Database) -> None:
    everything_happens(database)
    told: list[str] = []
    report = verify(database, CHECKS, progress=told.append, processes=3)
    assert report == _verify(database)
    assert told == [], "every check was run by another process"


def _failing(work: Work) -> Iterator[Finding]:
    raise ArithmeticError("this check cannot be run")


def _dying(work: Work) -> Iterator[Finding]:
    if multiprocessing.parent_process() is not None:
        os._exit(1)
    yield Finding("dying", "transfers", "1", "is what the process died of")


def _broken(work: Work) -> Iterator[Finding]:
    yield Finding("chain", "transfers", "1", "is wrong")


def test_side_by_side_nothing_rests_on_a_foundation_that_does_not_hold(database: Database) -> None:
    broken, failing = Check("chain", _broken, foundation=True), Check("next", _failing)
    report = verify(database, (broken, failing), processes=2)
    assert report == verify(database, (broken, failing))
    assert report.checks == ("chain",)
    with pytest.raises(ArithmeticError):
        verify(database, (failing, *CHECKS), processes=2)


def test_side_by_side_what_a_process_died_of_is_found_without_it(database: Database) -> None:
    checks = (*CHECKS, Check("dying", _dying))
    report = verify(database, checks, processes=2)
    assert [finding.check for finding in report.findings] == ["dying"]
    assert len(report.checks) == len(checks)


_OTHER_UUID = "'0198c2a0-2222-7000-8000-00000000ffff'"
_MEMBER_B = "'00000000-0000-0000-0000-00000000000b'"
_LOT_A = "(SELECT lot_id FROM lots WHERE cause_id = 'a')"
_HOLD_1 = "hold_id = '00000000-0000-0000-0000-000000000001'"
_TRANSFER = "UPDATE transfers SET {} WHERE sequence = 7"
_DAMAGE = [
    *(
        (_TRANSFER.format(change), "transfers 7 ")
        for change in (
            f"entry_id = {_OTHER_UUID}",
            "lines = 2",
            "kind = 'grant'",
            "debit_account_id = 3",
            "credit_account_id = 3",
            "amount = amount + 1",
            "debit_balance_after = debit_balance_after + 1",
            "credit_balance_after = credit_balance_after + 1",
            "debit_previous = 1",
            "credit_previous = 1",
            "effective_at = effective_at + interval '1 microsecond'",
            "recorded_at = recorded_at + interval '1 microsecond'",
            f"cites = {_OTHER_UUID}",
            "cause = cause || ' '",
            "hash = sha256('x')",
        )
    ),
    ("UPDATE transfers SET line = 2, lines = 2 WHERE sequence = 7", "transfers 7 "),
    ("UPDATE transfers SET sequence = 1000 WHERE sequence = 7", "transfers 8 "),
    ("DELETE FROM transfers WHERE sequence = 7", "transfers 8 "),
    ("DELETE FROM transfers WHERE sequence = (SELECT max(sequence) FROM transfers)", "_head 1"),
    ("UPDATE journal_head SET sequence = sequence + 1", "journal_head 1"),
    ("UPDATE journal_head SET hash = sha256('x')", "journal_head 1"),
    ("UPDATE journal_head SET account_count = account_count + 1", "journal_head 1"),
    ("UPDATE accounts SET account_id = 1000 WHERE account_id = 3", "accounts 4"),
    ("UPDATE accounts SET kind = 'team' WHERE kind = 'spent'", "transfers "),
    ("UPDATE accounts SET kind = 'other' WHERE kind = 'spent'", "accounts "),
    (f"UPDATE accounts SET owner = {_OTHER_UUID} WHERE account_id = 2", "transfers 1 "),
    ("UPDATE accounts SET balance = balance + 1 WHERE account_id = 2", "accounts 2"),
    ("UPDATE accounts SET last_sequence = 1 WHERE account_id = 1", "accounts 1"),
    *(
        (f"UPDATE lots SET {change} WHERE cause_id = 'a'", "lots ")
        for change in (
            f"member_id = {_MEMBER_B}",
            "granted = granted + 1",
            "activates_at = activates_at - interval '1 day'",
            "expires_at = expires_at + interval '1 day'",
            "expires_at = NULL",
            "cause_kind = 'award'",
            "cause_id = 'z'",
            "continues = (SELECT lot_id FROM lots WHERE cause_id = 'b')",
            "cites = (SELECT lot_id FROM lots WHERE cause_id = 'b')",
            "entry_id = (SELECT entry_id FROM lots WHERE cause_id = 'b')",
            "created_at = created_at + interval '1 second'",
            f"lot_id = {_OTHER_UUID}",
        )
    ),
    (f"DELETE FROM lots WHERE lot_id = {_LOT_A}", "lots "),
    *(
        (f"UPDATE holds SET {change} WHERE {_HOLD_1}", "holds 00000000-")
        for change in (
            f"member_id = {_MEMBER_B}",
            "purpose = 'bridge'",
            "state = 'released', captured = 0",
            "amount = amount + 1",
            "captured = captured - 1",
            "gone_on_to_expired = 1",
            "placed_at = placed_at + interval '1 second'",
            "expires_at = expires_at + interval '1 second'",
            "resolved_at = resolved_at + interval '1 second'",
            "entry_id = resolution_entry_id",
            "resolution_entry_id = entry_id",
            f"resolution_entry_id = {_OTHER_UUID}",
        )
    ),
    ("UPDATE hold_parts SET amount = amount + 1 WHERE " + _HOLD_1, "holds 00000000-"),
    ("UPDATE hold_parts SET captured = captured - 1 WHERE captured > 1 AND " + _HOLD_1, "holds 0"),
    (f"UPDATE hold_parts SET lot_id = {_LOT_A} WHERE captured < amount AND " + _HOLD_1, "holds 0"),
    (f"UPDATE hold_parts SET hold_id = {_OTHER_UUID} WHERE {_HOLD_1}", "holds 00000000-"),
    ("DELETE FROM hold_parts WHERE captured < amount AND " + _HOLD_1, "holds 00000000-"),
    ("DELETE FROM holds WHERE " + _HOLD_1, "transfers of entry "),
    (
        "UPDATE holds SET state = 'held', captured = 0, resolved_at = NULL, "
        "resolution_entry_id = NULL WHERE " + _HOLD_1,
        "transfers of entry ",
    ),
    *(
        (
            f"UPDATE hold_returns SET {change} WHERE {_HOLD_1} AND amount = 25",
            "hold_returns of entry",
        )
        for change in (
            f"return_id = {_OTHER_UUID}",
            "hold_id = '00000000-0000-0000-0000-000000000002'",
            f"lot_id = {_OTHER_UUID}",
            f"to_lot_id = {_LOT_A}",
            "amount = amount - 1",
            f"entry_id = {_OTHER_UUID}",
        )
    ),
    ("DELETE FROM hold_returns WHERE " + _HOLD_1, "hold_returns of entry "),
]


@pytest.mark.parametrize(("statement", "names"), _DAMAGE, ids=[s for s, _ in _DAMAGE])
def test_one_damaged_value_is_found_and_named(
    full_ledger: sa.Engine, statement: str, names: str
) -> None:
    with full_ledger.connect() as connection:
        assert connection.execute(sa.text(statement)).rowcount >= 1
        findings = run_checks(Work(connection, AT, RandomIds()), JOURNAL_CHECKS).findings
        connection.rollback()
    assert any(names in str(finding) for finding in findings), findings


def test_without_damage_nothing_is_found(full_ledger: sa.Engine) -> None:
    with full_ledger.connect() as connection:
        assert run_checks(Work(connection, AT, RandomIds()), JOURNAL_CHECKS).findings == ()


def test_every_column_of_every_table_is_damaged_above(database: Database) -> None:
    with database.read() as work:
        columns = work.connection.execute(
            sa.text(
                "SELECT table_name, column_name FROM information_schema.columns WHERE table_name IN"
                " ('accounts', 'transfers', 'journal_head', 'lots', 'holds', 'hold_parts',"
                " 'hold_returns')"
            )
        ).all()
    text = {
        table: " ".join(s for s, _ in _DAMAGE if f"UPDATE {table} " in s) for table, _ in columns
    }
    missing = [(t, c) for t, c in columns if f"{c} = " not in text[t]]
    assert missing == [("journal_head", "head_id")]


@pytest.mark.parametrize(
    "statement",
    [
        "DROP TRIGGER transfers_append_only ON transfers",
        "ALTER TABLE lots DISABLE TRIGGER lots_fixed",
        "ALTER TABLE accounts ENABLE REPLICA TRIGGER accounts_kept",
    ],
)
def test_a_missing_refusal_is_found(database: Database, migrator_url: str, statement: str) -> None:
    engine = sa.create_engine(migrator_url)
    with engine.begin() as connection:
        connection.execute(sa.text(statement))
    engine.dispose()
    (finding,) = _verify(database).findings
    assert (finding.check, finding.table) == ("refusals", "pg_trigger")


def test_a_refusal_that_refuses_nothing_is_found(database: Database, migrator_url: str) -> None:
    engine = sa.create_engine(migrator_url)
    with engine.begin() as connection:
        connection.execute(
            sa.text(
                "CREATE OR REPLACE FUNCTION vklad_refuse_change() RETURNS trigger "
                "LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$"
            )
        )
    engine.dispose()
    assert [f.check for f in _verify(database).findings] == ["refusals"]


def test_points_made_without_a_cause_are_found(database: Database) -> None:
    draft = EntryDraft(
        entry_id=UUID(int=1),
        kind=EntryKind.REFUND,
        postings=(
            Posting(AccountKey(AccountKind.ISSUANCE), AccountKey(AccountKind.SPENT), Points(1)),
        ),
        effective_at=AT,
        cause='{"lots":[],"return":"x","returned":[],"why":null}',
    )
    execute(database, journal.post, [draft])
    assert _verify(database).findings == (
        Finding(
            "mints",
            "transfers",
            f"1 (entry {UUID(int=1)})",
            "makes points by an entry of kind refund, which may not",
        ),
    )
