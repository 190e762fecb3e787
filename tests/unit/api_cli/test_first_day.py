"""docs/first-day.md is typed as it stands."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from api.cli.main import app

PAGE = (Path(__file__).parents[3] / "docs" / "first-day.md").read_text("utf-8")
FILES = re.findall(r"^```\w+ (\S+\.\w+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
SESSIONS = re.findall(r"^```console\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def test_each_command_prints_what_the_page_shows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert [name for name, _ in FILES] == ["first.yaml", "events.jsonl"]
    for name, text in FILES:
        (tmp_path / name).write_text(text, "utf-8")
    monkeypatch.chdir(tmp_path)
    for session in SESSIONS:
        command, _, shown = session.partition("\n")
        prompt, program, *arguments = shlex.split(command)
        assert (prompt, program) == ("$", "vklad")
        assert CliRunner().invoke(app, arguments).output == shown
    assert len(SESSIONS) == 2
