"""Seeded events for the example programmes, as JSON Lines on standard output.

The same seed and numbers give the same bytes anywhere. Times run over a year in order; a tenth of
the events arrive up to nine days late, a hundredth twice, and some are retracted.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections import deque
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

START = datetime(2026, 1, 1, tzinfo=UTC)
YEAR_S = 365 * 86_400
ACTS = {
    "daily": (
        "text.submitted",
        "commit.created",
        "ai.chat",
        "workproduct.completed",
        "content.published",
        "knowledge.extracted",
        "template.commit.merged",
        "day.opened",
        "day.closed",
    ),
    "weekly": (
        "lms.section.read",
        "lms.exercise.completed",
        "club.post.created",
        "club.like.given",
        "club.comment.created",
    ),
}


def events(programme: str, seed: int, count: int, members: int) -> Iterator[dict[str, Any]]:
    """Events in the order received."""
    dice = random.Random(seed)  # noqa: S311 - the same every time is what is wanted
    late: deque[tuple[int, dict[str, Any]]] = deque()
    for number in range(count):
        while late and late[0][0] <= number:
            yield late.popleft()[1]
        event = _event(programme, dice, number, count, members)
        if dice.random() < 0.1:
            late.append((number + count // 40, event))
        else:
            yield event
            if dice.random() < 0.01:
                yield event
    for _, event in late:
        yield event


def _event(
    programme: str, dice: random.Random, number: int, count: int, members: int
) -> dict[str, Any]:
    moment = START + timedelta(microseconds=number * YEAR_S * 1_000_000 // count)
    kind = dice.random()
    event = {
        "source": "generated",
        "id": str(number),
        "type": dice.choice(ACTS[programme]),
        "subject": f"m{dice.randrange(members)}",
        "time": moment.isoformat(timespec="microseconds").replace("+00:00", "Z"),
        "data": {"owner": f"m{dice.randrange(members)}"},
    }
    if kind < 0.01:
        event |= {
            "type": "member.qualification.changed",
            "data": {"level": dice.randint(1, 8)},
        }
    elif kind < 0.015 and number:
        event |= {"type": "activity.retracted", "data": {"id": str(dice.randrange(number))}}
    return event


def main() -> None:
    """Write the events that the arguments ask for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--programme", choices=sorted(ACTS), default="daily")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--members", type=int, default=1_500)
    asked = parser.parse_args()
    for event in events(asked.programme, asked.seed, asked.events, asked.members):
        sys.stdout.write(json.dumps(event, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
