"""Votes against a thing take of its award, down to nothing, against a judge that counts them.

The judge scores the programme as if nobody could vote, then looks through the lines for votes.
"""

from __future__ import annotations

import json
from typing import Any

from hypothesis import event as note
from hypothesis import given
from hypothesis import strategies as st

from ledger.scoring.history import settle
from ledger.scoring.plan import Plan
from ledger.scoring.project import participants, project, project_member
from tests.scoring_cases import Event, activations_of, awards_of, event, facts_of, score

TEXT = """\
programme: forum
version: "1"
zone: UTC
rules:
  - {id: post, on: forum.post.created, to: actor, points: 5, once_per: [data.post]}
  - {id: read, on: forum.post.created, to: data.reader, points: 3}
cap: {per: day, points: 12}
reductions:
  - {rules: post, on: forum.post.downvoted, key: data.post, takes: 2, to: data.author,
     once_per: data.vote}
"""
BY_ACTOR = TEXT.replace("data.vote}", "actor}")
PLANS = {text: Plan(activations_of([(text, None)])) for text in (TEXT, BY_ACTOR)}
_PEOPLE = st.sampled_from(["ann", "bob", "cid"])
_POSTS = st.sampled_from(["p1", "p2", 3, "3"])


@st.composite
def lines(draw: st.DrawFn) -> list[Event]:
    """Posts, votes against them (some naming the wrong author, some twice), and takings back."""
    found: list[Event] = []
    for number in range(draw(st.integers(1, 14))):
        kind = draw(st.sampled_from(["post", "vote", "vote", "vote", "gone"]))
        source = draw(st.sampled_from(["s1", "s1", "s1", "s2"]))
        time = f"2026-03-0{draw(st.integers(1, 2))}T10:{draw(st.integers(0, 59)):02d}:00Z"
        who, other = draw(_PEOPLE), draw(_PEOPLE)
        more: dict[str, Any] = {"source": source, "id": f"e{number}"}
        post = draw(_POSTS)
        if kind == "post":
            data = {"post": post, "reader": other}
            found.append(event("forum.post.created", who, time, data, **more))
        elif kind == "vote":
            data = {"post": post, "author": other}
            if draw(st.booleans()):
                data["vote"] = draw(st.sampled_from(["v1", "v2", 1]))
            found.append(event("forum.post.downvoted", who, time, data, **more))
        elif found:
            target = draw(st.sampled_from(found))
            more["source"] = target["source"]
            found.append(event("activity.retracted", None, time, {"id": target["id"]}, **more))
    return found


def vote_name(vote: Event, *, by_actor: bool) -> str:
    """What makes two votes against one post the same."""
    if by_actor:
        return f"by {vote['subject']}"
    named = vote["data"]
    return repr(named["vote"]) if "vote" in named else f"event {vote['id']}"


def judged(received: list[Event], *, by_actor: bool) -> dict[Any, Any]:
    """Each award less two for every vote that stands, at least nothing."""
    bare = TEXT.partition("reductions:")[0]
    gone = {
        (each["source"], each["data"]["id"])
        for each in received
        if each["type"] == "activity.retracted"
    }
    standing = [each for each in received if (each["source"], each["id"]) not in gone]
    by_cause = {(each["source"], each["id"]): each for each in standing}
    found = {}
    awards: dict[Any, tuple[int, int]] = dict(score("naive", bare, received))
    for key, (points, excess) in awards.items():
        member, rule, cause = key
        votes: set[str] = set()
        for each in standing:
            post = by_cause[cause]
            if rule != "post" or each["type"] != "forum.post.downvoted":
                continue
            named = each["data"]
            if named["author"] == member and each["source"] == post["source"]:
                one, other = named["post"], post["data"]["post"]
                if (type(one), one) == (type(other), other):
                    votes.add(vote_name(each, by_actor=by_actor))
        if votes:
            note("voted against")
        found[key] = (max(0, points - 2 * len(votes)), excess)
    return found


@given(lines(), st.sampled_from([TEXT, BY_ACTOR]), st.data())
def test_real_is_naive_in_any_order(received: list[Event], text: str, data: st.DataObject) -> None:
    expected = judged(received, by_actor=text == BY_ACTOR)
    plan = PLANS[text]
    facts = facts_of(data.draw(st.permutations(received)))
    found = project(facts, plan, closed_until=None)
    assert awards_of(found) == expected
    history = settle(facts)
    for member in ("ann", "bob", "cid"):
        own = [fact for fact in history if member in participants(fact, plan)]
        mine = project_member(member, own, plan, closed_until=None)
        assert mine == [each for each in found if each.beneficiary == member]
    for each in found:
        receipt: dict[str, Any] = json.loads(json.dumps(each.receipt.to_json()))
        taken = receipt.get("reduction", {"points": 0})["points"]
        assert receipt["points"] == each.points.amount
        assert receipt["rounded"] == each.points.amount + each.excess.amount + taken
