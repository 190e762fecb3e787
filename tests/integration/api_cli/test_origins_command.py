"""`vklad sources origin`: the same two persons as on the page."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from api.cli.main import app
from ledger.events.errors import CredentialNeedsAnotherPerson
from ledger.events.origins import store
from ledger.events.origins.model import OriginInvalid, UnknownOrigin
from ledger.kernel.ids import format_id
from ledger.kernel.transaction import Database
from tests.integration.conftest import TestDatabase
from tests.world import World

PAGE = "https://school.example"


@pytest.fixture(autouse=True)
def _installation(
    test_database: TestDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = test_database.app_url.replace("postgresql+psycopg", "postgresql")
    monkeypatch.setenv("VKLAD_DATABASE_URL", url)
    monkeypatch.setenv("VKLAD_STATE_FOLDER", str(tmp_path))


def run(*command: str) -> Result:
    return CliRunner().invoke(app, list(command))


def test_an_origin_from_proposal_to_its_end(database: Database) -> None:
    world = World.make(database)
    first, second = (format_id("mem", one) for one in (world.first_admin, world.second_admin))

    def registered() -> bool:
        with database.read() as work:
            return store.is_registered(work, PAGE)

    wrong = run("sources", "origin", "lms", "school.example", "--as", first)
    assert isinstance(wrong.exception, OriginInvalid)
    asked = run("sources", "origin", "lms", PAGE, "--as", first)
    assert asked.exit_code == 0
    approval = asked.stderr.partition("vklad ")[2].split()[:4]
    assert approval[:2] == ["credentials", "approve"]
    own = run(*approval, "--as", first)
    assert isinstance(own.exception, CredentialNeedsAnotherPerson)
    assert not registered()
    assert run(*approval, "--as", second).exit_code == 0
    assert registered()
    assert f"{approval[2]}  approved  lms  {PAGE}" in run("sources", "origins").stdout
    assert run("sources", "end-origin", approval[2]).exit_code == 0
    assert not registered()
    assert f"{approval[2]}  ended  lms  {PAGE}" in run("sources", "origins").stdout
    again = run("sources", "end-origin", approval[2])
    assert isinstance(again.exception, UnknownOrigin)
