"""*Why not*: an act that earned nothing says which rule left it out, and to whom it says so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from doors import expect
from firsts_doors import refused

if TYPE_CHECKING:
    from story import Story


def say_why_not(story: Story) -> str:
    """What was told twice says by what it had counted; the first one answers with its receipt.

    Takes the acts of ``count_one_act_once``.
    """
    person = story.people[story.student]
    first = f"{story.tag}-firsts-twice"
    listed = person.get("/v1/members/me/events?limit=100")["data"]
    known = {row["event"]: row["id"] for row in listed}
    expect(first in known and f"{first}-forum" in known, "an act is not among the member's own")
    told = _outcomes(story, known[f"{first}-forum"])
    left_out = next((each for each in told if each["step"] == "once_per"), None)
    expect(left_out is not None, f"it says {[each['step'] for each in told]}")
    expect(left_out["by"]["id"] == first, f"it names {left_out['by']}")
    counted = _outcomes(story, known[first])
    paid = next((each for each in counted if each["step"] == "awarded"), None)
    expect(paid is not None and paid["receipt"]["event"]["id"] == first, f"it says {counted}")
    stranger = story.people[story.voters[0]].http
    asked = f"events/{known[first]}/explanation"
    nosy = stranger.get(f"/v1/members/me/{asked}")
    refused(nosy, 404, "nothing_to_explain", "a stranger asks about another's act")
    nosy = stranger.get(f"/v1/members/{story.balance(story.student)['member']}/{asked}")
    refused(nosy, 403, "role_required", "a stranger asks in another's name")
    return (
        f"by rule {left_out['rule']} {paid['points']} points once; the second says "
        f"once_per {left_out['by']['id']}; a stranger is told nothing"
    )


def _outcomes(story: Story, event: str) -> list[dict[str, Any]]:
    answer = story.people[story.student].get(f"/v1/members/me/events/{event}/explanation")
    found: list[dict[str, Any]] = answer["outcomes"]
    return found
