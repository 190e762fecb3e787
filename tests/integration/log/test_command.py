"""`vklad log` and `vklad ledger verify --head --dump`, over a database of their own."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner, Result

from api.cli.ledger import HeadUnreadable
from api.cli.main import app
from api.dumps import DumpUnreadable
from api.log_keys import LogKeyUnreadable, open_log_signer
from api.supervisor.postgres import MIGRATOR, PostgresServer
from api.supervisor.state import StateFolder
from ledger.journal import service as journal
from ledger.kernel.ids import format_id
from ledger.kernel.transaction import Database, execute
from tests.integration.conftest import TestDatabase
from tests.integration.log.test_log import clawback

FIRST = clawback(0)


@pytest.fixture
def folder(
    database: Database,
    test_database: TestDatabase,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Path:
    """An installation with one entry; where files go."""
    execute(database, journal.post, [FIRST])
    monkeypatch.setenv("VKLAD_DATABASE_URL", test_database.app_url)
    monkeypatch.setenv("VKLAD_STATE_FOLDER", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*words: str) -> Result:
    return CliRunner().invoke(app, words)


def saved(path: Path, *words: str) -> Any:
    result = run(*words)
    assert result.exit_code == 0, result.output
    path.write_text(result.stdout)
    return json.loads(result.stdout)


def more(database: Database, count: int) -> None:
    execute(database, journal.post, [clawback(1 + number) for number in range(count)])


def test_a_proof_is_made_kept_and_checked(folder: Path, database: Database) -> None:
    saved(folder / "proof.json", "log", "prove", format_id("ent", FIRST.entry_id))
    saved(folder / "head.json", "log", "head")
    result = run("log", "verify", "proof.json", "--head", "head.json")
    assert result.exit_code == 0, result.output
    assert result.stdout.endswith("VERIFIED\n")
    more(database, 20)
    newer = saved(folder / "newer.json", "log", "head", "--head", "head.json")
    assert newer["tree_size"] == 21
    told = run("log", "verify", "proof.json", "--head", "newer.json")
    assert "The log of 21 transfers holds that of 1 unchanged." in told.stdout
    saved(folder / "path.json", "log", "consistency", "1", "21")
    bare = {**newer, "consistency": []}
    (folder / "bare.json").write_text(json.dumps(bare))
    assert run("log", "verify", "proof.json", "--head", "bare.json").exit_code == 1
    told = run(
        *("log", "verify", "proof.json", "--head", "bare.json", "--consistency", "path.json")
    )
    assert told.exit_code == 0
    (key,) = saved(folder / "keys.json", "log", "keys")
    assert run("log", "verify", "proof.json", "--key", key["key"]).exit_code == 0
    assert run("log", "verify", "proof.json", "--key", "00" * 32).exit_code == 1
    late = saved(folder / "late.json", "log", "prove", str(FIRST.entry_id), "--head", "head.json")
    assert late["consistency"][0]["first"] == 1
    assert run("log", "verify", "late.json", "--head", "head.json").exit_code == 0


def test_the_key_is_rotated_and_the_one_before_it_kept(folder: Path, database: Database) -> None:
    saved(folder / "head.json", "log", "head")
    first = open_log_signer(StateFolder(folder / "state")).key
    result = run("log", "rotate-key")
    assert result.exit_code == 0, result.output
    second = open_log_signer(StateFolder(folder / "state")).key
    assert second != first
    assert (folder / "state" / "keys" / f"log-{first.hex()[:8]}.pem").exists()
    more(database, 3)
    saved(folder / "proof.json", "log", "prove", str(FIRST.entry_id), "--head", "head.json")
    result = run("log", "verify", "proof.json", "--head", "head.json", "--key", first.hex())
    assert result.exit_code == 0, result.output
    assert f"Signed by the key {second.hex()}." in result.stdout
    assert run("ledger", "verify").exit_code == 0


def test_a_damaged_key_file_is_named(folder: Path) -> None:
    state = StateFolder(folder / "state")
    state.prepare()
    open_log_signer(state)
    (state.path / "keys" / "log.pem").write_text("not a key")
    with pytest.raises(LogKeyUnreadable, match=r"log\.pem cannot be opened"):
        open_log_signer(state)


def test_a_saved_head_is_compared(folder: Path, database: Database) -> None:
    head = saved(folder / "head.json", "log", "head")
    assert "every rule holds" in run("ledger", "verify", "--head", "head.json").output
    (folder / "head.json").write_text(json.dumps({**head, "root": "ab" * 32}))
    result = run("ledger", "verify", "--head", "head.json")
    assert result.exit_code == 1
    assert "the head in head.json speaks of, and they are not those" in result.output
    (folder / "head.json").write_text("{}")
    result = run("ledger", "verify", "--head", "head.json")
    assert isinstance(result.exception, HeadUnreadable)
    assert str(result.exception) == "head.json is not a head of the log."


def test_a_dump_is_checked_as_the_database_is(
    folder: Path,
    database: Database,
    test_database: TestDatabase,
    postgres_server: PostgresServer,
    migrator_url: str,
) -> None:
    more(database, 20)
    saved(folder / "head.json", "log", "head")
    dump(postgres_server, test_database.name, folder / "good.dump")
    result = run("ledger", "verify", "--dump", "good.dump", "--head", "head.json")
    assert result.exit_code == 0, result.output
    assert "21 transfers" in result.output
    engine = sa.create_engine(migrator_url)
    with engine.begin() as connection:
        connection.execute(sa.text("ALTER TABLE transfers DISABLE TRIGGER USER"))
        connection.execute(sa.text("UPDATE transfers SET kind = 'award' WHERE sequence = 7"))
        connection.execute(sa.text("ALTER TABLE transfers ENABLE TRIGGER USER"))
    engine.dispose()
    dump(postgres_server, test_database.name, folder / "bad.dump")
    result = run("ledger", "verify", "--dump", "bad.dump")
    assert result.exit_code == 1
    assert "chain: transfers 7 " in result.output


def test_what_is_no_dump_is_refused(folder: Path) -> None:
    (folder / "plain.sql").write_text("\\! echo harm\n")
    result = run("ledger", "verify", "--dump", "plain.sql")
    assert isinstance(result.exception, DumpUnreadable)
    (folder / "cut.dump").write_bytes(b"PGDMP and nothing else")
    result = run("ledger", "verify", "--dump", "cut.dump")
    assert isinstance(result.exception, DumpUnreadable)


def dump(server: PostgresServer, database: str, to: Path, *more: str) -> None:
    """As an operator takes one."""
    subprocess.run(
        [
            str(server.binaries / "pg_dump"),
            *("--host", str(server.socket_folder), "--username", MIGRATOR),
            *("--format=custom", "--file", str(to), *more, database),
        ],
        env={"PGPASSWORD": server.password(MIGRATOR), "PATH": os.defpath},
        check=True,
        timeout=60,
    )
