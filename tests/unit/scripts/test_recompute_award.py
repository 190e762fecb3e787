"""The script that works awards out of facts alone, under a programme with keys and a fixed cap."""

from __future__ import annotations

import random
import runpy
from datetime import timedelta
from pathlib import Path

import pytest

from ledger.programme.load import load_programme
from ledger.scoring.model import Activation
from ledger.scoring.project import project
from scripts.lib.generate_events import ACTS, START
from tests.scoring_cases import Event, awards_of, event, facts_of

ROOT = Path(__file__).parents[3]
SCRIPT = ROOT / "scripts" / "lib" / "recompute_award.py"
SCHOOL = (ROOT / "examples" / "programmes" / "school.yaml").read_text("utf-8")
PEOPLE = [f"p{number}" for number in range(4)]
DAYS, EVENTS = 12, 900


def _history() -> list[Event]:
    """Acts so dense that limits and the cap take away; a post in three is told of again."""
    chance = random.Random(7)  # noqa: S311 - a history that can be had again
    made = []
    for number in range(EVENTS):
        kind = chance.choice((*ACTS["weekly"], "club.post.created"))
        told = {"owner": chance.choice(PEOPLE), "post": f"post-{chance.randrange(EVENTS // 6)}"}
        if kind == "club.post.created" and chance.random() < 1 / 3:
            del told["post"]
        if chance.random() < 1 / 30:
            kind, told = "member.qualification.changed", {"level": chance.randint(1, 6)}
        moment = START + timedelta(minutes=chance.randrange(DAYS * 24 * 60))
        time = f"{moment:%Y-%m-%dT%H:%M:%SZ}"
        made.append(event(kind, chance.choice(PEOPLE), time, told, id=f"e{number}"))
    return made


def test_it_comes_to_what_the_projection_comes_to_where_keys_and_a_fixed_cap_count() -> None:
    stated = _history()
    plan = [Activation(load_programme(SCHOOL))]
    projected = awards_of(project(facts_of(stated), plan, closed_until=None))
    recompute = runpy.run_path(str(SCRIPT))["Recompute"]
    trimmed = 0
    for person in PEOPLE:
        found = recompute(SCHOOL, stated, [person]).awards
        expected = {
            (rule, cause[1]): worth
            for (member, rule, cause), worth in projected.items()
            if member == person and isinstance(cause, tuple)
        }
        assert {each: worth[:2] for each, worth in found.items()} == expected
        trimmed += sum(excess > 0 for _, excess, _ in found.values())
    assert trimmed, "the cap took nothing away"
    told = [each for each in stated if each["type"] == "club.post.created"]
    without_key = SCHOOL.replace("    once_per: [data.post]", "    #")
    assert without_key != SCHOOL
    assert any(
        recompute(without_key, told, [each]).awards != recompute(SCHOOL, told, [each]).awards
        for each in PEOPLE
    ), "no key was used twice"


def test_what_becomes_of_awards_it_leaves_alone_and_what_it_does_not_know_it_refuses() -> None:
    recompute = runpy.run_path(str(SCRIPT))["Recompute"]
    stated = _history()
    plain = recompute(SCHOOL, stated, PEOPLE[:1]).awards
    words = "\nstanding: {categories: [learning]}\nvoice: {value: standing}\nlevels: []\n"
    assert recompute(SCHOOL + words, stated, PEOPLE[:1]).awards == plain
    with pytest.raises(AssertionError, match="reductions"):
        recompute(SCHOOL + "\nreductions: []\n", stated, PEOPLE[:1])
