"""`vklad score` and `vklad programme check` as they are run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from api.cli.main import app
from tests.scoring_cases import DAILY, WEEKLY, Event, event, level, retraction, several

RUNNER = CliRunner()


@pytest.fixture
def weekly(tmp_path: Path) -> Path:
    path = tmp_path / "weekly.yaml"
    path.write_text(WEEKLY, "utf-8")
    return path


@pytest.fixture
def daily(tmp_path: Path) -> Path:
    path = tmp_path / "daily.yaml"
    path.write_text(DAILY, "utf-8")
    return path


def score(programme: Path, lines: list[Event | str], *more: str) -> Result:
    events = programme.with_name("events.jsonl")
    text = "".join(f"{each if isinstance(each, str) else json.dumps(each)}\n" for each in lines)
    events.write_text(text, "utf-8")
    arguments = ["score", "--programme", str(programme), "--events", str(events), *more]
    return RUNNER.invoke(app, arguments)


def rows(result: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_lines_of_members_with_every_award(weekly: Path) -> None:
    like = event("club.like.given", "zoe", "2026-03-02T10:00:00Z", {"owner": "bob"}, id="like")
    result = score(weekly, [like, event("unknown.type", "ann", "2026-03-02T10:00:00Z")], "--json")
    assert result.exit_code == 0
    assert result.stderr == ""
    ann, bob, zoe = rows(result)
    assert ann == {"member": "ann", "points": 0, "excess": 0, "awards": []}
    assert (bob["member"], bob["points"]) == ("bob", 20)
    assert (zoe["member"], zoe["points"]) == ("zoe", 10)
    award = zoe["awards"][0]
    assert award.keys() == {"rule", "period", "points", "excess", "receipt"}
    assert (award["rule"], award["period"]) == ("weekly", "2026-W10")
    assert award["receipt"]["contributions"][0]["event"]["id"] == "like"


def test_awards_of_events_and_excess(daily: Path) -> None:
    merges = several(9, "template.commit.merged", "ann", "2026-03-02")
    (ann,) = rows(score(daily, list(merges), "--json"))
    assert (ann["points"], ann["excess"], len(ann["awards"])) == (100, 8, 9)
    last = ann["awards"][-1]
    assert last.keys() == {"rule", "event", "points", "excess", "receipt"}
    assert (last["event"], last["points"], last["excess"]) == (merges[-1]["id"], 4, 8)
    assert last["receipt"]["cap"] == {
        "per": "day",
        "points": 100,
        "because": {"attribute": "qualification", "value": 1, "stated_by": None},
        "awarded_before": 96,
        "left": 4,
    }


def test_the_receipt_names_the_facts_behind_it(daily: Path) -> None:
    events = [
        level("ann", "2026-03-01T00:00:00Z", 2, id="promoted"),
        event("day.opened", "ann", "2026-03-02T05:00:00Z"),
        event("ai.chat", "ann", "2026-03-02T10:00:00Z", id="chat"),
    ]
    (ann,) = rows(score(daily, list(events), "--json"))
    receipt = ann["awards"][0]["receipt"]
    assert receipt["base"] == "2.3"
    assert receipt["limit"] == {"per": "day", "count": 5, "position": 1}
    assert receipt["multipliers"] == [
        {
            "name": "streak",
            "factor": "1",
            "because": {"days_in_a_row": 1, "since": "2026-03-02"},
        },
        {
            "name": "qualification",
            "factor": "1.3",
            "because": {
                "attribute": "qualification",
                "value": 2,
                "stated_by": {"source": "lms", "id": "promoted", "time": "2026-03-01T00:00:00Z"},
            },
        },
    ]
    assert (receipt["exact"], receipt["rounding"], receipt["points"]) == ("2.99", "half_up", 3)
    assert receipt["programme"]["name"] == "daily"
    assert receipt["programme"]["hash"].startswith("0x")


def test_members_are_sorted_by_code_points(weekly: Path) -> None:
    people = ["b", "B", "я", "é", "𐍈", "\uffee", "10", "9"]
    lines = [event("x", person, "2026-03-02T10:00:00Z") for person in people]
    found = [row["member"] for row in rows(score(weekly, list(lines), "--json"))]
    assert found == ["10", "9", "B", "b", "é", "я", "\uffee", "𐍈"]


def test_bad_lines_are_named_and_the_good_ones_scored(weekly: Path) -> None:
    read = event("lms.section.read", "ann", "2026-03-02T10:00:00Z", id="1")
    conflict = {**read, "subject": "bob"}
    result = score(weekly, [read, "nonsense", read, conflict, "", {**read, "id": 4}], "--json")
    assert result.exit_code == 1
    assert [(row["member"], row["points"]) for row in rows(result)] == [("ann", 50)]
    said = result.stderr.splitlines()
    assert [line.split(":")[1] for line in said] == ["2", "4", "6"]
    assert "stated otherwise in line 1" in said[1]


def test_until(weekly: Path) -> None:
    early = event("lms.section.read", "ann", "2026-03-02T10:00:00Z")
    gone = event("lms.section.read", "ann", "2026-03-03T10:00:00Z")
    late = event("lms.section.read", "eve", "2026-03-09T00:00:00Z")
    lines: list[Event | str] = [early, gone, late, retraction(gone, "2026-12-01T00:00:00Z")]
    lines += [level("ann", "2026-03-09T00:00:00Z", 8)]
    at = rows(score(weekly, lines, "--json", "--until", "2026-03-09T00:00:00Z"))
    assert [(row["member"], row["points"]) for row in at] == [("ann", 50), ("eve", 0)]
    before = rows(score(weekly, lines, "--json", "--until", "2026-03-08T23:59:59Z"))
    assert [(row["member"], row["points"]) for row in before] == [("ann", 0), ("eve", 0)]


def test_a_condition_without_an_answer_is_named(tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    path.write_text(DAILY.replace("on: ai.chat", "on: ai.chat\n    when: event.data.n > 1"))
    chat = event("ai.chat", "ann", "2026-03-02T10:00:00Z")
    result = score(path, [chat], "--json")
    assert result.exit_code == 1
    assert [row["points"] for row in rows(result)] == [0]
    assert ":1: rule ai-chat: The condition 'event.data.n > 1' has no answer" in result.stderr


def test_plain_words_without_json(daily: Path) -> None:
    result = score(daily, list(several(9, "template.commit.merged", "ann", "2026-03-02")))
    assert result.stdout == "ann: 100 (and 8 above the cap)\n"


def test_standard_input(weekly: Path) -> None:
    read = json.dumps(event("lms.section.read", "ann", "2026-03-02T10:00:00Z"))
    arguments = ["score", "--programme", str(weekly), "--events", "-", "--json"]
    (ann,) = rows(RUNNER.invoke(app, arguments, input=read))
    assert ann["points"] == 50


def test_a_programme_that_is_wrong(tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    path.write_text(DAILY.replace("points: 11.5", "points: many"))
    result = score(path, [], "--json")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "rules[5].points" in result.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["--programme", "nowhere.yaml", "--events", "nowhere.jsonl"],
        ["--programme", "{weekly}", "--events", "nowhere.jsonl"],
        ["--programme", "{weekly}", "--events", "{weekly}", "--until", "tomorrow"],
    ],
)
def test_what_cannot_be_read_is_a_sentence(weekly: Path, arguments: list[str]) -> None:
    given = [each.replace("{weekly}", str(weekly)) for each in arguments]
    result = RUNNER.invoke(app, ["score", *given])
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.strip()
    assert "Traceback" not in result.stderr


def test_check_prints_the_hash_of_what_is_right(weekly: Path, daily: Path) -> None:
    result = RUNNER.invoke(app, ["programme", "check", str(weekly), str(daily)])
    assert result.exit_code == 0
    assert [line.split()[-1][:2] for line in result.stdout.splitlines()] == ["0x", "0x"]


def test_a_multiplier_that_nothing_names_is_refused_and_still_scored(
    weekly: Path, tmp_path: Path
) -> None:
    text = WEEKLY.replace(
        "multipliers:\n", "multipliers:\n  idle: {by: week_streak, table: {1: 1}}\n", 1
    )
    weekly.write_text(text, "utf-8")
    line = text.splitlines().index("  idle: {by: week_streak, table: {1: 1}}") + 1
    result = RUNNER.invoke(app, ["programme", "check", str(weekly)])
    assert result.exit_code == 1
    assert result.stderr.startswith(f"{weekly}:{line}:")
    assert "multipliers.idle: period_multipliers does not name it" in result.stderr
    events = tmp_path / "none.jsonl"
    events.write_text("", "utf-8")
    scored = RUNNER.invoke(app, ["score", "--programme", str(weekly), "--events", str(events)])
    assert scored.exit_code == 0


def test_check_says_every_fault_with_its_line(weekly: Path) -> None:
    text = WEEKLY.replace("points: 50\n", "points: fifty\n", 1).replace("zone: UTC", "zone: Mars")
    weekly.write_text(text + "referrals: 1\n", "utf-8")
    result = RUNNER.invoke(app, ["programme", "check", str(weekly)])
    assert result.exit_code == 1
    said = result.stderr.splitlines()
    lines = text.splitlines()
    assert said[0].startswith(f"{weekly}:{lines.index('    points: fifty') + 1}:")
    assert "`referrals` is not executed by this version" in said[1]
