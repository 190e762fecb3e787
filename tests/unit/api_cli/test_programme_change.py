"""`vklad programme diff | preview | explain` over files, without a database."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from api.cli import programme_change
from api.cli.main import app
from tests.scoring_cases import DAILY, event, several

HALVED = DAILY.replace("11.5", "6")


def ran(*arguments: str) -> tuple[int, str]:
    answer = CliRunner().invoke(app, ["programme", *arguments])
    return answer.exit_code, answer.output


@pytest.fixture
def files(tmp_path: Path) -> dict[str, str]:
    acts = [
        *several(2, "template.commit.merged", "ann", "2026-03-02"),
        event("reminder.delivered", "bob", "2026-03-02T10:00:00Z", id="r"),
    ]
    contents = {
        "old": DAILY,
        "new": HALVED,
        "events": "".join(f"{json.dumps(each)}\n" for each in acts),
        "bad": "programme: p\n",
    }
    for name, text in contents.items():
        (tmp_path / name).write_text(text)
    return {name: str(tmp_path / name) for name in contents}


def test_diff_names_what_changed_and_is_status_1(files: dict[str, str]) -> None:
    status, said = ran("diff", files["old"], files["new"])
    assert (status, said) == (1, "rules template-merged.points: 11.5 becomes 6\n")
    assert ran("diff", files["old"], files["old"]) == (0, "")
    status, said = ran("diff", files["old"], files["bad"])
    assert status == 1
    assert "bad:" in said


def test_preview_of_a_file(files: dict[str, str]) -> None:
    asked = ["preview", files["new"], "--in-force", files["old"], "--events", files["events"]]
    status, said = ran(*asked)
    assert status == 0
    assert "1 members: 24 becomes 12 (-12); 0 gain, 1 lose" in said
    assert "ann: 24 becomes 12 (-12), most by template-merged (-12)" in said
    answer = CliRunner().invoke(app, ["programme", *asked, "--json"])
    digest = hashlib.sha256(answer.stdout.rstrip("\n").encode()).hexdigest()
    assert f"digest {digest}" in answer.stderr
    answer = CliRunner().invoke(app, ["programme", *asked, "--csv", "--mode", "top_up"])
    assert answer.stdout.splitlines()[1].startswith("ann,24,24,0,")


def test_a_long_file_says_how_far_it_is(
    files: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(programme_change, "_LONG", 1)
    asked = ["preview", files["new"], "--in-force", files["old"], "--events", files["events"]]
    told = CliRunner().invoke(app, ["programme", *asked]).stderr
    assert "events read; working them out" in told
    assert told.index("1 of 2 projections done") < told.index("2 of 2 projections done")


def test_explain_in_a_file(files: dict[str, str]) -> None:
    given = ["--events", files["events"], "--programme", files["old"]]
    status, said = ran("explain", "r", "bob", *given)
    assert (status, said) == (0, "step on\n")
    first = json.loads(Path(files["events"]).read_text().splitlines()[0])["id"]
    status, said = ran("explain", first, "ann", *given)
    assert "rule template-merged, step awarded, points 12" in said
    assert '"exact": "23/2"' in said or '"rounded": 12' in said
    assert ran("explain", "nothing", "ann", *given) == (0, "step unknown\n")
    assert ran("explain", "r", "bob", "--events", files["events"])[0] == 2


def test_a_bad_event_ends_it(files: dict[str, str]) -> None:
    Path(files["events"]).write_text("nonsense\n")
    status, said = ran("preview", files["new"], "--events", files["events"])
    assert status == 1
    assert "events:1:" in said


def test_without_a_file_somebody_has_to_ask(files: dict[str, str]) -> None:
    assert ran("preview", files["new"])[0] == 2
