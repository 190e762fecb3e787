"""One number for what a file is worth, whatever the order, the parts and the workers."""

from __future__ import annotations

import hashlib
import json
import random
from pathlib import Path

from typer.testing import CliRunner

from api.cli.digest import digest_of
from api.cli.main import app
from ledger.kernel.canonical import canonical_json
from ledger.programme.load import load_programme
from ledger.scoring.model import Activation
from ledger.scoring.project import project
from scripts.lib.generate_events import events
from tests.scoring_cases import Event, awards_of, facts_of

WEEKLY = Path(__file__).parents[3] / "examples" / "programmes" / "weekly.yaml"


def written(folder: Path, stated: list[Event]) -> Path:
    path = folder / "events.jsonl"
    path.write_text("".join(f"{json.dumps(each)}\n" for each in stated))
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
