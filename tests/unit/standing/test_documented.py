"""The example of standing in docs/programme.md comes to the figures that stand beside it."""

from __future__ import annotations

import re
from pathlib import Path

from ledger.kernel.clock import Instant
from ledger.scoring.project import project
from ledger.standing.model import level, merit_of, standing, voice
from tests.scoring_cases import Event, activations_of, event, facts_of

PAGE = (Path(__file__).parents[3] / "docs" / "programme.md").read_text("utf-8")
MONTHS = {"January": ("01", "31"), "February": ("02", "28"), "March": ("03", "31")}
ROW = re.compile(
    r"^\| (\w+) \| (\d+), (\d+), (\d+) \| (\d+) \| (\w+) \| .*?(\d+) \|$", re.MULTILINE
)


def test_the_table() -> None:
    (part,) = re.findall(r"^```yaml standing\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    (activation,) = activations_of([(f'programme: p\nversion: "1"\nzone: UTC\n{part}', None)])
    programme = activation.programme
    rows = ROW.findall(PAGE)
    assert [row[0] for row in rows] == list(MONTHS)
    events: list[Event] = []
    for name, lessons, reviews, likes, expected, reached, spoken in rows:
        month, last = MONTHS[name]
        acts = ["lms.lesson.completed"] * int(lessons) + ["peer.review.accepted"] * int(reviews)
        events += [
            event(act, "ann", f"2026-{month}-{day:02}T10:00:00Z")
            for day, act in enumerate(acts, start=1)
        ]
        events += [
            event("club.like.given", "bob", f"2026-{month}-{day:02}T11:00:00Z", {"owner": "ann"})
            for day in range(1, int(likes) + 1)
        ]
        merits = [
            merit_of(each)
            for each in project(facts_of(events), [activation], closed_until=None)
            if each.beneficiary == "ann"
        ]
        found = standing(merits, programme.standing)
        at_end = Instant.parse(f"2026-{month}-{last}T23:59:59Z")
        heard = voice(merits, programme.voice, programme.zone, at_end)
        step = level(found.points, programme.levels).level
        assert step is not None
        assert (found.points.amount, step.level_id) == (int(expected), reached)
        assert heard.points.amount == int(spoken)
