"""One number for what a file is worth, whatever the order, the parts and the workers."""

from __future__ import annotations

import hashlib
import json
import random
import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from api.cli.digest import digest_of
from api.cli.main import app
from ledger.kernel.canonical import canonical_json
from ledger.programme.load import load_programme
from ledger.scoring.model import Activation
from ledger.scoring.project import project
from scripts.lib.generate_events import events
from tests.conftest import Tell
from tests.scoring_cases import Event, awards_of, facts_of

ROOT = Path(__file__).parents[3]
EXAMPLES = ROOT / "examples" / "programmes"
WEEKLY = EXAMPLES / "weekly.yaml"
MILLION, MEMBERS = 1_000_000, 1_500
GIBIBYTE_MIB = 1024


def written(folder: Path, stated: Iterable[Event]) -> Path:
    path = folder / "events.jsonl"
    with path.open("w") as file:
        file.writelines(f"{json.dumps(each)}\n" for each in stated)
    return path


def expected(stated: list[Event]) -> str:
    plan = [Activation(load_programme(WEEKLY.read_text("utf-8")))]
    found = awards_of(project(facts_of(stated), plan, closed_until=None))
    rows = sorted(
        canonical_json(
            [list(cause) if isinstance(cause, tuple) else [cause], rule, member, points, excess]
        )
        for (member, rule, cause), (points, excess) in found.items()
    )
    return hashlib.sha256(b"".join(row + b"\n" for row in rows)).hexdigest()


def test_the_digest_is_of_the_projection_in_any_order_and_by_any_workers(tmp_path: Path) -> None:
    stated = list(events("weekly", 5, 400, 9))
    found = digest_of(WEEKLY, written(tmp_path, stated), 1)
    assert found.digest == expected(stated)
    assert (found.events, found.faults) == (400, 0)
    random.Random(1).shuffle(stated)  # noqa: S311 - any order will do
    assert digest_of(WEEKLY, written(tmp_path, stated), 2) == found


def test_a_line_that_is_no_event_is_counted_and_the_rest_scored(tmp_path: Path) -> None:
    path = written(tmp_path, list(events("weekly", 1, 20, 3)))
    path.write_text(f"nonsense\n\n{path.read_text()}")
    answer = CliRunner().invoke(app, ["digest", "--programme", str(WEEKLY), "--events", str(path)])
    assert answer.exit_code == 1
    assert "1 lines are no events" in answer.output
    assert "peak memory" in answer.output


@pytest.mark.deep
@pytest.mark.parametrize("name", ["daily", "weekly"])
def test_a_million_events_are_worth_the_same_twice_and_by_more_workers_in_a_gibibyte(
    tmp_path: Path, tell: Tell, name: str
) -> None:
    path = written(tmp_path, events(name, 20_260_301, MILLION, MEMBERS))
    said = [_by_a_process_of_its_own(name, path, workers) for workers in (2, 2, 4)]
    tell(f"{name}: {said[0][0]}; peak memory in MiB {[peaks for _, peaks in said]}")
    assert len({line for line, _ in said}) == 1
    assert f"of {MILLION} events" in said[0][0]
    for _, peaks in said:
        assert sum(peaks) < GIBIBYTE_MIB, "of all its processes together"


def _by_a_process_of_its_own(name: str, path: Path, workers: int) -> tuple[str, list[int]]:
    """What the command says, and its processes' peaks: those of pytest would count it too."""
    options = ["--programme", EXAMPLES / f"{name}.yaml", "--events", path, "--workers", workers]
    done = subprocess.run(
        [sys.executable, "-m", "api.cli.main", "digest", *map(str, options)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    said = re.search(r"^peak memory \d+ MiB in all: ([\d, ]+)$", done.stderr, re.MULTILINE)
    assert said, done.stderr
    peaks = [int(each) for each in said[1].split(", ")]
    assert len(peaks) == 1 + workers
    return done.stdout.strip(), peaks
