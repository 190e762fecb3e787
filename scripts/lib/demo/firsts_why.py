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
    told = {f"{story.tag}-firsts-twice", f"{story.tag}-firsts-twice-forum"}
    listed = person.get("/v1/members/me/events?limit=100")["data"]
    known = {row["event"]: row["id"] for row in listed if row["event"] in told}
    expect(known.keys() == told, f"of the member's own acts only {sorted(known)}")
    said = {name: _outcomes(story, event) for name, event in known.items()}
    paid = {n: o for n, every in said.items() for o in every if o["step"] == "awarded"}
    expect(len(paid) == 1, f"{sorted(paid)} say that they earned")
    ((first, award),) = paid.items()
    expect(award["receipt"]["event"]["id"] == first, "the receipt is of another act")
    (second,) = told - {first}
    left_out = next((each for each in said[second] if each["step"] == "once_per"), None)
    expect(left_out is not None, f"the other says {[each['step'] for each in said[second]]}")
    expect(left_out["by"]["id"] == first, f"it names {left_out['by']}")
    stranger = story.people[story.voters[0]].http
    asked = f"events/{known[first]}/explanation"
    nosy = stranger.get(f"/v1/members/me/{asked}")
    refused(nosy, 404, "nothing_to_explain", "a stranger asks about another's act")
    nosy = stranger.get(f"/v1/members/{story.balance(story.student)['member']}/{asked}")
    refused(nosy, 403, "role_required", "a stranger asks in another's name")
    return (
        f"{award['points']} points by rule {left_out['rule']} for {first}; {second} says "
        "once_per and names it; a stranger is told nothing"
    )


def _outcomes(story: Story, event: str) -> list[dict[str, Any]]:
    answer = story.people[story.student].get(f"/v1/members/me/events/{event}/explanation")
    found: list[dict[str, Any]] = answer["outcomes"]
    return found
