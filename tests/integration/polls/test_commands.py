"""`vklad polls` over an installation's own database."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from api.cli.main import app
from governance.polls.errors import PollNotCounted
from ledger.kernel.ids import format_id
from tests.integration.conftest import TestDatabase
from tests.support.polls import Electorate, recounted


def _run(*words: str) -> Result:
    return CliRunner().invoke(app, ["polls", *words])


def test_listing_counting_and_files(
    electorate: Electorate,
    test_database: TestDatabase,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("VKLAD_DATABASE_URL", test_database.app_url)
    monkeypatch.setenv("VKLAD_STATE_FOLDER", str(tmp_path / "state"))
    poll = electorate.announce()
    electorate.vote(poll, ann=[0], bob=[2])
    name = format_id("pol", poll.poll_id)
    # By the machine's clock this poll of the past is over, and nobody has counted it.
    assert _run("list").stdout.split() == [name, "closed", "2", "What", "to", "plant"]
    assert isinstance(_run("export", name).exception, PollNotCounted)
    opening = json.loads(_run("opening", name).stdout)
    assert opening["opening"]["eligibility_root"] == poll.opening.root.hex()
    assert _run("count").stdout == "1 counted.\n"
    assert _run("count").stdout == "0 counted.\n"
    assert _run("list").stdout.split()[1] == "counted"
    export = json.loads(_run("export", name).stdout)
    assert recounted(export, openings=[opening])
