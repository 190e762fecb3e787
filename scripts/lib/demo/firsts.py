"""``scripts/demo firsts``: what this ledger can show that others cannot, each with its evidence.

Every step does something, reads its effect by a door of its own, and then tries what must not work:
a counter-example that passed would fail the step.
"""
# ruff: noqa: TID251 - a program of its own, which imports nothing of ours, not even the clock

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from math import floor
from typing import TYPE_CHECKING, Any, Final

import httpx
from doors import Person, School, expect, good, moment_text, wait_for
from firsts_doors import ask, link_token, quiet_moment, refused, verified
from firsts_merge import merge_and_part
from firsts_why import say_why_not
from proving import plain_id

if TYPE_CHECKING:
    from story import Story

TIMEOUT_S: Final = 60
STANDING: Final = """
standing: {categories: [learning, community]}
voice: {categories: [learning], per_month: 100000, decay: 10}
"""
_EXERCISE: Final = re.compile(r"(- id: exercise-completed\n(?:    .*\n)*?    points: )\S+")
_SECTION: Final = re.compile(r"^(standing|voice|levels):(\n(?=[ #\n])|.)*\n", re.MULTILINE)


def count_one_act_once(story: Story) -> str:
    """One act told by two sources earns once; another act earns for itself."""
    school: School = story.seen["school"]
    other: School = story.seen["other_school"]
    post = f"post-{story.tag}"
    told = _act(story, "club.post.created", "twice", post=post)
    good(school.deliver(told))
    wait_for("the award", lambda: _award(story, told["id"]))
    again = {**told, "id": told["id"] + "-forum"}
    good(other.deliver(again))
    marker = _act(story, "lms.exercise.completed", "after")
    good(school.deliver(marker))
    wait_for("the next award", lambda: _award(story, marker["id"]))
    paid = [found for each in (told, again) if (found := _award(story, each["id"]))]
    expect(len(paid) == 1, f"one act told twice has {len(paid)} awards")
    different = _act(story, "club.post.created", "another", post=f"{post}-b")
    good(other.deliver(different))
    wait_for("an award for another post", lambda: _award(story, different["id"]))
    return f"{paid[0]['points']} points once for {post}; another by the other source earned too"


def correct_by_entries(story: Story) -> str:
    """A late fact earns by its own time; retracted, it goes by an entry that cites the first."""
    school: School = story.seen["school"]
    other: School = story.seen["other_school"]
    before = _available(story)
    late = _act(story, "lms.exercise.completed", "late")
    good(school.deliver(late))
    award = wait_for("the late award", lambda: _award(story, late["id"]))
    day = datetime.fromisoformat(late["time"]).date()
    expect(award["earned_at"].startswith(f"{day}"), f"it was earned at {award['earned_at']}")
    expect(_available(story) == before + award["points"], "it did not arrive")
    retraction = {**_act(story, "activity.retracted", "back"), "data": {"id": late["id"]}}
    good(other.deliver({**retraction, "id": retraction["id"] + "-stranger"}))
    marker = _act(story, "lms.section.read", "marker")
    good(school.deliver(marker))
    paid = wait_for("the marker", lambda: _award(story, marker["id"]))["points"]
    expect(_available(story) == before + award["points"] + paid, "a stranger retracted it")
    good(school.deliver(retraction))
    wait_for("the correction", lambda: _available(story) == before + paid)
    taken = next(e for e in _entries(story) if e["cites"] == award["entry"])
    expect(taken["kind"] == "correction", f"an entry of kind {taken['kind']}")
    return f"{award['points']} points came and went by {taken['id'][:12]}…, which cites the award"


def hold_and_refund(story: Story) -> str:
    """A hold is captured in part; refunds in either order end the same."""
    outcomes = []
    for number, parts in enumerate(((10_000, 30_000), (30_000, 10_000))):
        before = _available(story)
        held = _hold(story, f"{story.tag}-{number}", points=40)
        expect(_available(story) == before - 40, "not 40 points on hold")
        path = f"/v1/redemptions/{held['id']}"
        school: School = story.seen["school"]
        more = ask(school, f"{path}/capture", {"discount_minor": held["discount_minor"] + 1})
        refused(more, 422, "capture_above_hold", "more was captured than is held")
        half = held["discount_minor"] // 2
        school.post(f"{path}/capture", {"discount_minor": half, "paid_minor": 40_000})
        spent = before - _available(story)
        expect(spent == 20, f"half of 40 points is {spent}")
        for place, amount in enumerate(parts):
            refund = {"refund_id": f"{held['id']}-{place}", "amount_minor": amount}
            school.post(f"{path}/refunds", refund)
        beyond = {"refund_id": f"{held['id']}-x", "amount_minor": 1}
        more = ask(school, f"{path}/refunds", beyond)
        refused(more, 422, "refund_above_paid", "refunded beyond all")
        outcomes.append(_available(story) - before)
    expect(outcomes == [0, 0], f"the balance differs by {outcomes}")
    return "40 held, 20 captured, 20 back; by ¼ + ¾ and by ¾ + ¼ alike; nothing beyond"


def keep_voice_when_spending(story: Story) -> str:
    """Spending points lowers what can be spent, and neither standing nor voice."""
    person = story.people[story.student]
    before, available = person.get("/v1/members/me/standing"), _available(story)
    expect(before["voice"]["points"] > 0, "no voice to lose")
    held = _hold(story, f"{story.tag}-voice", points=20)
    story.seen["school"].post(f"/v1/redemptions/{held['id']}/capture", {})
    after = person.get("/v1/members/me/standing")
    expect(_available(story) == available - 20, "nothing was spent")
    for part in ("standing", "voice", "level"):
        expect(after[part] == before[part], f"{part} changed by spending")
    read = _act(story, "lms.section.read", "voice")
    good(story.seen["school"].deliver(read))
    wait_for("the award", lambda: _award(story, read["id"]))
    more = person.get("/v1/members/me/standing")["voice"]["points"]
    expect(more > before["voice"]["points"], "learning does not raise the voice either")
    return f"20 spent, voice stays {before['voice']['points']}; a section read makes it {more}"


def prove_offline(story: Story) -> str:
    """An award's entry is proved, and its receipt worked out anew, without asking anybody."""
    award = next(a for a in _awards(story) if a["entry"] and "base" in a["receipt"] and a["points"])
    receipt = award["receipt"]
    exact = Fraction(receipt["base"])
    for multiplier in receipt["multipliers"]:
        exact *= Fraction(multiplier["factor"])
    worth = floor(exact + Fraction(1, 2)) - receipt["trimmed"]
    expect(worth == award["points"], f"the receipt comes to {worth}, {award['points']} were paid")
    verifier = good(httpx.get(f"{story.base_url}/v1/log/verifier.py", timeout=TIMEOUT_S)).text
    proof = wait_for("a proof", lambda: _proof(story, award["entry"]))
    story.seen["proof"], story.seen["verifier"] = proof, verifier
    said = verified(verifier, proof)
    expect(said.returncode == 0, f"the proof does not hold: {said.stdout}{said.stderr}")
    forged = json.loads(json.dumps(proof))
    forged["transfers"][0]["amount"] += 1
    denied = verified(verifier, forged)
    expect(denied.returncode != 0, "a forged proof holds")
    seen = denied.stderr.startswith("NOT VERIFIED: ") and "cannot be read" not in denied.stderr
    expect(seen, f"the verifier stumbled over a forged proof: {denied.stderr[-300:]}")
    return f"{worth} = {receipt['base']} × factors; {said.stdout.strip().splitlines()[-1][:80]}"


def forget_a_person(story: Story) -> str:
    """Somebody is forgotten for good; what proves the points still holds."""
    subject = story.voters[0]
    person = story.people[subject]
    award = _earned(story, subject, person, "last")
    proof = wait_for("a proof", lambda: _proof(story, award["entry"]))
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
    later = wait_for("a new proof", lambda: _proof(story, award["entry"]))
    expect(verified(story.seen["verifier"], later).returncode == 0, "a new proof does not hold")
    expect(anew.get("/v1/members/me")["id"] != member["id"], "the same member again")
    return (
        f"{subject} is nobody now, and came back as somebody new with nothing of before; "
        f"the proof of {award['entry'][:12]}… holds, old and new"
    )


def see_before_and_reach_back(story: Story) -> str:
    """A preview says what a version would do; topped up and restated, exactly that comes about."""
    text = story.get("/v1/programmes/in-force")["source"]
    since = f"{datetime.now(UTC) - timedelta(days=8):%Y-%m-%dT%H:%M:%SZ}"
    more = _version(story, text, "more", 20)
    raised = _previewed(story, more, "top_up", since)
    again = _previewed(story, more, "top_up", since)
    expect(raised.digest == again.digest, "the same question has two answers")
    old = {entry["id"] for entry in _entries(story)}
    before = _available(story)
    _activate(story, more, "top_up", since, None)
    wait_for("the top-up", lambda: _available(story) == before + raised.difference)
    less = _version(story, text, "less", 1)
    topped = _previewed(story, less, "top_up", since)
    back = _previewed(story, less, "restatement", since)
    expect(topped.lose == 0 < back.lose, f"top-up takes from {topped.lose} of {back.lose}")
    _activate(story, less, "restatement", since, back.digest)
    wait_for(
        "the restatement",
        lambda: _available(story) == before + raised.difference + back.difference,
    )
    new = [entry for entry in _entries(story) if entry["id"] not in old]
    kinds = {entry["kind"] for entry in new}
    expect(kinds == {"correction"}, f"other than corrections: {kinds}")
    expect(raised.difference > 0 > back.difference, f"{raised.difference}, {back.difference}")
    return (
        f"top-up {raised.difference:+}, restatement {back.difference:+}, both as previewed "
        f"(digest {raised.digest[:12]}…), by {len(new)} corrections; none without consent"
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
    see_before_and_reach_back,
    prove_offline,
    forget_a_person,
)


def _act(story: Story, kind: str, name: str, *, by: str = "", **told: Any) -> dict[str, Any]:
    subject = by or story.student
    moment = quiet_moment([story.people[subject]], kind)
    return {
        "id": f"{story.tag}-firsts-{name}",
        "type": kind,
        "subject": f"lms:{story.lms[subject]}",
        "time": f"{moment:%Y-%m-%dT%H:%M:%S.%fZ}",
        "data": {"object": f"unit-{story.tag}-{name}", **told},
    }


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
    admin = story.people["admin"]
    wish = {"mode": mode, "effective_at": since}
    asked = admin.post(f"/v1/programmes/{programme}/previews", wish)
    path = f"/v1/programme-previews/{asked['id']}"
    told = wait_for("the preview", lambda: _unless_running(admin.get(path)))
    expect(told["state"] == "finished", f"the preview {told['state']}: {told['failure']}")
    raw = good(admin.http.get(f"{path}/result")).content
    expect(hashlib.sha256(raw).hexdigest() == told["digest"], "the digest is of something else")
    document = json.loads(raw)
    member = story.balance(story.student)["member"]
    mine = [row for row in document["members"] if row["member"] in {member, plain_id(member)}]
    difference = sum(row["difference"] for row in mine)
    return _Previewed(told["digest"], difference, document["totals"]["lose"])


def _unless_running(preview: Any) -> Any:
    return None if preview["state"] == "running" else preview


def _earned(story: Story, subject: str, person: Person, name: str) -> Any:
    """The award of an exercise that this person completes now."""
    act = _act(story, "lms.exercise.completed", name, by=subject)
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


def _activate(story: Story, programme: str, mode: str, since: str, consented: str | None) -> None:
    """By two persons; what reaches back and takes away needs a consent to its preview first."""
    first, second = story.people["admin"], story.people["second-admin"]
    wish = {"mode": mode, "effective_at": since}
    asked = first.post(f"/v1/programmes/{programme}/activations", wish)
    path = f"/v1/programme-changes/{asked['id']}"
    decision = {"decision": "approved", "content_hash": asked["content_hash"]}
    if consented is not None:
        blind = second.send("POST", f"{path}/decisions", decision)
        refused(blind, 409, "consent_missing", "points were to be taken without consent")
        other = first.send("POST", f"{path}/consents", {"preview_digest": "0" * 64})
        refused(other, 409, "preview_differs", "a consent to a preview that nobody saw")
        asked = first.post(f"{path}/consents", {"preview_digest": consented})
        decision["content_hash"] = asked["content_hash"]
    second.post(f"{path}/decisions", decision)


def _awards(story: Story) -> list[Any]:
    found: list[Any] = story.people[story.student].get("/v1/awards?limit=100")["data"]
    return found


def _award(story: Story, event_id: str) -> Any:
    for award in _awards(story):
        if award["receipt"].get("event", {}).get("id") == event_id and award["points"]:
            return award
    return None


def _available(story: Story) -> int:
    return story.balance(story.student)["available"]


def _entries(story: Story) -> list[Any]:
    found: list[Any] = story.people[story.student].get("/v1/entries?limit=50")["data"]
    return found


def _hold(story: Story, number: str, points: int) -> Any:
    school: School = story.seen["school"]
    person = story.people[story.student]
    order = school.order(story.lms[story.student], f"F-{number}", 100_000)
    quote = person.post("/v1/quotes", {"order": order, "points": points})
    return person.post("/v1/redemptions", {"order": order, "quote": quote["token"]})


def _proof(story: Story, entry: str) -> Any:
    answer = httpx.get(f"{story.base_url}/v1/log/proofs/{entry}", timeout=TIMEOUT_S)
    if answer.status_code in {httpx.codes.SERVICE_UNAVAILABLE, httpx.codes.TOO_MANY_REQUESTS}:
        return None
    return good(answer).json()
