"""Whose an event is: another's act pays its owner, and is not the owner's own."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.scoring_cases import Event, event, score

both = pytest.mark.parametrize("scorer", ["naive", "real"])


def programme(**more: Any) -> str:
    """Ten points to whoever owns what was liked; keys of tables are whole numbers."""
    stated = {
        "programme": "small",
        "version": "1",
        "zone": "UTC",
        "rules": [
            {
                "id": "liked",
                "on": "like.given",
                "to": "data.owner",
                "points": 10,
                "multipliers": ["by"],
            }
        ],
        **more,
    }
    text = json.dumps(stated)
    for number in "12":
        text = text.replace(f'"{number}": ', f"{number}: ")
    return text


def liked(time: str, by: str | None = "bob", **more: Any) -> Event:
    return event("like.given", by, f"2026-03-{time}:00Z", {"owner": "ann", **more}, id=time)


def points(scorer: str, text: str, events: list[Event]) -> dict[Any, int]:
    awards = score(scorer, text, events)
    return {key[2][1]: points for key, (points, _) in awards.items() if key[0] == "ann"}


@both
def test_a_day_is_made_active_by_ones_own_acts(scorer: str) -> None:
    streak = {
        "by": "day_streak",
        "condition": "day.opened",
        "types": ["like.given"],
        "table": {"1": 2},
    }
    text = programme(multipliers={"by": streak})
    opened = event("day.opened", "ann", "2026-03-02T09:00:00Z")
    # Ann opened her day and was liked by Bob; only when she likes something is her day active.
    assert points(scorer, text, [opened, liked("02T10:00")]) == {"02T10:00": 10}
    own = event("like.given", "ann", "2026-03-02T11:00:00Z", {"owner": "bob"})
    assert points(scorer, text, [opened, liked("02T10:00"), own]) == {"02T10:00": 20}


@both
def test_what_is_stated_of_another_is_not_stated_of_the_owner(scorer: str) -> None:
    # Who tells of a new level thanks somebody for it: the level is not hers.
    text = programme(
        attributes={"level": {"field": "level", "values": [1, 2], "default": 1}},
        multipliers={"by": {"by": "attribute", "attribute": "level", "table": {"1": 1, "2": 2}}},
    ).replace("like.given", "member.level.changed")

    def told(time: str, by: str | None, owner: str) -> Event:
        content = {"owner": owner, "level": 2}
        return event("member.level.changed", by, f"2026-03-{time}:00Z", content, id=time)

    thanks = [told("02T10:00", "bob", "ann"), told("03T10:00", None, "ann")]
    thanks.append(told("04T10:00", "bob", "ann"))
    assert set(points(scorer, text, thanks).values()) == {10}
    assert set(points(scorer, text, [told("02T09:00", "ann", "bob"), *thanks]).values()) == {20}
