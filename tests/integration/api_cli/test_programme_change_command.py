"""`vklad programme activate | preview | consent | approve | explain`, over a real database."""

from __future__ import annotations

import re
import shlex
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from api.cli.main import app
from ledger.events.model import ExactJson, FieldKind
from ledger.kernel.ids import format_id
from ledger.kernel.transaction import Database, execute
from ledger.programme import service as programmes
from ledger.programme.consent import ConsentMissing
from ledger.scoring.service import score_member
from tests.integration.conftest import TestDatabase
from tests.scoring_cases import DAILY
from tests.world import World

PAGE = (Path(__file__).parents[3] / "docs" / "programme.md").read_text("utf-8")
SINCE = "2026-03-01T00:00:00+0000"
HALVED = DAILY.replace("11.5", "6").replace('version: "1"', 'version: "2"')


@pytest.fixture(autouse=True)
def _installation(
    test_database: TestDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = test_database.app_url.replace("postgresql+psycopg", "postgresql")
    monkeypatch.setenv("VKLAD_DATABASE_URL", url)
    monkeypatch.setenv("VKLAD_STATE_FOLDER", str(tmp_path))


def ran(*arguments: str) -> str:
    answer = CliRunner().invoke(app, ["programme", *arguments], catch_exceptions=False)
    assert answer.exit_code == 0, answer.output
    return answer.output


def test_a_restatement_from_the_command_line_takes_a_preview_and_two(
    database: Database, tmp_path: Path
) -> None:
    world = World.make(database)
    world.activate(DAILY)
    anna = world.link("anna")
    world.state("e1", "template.commit.merged", "lms:anna", "2026-03-02T09:00:00Z")
    world.score()
    first, second = (format_id("mem", each) for each in (world.first_admin, world.second_admin))
    (tmp_path / "new.yaml").write_text(HALVED)
    how = [str(tmp_path / "new.yaml"), "--mode", "restatement", "--from", SINCE, "--as", first]

    asked = ran("activate", *how)
    change, content = re.findall(r"approve (pch_\w+) ([0-9a-f]{64})", asked)[0]
    with pytest.raises(ConsentMissing):
        ran("approve", change, content, "--as", second)
    told = ran("preview", *how)
    assert "1 members: 12 becomes 6 (-6); 0 gain, 1 lose" in told
    (digest,) = re.findall(r"digest ([0-9a-f]{64})", told)
    assert ran("consent", change, digest, "--as", first) == "Agreed.\n"
    assert ran("approve", change, content, "--as", second) == "Approved.\n"
    execute(database, score_member, anna)
    assert world.points("anna") == 6
    with database.read() as work:
        assert programmes.activations(work)[-1].mode == "restatement"

    (award,) = world.awards("anna")
    assert award.key.event_id is not None
    event = format_id("evt", award.key.event_id)
    assert "step awarded, points 6" in ran("explain", event, format_id("mem", anna))


def block(label: str) -> str:
    """A block of the page, by what stands behind its fence."""
    (text,) = re.findall(rf"^```{re.escape(label)}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    return str(text)


def test_the_restatement_of_the_page(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World.make(database)
    world.activate(block("yaml club.yaml"))
    anna = world.link("anna")
    declared = {"club.answer.accepted": {"author": FieldKind.IDENTITY}}
    authority = replace(world.source.authority, declared=declared)
    world.source = replace(world.source, authority=authority)
    author: dict[str, ExactJson] = {"author": "lms:anna"}
    world.state("e1", "club.answer.accepted", "lms:bob", "2026-03-02T09:00:00Z", author)
    world.score()
    assert world.points("anna") == 15
    (tmp_path / "club2.yaml").write_text(block("yaml club2.yaml"))
    monkeypatch.chdir(tmp_path)
    known = {
        "mem_…": format_id("mem", world.first_admin),
        "<another admin>": format_id("mem", world.second_admin),
    }
    said = ""
    for line in block("sh restatement").splitlines():
        command = line
        for placeholder, value in known.items():
            command = command.replace(placeholder, value)
        program, group, *arguments = shlex.split(command)
        assert (program, group) == ("vklad", "programme")
        said = ran(*arguments)
        for change, content in re.findall(r"approve (pch_\w+) ([0-9a-f]{64})", said):
            known |= {"pch_…": change, "<content hash>": content}
        for digest in re.findall(r"digest ([0-9a-f]{64})", said):
            known["<digest>"] = digest
    assert said == "Approved.\n"
    execute(database, score_member, anna)
    assert world.points("anna") == 12


def test_a_preview_that_cannot_be_says_why(database: Database) -> None:
    world = World.make(database)
    world.activate(DAILY)
    by_week = Path(__file__).parents[3] / "examples" / "programmes" / "weekly.yaml"
    admin = format_id("mem", world.first_admin)
    command = ["programme", "preview", str(by_week), "--mode", "top_up", "--as", admin]
    answer = CliRunner().invoke(app, command)
    assert answer.exit_code == 1
    assert "A top-up compares each period's award" in answer.output
