"""Why and why not, step by step."""

from __future__ import annotations

from typing import Any

import pytest

from ledger.kernel.clock import Instant
from ledger.scoring.explain import Outcome, why_not
from ledger.scoring.model import EventCause
from ledger.scoring.pipeline import Step
from tests.scoring_cases import (
    DAILY,
    WEEKLY,
    Event,
    activations_of,
    event,
    facts_of,
    retraction,
    several,
)

DAY = "2026-03-02"


def ask(
    target: Event,
    events: list[Event],
    member: str = "ann",
    *,
    programme: str = DAILY,
    since: str | None = None,
    until: str | None = None,
    resolve: dict[str, str] | None = None,
) -> list[Outcome]:
    return why_not(
        EventCause(target["source"], target["id"]),
        member,
        facts_of(events),
        activations_of([(programme, since)]),
        closed_until=None if until is None else Instant.parse(until),
        resolve=resolve,
    )


def steps(outcomes: list[Outcome]) -> list[tuple[str | None, Step]]:
    return [(outcome.rule, outcome.step) for outcome in outcomes]


def test_awarded_with_the_receipt() -> None:
    chat = event("ai.chat", "ann", f"{DAY}T10:00:00Z")
    (outcome,) = ask(chat, [chat])
    assert (outcome.rule, outcome.step) == ("ai-chat", Step.AWARDED)
    said: Any = outcome.to_json()
    assert (said["points"], said["excess"], said["receipt"]["base"]) == (2, 0, "2.3")


def test_all_over_the_cap() -> None:
    merges = several(10, "template.commit.merged", "ann", DAY)
    (outcome,) = ask(merges[-1], merges)
    assert outcome.step is Step.CAP
    said: Any = outcome.to_json()
    assert (said["points"], said["excess"], said["receipt"]["cap"]["left"]) == (0, 12, 0)


def test_past_the_limit() -> None:
    chats = several(6, "ai.chat", "ann", DAY)
    (outcome,) = ask(chats[-1], chats)
    assert outcome.to_json() == {"rule": "ai-chat", "step": "limit", "count": 5}


def test_a_repetition_names_the_first() -> None:
    text = DAILY.replace("on: ai.chat", "on: ai.chat\n    once_per: [data.k]")
    one = event("ai.chat", "ann", f"{DAY}T10:00:00Z", {"k": 1}, id="one")
    two = event("ai.chat", "ann", f"{DAY}T11:00:00Z", {"k": 1}, id="two")
    (outcome,) = ask(two, [one, two], programme=text)
    assert outcome.to_json() == {
        "rule": "ai-chat",
        "step": "once_per",
        "by": {"source": "lms", "id": "one"},
    }


def test_a_condition_that_does_not_hold_and_one_without_an_answer() -> None:
    text = DAILY.replace("on: ai.chat", "on: ai.chat\n    when: event.data.n > 1")
    low = event("ai.chat", "ann", f"{DAY}T10:00:00Z", {"n": 1})
    assert steps(ask(low, [low], programme=text)) == [("ai-chat", Step.WHEN)]
    mute = event("ai.chat", "ann", f"{DAY}T10:00:00Z")
    (outcome,) = ask(mute, [mute], programme=text)
    assert outcome.step is Step.QUARANTINE
    assert "has no answer" in str(outcome.to_json()["reason"])


def test_own_acts_and_other_beneficiaries() -> None:
    like = event("club.like.given", "ann", f"{DAY}T10:00:00Z", {"owner": "ann"})
    assert steps(ask(like, [like], programme=WEEKLY)) == [
        ("like-given", Step.OWN_ACT),
        ("like-received", Step.OWN_ACT),
    ]
    other = event("club.like.given", "ann", f"{DAY}T10:00:00Z", {"owner": "bob"})
    assert steps(ask(other, [other], programme=WEEKLY)) == [
        ("like-given", Step.AWARDED),
        ("like-received", Step.TO),
    ]
    assert steps(ask(other, [other], "eve", programme=WEEKLY)) == [
        ("like-given", Step.TO),
        ("like-received", Step.TO),
    ]


def test_a_week_that_is_not_closed() -> None:
    read = event("lms.section.read", "ann", f"{DAY}T10:00:00Z")
    (outcome,) = ask(read, [read], programme=WEEKLY, until="2026-03-05T00:00:00Z")
    assert outcome.to_json() == {"rule": "section-read", "step": "period_open"}
    (outcome,) = ask(read, [read], programme=WEEKLY, until="2026-03-09T00:00:00Z")
    assert outcome.step is Step.AWARDED


@pytest.mark.parametrize("kind", ["day.opened", "never.heard"])
def test_a_type_that_no_rule_listens_to(kind: str) -> None:
    other = event(kind, "ann", f"{DAY}T10:00:00Z")
    assert steps(ask(other, [other])) == [(None, Step.ON)]


def test_before_any_version_retracted_and_unknown() -> None:
    chat = event("ai.chat", "ann", f"{DAY}T10:00:00Z", id="chat")
    assert steps(ask(chat, [chat], since="2026-04-01T00:00:00Z")) == [(None, Step.VERSION)]
    back = retraction(chat, id="back")
    assert ask(chat, [chat, back])[0].to_json() == {
        "rule": None,
        "step": "retracted",
        "by": {"source": "lms", "id": "back"},
    }
    assert steps(ask(chat, [])) == [(None, Step.UNKNOWN)]


def test_a_retraction_under_an_id_that_was_taken_retracts_nothing() -> None:
    chat = event("ai.chat", "ann", f"{DAY}T10:00:00Z", id="chat")
    assert ask(chat, [chat, retraction(chat, id="chat")])[0].step is Step.AWARDED


def test_an_identity_that_nobody_has_linked() -> None:
    chat = event("ai.chat", "lms:1", f"{DAY}T10:00:00Z")
    assert steps(ask(chat, [chat], resolve={})) == [("ai-chat", Step.TO)]


def rules_of(version: str, **points: int) -> str:
    """Each rule by its points, all on one type of event."""
    rules = "".join(
        f"  - {{id: {name}, on: a.done, to: actor, points: {worth}}}\n"
        for name, worth in points.items()
    )
    return f'programme: p\nversion: "{version}"\nzone: UTC\nrules:\n{rules}'


def best(first: str, top_up: str) -> list[Outcome]:
    target = event("a.done", "ann", f"{DAY}T10:00:00Z")
    versions = [(first, None), (top_up, f"{DAY}T00:00:00Z", "top_up")]
    return why_not(
        EventCause(target["source"], target["id"]),
        "ann",
        facts_of([target]),
        activations_of(versions),  # type: ignore[arg-type]
        closed_until=None,
        resolve=None,
    )


def version_of(outcome: Outcome) -> str:
    assert outcome.entitlement is not None
    return outcome.entitlement.receipt.programme.version


@pytest.mark.parametrize(("more", "version"), [(4, "1"), (5, "1"), (6, "2")])
def test_a_top_up_explains_only_what_it_makes_more(more: int, version: str) -> None:
    (outcome,) = best(rules_of("1", x=5), rules_of("2", x=more))
    assert version_of(outcome) == version


def test_rule_by_rule_the_greater_counts() -> None:
    outcomes = best(rules_of("1", x=5, y=2), rules_of("2", x=3, y=4))
    assert [(one.rule, version_of(one)) for one in outcomes] == [("x", "1"), ("y", "2")]


def test_what_is_worth_nothing_without_a_cap_is_awarded() -> None:
    zero = event("a.done", "ann", f"{DAY}T10:00:00Z")
    (outcome,) = ask(
        zero,
        [zero],
        programme=rules_of("1", x=1) + "caps: [{id: c, of: programme, per: day, points: 1}]\n",
    )
    assert outcome.step is Step.AWARDED
    again = event("a.done", "ann", f"{DAY}T11:00:00Z")
    (outcome,) = ask(
        again,
        [zero, again],
        programme=rules_of("1", x=2) + "caps: [{id: c, of: programme, per: day, points: 3}]\n",
    )
    # One of its two points is left: it is awarded, though not all of it.
    assert outcome.step is Step.AWARDED


@pytest.mark.parametrize(("more", "version"), [(3, "1"), (5, "1"), (6, "2")])
def test_a_period_is_explained_by_the_version_that_pays_it(more: int, version: str) -> None:
    weekly = "period: week\n"
    (outcome,) = best(rules_of("1", x=5) + weekly, rules_of("2", x=more) + weekly)
    assert version_of(outcome) == version


@pytest.mark.parametrize(("less", "step"), [(4, Step.ON), (6, Step.AWARDED)])
def test_a_period_that_pays_without_the_event_is_not_said_to_pay_for_it(
    less: int, step: Step
) -> None:
    weekly = "period: week\n"
    asked = event("b.done", "ann", f"{DAY}T10:00:00Z")
    paid = event("a.done", "ann", f"{DAY}T11:00:00Z")
    top_up = rules_of("2", x=less).replace("a.done", "b.done") + weekly
    versions = [(rules_of("1", x=5) + weekly, None), (top_up, f"{DAY}T00:00:00Z", "top_up")]
    (outcome,) = why_not(
        EventCause(asked["source"], asked["id"]),
        "ann",
        facts_of([asked, paid]),
        activations_of(versions),  # type: ignore[arg-type]
        closed_until=None,
        resolve=None,
    )
    assert outcome.step is step


def test_a_version_that_does_not_know_the_event_says_nothing_beside_one_that_does() -> None:
    other = rules_of("1", x=5).replace("a.done", "b.done")
    (outcome,) = best(other, rules_of("2", x=3))
    assert (outcome.rule, version_of(outcome)) == ("x", "2")


def test_a_rule_without_an_answer_keeps_the_others_from_the_event() -> None:
    text = rules_of("1", x=5, y=2).replace("points: 5}", "points: data.n * 2}")
    target = event("a.done", "ann", f"{DAY}T10:00:00Z", {"n": "many"})
    outcomes = ask(target, [target], programme=text)
    assert steps(outcomes) == [("x", Step.QUARANTINE), ("y", Step.QUARANTINE)]
    assert outcomes[0].reason == outcomes[1].reason


def test_whoever_acted_on_their_own_is_told_so_before_what_it_comes_to() -> None:
    text = rules_of("1", x=5).replace(
        "to: actor, points: 5}", "to: data.owner, points: data.n * 2}"
    )
    target = event("a.done", "ann", f"{DAY}T10:00:00Z", {"n": 0, "owner": "bob"})
    assert steps(ask(target, [target], "bob", programme=text)) == [("x", Step.POINTS)]
    assert steps(ask(target, [target], "ann", programme=text)) == [("x", Step.TO)]
