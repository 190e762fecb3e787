"""Another version of the rules: seen before, and in each of its three reaches.

Forward, topping up and restating: none of them changes an entry, each adds its own.
"""
# ruff: noqa: TID251 - a program of its own, which imports nothing of ours, not even the clock

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from doors import expect, good, moment_text, wait_for
from firsts_doors import refused
from firsts_student import an_act, available, award_for, last_entries
from previewing import previewed
from proving import plain_id

if TYPE_CHECKING:
    from story import Story

REACH_DAYS: Final = 8
FORWARD_POINTS: Final = 3
"""For an exercise; other than what a version gives that an earlier step or run leaves."""
_EXERCISE: Final = re.compile(r"(- id: exercise-completed\n(?:    .*\n)*?    points: )\S+")


def count_from_now_on(story: Story) -> str:
    """Forward, a version counts for what happens from now on; whatever was before stays.

    Takes the award of ``turn_an_event_into_points``.
    """
    text = story.get("/v1/programmes/in-force")["source"]
    since = _days_ago(REACH_DAYS)
    other = _version(story, text, "forward", FORWARD_POINTS)
    forward = _previewed(story, other, "forward", since)
    reaching = _previewed(story, other, "restatement", since)
    expect(forward.difference == 0, f"forward changes what was by {forward.difference}")
    expect(reaching.difference != 0, "there is nothing that the version could change")
    known, old = {entry["id"] for entry in last_entries(story)}, story.seen["old_award"]
    _activate(story, other, "forward", since, None)
    wait_for("the version in force", lambda: story.get("/v1/programmes/in-force")["hash"] == other)
    path, decision = _asked_for(story, other, "forward", since)
    again = story.people["second-admin"].send("POST", f"{path}/decisions", decision)
    refused(again, 409, "programme_already_in_force", "it reached further back the second time")
    acts = [an_act(story, "lms.exercise.completed", name) for name in ("before", "since")]
    acts[1]["time"] = moment_text()
    late, new = (_award_of(story, act) for act in acts)
    versions = [award["receipt"]["programme"]["hash"] == other for award in (late, new)]
    expect(versions == [False, True], f"late and new are by the new version: {versions}")
    bases = [int(award["receipt"]["base"]) for award in (late, new)]
    expect(bases[0] != bases[1] == FORWARD_POINTS, f"late and new began with {bases}")
    kept = award_for(story, old["receipt"]["event"]["id"])
    for part in ("points", "entry", "receipt"):
        expect(kept[part] == old[part], f"the old award's {part} changed to {kept[part]}")
    kinds = {entry["kind"] for entry in last_entries(story) if entry["id"] not in known}
    expect(kinds == {"award"}, f"entries of {kinds}, where nothing was to be corrected")
    return (
        f"{bases[1]} for an exercise done since, {bases[0]} for one told as late and done before; "
        f"no old entry touched, where restating would make {reaching.difference:+}"
    )


def see_before_and_reach_back(story: Story) -> str:
    """A preview says what a version would do; topped up and restated, exactly that comes about."""
    text = story.get("/v1/programmes/in-force")["source"]
    since = story.seen["since"] = _days_ago(REACH_DAYS)
    more = _version(story, text, "more", 20)
    raised = _previewed(story, more, "top_up", since)
    again = _previewed(story, more, "top_up", since)
    expect(raised.digest == again.digest, "the same question has two answers")
    old = {entry["id"] for entry in last_entries(story)}
    before = available(story)
    _activate(story, more, "top_up", since, None)
    wait_for("the top-up", lambda: available(story) == before + raised.difference)
    less = _version(story, text, "less", 1)
    topped = _previewed(story, less, "top_up", since)
    back = _previewed(story, less, "restatement", since)
    expect(topped.lose == 0 < back.lose, f"top-up takes from {topped.lose} of {back.lose}")
    _activate(story, less, "restatement", since, back.digest)
    wait_for(
        "the restatement",
        lambda: available(story) == before + raised.difference + back.difference,
    )
    new = [entry for entry in last_entries(story) if entry["id"] not in old]
    kinds = {entry["kind"] for entry in new}
    expect(kinds == {"correction"}, f"other than corrections: {kinds}")
    expect(raised.difference > 0 > back.difference, f"{raised.difference}, {back.difference}")
    return (
        f"top-up {raised.difference:+}, restatement {back.difference:+}, both as previewed "
        f"(digest {raised.digest[:12]}…), by {len(new)} corrections; none without consent"
    )


@dataclass(frozen=True)
class _Previewed:
    """What a preview says: its digest, the student's difference, how many would lose."""

    digest: str
    difference: int
    lose: int


def _version(story: Story, text: str, name: str, points: int) -> str:
    """The hash of the programme in force with other points for an exercise."""
    changed = _EXERCISE.sub(rf"\g<1>{points}", text)
    version = f'version: "{name}-{story.tag}"'
    changed = re.sub(r"^version:.*$", version, changed, flags=re.MULTILINE)
    stored: str = story.people["admin"].post("/v1/programmes", {"source": changed})["hash"]
    return stored


def _previewed(story: Story, programme: str, mode: str, since: str) -> _Previewed:
    told = previewed(story, programme, mode, since)
    path = f"/v1/programme-previews/{told['id']}/result"
    raw = good(story.people["admin"].http.get(path)).content
    expect(hashlib.sha256(raw).hexdigest() == told["digest"], "the digest is of something else")
    document = json.loads(raw)
    member = story.balance(story.student)["member"]
    mine = [row for row in document["members"] if row["member"] in {member, plain_id(member)}]
    difference = sum(row["difference"] for row in mine)
    return _Previewed(told["digest"], difference, document["totals"]["lose"])


def preview_digest(story: Story, programme: str, since: str) -> str:
    """Have it worked out what a version would do from a moment on; the digest of that."""
    return _previewed(story, programme, "forward", since).digest


def _activate(story: Story, programme: str, mode: str, since: str, consented: str | None) -> None:
    """By two persons; what reaches back and takes away needs a consent to its preview first."""
    first, second = story.people["admin"], story.people["second-admin"]
    path, decision = _asked_for(story, programme, mode, since)
    if consented is not None:
        blind = second.send("POST", f"{path}/decisions", decision)
        refused(blind, 409, "consent_missing", "points were to be taken without consent")
        other = first.send("POST", f"{path}/consents", {"preview_digest": "0" * 64})
        refused(other, 409, "preview_differs", "a consent to a preview that nobody saw")
        asked = first.post(f"{path}/consents", {"preview_digest": consented})
        decision["content_hash"] = asked["content_hash"]
    second.post(f"{path}/decisions", decision)


def _asked_for(story: Story, programme: str, mode: str, since: str) -> tuple[str, dict[str, str]]:
    """Where an admin's wish for an activation is, and what another says who approves it."""
    wish = {"mode": mode, "effective_at": since}
    asked = story.people["admin"].post(f"/v1/programmes/{programme}/activations", wish)
    decision = {"decision": "approved", "content_hash": asked["content_hash"]}
    return f"/v1/programme-changes/{asked['id']}", decision


def _days_ago(days: int) -> str:
    return f"{datetime.now(UTC) - timedelta(days=days):%Y-%m-%dT%H:%M:%SZ}"


def _award_of(story: Story, act: dict[str, Any]) -> Any:
    """What this act earns, told now."""
    good(story.seen["school"].deliver(act))
    return wait_for(f"the award for {act['id']}", lambda: award_for(story, act["id"]))
