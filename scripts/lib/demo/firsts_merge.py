"""One person with two accounts: merged by two others, as the effect foretold, and parted again."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from doors import Person, expect, good, wait_for
from firsts_doors import PAGES_MAX, quiet_moment, refused

if TYPE_CHECKING:
    from story import Story


def merge_and_part(story: Story) -> str:
    """Two found to be one person are counted as one, as foretold; a mistake is undone."""
    first, second = story.people["admin"], story.people["second-admin"]
    stays, goes = story.voters[1:3]
    both = [story.people[subject] for subject in (stays, goes)]
    moment = quiet_moment(both, "club.post.created")
    acts = {_posted(story, subject, moment) for subject in (stays, goes)}
    pair = {
        "survivor": story.people[stays].get("/v1/members/me")["id"],
        "absorbed": story.people[goes].get("/v1/members/me")["id"],
    }
    before = [_has(story, subject) for subject in (stays, goes)]
    query = "&".join(f"{name}={member}" for name, member in pair.items())
    effect = first.get(f"/v1/member-merges/effect?{query}")
    change = effect["awarded_after"] - sum(effect[side]["awarded"] for side in pair)
    expect(effect["differing"], "the same post twice would count twice")
    asked = first.post("/v1/member-merges", {**pair, "reason": "one person, says the school"})
    path = f"/v1/member-merges/{asked['id']}/approve"
    alone = first.send("POST", path, {"content": asked["content"]})
    refused(alone, 403, "merge_needs_another_person", "one person merged two members")
    blind = second.send("POST", path, {"content": "0" * 64})
    refused(blind, 409, "merge_content_differs", "approved what nobody proposed")
    second.post(path, {"content": asked["content"]})
    told = second.send("POST", path, {"content": asked["content"]})
    refused(told, 409, "merge_decided", "merged a second time")
    gone = story.people[goes].http.get("/v1/members/me")
    refused(gone, 401, "credentials_missing", "somebody is still signed in as the merged member")
    together = _has(story, stays)
    expect(together == sum(before) + change, f"{before} and {change:+} came to {together}")
    paid = _paid(story, stays, acts)
    expect(len(paid) == 1, f"one post is paid for {len(paid)} times")
    expect(_entry_of_merge(story.people[stays])["lots"], "the entry is of no lot")
    undo = first.post(f"/v1/member-merges/{asked['id']}/split", {"reason": "they are two"})
    second.post(f"/v1/member-merges/{undo['id']}/approve", {"content": undo["content"]})
    story.people[goes].http.close()
    story.people[goes] = Person(story.base_url, goes)
    after = [_has(story, subject) for subject in (stays, goes)]
    expect(after == before, f"{before} came back as {after}")
    return f"{before[0]} and {before[1]} points {change:+}, as foretold, by two persons; and back"


def _posted(story: Story, subject: str, moment: datetime) -> str:
    """Somebody tells of the post that the other tells of too, and is paid for it; the act's id."""
    name = f"{story.tag}-merged-{subject}"
    act: dict[str, Any] = {
        "id": name,
        "type": "club.post.created",
        "subject": f"lms:{story.lms[subject]}",
        "time": f"{moment:%Y-%m-%dT%H:%M:%S.%fZ}",
        "data": {"post": f"post-{story.tag}-merged"},
    }
    good(story.seen["school"].deliver(act))
    wait_for("the award", lambda: _paid(story, subject, {name}))
    return name


def _entry_of_merge(person: Person) -> Any:
    """The entry that says whose the lots became; the corrections that followed are newer."""
    cursor = ""
    for _ in range(PAGES_MAX):
        page = person.get(f"/v1/entries?limit=100{cursor}")
        found = next((each for each in page["data"] if each["kind"] == "merge"), None)
        if found or not page["next_cursor"]:
            break
        cursor = f"&cursor={page['next_cursor']}"
    expect(found, "no entry says whose the lots became")
    return found


def _paid(story: Story, subject: str, acts: set[str]) -> list[Any]:
    """Awards of somebody for these acts that are worth something."""
    found = story.people[subject].get("/v1/awards?limit=100")["data"]
    told = ((award, award["receipt"].get("event", {}).get("id")) for award in found)
    return [award for award, act in told if act in acts and award["points"]]


def _has(story: Story, subject: str) -> int:
    return story.balance(subject)["available"]
