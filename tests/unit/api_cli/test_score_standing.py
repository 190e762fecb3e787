"""`vklad score --standing`: the figures of the table in docs/programme.md, without a database."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from api.cli.main import app

PROGRAMME = """\
programme: club
version: "1"
zone: UTC
rules:
  - {id: lesson, on: lms.lesson.completed, to: actor, points: 20, category: learning}
  - {id: review, on: peer.review.accepted, to: actor, points: 50, category: reviewed}
  - {id: like, on: club.like.given, to: data.owner, points: 5, category: talk}
standing: {categories: [learning, reviewed, talk]}
levels:
  steps:
    - {id: newcomer, from: 0, title: {en: Newcomer, ru: Новичок}}
    - {id: regular, from: 100, title: {en: Regular, ru: Завсегдатай}}
    - {id: pillar, from: 1000, title: {en: Pillar, ru: Опора}}
voice: {categories: [learning, reviewed], per_month: 200, decay: 10}
"""
PLAIN = PROGRAMME.split("standing:", maxsplit=1)[0]


def _events(*months: tuple[int, int, int, int]) -> str:
    """So many lessons, reviews and likes of ann in each month."""
    lines = []
    for month, *counts in months:
        kinds = ("lms.lesson.completed", "peer.review.accepted", "club.like.given")
        for kind, count in zip(kinds, counts, strict=True):
            for _ in range(count):
                event = {
                    "specversion": "1.0",
                    "source": "club",
                    "id": str(len(lines)),
                    "type": kind,
                    "subject": "bob" if kind == "club.like.given" else "ann",
                    "time": f"2026-{month:02}-10T09:00:00Z",
                    "data": {"owner": "ann"},
                }
                lines.append(json.dumps(event))
    return "\n".join(lines)


EVENTS = _events((1, 4, 0, 4), (2, 3, 4, 0), (3, 0, 0, 2))


def _said(folder: Path, *options: str, programme: str = PROGRAMME, events: str = EVENTS) -> str:
    (folder / "club.yaml").write_text(programme, "utf-8")
    (folder / "events.jsonl").write_text(events, "utf-8")
    files = ["--programme", str(folder / "club.yaml"), "--events", str(folder / "events.jsonl")]
    result = CliRunner().invoke(app, ["score", *files, "--standing", *options])
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.mark.parametrize(
    ("until", "said"),
    [
        ("2026-01-31T23:59:59Z", "ann: 100, standing 100, level regular, voice 80"),
        ("2026-02-28T23:59:59Z", "ann: 360, standing 360, level regular, voice 272"),
        ("2026-03-31T23:59:59Z", "ann: 370, standing 370, level regular, voice 244"),
    ],
)
def test_the_figures_of_the_page(tmp_path: Path, until: str, said: str) -> None:
    assert _said(tmp_path, "--until", until).splitlines()[0] == said


def test_without_a_moment_it_is_that_of_the_last_event(tmp_path: Path) -> None:
    ann, bob = _said(tmp_path).splitlines()
    assert ann.endswith("voice 244")
    assert bob == "bob: 0, standing 0, level newcomer, voice 0"


def test_as_json_with_what_is_missing_to_the_next_level(tmp_path: Path) -> None:
    ann = json.loads(_said(tmp_path, "--json").splitlines()[0])
    names = ("points", "standing", "level", "missing", "voice")
    assert [ann[name] for name in names] == [370, 370, "regular", 630, 244]


def test_a_programme_that_states_none(tmp_path: Path) -> None:
    said = _said(tmp_path, programme=PLAIN).splitlines()
    assert said[0] == "ann: 370, standing 370, voice 0"
    assert _said(tmp_path, programme=PLAIN, events="") == ""
