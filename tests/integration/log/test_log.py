"""The log over a real journal: growing, signing, proving, and being found out."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa

from ledger.journal import service as journal
from ledger.journal.chain import TransferRow
from ledger.journal.model import AccountKey, AccountKind, EntryDraft, EntryKind, Posting
from ledger.kernel.ids import RandomIds, derived_id
from ledger.kernel.transaction import Database, Work, execute
from ledger.kernel.units import Points
from ledger.log import service, store
from ledger.log.documents import head_file, proof_json
from ledger.log.model import (
    BadLogSizes,
    NoLogHead,
    NotInLogYet,
    UnknownEntry,
    WrongLogKey,
)
from ledger.log.verifier import Fault, check_proof
from ledger.log.verify import SIGNATURE_CHECK, held_elsewhere, log_check, stated_head
from ledger.verify.service import JOURNAL_CHECKS, run_checks, verify
from tests.support.clock import SetClock
from tests.support.log import MemorySigner, rewrite_from
from tests.support.lots import AT

LOG_CHECKS = (log_check(lambda _: ()), SIGNATURE_CHECK)
REVOKED = AccountKey(AccountKind.REVOKED)


def clawback(number: int, lines: int = 1) -> EntryDraft:
    """An entry that needs nothing else to be true: points taken back from those without any."""
    postings = tuple(
        Posting(AccountKey(AccountKind.DEBT, UUID(int=line + 1)), REVOKED, Points(1 + number % 7))
        for line in range(lines)
    )
    entry_id = derived_id(AT, "clawback", str(number))
    return EntryDraft(entry_id, EntryKind.CLAWBACK, postings, AT, f'{{"day":{number}}}')


def post(database: Database, first: int, count: int, lines: int = 1) -> list[UUID]:
    drafts = [clawback(number, lines) for number in range(first, first + count)]
    execute(database, journal.post, drafts)
    return [draft.entry_id for draft in drafts]


@pytest.fixture
def signer() -> MemorySigner:
    return MemorySigner()


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def database(database: Database, clock: SetClock) -> Database:
    return replace(database, clock=clock)


def proof_of(database: Database, entry_id: UUID, *earlier: int) -> dict[str, object]:
    with database.read() as work:
        made = proof_json(service.prove(work, entry_id, earlier))
    read: dict[str, object] = json.loads(json.dumps(made))
    return read


def head_of(database: Database, *since: int) -> dict[str, object]:
    with database.read() as work:
        newest = service.newest_head(work)
        size = newest.head.tree_size
        paths = [service.prove_consistency(work, old, size) for old in since]
        return head_file(newest, service.keys(work), paths)


def test_a_proof_holds_against_a_head_ten_thousand_entries_later(
    database: Database, signer: MemorySigner, clock: SetClock
) -> None:
    entries = [*post(database, 0, 3, lines=2), *post(database, 3, 40)]
    first = service.publish(database, signer)
    assert first is not None
    assert first.head.tree_size == 46
    proofs = [proof_of(database, entry) for entry in (entries[0], entries[1], entries[-1])]
    clock.forward(timedelta(hours=1))
    for start in range(1_000, 11_000, 2_000):
        post(database, start, 2_000)
        service.publish(database, signer)
    newer = head_of(database, 46)
    assert newer["tree_size"] == 10_046
    for proof in proofs:
        said = check_proof(proof, [newer], [])
        assert "The log of 10046 transfers holds that of 46 unchanged." in said
    late = proof_of(database, derived_id(AT, "clawback", "10999"), 46)
    assert check_proof(late, [newer], [])
    assert verify(database, (*JOURNAL_CHECKS, *LOG_CHECKS)).findings == ()


def test_a_proof_reads_few_rows_however_long_the_journal(
    database: Database, signer: MemorySigner
) -> None:
    entries = post(database, 0, 5_000)
    service.publish(database, signer)
    statements: list[str] = []
    sa.event.listen(
        database.engine, "before_cursor_execute", lambda *a: statements.append(str(a[2]))
    )
    for entry in (entries[0], entries[2_345], entries[-1]):
        statements.clear()
        proof_of(database, entry)
        assert len(statements) <= 8


def test_signing_twice_or_side_by_side_makes_one_head(
    database: Database, signer: MemorySigner
) -> None:
    post(database, 0, 5)
    first = service.publish(database, signer)
    assert service.publish(database, signer) == first
    with database.read() as work:
        assert len(store.heads_before(work, before=None, limit=9)) == 1
        assert not execute(database, store.insert_head, first)


def test_what_is_not_there_cannot_be_proved(database: Database, signer: MemorySigner) -> None:
    with database.read() as work, pytest.raises(NoLogHead):
        service.newest_head(work)
    assert service.publish(database, signer) is None
    (entry,) = post(database, 0, 1)
    with database.read() as work, pytest.raises(NotInLogYet):
        service.prove(work, entry)
    service.publish(database, signer)
    with database.read() as work:
        with pytest.raises(UnknownEntry):
            service.prove(work, UUID(int=5))
        for one, other in ((1, 1), (0, 1), (1, 2)):
            with pytest.raises(BadLogSizes):
                service.prove_consistency(work, one, other)


def test_a_key_is_followed_by_the_one_it_names(
    database: Database, signer: MemorySigner, clock: SetClock
) -> None:
    (entry,) = post(database, 0, 1)
    service.publish(database, signer)
    old, kept = proof_of(database, entry), head_of(database)
    clock.forward(timedelta(days=1))
    successor = MemorySigner()
    service.rotate_key(database, signer, successor)
    post(database, 1, 5)
    clock.forward(timedelta(days=1))
    with pytest.raises(WrongLogKey):
        service.publish(database, signer)
    with pytest.raises(WrongLogKey):
        service.rotate_key(database, signer, MemorySigner())
    service.publish(database, successor)
    newer = head_of(database, 1)
    assert newer["key"] == successor.key.hex()
    with pytest.raises(WrongLogKey, match="came first"):
        service.rotate_key(replace(database, clock=SetClock()), successor, MemorySigner())
    assert check_proof(old, [newer], [], signer.key.hex())
    assert check_proof(proof_of(database, entry, 1), [kept], [], signer.key.hex())
    assert verify(database, LOG_CHECKS).findings == ()


@pytest.fixture
def owner(migrator_url: str) -> Iterator[sa.Connection]:
    """An insider who can switch off what refuses."""
    engine = sa.create_engine(migrator_url)
    with engine.connect() as connection:
        tables = ("transfers", "journal_head", "accounts", "log_nodes", "log_heads", "log_keys")
        for table in tables:
            connection.execute(sa.text(f"ALTER TABLE {table} DISABLE TRIGGER USER"))
        connection.commit()
        yield connection
    engine.dispose()


def test_an_insider_who_rewrites_the_end_is_caught_by_any_saved_head(
    database: Database, signer: MemorySigner, owner: sa.Connection, clock: SetClock
) -> None:
    saved = []
    entries = []
    for start in range(0, 60, 20):
        entries += post(database, start, 20)
        clock.forward(timedelta(minutes=1))
        service.publish(database, signer)
        saved.append(head_of(database))
    proof = proof_of(database, entries[55])
    rewrite_from(owner, 51)
    work = Work(owner, AT, RandomIds())
    assert run_checks(work, JOURNAL_CHECKS).findings == (), "the chain alone does not tell"
    (found,) = run_checks(work, LOG_CHECKS).findings
    assert "completes transfers 49 to 64" in str(found) or "of the 60 transfers" in str(found)
    # So the insider makes nodes and heads anew as well, with the log's own key.
    for table in ("log_heads", "log_nodes"):
        owner.execute(sa.text(f"DELETE FROM {table}"))
    owner.commit()
    clock.forward(timedelta(minutes=1))
    service.publish(database, signer)
    assert verify(database, (*JOURNAL_CHECKS, *LOG_CHECKS)).findings == ()
    held = [stated_head("a member", dict(head)) for head in saved]
    assert verify(database, (held_elsewhere(held[:2]),)).findings == (), "those are from before"
    (found,) = verify(database, (held_elsewhere(held),)).findings
    assert str(found) == (
        "log heads: transfers 60 (entry "
        f"{entries[59]}): is the last of the 60 transfers that a member speaks of, and they are "
        "not those: they were rewritten since"
    )
    forged = proof_of(database, entries[55])
    with pytest.raises(Fault, match="rewritten"):
        check_proof(forged, [saved[2]], [])
    assert check_proof(proof, [saved[2]], [])


def test_an_end_that_was_cut_off_is_caught(
    database: Database, signer: MemorySigner, owner: sa.Connection
) -> None:
    post(database, 0, 20)
    service.publish(database, signer)
    saved = stated_head("a member", dict(head_of(database)))
    owner.execute(sa.text("DELETE FROM transfers WHERE sequence > 12"))
    (found,) = run_checks(Work(owner, AT, RandomIds()), (held_elsewhere([saved]),)).findings
    assert found.problem == "number 12 is the last, and a member speaks of 20"


FLIPPED = {
    "int8": "{c} # 1",
    "int2": "({c} # 1)::int2",
    "uuid": "(overlay({c}::text placing "
    "CASE right({c}::text, 1) WHEN '0' THEN '1' ELSE '0' END from 36))::uuid",
    "text": "overlay({c} placing chr(ascii({c}) # 1) from 1)",
    "timestamptz": "{c} + interval '1 microsecond'",
    "bytea": "set_byte({c}, 7, get_byte({c}, 7) # 1)",
}


def test_a_flipped_bit_in_any_column_of_the_journal_names_the_row(
    database: Database, signer: MemorySigner, owner: sa.Connection
) -> None:
    post(database, 0, 10, lines=2)
    citing = replace(clawback(10, lines=2), cites=clawback(9).entry_id)
    execute(database, journal.post, [citing])
    service.publish(database, signer)
    for (constraint,) in owner.execute(
        sa.text(
            "SELECT conname FROM pg_constraint WHERE conrelid = 'transfers'::regclass "
            "AND contype IN ('c', 'u')"
        )
    ).all():
        owner.execute(sa.text(f"ALTER TABLE transfers DROP CONSTRAINT {constraint}"))
    columns = owner.execute(
        sa.text(
            "SELECT attname, typname FROM pg_attribute JOIN pg_type ON pg_type.oid = atttypid "
            "WHERE attrelid = 'transfers'::regclass AND attnum > 0 AND NOT attisdropped"
        )
    ).all()
    assert {name for name, _ in columns} == set(TransferRow._fields)
    work = Work(owner, AT, RandomIds())
    assert run_checks(work, JOURNAL_CHECKS).findings == ()
    for row in (1, 12, 21, 22):
        for name, kind in columns:
            damage = owner.begin_nested()
            flipped = FLIPPED[kind].format(c=name)
            if name == "cites" and row < 21:
                flipped = "'0198c2a0-0000-7000-8000-000000000001'"
            elif name == "sequence":
                flipped = "sequence + 100"
            statement = f"UPDATE transfers SET {name} = {flipped} WHERE sequence = {row}"
            assert owner.execute(sa.text(statement)).rowcount == 1
            findings = run_checks(work, JOURNAL_CHECKS[:1]).findings
            assert findings, (row, name)
            named = findings[0].row.split(" ")[0]
            if name == "sequence":  # The first row behind the gap is named, and what it follows.
                assert named == str(row + 1 if row < 22 else row + 100)
                assert f"follows number {row - 1}: rows between" in str(findings[0])
            else:
                assert named == str(row), (name, str(findings[0]))
            damage.rollback()


def test_a_flipped_bit_anywhere_in_the_log_is_found(
    database: Database, signer: MemorySigner, owner: sa.Connection, clock: SetClock
) -> None:
    post(database, 0, 40)
    service.publish(database, signer)
    clock.forward(timedelta(days=1))
    successor = MemorySigner()
    service.rotate_key(database, signer, successor)
    clock.forward(timedelta(days=1))
    post(database, 40, 30)
    service.publish(database, successor)
    work = Work(owner, AT, RandomIds())
    owner.execute(sa.text("ALTER TABLE log_heads DROP CONSTRAINT fk_log_heads_key"))
    owner.execute(sa.text("ALTER TABLE log_keys DROP CONSTRAINT fk_log_keys_signed_by"))
    for index in ("uq_log_keys_one_first", "uq_log_keys_one_successor"):
        owner.execute(sa.text(f"DROP INDEX {index}"))
    damages = [
        "UPDATE log_nodes SET hash = sha256('x') WHERE level = 5 AND position = 1",
        "UPDATE log_nodes SET level = 9 WHERE level = 5 AND position = 1",
        "UPDATE log_nodes SET position = 7 WHERE level = 4 AND position = 1",
        "DELETE FROM log_nodes WHERE level = 6",
        "DELETE FROM log_nodes WHERE level = 4 AND position = 0",
        "INSERT INTO log_nodes VALUES (7, 0, sha256('x'))",
        *(
            f"UPDATE log_heads SET {column} = {change} WHERE tree_size = 40"
            for column, change in (
                ("tree_size", "39"),
                ("tree_size", "200"),
                ("root", "sha256('x')"),
                ("journal_hash", "sha256('x')"),
                ("signed_at", "signed_at + interval '1 microsecond'"),
                ("key", "sha256('x')"),
                ("signature", "set_byte(signature, 63, get_byte(signature, 63) # 1)"),
            )
        ),
        *(
            f"UPDATE log_keys SET {column} = {change} WHERE signed_by {which} key"
            for which in ("=", "<>")
            for column, change in (
                ("key", "sha256('x')"),
                ("valid_from", "valid_from + interval '1 microsecond'"),
                ("signed_by", "sha256('y')"),
                ("signature", "set_byte(signature, 0, get_byte(signature, 0) # 1)"),
            )
        ),
    ]
    assert run_checks(work, LOG_CHECKS).findings == ()
    for statement in damages:
        damage = owner.begin_nested()
        assert owner.execute(sa.text(statement)).rowcount == 1, statement
        assert run_checks(work, LOG_CHECKS).findings, statement
        damage.rollback()


def test_the_application_cannot_change_the_log(database: Database, signer: MemorySigner) -> None:
    post(database, 0, 20)
    service.publish(database, signer)
    for table in ("log_nodes", "log_heads", "log_keys"):
        with (
            pytest.raises(sa.exc.DBAPIError, match="append-only"),
            database.engine.begin() as connection,
        ):
            connection.execute(sa.text(f"DELETE FROM {table}"))
