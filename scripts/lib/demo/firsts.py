"""``scripts/demo firsts``: what this ledger can show that others cannot, each with its evidence.

Every step does something, reads its effect by a door of its own, and then tries what must not work:
a counter-example that passed would fail the step.
"""
# ruff: noqa: TID251 - a program of its own, which imports nothing of ours, not even the clock

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from doors import Person, School, expect, good, moment_text, wait_for
from firsts_doors import link_token, refused, verified
from firsts_merge import merge_and_part
from firsts_proof import prove_offline, recompute_from_facts
from firsts_refunds import hold_and_refund
from firsts_student import an_act, available, award_for, hold_points, last_entries, proof_of
from firsts_versions import count_from_now_on, see_before_and_reach_back
from firsts_why import say_why_not

if TYPE_CHECKING:
    from story import Story

STANDING: Final = """
standing: {categories: [learning, community]}
voice: {categories: [learning], per_month: 100000, decay: 10}
"""
_SECTION: Final = re.compile(r"^(standing|voice|levels):(\n(?=[ #\n])|.)*\n", re.MULTILINE)


def count_one_act_once(story: Story) -> str:
    """One act told by two sources earns once; another act earns for itself."""
    school: School = story.seen["school"]
    other: School = story.seen["other_school"]
    post = f"post-{story.tag}"
    told = an_act(story, "club.post.created", "twice", post=post)
    good(school.deliver(told))
    wait_for("the award", lambda: award_for(story, told["id"]))
    again = {**told, "id": told["id"] + "-forum"}
    good(other.deliver(again))
    marker = an_act(story, "lms.exercise.completed", "after")
    good(school.deliver(marker))
    wait_for("the next award", lambda: award_for(story, marker["id"]))
    paid = [found for each in (told, again) if (found := award_for(story, each["id"]))]
    expect(len(paid) == 1, f"one act told twice has {len(paid)} awards")
    different = an_act(story, "club.post.created", "another", post=f"{post}-b")
    good(other.deliver(different))
    wait_for("an award for another post", lambda: award_for(story, different["id"]))
    return f"{paid[0]['points']} points once for {post}; another by the other source earned too"


def correct_by_entries(story: Story) -> str:
    """A late fact earns by its own time; retracted, it goes by an entry that cites the first."""
    school: School = story.seen["school"]
    other: School = story.seen["other_school"]
    before = available(story)
    late = an_act(story, "lms.exercise.completed", "late")
    good(school.deliver(late))
    award = wait_for("the late award", lambda: award_for(story, late["id"]))
    day = datetime.fromisoformat(late["time"]).date()
    expect(award["earned_at"].startswith(f"{day}"), f"it was earned at {award['earned_at']}")
    expect(available(story) == before + award["points"], "it did not arrive")
    retraction = {**an_act(story, "activity.retracted", "back"), "data": {"id": late["id"]}}
    good(other.deliver({**retraction, "id": retraction["id"] + "-stranger"}))
    marker = an_act(story, "lms.section.read", "marker")
    good(school.deliver(marker))
    paid = wait_for("the marker", lambda: award_for(story, marker["id"]))["points"]
    expect(available(story) == before + award["points"] + paid, "a stranger retracted it")
    good(school.deliver(retraction))
    wait_for("the correction", lambda: available(story) == before + paid)
    taken = next(e for e in last_entries(story) if e["cites"] == award["entry"])
    expect(taken["kind"] == "correction", f"an entry of kind {taken['kind']}")
    return f"{award['points']} points came and went by {taken['id'][:12]}…, which cites the award"


def keep_voice_when_spending(story: Story) -> str:
    """Spending points lowers what can be spent, and neither standing nor voice."""
    person = story.people[story.student]
    before, had = person.get("/v1/members/me/standing"), available(story)
    expect(before["voice"]["points"] > 0, "no voice to lose")
    held = hold_points(story, f"{story.tag}-voice", points=20)
    story.seen["school"].post(f"/v1/redemptions/{held['id']}/capture", {})
    after = person.get("/v1/members/me/standing")
    expect(available(story) == had - 20, "nothing was spent")
    for part in ("standing", "voice", "level"):
        expect(after[part] == before[part], f"{part} changed by spending")
    read = an_act(story, "lms.section.read", "voice")
    good(story.seen["school"].deliver(read))
    wait_for("the award", lambda: award_for(story, read["id"]))
    more = person.get("/v1/members/me/standing")["voice"]["points"]
    expect(more > before["voice"]["points"], "learning does not raise the voice either")
    return f"20 spent, voice stays {before['voice']['points']}; a section read makes it {more}"


def forget_a_person(story: Story) -> str:
    """Somebody is forgotten for good; what proves the points still holds."""
    subject = story.voters[0]
    person = story.people[subject]
    award = _earned(story, subject, person, "last")
    proof = wait_for("a proof", lambda: proof_of(story, award["entry"]))
    member = person.get("/v1/members/me")
    told = person.get("/v1/members/me/erasure")
    wrong = person.send("POST", "/v1/members/me/erasure", {"confirm": "yes"})
    refused(wrong, 409, "erasure_not_confirmed", "forgotten without having read what stays")
    good(person.send("POST", "/v1/members/me/erasure", {"confirm": told["confirm"]}))
    anew = _come_back(story, subject)
    refused(person.http.get("/v1/members/me"), 401, "credentials_missing", "the session goes on")
    person.http.close()
    shown = story.people["admin"].get(f"/v1/members/{member['id']}")
    expect(shown["status"] == "erased", f"the member is {shown['status']}")
    expect(shown["display_name"] in {None, ""}, "the name is still there")
    said = verified(story.seen["verifier"], proof)
    expect(said.returncode == 0, f"the old proof does not hold: {said.stdout}{said.stderr}")
    later = wait_for("a new proof", lambda: proof_of(story, award["entry"]))
    expect(verified(story.seen["verifier"], later).returncode == 0, "a new proof does not hold")
    expect(anew.get("/v1/members/me")["id"] != member["id"], "the same member again")
    return (
        f"{subject} is nobody now, and came back as somebody new with nothing of before; "
        f"the proof of {award['entry'][:12]}… holds, old and new"
    )


def prepare(story: Story) -> str:
    """Another source, and a programme in force with standing and voice."""
    first, second = story.people["admin"], story.people["second-admin"]
    uri = f"https://forum.example/{story.tag}"
    spec = {
        "name": f"forum-{story.tag}",
        "uri": uri,
        "profile": "standard_webhooks",
        "lateness_days": 30,
        "hourly_budget": 1000,
        "authority": {"types": ["*"], "issuers": {"lms": "https://lms.example"}, "attributes": []},
    }
    change = first.post("/v1/sources/changes", spec)
    second.post(f"/v1/sources/changes/{change['id']}/approve", {"digest": change["digest"]})
    made = first.post(f"/v1/sources/{spec['name']}/secrets", {})
    second.post(f"/v1/sources/credentials/{made['id']}/approve", {"digest": made["digest"]})
    story.seen["other_school"] = School(story.base_url, spec["name"], uri, made["secret"], "")
    text = _SECTION.sub("", story.get("/v1/programmes/in-force")["source"])
    text = re.sub(r"^version:.*$", f'version: "firsts-{story.tag}"', text, flags=re.MULTILINE)
    stored = first.post("/v1/programmes", {"source": text.rstrip() + "\n" + STANDING})
    long_ago = f"{datetime.now(UTC) - timedelta(days=9):%Y-%m-%dT%H:%M:%SZ}"
    for since in (long_ago, moment_text()):
        path = f"/v1/programmes/{stored['hash']}/activations"
        asked = first.post(path, {"effective_at": since})
        decision = {"decision": "approved", "content_hash": asked["content_hash"]}
        path = f"/v1/programme-changes/{asked['id']}/decisions"
        alone = first.send("POST", path, decision)
        refused(alone, 403, "programme_needs_another_person", "one person changed the rules")
        approved = second.send("POST", path, decision)
        if approved.is_success:
            break
        refused(approved, 409, "activation_out_of_order", "nobody may approve it")
    good(approved)  # An earlier run's version began since then: this one begins now.
    wait_for(
        "the version in force",
        lambda: story.get("/v1/programmes/in-force")["hash"] == stored["hash"],
    )
    return f"programme {stored['hash'][:12]}… with voice, by two persons; one alone was refused"


FIRSTS: Final[tuple[Callable[[Story], str], ...]] = (
    prepare,
    count_one_act_once,
    say_why_not,
    correct_by_entries,
    merge_and_part,
    hold_and_refund,
    keep_voice_when_spending,
    count_from_now_on,
    see_before_and_reach_back,
    prove_offline,
    recompute_from_facts,
    forget_a_person,
)


def _earned(story: Story, subject: str, person: Person, name: str) -> Any:
    """The award of an exercise that this person completes now."""
    act = an_act(story, "lms.exercise.completed", name, by=subject)
    good(story.seen["school"].deliver(act))

    def look() -> Any:
        found = person.get("/v1/awards?limit=50")["data"]
        return next(
            (a for a in found if a["receipt"].get("event", {}).get("id") == act["id"]), None
        )

    return wait_for("the award", look)


def _come_back(story: Story, subject: str) -> Person:
    """Sign in as a new member and link the LMS account anew, for whoever plays this part next."""
    anew = story.people[subject] = Person(story.base_url, subject)
    token = link_token(story.seen["school"], story.lms[subject])
    good(anew.send("POST", "/v1/identities", {"token": token}))
    award = _earned(story, subject, anew, "anew")
    found = anew.get("/v1/awards?limit=50")["data"]
    expect([each["id"] for each in found] == [award["id"]], "awards of before came back")
    return anew
