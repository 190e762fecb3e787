"""What the firsts do again and again: the student's acts, awards, entries and holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import httpx
from doors import School, good
from firsts_doors import quiet_moment

if TYPE_CHECKING:
    from story import Story

TIMEOUT_S: Final = 60


def an_act(story: Story, kind: str, name: str, *, by: str = "", **told: Any) -> dict[str, Any]:
    """An act of the student, or of another, on a day on which it earns."""
    subject = by or story.student
    moment = quiet_moment([story.people[subject]], kind)
    return {
        "id": f"{story.tag}-firsts-{name}",
        "type": kind,
        "subject": f"lms:{story.lms[subject]}",
        "time": f"{moment:%Y-%m-%dT%H:%M:%S.%fZ}",
        "data": {"object": f"unit-{story.tag}-{name}", **told},
    }


def last_awards(story: Story) -> list[Any]:
    """The student's last hundred."""
    found: list[Any] = story.people[story.student].get("/v1/awards?limit=100")["data"]
    return found


def award_for(story: Story, event_id: str) -> Any:
    """What an event earned the student, once it is there."""
    for award in last_awards(story):
        if award["receipt"].get("event", {}).get("id") == event_id and award["points"]:
            return award
    return None


def available(story: Story) -> int:
    """What the student can spend."""
    return story.balance(story.student)["available"]


def last_entries(story: Story) -> list[Any]:
    """The student's last fifty."""
    found: list[Any] = story.people[story.student].get("/v1/entries?limit=50")["data"]
    return found


def hold_points(story: Story, number: str, points: int) -> Any:
    """Points of the student on hold for an order of 1 000 roubles."""
    school: School = story.seen["school"]
    person = story.people[story.student]
    order = school.order(story.lms[story.student], f"F-{number}", 100_000)
    quote = person.post("/v1/quotes", {"order": order, "points": points})
    return person.post("/v1/redemptions", {"order": order, "quote": quote["token"]})


def proof_of(story: Story, entry: str) -> Any:
    """The proof of an entry, once there is a head that covers it."""
    answer = httpx.get(f"{story.base_url}/v1/log/proofs/{entry}", timeout=TIMEOUT_S)
    if answer.status_code in {httpx.codes.SERVICE_UNAVAILABLE, httpx.codes.TOO_MANY_REQUESTS}:
        return None
    return good(answer).json()
