"""Weeks of a community's activity, the same for the same seed. Pure: numbers in, events out."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Final

WEEKS: Final = 6
_READING: Final = ("lms.section.read", "lms.exercise.completed")


def activity(
    seed: int, lms_ids: list[str], now: datetime, *, source: str
) -> Iterator[dict[str, Any]]:
    """CloudEvents of the ``WEEKS`` weeks before ``now``, in order of time.

    Everybody has a diligence of their own; the first of ``lms_ids`` is the most diligent, so that
    whoever looks at the demo first finds something to look at.
    """
    draw = random.Random(seed)  # noqa: S311 - a story, not a secret
    start = now - timedelta(weeks=WEEKS)
    stated = list(_levels(draw, lms_ids, start))
    for place, lms_id in enumerate(lms_ids):
        diligence = 0.95 if place == 0 else draw.uniform(0.15, 0.9)
        for day in range(WEEKS * 7):
            morning = (start + timedelta(days=day)).replace(hour=6, minute=0, second=0)
            if draw.random() < diligence:
                stated += _day(draw, lms_ids, lms_id, morning)
    told = [event for event in stated if event["time"] < now]
    for number, event in enumerate(sorted(told, key=lambda event: event["time"])):
        yield {
            "specversion": "1.0",
            "source": source,
            "id": f"demo-{seed}-{number:05d}",
            **event,
            "time": event["time"].strftime("%Y-%m-%dT%H:%M:%SZ"),
        }


def _levels(draw: random.Random, lms_ids: list[str], start: datetime) -> Iterator[dict[str, Any]]:
    for place, lms_id in enumerate(lms_ids):
        level = 3 if place == 0 else draw.choice([1, 1, 2, 2, 3, 4, 5])
        if level > 1:
            yield _event("member.qualification.changed", lms_id, start, {"level": level})


def _day(
    draw: random.Random, lms_ids: list[str], lms_id: str, morning: datetime
) -> Iterator[dict[str, Any]]:
    for _ in range(draw.randint(1, 5)):
        kind = draw.choice(_READING)
        yield _event(kind, lms_id, _later(draw, morning), {"object": f"unit-{draw.randint(1, 40)}"})
    others = [other for other in lms_ids if other != lms_id]
    if draw.random() < 0.25:
        post = f"post-{draw.randint(1, 10**9)}"
        yield _event("club.post.created", lms_id, _later(draw, morning), {"post": post})
    for _ in range(draw.choice([0, 0, 1, 2, 3])):
        liked = {"post": f"post-{draw.randint(1, 10**9)}", "owner": f"lms:{draw.choice(others)}"}
        yield _event("club.like.given", lms_id, _later(draw, morning), liked)
    if draw.random() < 0.3:
        told = {"post": f"post-{draw.randint(1, 10**9)}", "owner": f"lms:{draw.choice(others)}"}
        yield _event("club.comment.created", lms_id, _later(draw, morning), told)


def _later(draw: random.Random, morning: datetime) -> datetime:
    return morning + timedelta(seconds=draw.randint(0, 14 * 3600))


def _event(kind: str, lms_id: str, time: datetime, told: dict[str, Any]) -> dict[str, Any]:
    return {"type": kind, "subject": f"lms:{lms_id}", "time": time, "data": told}
