"""Being forgotten: by the page, over HTTP and at the machine, after reading what stays."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import uvicorn
from fastapi import FastAPI
from typer.testing import CliRunner

from api.cli import up
from api.cli.main import app as command_line
from api.settings import load_settings
from api.supervisor.parts import STAGES, Installation, Step
from api.supervisor.state import StateFolder
from ledger.kernel.ids import format_id
from ledger.kernel.transaction import Database
from ledger.members import service as members
from oracle.bridge.model import Stage
from tests.integration.conftest import TestDatabase
from tests.integration.pages.conftest import Reader
from tests.support.bridge import World
from tests.support.http import client_of

LONG_AGO = "2026-03-06T08:00:00Z"


@pytest.mark.parametrize(
    ("language", "expected"),
    [("en", "Nothing of yours is on chain."), ("ru", "В блокчейне ничего вашего нет.")],
)
def test_without_a_chain_nothing_stays(maria: Reader, language: str, expected: str) -> None:
    assert "/me/forget" in maria.get("/me").text
    assert expected in maria.words("/me/forget", language)


def test_the_page_says_what_stays_and_then_forgets(
    bridged: FastAPI, world: World, database: Database, tmp_path: Path
) -> None:
    reader = Reader(bridged, world.member(200), "member")
    wallet = world.link(reader.member_id).address.lower()
    request = world.request(reader.member_id, 120)
    assert "on their way to the chain" in reader.words("/me/forget")
    assert 'name="confirm"' not in reader.get("/me/forget").text
    world.until(lambda: world.stage(request) is Stage.MINTED)
    said = reader.words("/me/forget")
    assert wallet in said
    assert "points carried to it: 1" in said
    assert "переносы баллов в кошелёк: 1" in reader.words("/me/forget", "ru")
    assert reader.post("/me/forget", confirm="0" * 64).status_code == 409
    answer = reader.press("/me/forget", "/me/forget")
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")
    with database.read() as work:
        assert members.require_member(work, reader.member_id).status == "erased"
    listed = (tmp_path / "state" / "erasures.jsonl").read_text()
    assert format_id("mem", reader.member_id) in listed


def test_over_http_what_stays_is_confirmed_first(app: FastAPI, maria: Reader) -> None:
    client = client_of(app, **maria._who("en"))
    told = client.get("/v1/members/me/erasure").json()
    assert told["stays_on_chain"] == {
        **dict.fromkeys(("mints", "burns", "ballots", "delegations", "permits", "proposals"), 0)
    }
    refused = client.post("/v1/members/me/erasure", json={"confirm": "no"})
    assert (refused.status_code, refused.json()["code"]) == (409, "erasure_not_confirmed")
    assert refused.json()["confirm"] == told["confirm"]
    done = client.post("/v1/members/me/erasure", json={"confirm": told["confirm"]})
    assert done.status_code == 204
    assert client.get("/v1/members/me").json()["display_name"] is None


def test_the_command_says_it_asks_and_lists(
    database: Database,
    maria: Reader,
    test_database: TestDatabase,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("VKLAD_DATABASE_URL", test_database.app_url)
    monkeypatch.setenv("VKLAD_STATE_FOLDER", str(tmp_path / "at-the-machine"))
    member = format_id("mem", maria.member_id)

    def run(*words: str) -> tuple[int, str]:
        result = CliRunner().invoke(command_line, ["members", *words])
        return result.exit_code, result.output

    status, said = run("erase", member)
    assert status == 1
    assert "On chain: nothing." in said
    confirm = said.rsplit(" ", 1)[1].strip()
    status, said = run("erase", member, "--confirm", confirm)
    assert (status, "Forgotten." in said) == (0, True)
    status, listed = run("erasures")
    assert member in listed
    (tmp_path / "list.jsonl").write_text(listed)
    status, said = run("reapply-erasures", str(tmp_path / "list.jsonl"))
    assert said.endswith("1 on the list; 0 members and 0 identities forgotten now.\n")


def _serve() -> None:
    up.serve()


def _first_step_of_up() -> None:
    settings = load_settings()
    (step,) = [each for stage in STAGES for each in stage if each.name == "erasures"]
    assert isinstance(step, Step)
    assert "erased again" in (
        step.do(Installation(settings, StateFolder(settings.state_folder))) or ""
    )


@pytest.mark.parametrize("start", [_serve, _first_step_of_up])
def test_whatever_starts_makes_a_restored_backup_forget(
    start: Callable[[], None],
    database: Database,
    maria: Reader,
    test_database: TestDatabase,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("VKLAD_DATABASE_URL", test_database.app_url)
    monkeypatch.setenv("VKLAD_STATE_FOLDER", str(tmp_path))
    monkeypatch.setattr(uvicorn, "run", lambda *_, **__: None)
    line = {"member": format_id("mem", maria.member_id), "identities": [], "erased_at": LONG_AGO}
    (tmp_path / "erasures.jsonl").write_text(json.dumps(line))
    start()
    with database.read() as work:
        assert members.require_member(work, maria.member_id).status == "erased"
