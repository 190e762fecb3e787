"""Every command and document of docs/ledger.md, run in the order in which they stand there."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from api.cli.main import app
from api.supervisor.postgres import PostgresServer
from ledger.journal import service as journal
from ledger.kernel.ids import format_id
from ledger.kernel.transaction import Database, execute
from ledger.log import verifier
from ledger.log.verifier import check_proof
from ledger.members.model import CreateMember
from ledger.members.service import create_member
from tests.integration.conftest import TestDatabase
from tests.integration.log.test_log import clawback
from tests.support.dumps import dump
from tests.world import World

TEXT = (Path(__file__).parents[3] / "docs" / "ledger.md").read_text("utf-8")
COMMANDS = [
    line for block in re.findall(r"```sh\n(.*?)```", TEXT, re.DOTALL) for line in block.splitlines()
]


class Shell:
    """As much of a shell as the document uses."""

    def __init__(self, server: PostgresServer, database: str, words: dict[str, str]) -> None:
        self.server, self.database, self.words = server, database, words

    def run(self, line: str) -> None:
        for word, meaning in self.words.items():
            line = re.sub(rf"\b{word}\b", meaning, line)
        line, _, to = line.partition(" > ")
        program, *arguments = shlex.split(line)
        said = {"vklad": self.vklad, "python": self.python, "pg_dump": self.pg_dump}[program](
            arguments
        )
        if to:
            Path(to.strip()).write_text(said)

    def vklad(self, arguments: list[str]) -> str:
        result = CliRunner().invoke(app, arguments)
        if arguments[:2] in (["merges", "propose"], ["merges", "split"]):
            proposed = json.loads(result.stdout)
            self.words |= {"MERGE": proposed["id"], "CONTENT": proposed["content"]}
        if arguments[0] == "balances" and arguments[1] in ("budget", "look", "propose"):
            self.words |= _names_of(json.loads(result.stdout))
        if "To do it: --confirm" in result.output:
            self.words["CONFIRM"] = result.output.rsplit(" ", 1)[1].strip()
        else:
            assert result.exit_code == 0, (arguments, result.output)
        return result.stdout

    def python(self, arguments: list[str]) -> str:
        Path("verifier.py").write_bytes(Path(verifier.__file__).read_bytes())
        done = subprocess.run(
            [sys.executable, "-I", "-S", *arguments],
            text=True,
            capture_output=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, (arguments, done.stderr)
        return done.stdout

    def pg_dump(self, arguments: list[str]) -> str:
        dump(self.server, self.database, Path(arguments[1].partition("=")[2]))
        return ""


def _names_of(said: dict[str, str]) -> dict[str, str]:
    """What a command of balances prints, by the words of the commands after it."""
    if "confirm" in said:
        return {"SEEN": said["confirm"]}
    if said["id"].startswith("bud_"):
        return {"BUDGET": said["id"], "CONTENT": said["content"]}
    return {"IMPORT": said["id"], "CONTENT": said["content"]}


def test_the_commands_do_what_is_said(
    database: Database,
    test_database: TestDatabase,
    postgres_server: PostgresServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("VKLAD_DATABASE_URL", test_database.app_url)
    monkeypatch.setenv("VKLAD_STATE_FOLDER", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)
    execute(database, journal.post, [clawback(number) for number in range(5)])
    member = execute(database, create_member, CreateMember("en", "Anna"))
    world = World.make(database)
    words = {
        "SURVIVOR": format_id("mem", world.link("1")),
        "ABSORBED": format_id("mem", world.link("2")),
        "FIRST": format_id("mem", world.first_admin),
        "SECOND": format_id("mem", world.second_admin),
        "ENTRY": format_id("ent", clawback(2).entry_id),
        "MEMBER": format_id("mem", member.member_id),
        "YEAR": str(database.clock.now().year),
    }
    shell = Shell(postgres_server, test_database.name, words)
    (balances,) = re.findall(r"```csv\n(.*?)```", TEXT, re.DOTALL)
    Path("balances.csv").write_text(balances)
    assert len(COMMANDS) >= 26
    for line in COMMANDS:
        if line.endswith("> newer.json"):
            execute(database, journal.post, [clawback(number) for number in range(5, 9)])
        shell.run(line)


def test_the_proof_of_the_worked_example_holds() -> None:
    row, proof = (
        json.loads(block) for block in re.findall(r"```json\n(.*?)```", TEXT, re.DOTALL)[:2]
    )
    assert proof["transfers"][0] == row
    said = check_proof(proof, [], [])
    assert "is the transfers 1 to 2 of the journal:" in said
    for tag, length in (("vklad.loghead.v1", 96), ("vklad.log-key.v1", 56)):
        assert tag in TEXT
        message = verifier.head_message if length == 96 else verifier.key_message
        document = proof["head"] if length == 96 else proof["keys"][0]
        assert len(message(document)) == length
