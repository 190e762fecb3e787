"""An audit export of a period: what is in it, and that nothing of it can be changed unnoticed."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from api.audit import acts_store
from api.audit.model import BadPeriod, Period, parse_period
from api.audit.service import ExportPlaceTaken, export
from api.cli.main import app
from ledger.journal import service as journal
from ledger.kernel.transaction import Database, Work, execute
from ledger.log import service, verifier
from ledger.log.documents import head_file
from ledger.log.verifier import Fault, verify
from ledger.members import store as members
from ledger.members.model import ApproveRole, ProposeRole, Role
from ledger.members.service import approve_role, propose_role
from tests.integration.conftest import TestDatabase
from tests.integration.log.test_log import clawback
from tests.support.budgets import open_budget
from tests.support.clock import SetClock
from tests.support.log import MemorySigner
from tests.support.lots import add_members

MARCH = parse_period("2026-03")
ADMIN, SECOND, OLGA = UUID(int=0xAD1), UUID(int=0xAD2), UUID(int=0x019A)


@pytest.fixture
def signer() -> MemorySigner:
    return MemorySigner()


@pytest.fixture
def busy(database: Database, signer: MemorySigner) -> Database:
    """Entries in February, March and April; a budget and an auditor in March."""
    clock = SetClock()
    moved = replace(database, clock=clock)
    add_members(database, ADMIN, SECOND, OLGA)

    def make_admin(work: Work, member: UUID) -> None:
        members.insert_role(work, member, Role.ADMIN, None)
        members.grant_role(work, member, Role.ADMIN, None)

    for admin in (ADMIN, SECOND):
        execute(moved, make_admin, admin)
    for month in (2, 3, 4):
        clock.time = datetime(2026, month, 7, 12, tzinfo=UTC)
        execute(moved, journal.post, [clawback(month * 100 + n, lines=2) for n in range(20)])
        clock.forward(timedelta(seconds=1))
        service.publish(moved, signer)
        if month == 3:
            open_budget(moved, 500, ADMIN, SECOND, "spring")
            clock.forward(timedelta(seconds=1))
            execute(moved, propose_role, ProposeRole(OLGA, Role.AUDITOR, ADMIN))
            clock.forward(timedelta(seconds=1))
            execute(moved, approve_role, ApproveRole(OLGA, Role.AUDITOR, SECOND))
    return moved


def lines(place: Path, name: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in (place / name).read_text("utf-8").splitlines()]


def test_a_period_is_exported_and_verifies(
    busy: Database, signer: MemorySigner, tmp_path: Path
) -> None:
    place = export(busy, signer, MARCH, tmp_path / "march")
    rows = lines(place, "journal.jsonl")
    assert [row["sequence"] for row in rows] == list(range(41, 81))
    assert [act["act"] for act in lines(place, "acts.jsonl")] == [
        "budget.decided",
        "budget.opened",
        "budget.proposed",
        "role.changed",
        "role.changed",
    ]
    assert [head["tree_size"] for head in lines(place, "heads.jsonl")] == [80]
    said = verify(place, [], [], signer.key.hex())
    assert "  journal.jsonl: 40 rows" in said
    assert any("are in the log of 120 signed" in line for line in said)
    zipped = export(busy, signer, MARCH, tmp_path / "march.zip")
    assert "  journal.jsonl: 40 rows" in verify(zipped, [], [], signer.key.hex())
    with busy.read() as work:
        head = head_file(service.newest_head(work), service.keys(work))
    (tmp_path / "head.json").write_text(json.dumps(head))
    assert verify(zipped, [tmp_path / "head.json"], [], None)
    with pytest.raises(ExportPlaceTaken):
        export(busy, signer, MARCH, place)
    empty = export(busy, signer, parse_period("2025"), tmp_path / "empty")
    assert "  journal.jsonl: 0 rows" in verify(empty, [], [], None)


def test_an_export_verifies_before_anything_was_posted(
    database: Database, signer: MemorySigner, tmp_path: Path
) -> None:
    place = export(database, signer, MARCH, tmp_path / "march")
    assert "The log has no head yet." in verify(place, [], [], signer.key.hex())


def test_only_the_key_in_use_seals_an_export(busy: Database, tmp_path: Path) -> None:
    with pytest.raises(service.WrongLogKey):
        export(busy, MemorySigner(), MARCH, tmp_path / "march")
    assert not (tmp_path / "march").exists()


def test_nothing_in_an_export_can_be_changed(
    busy: Database, signer: MemorySigner, tmp_path: Path
) -> None:
    place = export(busy, signer, MARCH, tmp_path / "march")
    for path in sorted(place.iterdir()):
        whole = path.read_bytes()
        if not whole:
            continue
        for at in {0, len(whole) // 3, len(whole) // 2, len(whole) - 2}:
            path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
            with pytest.raises(Fault):
                verify(place, [], [], signer.key.hex())
        path.write_bytes(whole[: len(whole) // 2])
        with pytest.raises(Fault):
            verify(place, [], [], signer.key.hex())
        path.unlink()
        with pytest.raises(Fault):
            verify(place, [], [], signer.key.hex())
        path.write_bytes(whole)
    (place / "more.jsonl").write_text("")
    with pytest.raises(Fault, match="missing or were added"):
        verify(place, [], [], None)


def test_even_the_keys_owner_cannot_leave_a_row_out(
    busy: Database, signer: MemorySigner, tmp_path: Path
) -> None:
    """Rows are cut, or changed with all hashes made anew, and the manifest is signed again."""
    place = export(busy, signer, MARCH, tmp_path / "march")
    path = place / "journal.jsonl"
    whole = path.read_text("utf-8").splitlines(keepends=True)
    manifest = json.loads((place / "manifest.json").read_text())

    def signed_with(rows: list[str], last: int) -> None:
        path.write_text("".join(rows), "utf-8")
        stated = {"sha256": hashlib.sha256(path.read_bytes()).hexdigest(), "rows": len(rows)}
        made = {**manifest, "journal": {"first": 41, "last": last}}
        made["files"] = {**manifest["files"], "journal.jsonl": stated}
        sealed = json.dumps(made).encode()
        (place / "manifest.json").write_bytes(sealed)
        signature = signer.sign(b"vklad.auditex.v1" + hashlib.sha256(sealed).digest())
        seal = {"key": signer.key.hex(), "signature": signature.hex()}
        (place / "signature.json").write_text(json.dumps(seal))

    signed_with(whole[:10] + whole[11:], 80)
    with pytest.raises(Fault, match="does not follow number 50"):
        verify(place, [], [], None)
    signed_with(whole[:-1], 79)
    with pytest.raises(Fault, match=r"path|not in the log"):
        verify(place, [], [], None)
    forged, previous = [], json.loads(whole[0])["previous"]
    for line in whole:
        row = {**json.loads(line), "previous": previous}
        row["amount"] += row["sequence"] == 50
        previous = row["hash"] = verifier.transfer_hash(row).hex()
        forged.append(json.dumps(row) + "\n")
    signed_with(forged, 80)
    with pytest.raises(Fault, match="names another hash"):
        verify(place, [], [], None)
    signed_with(whole, 80)
    assert verify(place, [], [], signer.key.hex())


def test_acts_of_every_kind_can_be_read(busy: Database) -> None:
    """Each statement runs over the tables as they are, even those without rows."""
    with busy.read() as work:
        for act, select in acts_store.ACTS.items():
            columns = work.connection.execute(sa.text(select)).keys()
            assert len(columns) == 4, act
        always = Period(datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC))
        found = {act.act for act in acts_store.acts(work, always.since, always.until)}
    assert found >= {"budget.opened", "role.changed", "log_key.in_use"}


@pytest.mark.parametrize(
    ("text", "since", "until"),
    [
        ("2026", "2026-01-01", "2027-01-01"),
        ("2026-Q4", "2026-10-01", "2027-01-01"),
        ("2026-12", "2026-12-01", "2027-01-01"),
        ("2026-03-01..2026-03-01", "2026-03-01", "2026-03-02"),
    ],
)
def test_periods(text: str, since: str, until: str) -> None:
    period = parse_period(text)
    assert (str(period.since.date()), str(period.until.date())) == (since, until)


@pytest.mark.parametrize(
    "text", ["", "march", "2026-13", "2026-Q5", "2026-03-02..2026-03-01", "0000", "9999", "٢٠٢٦"]
)
def test_what_is_no_period(text: str) -> None:
    with pytest.raises(BadPeriod):
        parse_period(text)


def test_the_command_writes_what_the_verifier_takes(
    database: Database,
    test_database: TestDatabase,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    execute(database, journal.post, [clawback(1)])
    monkeypatch.setenv("VKLAD_DATABASE_URL", test_database.app_url)
    monkeypatch.setenv("VKLAD_STATE_FOLDER", str(tmp_path / "state"))
    year = str(database.clock.now().year)
    file = str(tmp_path / "a.zip")
    result = CliRunner().invoke(app, ["audit", "export", year, "-o", file])
    assert result.exit_code == 0, result.output
    result = CliRunner().invoke(app, ["log", "verify", file])
    assert result.stdout.endswith("VERIFIED\n"), result.output


OTHERWISE_TOLD = {
    "programme_previews": "looking at what a version would do changes nothing",
    "member_roles": "role_changes is its log",
    "projects": "project_acts is their log",
    "project_tasks": "project_acts is their log, too",
    "redemptions": "what a shop does with one purchase is in the journal",
    "retractions": "a source states these, as facts",
}


def test_every_table_that_says_by_whom_is_in_the_export(owner_tables: dict[str, set[str]]) -> None:
    """Whoever gives somebody power adds a line to ``ACTS``, or says here where else it is told."""
    said = " ".join(acts_store.ACTS.values())
    missing = {
        table
        for table, columns in owner_tables.items()
        if any(column.endswith("_by") or column == "person_id" for column in columns)
        and not re.search(rf"\b{table}\b", said)
    }
    assert missing == set(OTHERWISE_TOLD)


@pytest.fixture
def owner_tables(database: Database) -> dict[str, set[str]]:
    """The columns of each table, as the database has them."""
    found: dict[str, set[str]] = {}
    with database.read() as work:
        rows = work.connection.execute(
            sa.text(
                "SELECT relname, attname FROM pg_attribute JOIN pg_class c ON attrelid = c.oid "
                "WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND attnum > 0"
            )
        )
        for row in rows:
            found.setdefault(row.relname, set()).add(row.attname)
    return found
