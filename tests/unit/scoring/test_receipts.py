"""What a receipt says: only what there is to say."""

from __future__ import annotations

import json
from typing import Any

from ledger.scoring.project import project
from tests.scoring_cases import Event, activations_of, event, facts_of


def receipts(text: str, *events: Event) -> list[Any]:
    """As they are stored, in order."""
    found = project(facts_of(events), activations_of([(text, None)]), closed_until=None)
    return [json.loads(json.dumps(each.receipt.to_json())) for each in found]


def act(day: str) -> Event:
    return event("a.done", "ann", f"2026-03-{day}T10:00:00Z", id=day)


def test_a_week_in_which_nothing_was_earned_is_in_no_row() -> None:
    text = """
programme: weekly
version: "1"
zone: UTC
period: week
rules: [{id: a, on: a.done, to: actor, points: 10}]
multipliers: {weeks: {by: week_streak, table: {1: 1, 2: 2}}}
period_multipliers: [weeks]
caps: [{id: c, of: {rules: [a]}, per: month, points: 15}]
"""
    told = receipts(text, act("02"), act("09"), act("16"))
    # 10; 5, doubled; and nothing under the cap of March.
    assert [each["points"] for each in told] == [10, 10, 0]
    assert [each["multipliers"][0]["because"] for each in told] == [
        {"weeks_in_a_row": 1, "since": "2026-W10"},
        {"weeks_in_a_row": 2, "since": "2026-W10"},
        {"weeks_in_a_row": 0, "since": None},
    ]


def test_several_limits_are_told_beside_the_shortest() -> None:
    text = """
programme: limited
version: "1"
zone: UTC
rules:
  - {id: a, on: a.done, to: actor, points: 10, limit: {per: day, count: 2}}
  - id: b
    on: a.done
    to: actor
    points: 10
    limit: [{per: day, count: 2}, {per: week, count: 3}]
  - {id: c, on: a.done, to: actor, points: 10}
"""
    said = {each["rule"]: each for each in receipts(text, act("02"))}
    daily = {"per": "day", "count": 2, "position": 1}
    assert said["a"]["limit"] == said["b"]["limit"] == daily
    assert said["b"]["limits"] == [daily, {"per": "week", "count": 3, "position": 1}]
    assert said["c"]["limit"] is None
    assert [name for name in said if "limits" in said[name]] == ["b"]
