"""docs/programme.md is run, and what is generated in it and beside it is fresh."""

from __future__ import annotations

import json
import re
import shlex
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from typer.testing import CliRunner

from api.cli.main import app
from ledger.programme.load import load_programme
from ledger.programme.model_detectors import USUAL
from ledger.programme.reference import reference
from ledger.programme.schema import json_schema
from ledger.scoring.pipeline import Step
from ledger.settlement.model import life_of
from tests.scoring_cases import DAILY, WEEKLY, Event, event, score

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "programme.md").read_text("utf-8")
BLOCKS = re.findall(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
FILES = {name: text for _, name, text in BLOCKS if "." in name}
FRAGMENTS = {name: text for kind, name, text in BLOCKS if kind == "yaml" and "." not in name}
SESSIONS = [text for kind, _, text in BLOCKS if kind == "console"]


def test_the_page_has_what_these_tests_look_for() -> None:
    programmes = {"club.yaml", "club2.yaml", "once.yaml", "wrong.yaml"}
    assert FILES.keys() == programmes | {"events.jsonl", "once.jsonl"}
    assert FRAGMENTS.keys() >= {"attributes", "days", "weeks", "limits", "points", "freezes"}
    assert len(SESSIONS) == 6


@pytest.mark.parametrize("session", SESSIONS)
def test_what_is_typed_prints_what_is_shown(
    session: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, text in FILES.items():
        (tmp_path / name).write_text(text, "utf-8")
    monkeypatch.chdir(tmp_path)
    command, _, shown = session.partition("\n")
    prompt, program, *arguments = shlex.split(command)
    assert (prompt, program) == ("$", "vklad")
    result = CliRunner().invoke(app, arguments)
    assert result.output == shown


def test_the_commands_for_files_need_no_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, text in FILES.items():
        (tmp_path / name).write_text(text, "utf-8")
    monkeypatch.chdir(tmp_path)
    (commands,) = [text for kind, name, text in BLOCKS if (kind, name) == ("sh", "files")]
    for command in commands.splitlines():
        program, *arguments = shlex.split(command, comments=True)
        result = CliRunner().invoke(app, arguments)
        assert (program, result.exit_code) == ("vklad", 0), result.output


def test_the_receipt_is_what_is_printed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, text in FILES.items():
        (tmp_path / name).write_text(text, "utf-8")
    monkeypatch.chdir(tmp_path)
    command = ["score", "--programme", "club.yaml", "--events", "events.jsonl", "--json"]
    printed = json.loads(CliRunner().invoke(app, command).output.splitlines()[0])
    (shown,) = [text for kind, name, text in BLOCKS if (kind, name) == ("json", "receipt")]
    assert printed["awards"][1]["receipt"] == json.loads(shown)


def test_every_step_of_why_not_is_told() -> None:
    told = PAGE.split("*Why not* says of an event")[1].split("\n\n")[0]
    assert {step for step in Step if f"`{step}`" not in told} == {Step.UNKNOWN, Step.AWARDED}


def whole(name: str) -> str:
    """A fragment with what it leaves out."""
    part: str = FRAGMENTS[name]
    rest = 'programme: p\nversion: "1"\nzone: UTC\n'
    if "rules:\n" not in part:
        rest += "rules:\n  - {id: a, on: a, to: actor, points: 1}\n"
    return rest + part


@pytest.mark.parametrize("name", sorted(FRAGMENTS))
def test_fragments_are_parts_of_a_programme(name: str) -> None:
    assert load_programme(whole(name), is_new=True).rules


def on(day: str, *types: str) -> list[Event]:
    return [
        event(each, "ann", f"{day}T10:00:0{number}Z", {"level": 3, "value": "ill"})
        for number, each in enumerate(types)
    ]


@pytest.mark.parametrize("scorer", ["real", "naive"])
@pytest.mark.parametrize(
    ("name", "events", "points"),
    [
        # 10 × 5/3 = 16.67
        ("attributes", on("2026-03-02", "member.qualification.changed", "lms.section.read"), 17),
        (
            "days",
            [
                *on("2026-03-02", "day.opened", "text.submitted"),
                *on("2026-03-03", "day.opened", "text.submitted"),
            ],
            100 + 107,
        ),
        # Ill on 3 to 6 March, four days that need no freeze
        (
            "freezes",
            [
                *on("2026-03-02", "day.opened", "text.submitted", "member.absence.changed"),
                *on("2026-03-07", "day.opened", "text.submitted"),
            ],
            100 + 107,
        ),
    ],
)
def test_fragments_multiply(scorer: str, name: str, events: list[Event], points: int) -> None:
    awards = score(scorer, whole(name), events)
    assert sum(each for each, _ in awards.values()) == points


def several(type_: str, count: int, month: str = "2026-03", **data: Any) -> list[Event]:
    """So many of a type on the second of a month, a second apart, of one person."""
    return [
        event(type_, "ann", f"{month}-02T10:{n // 60:02}:{n % 60:02}Z", {"n": n, **data})
        for n in range(count)
    ]


def weeks(count: int) -> list[Event]:
    """An act in each of so many weeks in a row."""
    first = datetime(2026, 3, 3, 10, tzinfo=UTC)
    days = [first + timedelta(weeks=number) for number in range(count)]
    return [event("a", "ann", day.isoformat().replace("+00:00", "Z")) for day in days]


@pytest.mark.parametrize(
    ("name", "events", "points"),
    [
        # 59 minutes are five full tens
        ("points", several("mentoring.session.held", 1, minutes=59), [5]),
        ("points", several("mentoring.session.held", 7, minutes=10), [1] * 6),
        # 5 % of 199.90
        ("points", several("shop.order.paid", 1, amount=199.90), [10]),
        ("points", several("lms.activity.passed", 1, score=59), []),
        ("points", several("lms.activity.passed", 1, score=60), [20]),
        ("points", several("lms.activity.passed", 1, score=70), [28]),
        ("points", several("lms.activity.passed", 1, score=100), [43]),
        ("limits", several("forum.post.created", 4), [5, 5, 5]),
        ("limits", several("forum.badge.given", 21), [100] * 20),
        (
            "time",
            several("lms.time.invested", 1, started="2026-03-02T07:00:00Z", minutes=170),
            [17],
        ),
    ],
)
def test_fragments_award_what_they_say(name: str, events: list[Event], points: list[int]) -> None:
    awards = score("real", whole(name), events)
    assert sorted(each for each, _ in awards.values() if each) == sorted(points)


def test_caps_of_the_page_trim_and_refuse() -> None:
    given = [
        event("forum.like.given", f"p{n}", f"2026-03-02T10:00:{n:02}Z", {"owner": "ann"})
        for n in range(21)
    ]
    awards = score("real", whole("limits"), given)
    assert (len(awards), sum(points for points, _ in awards.values())) == (21, 200)


@pytest.mark.parametrize(("count", "points"), [(1, [100]), (2, [100, 102]), (3, [100, 102, 105])])
def test_weeks_in_a_row_multiply(count: int, points: list[int]) -> None:
    text = whole("weeks").replace("points: 1}", "points: 100}")
    awards = score("real", text, weeks(count), until="2026-05-01T00:00:00Z")
    assert [each for each, _ in awards.values()] == points


@pytest.mark.parametrize(
    ("rule", "in_june", "in_july"),
    [
        ("lesson", "2027-01-01", "2028-01-01"),
        ("quick-answer", "2026-09-02", "2026-10-02"),
        ("summer-school", "2026-09-01", "2026-09-01"),
    ],
)
def test_validity_of_the_page(rule: str, in_june: str, in_july: str) -> None:
    programme = load_programme(whole("validity"), is_new=True)
    ends = []
    for month in (6, 7):
        earned = datetime(2026, month, 2, tzinfo=UTC)
        life = life_of(programme, rule, earned, earned)
        ends.append(None if life.expires_at is None else life.expires_at.date().isoformat())
    assert ends == [in_june, in_july]


def test_detectors_are_as_the_page_says_where_nothing_is_stated() -> None:
    assert load_programme(whole("detectors"), is_new=True).detectors == USUAL


@pytest.mark.parametrize(
    ("voters", "left"),
    [([], 5), (["bob"], 3), (["bob", "bob"], 3), (["bob", "eve"], 1), (["bob", "eve", "dan"], 0)],
)
def test_the_votes_shown_take_once_each(voters: list[str], left: int) -> None:
    post = event("club.post.created", "ann", "2026-03-02T09:00:00Z", {"post": "p"})
    told = {"post": "p", "owner": "ann"}
    votes = [
        event("club.dislike.given", voter, f"2026-03-02T10:00:0{number}Z", told, id=f"v{number}")
        for number, voter in enumerate(voters)
    ]
    awards = score("real", whole("votes"), [post, *votes])
    assert [points for points, _ in awards.values()] == [left]


def test_the_reference_is_fresh() -> None:
    shown = PAGE.split("<!-- reference -->\n")[1].split("<!-- /reference -->")[0]
    assert shown == reference(), "run: vklad programme reference"


def test_the_published_schema_is_fresh() -> None:
    published = json.loads((ROOT / "ledger" / "programme" / "schema.json").read_text("utf-8"))
    assert published == json.loads(json.dumps(json_schema())), "run: vklad programme schema"


def as_json(value: Any) -> Any:
    """What an editor sees: keys are texts."""
    if isinstance(value, dict):
        return {str(key): as_json(each) for key, each in value.items()}
    return [as_json(each) for each in value] if isinstance(value, list) else value


@pytest.mark.parametrize("text", [WEEKLY, DAILY, FILES["club.yaml"]])
def test_the_schema_takes_what_is_right(text: str) -> None:
    # YAML 1.1 takes the key `on` for true; editors go by 1.2.
    content = yaml.safe_load(re.sub(r"\bon:", '"on":', text))
    jsonschema.Draft202012Validator(json_schema()).validate(as_json(content))


@pytest.mark.parametrize(
    "wrong",
    [
        {"programme": "Club"},
        {"version": 1},
        {"rules": []},
        {"vesting": {"days": -3}},
        {"rounding": "up"},
        {"rules": [{"id": "a", "on": "a", "to": "owner", "points": 1}]},
        {"rules": [{"id": "a", "on": "a", "to": "actor", "points": "1e3"}]},
    ],
)
def test_the_schema_refuses_what_is_wrong(wrong: dict[str, Any]) -> None:
    right = {
        "programme": "p",
        "version": "1",
        "zone": "UTC",
        "rules": [{"id": "a", "on": "a", "to": "actor", "points": 1}],
    }
    validator = jsonschema.Draft202012Validator(json_schema())
    validator.validate(right)
    assert not validator.is_valid({**right, **wrong})


def test_every_example_in_the_schema_fits_its_field() -> None:
    schema = json_schema()
    checked = 0
    for section in [schema, *schema["$defs"].values()]:
        for field in section.get("properties", {}).values():
            narrowed = {**field, "$defs": schema["$defs"]}
            for example in field.get("examples", []):
                jsonschema.Draft202012Validator(narrowed).validate(example)
                checked += 1
    assert checked > 50
