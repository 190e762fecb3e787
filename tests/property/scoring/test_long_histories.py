"""Long seeded histories with versions of every mode: incremental = batch = the judge, by member.

The judge looks through a whole history for each question, so it is asked member by member: what a
member earns follows from the facts in which the member takes part. VKLAD_TEST_DEEP=1 runs ten
histories of ten thousand events; the ordinary suite a small one. A seed replays what failed.
"""

from __future__ import annotations

import random

import pytest

from ledger.scoring.history import settle
from ledger.scoring.model import Fact
from ledger.scoring.plan import Plan
from ledger.scoring.project import participants, project, project_member
from scripts.lib.generate_events import events
from tests.conftest import DEEP, Tell
from tests.naive_scorer import Awards
from tests.scoring_cases import (
    DAILY,
    WEEKLY,
    Event,
    Versions,
    activations_of,
    awards_of,
    facts_of,
    score,
)

SEEDS = range(10) if DEEP else range(1)
COUNT, MEMBERS = (10_000, 250) if DEEP else (600, 20)
ASKED_OF_THE_JUDGE = 60 if DEEP else 8
ARRIVALS = 12


def versions(name: str, dice: random.Random) -> Versions:
    """The example, and three changes of any mode; some of another zone or period."""
    text = {"daily": DAILY, "weekly": WEEKLY}[name]
    dearer = text.replace("points: 50", "points: 70").replace("11.5", "9.5")
    moved = text.replace("zone: UTC", "zone: Asia/Tokyo").replace("Europe/Moscow", "UTC")
    other = {"daily": WEEKLY, "weekly": DAILY}[name]
    found: Versions = [(text, None)]
    month = 2
    for mode in dice.sample(["forward", "restatement", "top_up", "top_up"], 3):
        month += dice.randint(1, 3)
        chosen = dearer if mode == "top_up" else dice.choice([dearer, moved, other])
        is_same = all(each[0] in {text, dearer} for each in found)
        if mode == "top_up" and not is_same:
            mode = "restatement"  # noqa: PLW2901 - nothing to compare a top-up with any more
        found.append(
            (chosen, f"2026-{month:02}-{dice.randint(1, 28):02}T0{dice.randint(0, 9)}:00:00Z", mode)
        )
    return found


def arrived(dice: random.Random, stated: list[Event]) -> list[list[Event]]:
    """The events in a few arrivals, some of them much later, some again."""
    parts: list[list[Event]] = [[] for _ in range(ARRIVALS)]
    for place, event in enumerate(stated):
        number = min(place * ARRIVALS // len(stated) + (dice.random() < 0.1), ARRIVALS - 1)
        parts[number].append(event)
        if dice.random() < 0.02:
            parts[-1].append(event)
    for part in parts:
        dice.shuffle(part)
    return parts


@pytest.mark.parametrize("name", ["daily", "weekly"])
@pytest.mark.parametrize("seed", SEEDS)
def test_a_long_history_however_it_arrives_is_what_the_judge_says(
    seed: int, name: str, tell: Tell
) -> None:
    tell(f"long history: seed {seed}, {name}, {COUNT} events")
    dice = random.Random(f"{seed}/{name}")  # noqa: S311 - replayable is what is wanted
    stated = list(events(name, seed, COUNT, MEMBERS))
    chosen = versions(name, dice)
    plan = Plan(activations_of(chosen))
    resolve = {f"m{each}": f"m{each - each % 10 % 7 // 6}" for each in range(MEMBERS)}
    batch = awards_of(project(facts_of(stated), plan, closed_until=None, resolve=resolve))

    journal: Awards = {}
    heard: list[Fact] = []
    for part in arrived(dice, stated):
        heard += facts_of(part)
        now = awards_of(project(heard, plan, closed_until=None, resolve=resolve))
        for key in journal.keys() | now.keys():
            before, after = journal.get(key, (0, 0)), now.get(key, (0, 0))
            journal[key] = before[0] + (after[0] - before[0]), before[1] + (after[1] - before[1])
    assert {key: worth for key, worth in journal.items() if any(worth)} == {
        key: worth for key, worth in batch.items() if any(worth)
    }

    history = settle(facts_of(stated))
    members = sorted(set(resolve.values()))
    retractions = [each for each in stated if each["type"] == "activity.retracted"]
    by_id = {each["id"]: each for each in stated}
    for member in dice.sample(members, min(ASKED_OF_THE_JUDGE, len(members))):
        own = [fact for fact in history if member in participants(fact, plan, resolve)]
        mine = {key: worth for key, worth in batch.items() if key[0] == member}
        alone = project_member(member, own, plan, closed_until=None, resolve=resolve)
        assert awards_of(alone) == mine
        lines = [by_id[fact.id] for fact in own] + retractions
        judged = score("naive", chosen, lines, resolve=resolve)
        assert {key: worth for key, worth in judged.items() if key[0] == member} == mine
