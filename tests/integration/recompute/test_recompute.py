"""Awards worked out by a script that shares no code with the product, from what it exports."""

from __future__ import annotations

import json
import random
import runpy
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from api.cli.main import app
from ledger.emission.service import emit_due
from ledger.kernel.ids import format_id
from ledger.kernel.transaction import Database, Work, execute
from tests.conftest import Tell
from tests.integration.conftest import TestDatabase
from tests.world import World

ROOT = Path(__file__).parents[3]
SCRIPT = ROOT / "scripts" / "lib" / "recompute_award.py"
AWARDS_MIN = 1_000
LINES_MAX = 150
BEGIN = datetime(2025, 3, 1, 12, tzinfo=UTC)
ACTS = {
    "daily": (
        *("text.submitted", "commit.created", "ai.chat", "workproduct.completed"),
        *("knowledge.extracted", "template.commit.merged", "day.opened", "day.opened"),
        *("day.closed", "session.started"),
    ),
    "weekly": (
        *("lms.section.read", "lms.exercise.completed", "club.post.created"),
        *("club.like.given", "club.comment.created"),
    ),
}
EVENTS = {"daily": 1_900, "weekly": 5_500}
PEOPLE = {"daily": 6, "weekly": 40}
DAYS = {"daily": 18, "weekly": 330}


@dataclass
class Exported:
    """What the commands printed of one member, and what the journal paid for each award."""

    facts: list[dict[str, Any]]
    identities: list[str]
    paid: dict[tuple[str, str], int]
    receipts: dict[tuple[str, str], Mapping[str, Any]]


@dataclass
class Recomputer:
    """The script, loaded by itself."""

    programme: str

    def awards(self, facts: list[dict[str, Any]], identities: list[str]) -> dict[Any, Any]:
        loaded = runpy.run_path(str(SCRIPT))
        return dict(loaded["Recompute"](self.programme, facts, identities).awards)


def _history(name: str, seed: int) -> list[tuple[str, str, str | None, str, dict[str, Any]]]:
    """Random acts with levels, ties, ids told twice and retractions, shuffled."""
    chance = random.Random(seed)  # noqa: S311 - a history that can be had again
    people = [f"p{number}" for number in range(PEOPLE[name])]
    made: list[tuple[str, str, str | None, str, dict[str, Any]]] = []
    for number in range(EVENTS[name]):
        moment = BEGIN + timedelta(minutes=chance.randrange(DAYS[name] * 24 * 12) * 5)
        kind, who = chance.choice(ACTS[name]), chance.choice(people)
        told: dict[str, Any] = {}
        if kind.startswith("club.") and kind != "club.post.created":
            told = {"owner": f"lms:{chance.choice(people)}"}
        if chance.random() < 0.03:
            kind, told = "member.qualification.changed", {"level": chance.randint(1, 9)}
        made.append((f"e{number}", kind, f"lms:{who}", f"{moment:%Y-%m-%dT%H:%M:%SZ}", told))
        if chance.random() < 0.03:
            target = {"id": f"e{chance.randrange(EVENTS[name])}"}
            made.append((f"r{number}", "activity.retracted", None, made[-1][3], target))
    chance.shuffle(made)
    return made


def _exported(world: World, database: TestDatabase, folder: Path, subject: str) -> Exported:
    member = world.linked[subject]
    environment = {
        "VKLAD_DATABASE_URL": database.app_url,
        "VKLAD_CHAIN": "off",
        "VKLAD_STATE_FOLDER": str(folder),
    }
    words = ["members", "facts", format_id("mem", member)]
    told = CliRunner().invoke(app, words, env=environment)
    assert told.exit_code == 0, told.output
    query = sa.text(
        "SELECT rule_id, coalesce(source_event_id, period) AS cause, receipt, coalesce((SELECT sum("
        "CASE WHEN debit.kind IN ('issuance', 'rewards') THEN amount "
        "WHEN credit.kind = 'revoked' THEN -amount END) FROM award_revisions AS r "
        "JOIN transfers ON transfers.entry_id = r.entry_id "
        "JOIN accounts AS debit ON debit.account_id = debit_account_id "
        "JOIN accounts AS credit ON credit.account_id = credit_account_id "
        "WHERE r.award_id = awards.award_id), 0) AS paid FROM awards "
        "LEFT JOIN events ON events.event_id = awards.event_id "
        "JOIN LATERAL (SELECT receipt FROM award_revisions AS r WHERE r.award_id = awards.award_id "
        "ORDER BY revision DESC LIMIT 1) AS last ON true WHERE member_id = :member"
    )
    with world.database.read() as work:
        rows = work.connection.execute(query, {"member": member}).all()
    return Exported(
        facts=[json.loads(line) for line in told.stdout.splitlines()],
        identities=told.stderr.strip().splitlines()[-1].split(","),
        paid={(row.rule_id, row.cause): int(row.paid) for row in rows},
        receipts={(row.rule_id, row.cause): row.receipt for row in rows},
    )


def _emit_due(work: Work, _: None) -> int:
    return emit_due(work)


def _factors(receipt: Mapping[str, Any]) -> list[Fraction]:
    return [
        Fraction(receipt["base"]),
        *(Fraction(multiplier["factor"]) for multiplier in receipt["multipliers"]),
    ]


@pytest.mark.parametrize("name", ["daily", "weekly"])
def test_a_thousand_random_awards_equal_the_journal(
    database: Database, test_database: TestDatabase, tmp_path: Path, name: str, tell: Tell
) -> None:
    programme = (ROOT / "examples" / "programmes" / f"{name}.yaml").read_text("utf-8")
    seed = 20_260_301
    world = World.make(database)
    for number in range(PEOPLE[name]):
        world.link(f"p{number}")
    world.activate(programme)
    while execute(database, _emit_due, None):
        pass
    history = _history(name, seed)
    for first in range(0, len(history), 500):
        world.state_all(history[first : first + 500])
        world.score()
    world.close_periods()
    world.score()
    recomputer = Recomputer(programme)
    compared = trimmed = 0
    last: Exported | None = None
    for subject in world.linked:
        exported = _exported(world, test_database, tmp_path, subject)
        worked_out = recomputer.awards(exported.facts, exported.identities)
        standing = {cause: points for cause, (points, _, _) in worked_out.items()}
        gone = {cause: 0 for cause in exported.paid if cause not in worked_out}
        assert standing | gone == exported.paid, f"{subject}, seed {seed}"
        for cause, (points, excess, factors) in worked_out.items():
            receipt = exported.receipts[cause]
            assert factors == _factors(receipt), cause
            assert receipt["points"] == points
            assert Fraction(receipt["exact"]) == _product(factors)
            if name == "daily":
                assert (receipt["rounded"], receipt["trimmed"]) == (points + excess, excess)
                trimmed += excess > 0
        compared += len(worked_out)
        last = exported
    tell(f"{name}: {compared} awards compared, {trimmed} of them trimmed, seed {seed}")
    assert compared >= AWARDS_MIN
    assert trimmed or name != "daily"
    assert last is not None
    _one_fact_less_differs(recomputer, last)


def _product(factors: list[Fraction]) -> Fraction:
    exact = Fraction(1)
    for factor in factors:
        exact *= factor
    return exact


def _one_fact_less_differs(recomputer: Recomputer, exported: Exported) -> None:
    """The comparison can fail: with the fact behind an award gone, something else comes out."""
    before = recomputer.awards(exported.facts, exported.identities)
    acts = [
        f for f in exported.facts if f["type"] in {"template.commit.merged", "lms.section.read"}
    ]
    fewer = [fact for fact in exported.facts if fact is not acts[0]]
    assert recomputer.awards(fewer, exported.identities) != before


def test_the_script_is_short_and_imports_nothing_of_the_product() -> None:
    source = SCRIPT.read_text("utf-8")
    assert len(source.splitlines()) < LINES_MAX
    assert not any(f"import {room}" in source for room in ("ledger", "api", "oracle", "tests"))
    assert not any(f"from {room}" in source for room in ("ledger", "api", "oracle", "tests"))


@pytest.mark.parametrize(
    ("before", "after", "named"),
    [
        ("per: day, count: 5", "per: week, count: 5", "week"),
        ("rounding: half_up", "rounding: down", "down"),
        ("rounding: half_up", "rounding: half_up\ntime: {}", "time"),
        ("by: day_streak", "by: day_streak\n    freezes: 1", "freezes"),
        ("  per: day\n", "  per: month\n", "month"),
    ],
)
def test_what_the_script_does_not_read_it_names(before: str, after: str, named: str) -> None:
    text = (ROOT / "examples" / "programmes" / "daily.yaml").read_text("utf-8")
    assert before in text
    with pytest.raises(AssertionError, match=named):
        Recomputer(text.replace(before, after, 1)).awards([], ["somebody"])
