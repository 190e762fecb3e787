"""Limits and caps by day, week, month and lifetime: small programmes, both scorers."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ledger.scoring.explain import why_not
from ledger.scoring.model import EventCause
from ledger.scoring.pipeline import Step
from ledger.scoring.project import project
from tests.scoring_cases import Event, activations_of, event, facts_of, level, retraction, score

DAY = "2026-03-02"  # a Monday


def rule(rule_id: str = "a", **more: Any) -> dict[str, Any]:
    return {"id": rule_id, "on": f"{rule_id}.done", "to": "actor", "points": 10, **more}


def programme(*rules: dict[str, Any], **more: Any) -> str:
    stated = {
        "programme": "small",
        "version": "1",
        "zone": "UTC",
        "rules": list(rules or [rule()]),
        "attributes": {"level": {"field": "level", "values": [1, 2], "default": 1}},
        **more,
    }
    text = json.dumps(stated)
    for number in range(1, 6):
        text = text.replace(f'"{number}": ', f"{number}: ")
    return text


def act(time: str, kind: str = "a", name: str | None = None) -> Event:
    """By ann; its id is its time."""
    return event(f"{kind}.done", "ann", f"{time}:00Z", id=name or f"{kind} {time}")


def cap(per: str, points: int, of: object = "programme", **more: Any) -> dict[str, Any]:
    return {"id": f"{per}-{points}", "of": of, "per": per, "points": points, **more}


def paid(awards: dict[Any, tuple[int, int]]) -> list[tuple[int, int]]:
    """(points, excess) in order of events; ids sort as times do."""
    return [awards[key] for key in sorted(awards, key=lambda key: key[2][1].split(" ", 1)[1])]


both = pytest.mark.parametrize("scorer", ["naive", "real"])

DAYS = [f"2026-03-{day:02d}T10:00" for day in (1, 2, 3, 8, 9, 31)] + ["2026-04-01T10:00"]
"""A Sunday, then Monday, Tuesday and Sunday of one week, the next Monday, two sides of a month."""


@both
@pytest.mark.parametrize(
    ("limit", "counted"),
    [
        ({"per": "day", "count": 1}, [1, 2, 3, 8, 9, 31, 4]),
        ({"per": "week", "count": 1}, [1, 2, 9, 31]),
        ({"per": "week", "count": 2}, [1, 2, 3, 9, 31, 4]),
        ({"per": "month", "count": 1}, [1, 4]),
        ({"per": "month", "count": 4}, [1, 2, 3, 8, 4]),
        ({"per": "lifetime", "count": 3}, [1, 2, 3]),
        ([{"per": "month", "count": 3}, {"per": "week", "count": 1}], [1, 2, 9, 4]),
        ([{"per": "lifetime", "count": 4}, {"per": "week", "count": 1}], [1, 2, 9, 31]),
    ],
)
def test_limits_count_the_first_of_each_span(
    scorer: str, limit: object, counted: list[int]
) -> None:
    names = [1, 2, 3, 8, 9, 31, 4]
    acts = [act(time, name=str(name)) for time, name in zip(DAYS, names, strict=True)]
    awards = score(scorer, programme(rule(limit=limit)), acts)
    assert sorted(int(cause[1]) for _, _, cause in awards) == sorted(counted)


@both
def test_what_one_limit_drops_uses_up_no_other(scorer: str) -> None:
    text = programme(rule(limit=[{"per": "day", "count": 1}, {"per": "week", "count": 2}]))
    acts = [act(f"{DAY}T10:00"), act(f"{DAY}T11:00"), act("2026-03-03T10:00")]
    assert len(score(scorer, text, acts)) == 2


@both
def test_a_retracted_event_gives_its_place_in_the_month_to_the_next(scorer: str) -> None:
    text = programme(rule(limit={"per": "month", "count": 1}))
    first, second = act("2026-03-02T10:00", name="1"), act("2026-03-30T10:00", name="2")
    awards = score(scorer, text, [first, second, retraction(first)])
    assert [cause[1] for _, _, cause in awards] == ["2"]


@both
@pytest.mark.parametrize(
    ("caps", "expected"),
    [
        ([cap("week", 25)], [(10, 0), (10, 0), (10, 0), (5, 5), (10, 0), (10, 0), (10, 0)]),
        ([cap("month", 25)], [(10, 0), (10, 0), (5, 5), (0, 10), (0, 10), (0, 10), (10, 0)]),
        ([cap("lifetime", 15)], [(10, 0), (5, 5), *[(0, 10)] * 5]),
        ([cap("lifetime", 15, over="refuse")], [(10, 0), *[(0, 10)] * 6]),
        # What is refused leaves the rest of the month as it was.
        (
            [cap("month", 25, over="refuse")],
            [(10, 0), (10, 0), (0, 10), (0, 10), (0, 10), (0, 10), (10, 0)],
        ),
        # The least that is left decides, and what the one takes away uses up nothing of the other.
        (
            [cap("week", 15), cap("month", 32)],
            [(10, 0), (10, 0), (5, 5), (0, 10), (7, 3), (0, 10), (10, 0)],
        ),
        # In the order stated: trimmed to 5 it fits into what the second one refuses beyond.
        (
            [cap("week", 15), cap("month", 35, over="refuse")],
            [(10, 0), (10, 0), (5, 5), (0, 10), (10, 0), (0, 10), (10, 0)],
        ),
        (
            [cap("month", 35, over="refuse"), cap("week", 15)],
            [(10, 0), (10, 0), (5, 5), (0, 10), (10, 0), (0, 10), (10, 0)],
        ),
        ([cap("lifetime", 0)], [(0, 10)] * 7),
    ],
)
def test_caps_of_the_programme(
    scorer: str, caps: list[dict[str, Any]], expected: list[tuple[int, int]]
) -> None:
    assert paid(score(scorer, programme(caps=caps), [act(time) for time in DAYS])) == expected


@both
def test_the_order_of_caps_is_part_of_the_meaning(scorer: str) -> None:
    trim, refuse = cap("day", 12), cap("day", 15, over="refuse") | {"id": "other"}
    acts = [act(f"{DAY}T10:00"), act(f"{DAY}T11:00")]
    trimmed_first = score(scorer, programme(caps=[trim, refuse]), acts)
    refused_first = score(scorer, programme(caps=[refuse, trim]), acts)
    assert paid(trimmed_first) == [(10, 0), (2, 8)]
    assert paid(refused_first) == [(10, 0), (0, 10)]


@both
def test_caps_of_rules_and_categories_count_their_own_alone(scorer: str) -> None:
    text = programme(
        rule("a", category="talk"),
        rule("b", category="talk"),
        rule("c"),
        caps=[cap("day", 15, {"category": "talk"}), cap("day", 5, {"rules": ["c", "b"]})],
    )
    acts = [act(f"{DAY}T1{i}:00", kind) for i, kind in enumerate("abcbc")]
    assert paid(score(scorer, text, acts)) == [(10, 0), (5, 5), (0, 10), (0, 10), (0, 10)]


@both
def test_the_daily_cap_applies_before_the_others(scorer: str) -> None:
    text = programme(cap={"per": "day", "points": 12}, caps=[cap("day", 11, over="refuse")])
    acts = [act(f"{DAY}T10:00"), act(f"{DAY}T11:00"), act("2026-03-03T10:00")]
    assert paid(score(scorer, text, acts)) == [(10, 0), (0, 10), (10, 0)]


@both
def test_a_cap_by_attribute_is_that_of_the_event(scorer: str) -> None:
    by_level = {"id": "month", "of": "programme", "per": "month"}
    by_level |= {"attribute": "level", "table": {"1": 5, "2": 25}}
    events = [
        act("2026-03-02T10:00"),
        event("member.level.changed", "ann", "2026-03-02T11:00:00Z", {"level": 2}),
        act("2026-03-02T11:00"),
        act("2026-03-03T10:00"),
    ]
    awards = score(scorer, programme(caps=[by_level]), events)
    assert paid(awards) == [(5, 5), (10, 0), (10, 0)]


@both
def test_caps_go_on_across_versions(scorer: str) -> None:
    capped = programme(rule(category="talk"), caps=[cap("month", 25, {"category": "talk"})])
    free = programme(rule(category="talk"))
    versions = [(free, None), (capped, "2026-03-03T00:00:00Z")]
    acts = [act("2026-03-02T10:00"), act("2026-03-02T11:00"), act("2026-03-03T10:00")]
    assert paid(score(scorer, versions, acts)) == [(10, 0), (10, 0), (5, 5)]


@both
def test_awards_of_days_that_a_clock_mixes_use_caps_in_order_of_events(scorer: str) -> None:
    # St. John's, 2009: 00:01 of 1 November went back to 23:01 of 31 October.
    text = programme(zone="America/St_Johns", caps=[cap("lifetime", 15)])
    acts = [act("2009-11-01T02:30"), act("2009-11-01T02:31"), act("2009-11-01T03:40")]
    assert paid(score(scorer, text, acts)) == [(10, 0), (5, 5), (0, 10)]


# Periods


def weekly(*rules: dict[str, Any], **more: Any) -> str:
    return programme(*rules, period="week", **more)


@both
def test_caps_of_rules_bound_weights_and_make_no_excess(scorer: str) -> None:
    text = weekly(rule("a", points="4.5"), rule("b"), caps=[cap("week", 10, {"rules": ["a"]})])
    acts = [act(f"{DAY}T1{i}:00", kind) for i, kind in enumerate("aaab")]
    awards = score(scorer, text, acts)
    assert list(awards.values()) == [(20, 0)]  # 4.5 + 4.5 + 1 + 10


@both
def test_a_weight_that_is_refused_makes_no_week_active(scorer: str) -> None:
    text = weekly(
        rule("a"),
        caps=[cap("month", 10, {"rules": ["a"]}, over="refuse")],
        multipliers={"weeks": {"by": "week_streak", "table": {"1": 1, "2": 2, "3": 3}}},
        period_multipliers=["weeks"],
    )
    acts = [act("2026-03-23T10:00"), act("2026-03-30T10:00"), act("2026-04-06T10:00")]
    assert score(scorer, text, acts) == {
        ("ann", "small", "2026-W13"): (10, 0),
        ("ann", "small", "2026-W14"): (0, 0),
        ("ann", "small", "2026-W15"): (10, 0),
    }


@both
def test_a_cap_on_weights_by_attribute_is_that_of_the_event(scorer: str) -> None:
    by_level = {"id": "week", "of": {"rules": ["a"]}, "per": "week"}
    by_level |= {"attribute": "level", "table": {"1": 4, "2": 8}}
    changed = event("member.level.changed", "ann", f"{DAY}T10:00:00Z", {"level": 2})
    text = weekly(caps=[by_level])
    assert list(score(scorer, text, [act(f"{DAY}T10:00"), changed]).values()) == [(8, 0)]
    assert list(score(scorer, text, [act(f"{DAY}T09:59"), changed]).values()) == [(4, 0)]


@both
def test_caps_of_the_programme_bound_a_periods_total(scorer: str) -> None:
    # The week of 30 March ends in April and counts there.
    text = weekly(rule(points="10.5"), caps=[cap("month", 25)])
    acts = [act(f"2026-03-{day}T10:00") for day in ("02", "09", "16", "30")]
    acts.append(act("2026-04-06T10:00"))
    assert list(score(scorer, text, acts).values()) == [(11, 0), (11, 0), (3, 8), (11, 0), (11, 0)]


@both
def test_a_periods_cap_by_attribute_is_that_before_the_close(scorer: str) -> None:
    by_level = {"id": "week", "of": "programme", "per": "week"}
    by_level |= {"attribute": "qualification", "table": {"1": 4, "2": 8}}
    text = weekly(caps=[by_level]).replace('"level": {', '"qualification": {')
    events = [act(f"{DAY}T10:00"), level("ann", "2026-03-08T23:59:59Z", 2)]
    assert list(score(scorer, text, events).values()) == [(8, 2)]
    events[1] = level("ann", "2026-03-09T00:00:00Z", 2)
    assert list(score(scorer, text, events).values()) == [(4, 6)]


# What is said of them


def test_receipts_name_every_cap_and_limit() -> None:
    text = programme(
        rule(category="talk", limit=[{"per": "week", "count": 9}, {"per": "day", "count": 5}]),
        cap={"per": "day", "points": 18},
        caps=[cap("month", 15, {"category": "talk"}, over="refuse")],
    )
    acts = [act(f"{DAY}T10:00"), act(f"{DAY}T11:00")]
    second = project(facts_of(acts), activations_of([(text, None)]), closed_until=None)[1]
    said: Any = json.loads(json.dumps(second.receipt.to_json()))
    assert said["limit"] == {"per": "day", "count": 5, "position": 2}
    assert said["limits"] == [said["limit"], {"per": "week", "count": 9, "position": 2}]
    assert said["cap"] == {
        "per": "day",
        "points": 18,
        "because": None,
        "awarded_before": 10,
        "left": 8,
    }
    assert said["caps"][0] == {
        "id": "cap",
        "of": "programme",
        "span": DAY,
        "over": "trim",
        **said["cap"],
        "amount": 10,
        "kept": 8,
    }
    month = said["caps"][1]
    assert (month["id"], month["of"], month["span"]) == (
        "month-15",
        {"category": "talk"},
        "2026-03",
    )
    assert (month["left"], month["amount"], month["kept"], month["over"]) == (5, 8, 0, "refuse")
    assert (said["rounded"], said["trimmed"], said["points"]) == (10, 10, 0)


def test_receipts_of_periods_show_what_caps_left_of_each_weight() -> None:
    text = weekly(
        rule("a", points="4.5"), caps=[cap("week", 5, {"rules": ["a"]}), cap("lifetime", 3)]
    )
    acts = [act(f"{DAY}T10:00"), act(f"{DAY}T11:00")]
    (award,) = project(facts_of(acts), activations_of([(text, None)]), closed_until=None)
    said: Any = award.receipt.to_json()
    assert [(part["stated"], part["weight"]) for part in said["contributions"]] == [
        ("4.5", "4.5"),
        ("4.5", "0.5"),
    ]
    assert said["contributions"][1]["caps"][0]["awarded_before"] == "4.5"
    assert said["contributions"][1]["caps"][0]["of"] == {"rules": ["a"]}
    assert (said["base"], said["rounded"], said["trimmed"], said["points"]) == ("5", 5, 2, 3)
    assert (said["cap"], said["caps"][0]["span"]) == (None, "lifetime")


def why(target: Event, events: list[Event], text: str) -> Any:
    (outcome,) = why_not(
        EventCause(target["source"], target["id"]),
        "ann",
        facts_of(events),
        activations_of([(text, None)]),
        closed_until=None,
    )
    return outcome


def test_why_not_names_the_span_of_the_limit() -> None:
    acts = [act(f"{DAY}T10:00"), act(f"{DAY}T11:00")]
    outcome = why(acts[1], acts, programme(rule(limit={"per": "month", "count": 1})))
    assert outcome.to_json() == {"rule": "a", "step": "limit", "count": 1, "per": "month"}


def test_why_not_says_what_a_cap_refused() -> None:
    acts = [act(f"{DAY}T10:00"), act(f"{DAY}T11:00")]
    outcome = why(acts[1], acts, programme(caps=[cap("day", 15, over="refuse")]))
    assert (outcome.step, outcome.to_json()["receipt"]["caps"][0]["id"]) == (Step.CAP, "day-15")
    text = weekly(caps=[cap("week", 10, {"rules": ["a"]})])
    assert why(acts[0], acts, text).step is Step.AWARDED
    assert why(acts[1], acts, text).step is Step.CAP
    assert why(acts[0], acts, weekly(caps=[cap("week", 0)])).step is Step.CAP
