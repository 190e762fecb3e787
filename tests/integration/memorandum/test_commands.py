"""`vklad memorandum` on an installation, and checking a file without one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from api.cli.main import app
from governance.memorandum import service
from governance.memorandum.drafts import founding, read_wording
from governance.memorandum.errors import NothingPublished
from ledger.kernel.ids import format_id
from tests.integration.conftest import TestDatabase
from tests.support.memorandum import Assembly


def _run(*words: str) -> Result:
    return CliRunner().invoke(app, ["memorandum", *words])


def test_from_the_draft_to_a_checked_export(
    assembly: Assembly,
    test_database: TestDatabase,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("VKLAD_DATABASE_URL", test_database.app_url)
    monkeypatch.setenv("VKLAD_STATE_FOLDER", str(tmp_path / "state"))
    first, second = (
        format_id("mem", each) for each in (assembly.world.first_admin, assembly.world.second_admin)
    )
    assert isinstance(_run("show").exception, NothingPublished)
    text = tmp_path / "text.yaml"
    text.write_text(_run("show", "--draft").stdout, "utf-8")
    assert read_wording(text.read_text("utf-8")) == founding()
    proposed = _run("propose", str(text), "--by", first).stdout.split()
    version, content = proposed[0], proposed[proposed.index("--content") + 1]
    assert "SHA-256:" in proposed
    assert _run("publish", version, "--by", second, "--content", "zz").exit_code != 0
    done = _run("publish", version, "--by", second, "--content", content)
    assert done.stdout.startswith("Version 1 is in force: "), done.output
    rival = _run("propose", str(text), "--by", first).stdout.split()[0]
    assert _run("close", rival, "--by", second).stdout == "rejected\n"
    with assembly.database.read() as work:
        found = service.require_in_force(work)
    assembly.enter("ann", found)
    head = tmp_path / "head.json"
    head.write_text(_run("head").stdout, "utf-8")
    assembly.enter("bob", found)
    shown = _run("show", version, "--language", "ru").stdout
    assert "2 stand by it, 0 have withdrawn" in shown
    assert "## Кто мы  [who-we-are]" in shown
    assert [line.split()[1] for line in _run("list").stdout.splitlines()] == [
        "rejected",
        "published",
    ]
    file = tmp_path / "export.json"
    file.write_text(_run("export").stdout, "utf-8")
    for words in (["memorandum", "verify"], ["governance", "verify"]):
        checked = CliRunner().invoke(app, [*words, str(file), "--head", str(head)])
        assert (checked.exit_code, checked.stdout.splitlines()[-1]) == (0, "VERIFIED")
    export = json.loads(file.read_text("utf-8"))
    export["entries"].pop(0)
    file.write_text(json.dumps(export), "utf-8")
    broken = _run("verify", str(file))
    assert (broken.exit_code, broken.stderr) == (1, "NOT VERIFIED: entry 1 was taken out.\n")
