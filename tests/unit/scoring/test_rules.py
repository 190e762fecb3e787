"""Limits, once_per, conditions, versions: small programmes, both scorers."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.scoring_cases import Event, Versions, event, level, retraction, score, several, totals

pytestmark = pytest.mark.parametrize("scorer", ["naive", "real"])

DAY = "2026-03-02"


def rule(rule_id: str = "done", **more: Any) -> dict[str, Any]:
    return {"id": rule_id, "on": "a.done", "to": "actor", "points": 10, **more}


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


def acts(*keys: object, day: str = DAY, field: str = "k") -> list[Event]:
    return [
        event(
            "a.done",
            "ann",
            f"{day}T10:{i:02d}:00Z",
            {} if key is None else {field: key},
            id=f"{day}/{i}",
        )
        for i, key in enumerate(keys)
    ]


def ids(awards: dict[Any, Any]) -> list[str]:
    return sorted(cause[1] for _, _, cause in awards)


# once_per


def test_once_per_pays_the_first_in_order_for_all_time(scorer: str) -> None:
    text = programme(rule(once_per=["data.k"]))
    events = [*acts("x", day="2026-05-01"), *acts("x", "y", "x")]
    assert ids(score(scorer, text, events)) == [f"{DAY}/0", f"{DAY}/1"]


def test_when_the_first_is_retracted_the_next_earns(scorer: str) -> None:
    text = programme(rule(once_per="data.k"))
    events = acts("x", "x", "x")
    assert ids(score(scorer, text, [*events, retraction(events[0])])) == [f"{DAY}/1"]


def test_once_per_is_by_beneficiary(scorer: str) -> None:
    text = programme(rule(once_per=["data.k"]))
    events = [*acts("x"), event("a.done", "bob", f"{DAY}T09:00:00Z", {"k": "x"}, id="bob")]
    assert ids(score(scorer, text, events)) == [f"{DAY}/0", "bob"]


def test_once_per_of_a_linked_member_goes_over_identities(scorer: str) -> None:
    text = programme(rule(once_per=["data.k"]))
    events = [*acts("x"), event("a.done", "bob", f"{DAY}T09:00:00Z", {"k": "x"}, id="bob")]
    linked = {"ann": "A", "bob": "A"}
    assert ids(score(scorer, text, events, resolve=linked)) == ["bob"]


def test_an_event_that_lacks_a_key_is_never_a_repetition(scorer: str) -> None:
    text = programme(rule(once_per=["data.k", "data.j"]))
    events = acts("x", "x", None, None)
    assert len(score(scorer, text, events)) == 4


@pytest.mark.parametrize(
    ("values", "paid"),
    [
        ([1, 1.0, 1], 1),
        ([1, True, "1", "true"], 4),
        ([True, True, False], 2),
        ([1.5, 1.5], 1),
        ([{"a": 1, "b": 2}, {"b": 2.0, "a": 1}], 1),
        ([[1, 2], [2, 1]], 2),
        ([0, False, "", [], {}], 5),
        ([None, None], 2),
    ],
)
def test_key_values_are_equal_as_json(scorer: str, values: list[object], paid: int) -> None:
    events = [
        event("a.done", "ann", f"{DAY}T10:{i:02d}:00Z", {"k": value}, id=str(i))
        for i, value in enumerate(values)
    ]
    assert len(score(scorer, programme(rule(once_per=["data.k"])), events)) == paid


def test_a_repetition_is_not_counted_in_the_limit(scorer: str) -> None:
    text = programme(rule(once_per=["data.k"], limit={"per": "day", "count": 2}))
    assert ids(score(scorer, text, acts("x", "x", "x", "y", "z"))) == [f"{DAY}/0", f"{DAY}/3"]


def test_an_event_past_the_limit_has_used_its_key(scorer: str) -> None:
    # once_per comes before limit: the first in order wins, even if the limit then drops it.
    text = programme(rule(once_per=["data.k"], limit={"per": "day", "count": 1}))
    events = [*acts("x", "y"), *acts("y", day="2026-03-03")]
    assert ids(score(scorer, text, events)) == [f"{DAY}/0"]


def test_an_own_act_uses_nothing(scorer: str) -> None:
    text = programme(
        rule(owner="data.owner", once_per=["data.k"], limit={"per": "day", "count": 1})
    )
    own = event("a.done", "ann", f"{DAY}T09:00:00Z", {"owner": "ann", "k": "x"})
    assert ids(score(scorer, text, [own, *acts("x")])) == [f"{DAY}/0"]


def test_the_owner_of_a_sibling_rule_makes_an_own_act_too(scorer: str) -> None:
    text = programme(rule(), rule("received", to="data.author"))
    own = event("a.done", "ann", f"{DAY}T09:00:00Z", {"author": "ann"})
    assert score(scorer, text, [own]) == {}


def test_what_a_condition_keeps_out_uses_nothing(scorer: str) -> None:
    text = programme(
        rule(when="event.data.n > 1", once_per=["data.k"], limit={"per": "day", "count": 1})
    )
    low = event("a.done", "ann", f"{DAY}T09:00:00Z", {"n": 1, "k": "x"}, id="low")
    high = event("a.done", "ann", f"{DAY}T10:00:00Z", {"n": 2, "k": "x"}, id="high")
    assert ids(score(scorer, text, [low, high])) == ["high"]


# Conditions


def test_an_event_without_an_answer_is_set_aside_for_every_rule(scorer: str) -> None:
    text = programme(rule(when="event.data.n > 1"), rule("always"))
    asked = event("a.done", "ann", f"{DAY}T09:00:00Z", {"n": 2}, id="fine")
    mute = event("a.done", "ann", f"{DAY}T10:00:00Z", {}, id="mute")
    awards = score(scorer, text, [asked, mute])
    assert {(rule_id, cause[1]) for _, rule_id, cause in awards} == {
        ("done", "fine"),
        ("always", "fine"),
    }


def test_a_condition_sees_type_source_and_time(scorer: str) -> None:
    text = programme(
        rule(
            on=["a.done", "b.done"],
            when="event.type == 'a.done' && event.source == 'lms' && event.time.getHours() == 9",
        )
    )
    events = [
        event("a.done", "ann", f"{DAY}T09:30:00Z", id="yes"),
        event("a.done", "ann", f"{DAY}T10:30:00Z", id="late"),
        event("b.done", "ann", f"{DAY}T09:30:00Z", id="type"),
        event("a.done", "ann", f"{DAY}T09:30:00Z", id="source", source="forum"),
    ]
    assert ids(score(scorer, text, events)) == ["yes"]


# Several rules, rounding, caps


def test_two_rules_of_one_event_meet_the_cap_in_their_order(scorer: str) -> None:
    two = [rule("first", points=7), rule("second", points=7)]
    awards = score(scorer, programme(*two, cap={"per": "day", "points": 10}), acts("x"))
    assert {rule_id: worth for (_, rule_id, _), worth in awards.items()} == {
        "first": (7, 0),
        "second": (3, 4),
    }
    awards = score(scorer, programme(*two[::-1], cap={"per": "day", "points": 10}), acts("x"))
    assert {rule_id: worth for (_, rule_id, _), worth in awards.items()} == {
        "first": (3, 4),
        "second": (7, 0),
    }


@pytest.mark.parametrize(
    ("points", "rounding", "expected"),
    [
        ("2.5", "half_up", 3),
        ("2.4999999999", "half_up", 2),
        ("2.9999999999", "down", 2),
        ("1/3", "half_up", 0),
        ("7/2", "half_up", 4),
    ],
)
def test_rounding_is_the_named_one(scorer: str, points: str, rounding: str, expected: int) -> None:
    text = programme(rule(points=points), rounding=rounding)
    assert list(score(scorer, text, acts("x")).values()) == [(expected, 0)]


def test_thirds_add_up_exactly_in_a_week(scorer: str) -> None:
    text = programme(rule(points="1/3"), period="week", rounding="down")
    assert list(score(scorer, text, acts("x", "y", "z")).values()) == [(1, 0)]


# Versions


def versions(*stated: tuple[str, str | None]) -> Versions:
    return list(stated)


def test_a_version_is_in_force_from_its_very_instant(scorer: str) -> None:
    two = versions(
        (programme(rule(points=1)), None),
        (programme(rule(points=2)), "2026-03-02T10:01:00.5Z"),
    )
    events = [
        event("a.done", "ann", "2026-03-02T10:01:00.499999999Z", id="before"),
        event("a.done", "ann", "2026-03-02T10:01:00.50Z", id="at"),
    ]
    awards = score(scorer, two, events)
    assert {cause[1]: points for (_, _, cause), (points, _) in awards.items()} == {
        "before": 1,
        "at": 2,
    }


def test_before_the_first_version_nothing_is_earned_or_used(scorer: str) -> None:
    one = versions((programme(rule(once_per=["data.k"])), "2026-03-02T10:01:00Z"))
    assert ids(score(scorer, one, acts("x", "x", "x"))) == [f"{DAY}/1"]


def test_a_later_activation_wins_wherever_both_are_in_force(scorer: str) -> None:
    three = versions(
        (programme(rule(points=1)), None),
        (programme(rule(points=2)), "2026-03-02T10:02:00Z"),
        (programme(rule(points=3)), "2026-03-02T10:01:00Z"),
    )
    awards = score(scorer, three, acts("x", "x", "x"))
    assert [points for points, _ in awards.values()] == [1, 3, 3]


def test_a_week_is_scored_by_the_version_at_its_close(scorer: str) -> None:
    old = programme(rule(points=1), period="week")
    new = programme(rule(points=2), period="week")
    events = [
        *acts("x", day="2026-03-02"),
        *acts("x", day="2026-03-08"),
        *acts("x", day="2026-03-09"),
    ]
    at_close = score(scorer, versions((old, None), (new, "2026-03-09T00:00:00Z")), events)
    assert [points for points, _ in at_close.values()] == [4, 2]
    after = score(scorer, versions((old, None), (new, "2026-03-09T00:00:01Z")), events)
    assert [points for points, _ in after.values()] == [2, 2]


def test_limits_go_on_across_versions_by_rule_id(scorer: str) -> None:
    two = versions(
        (programme(rule(limit={"per": "day", "count": 2})), None),
        (programme(rule(limit={"per": "day", "count": 3})), "2026-03-02T10:03:00Z"),
    )
    # Three under the first version, of which two counted; then one more counts.
    assert ids(score(scorer, two, acts(*"abcdef"))) == [f"{DAY}/0", f"{DAY}/1", f"{DAY}/3"]
    other = versions(
        (programme(rule(limit={"per": "day", "count": 2})), None),
        (programme(rule("else", limit={"per": "day", "count": 3})), "2026-03-02T10:03:00Z"),
    )
    assert len(score(scorer, other, acts(*"abcdef"))) == 5


def test_a_rule_without_a_limit_counts_for_a_later_one_with_it(scorer: str) -> None:
    two = versions(
        (programme(rule()), None),
        (programme(rule(limit={"per": "day", "count": 3})), "2026-03-02T10:02:00Z"),
    )
    assert len(score(scorer, two, acts(*"abcdef"))) == 3


def test_once_per_goes_on_across_versions_under_the_fields_of_each(scorer: str) -> None:
    two = versions(
        (programme(rule(once_per=["data.k"])), None),
        (programme(rule(once_per=["data.n"])), "2026-03-02T10:02:00Z"),
    )
    pairs = [("x", 1), ("x", 2), ("y", 1), ("y", 2), ("z", 3)]
    events = [
        event("a.done", "ann", f"{DAY}T10:{i:02d}:00Z", {"k": k, "n": n}, id=str(i))
        for i, (k, n) in enumerate(pairs)
    ]
    # 0 counts; 1 repeats k; 2 repeats n of 0; 3 has the n of 1, which did not count; 4 is new.
    assert ids(score(scorer, two, events)) == ["0", "3", "4"]


def test_once_per_knows_what_counted_before_there_was_one(scorer: str) -> None:
    two = versions(
        (programme(rule()), None),
        (programme(rule(once_per=["data.k"])), "2026-03-02T10:02:00Z"),
    )
    assert ids(score(scorer, two, acts("x", "x", "x", "y"))) == [
        f"{DAY}/0",
        f"{DAY}/1",
        f"{DAY}/3",
    ]


STREAK = {
    "days": {
        "by": "day_streak",
        "condition": "day.opened",
        "types": ["a.done"],
        "table": {"1": 1, "2": 2, "3": 3},
    }
}


def test_a_streak_runs_over_all_facts_even_before_the_first_version(scorer: str) -> None:
    text = programme(rule(multipliers=["days"]), multipliers=STREAK)
    events = [
        *(event("day.opened", "ann", f"2026-03-0{day}T08:00:00Z") for day in (1, 2, 3)),
        *(event("a.done", "ann", f"2026-03-0{day}T09:00:00Z") for day in (1, 2, 3)),
    ]
    late = versions((text, "2026-03-03T00:00:00Z"))
    assert list(score(scorer, late, events).values()) == [(30, 0)]


def test_weeks_in_a_row_go_on_across_versions(scorer: str) -> None:
    weeks = {"weeks": {"by": "week_streak", "table": {"1": 1, "2": 2, "3": 3}}}
    more = {"period": "week", "multipliers": weeks, "period_multipliers": ["weeks"]}
    two = versions(
        (programme(rule(), **more), None),
        (programme(rule("other"), **{**more, "programme": "second"}), "2026-03-16T00:00:00Z"),
    )
    events = [event("a.done", "ann", f"2026-03-{day:02d}T09:00:00Z") for day in (2, 9, 16)]
    assert score(scorer, two, events) == {
        ("ann", "small", "2026-W10"): (10, 0),
        ("ann", "second", "2026-W11"): (20, 0),
        ("ann", "second", "2026-W12"): (30, 0),
    }


def test_a_cap_of_a_new_version_sees_what_the_day_has_had(scorer: str) -> None:
    two = versions(
        (programme(rule(points=30)), None),
        (programme(rule(points=30), cap={"per": "day", "points": 50}), "2026-03-02T10:01:00Z"),
    )
    awards = score(scorer, two, acts("x", "x", "x"))
    assert list(awards.values()) == [(30, 0), (20, 10), (0, 30)]


def test_a_value_that_only_a_later_version_states_holds_from_there(scorer: str) -> None:
    table = {"1": 1, "2": 2, "3": 3}
    new_values = {"level": {"field": "level", "values": [1, 2, 3], "default": 1}}
    by = {"by": "attribute", "attribute": "level"}
    old = programme(
        rule(multipliers=["level"]),
        multipliers={"level": {**by, "table": {"1": 1, "2": 2}}},
    )
    new = programme(
        rule(multipliers=["level"]),
        multipliers={"level": {**by, "table": table}},
        attributes=new_values,
    )
    two = versions((old, None), (new, "2026-03-02T10:01:00Z"))
    events = [level_of("ann", 3), *acts("x", "x")]
    assert [points for points, _ in score(scorer, two, events).values()] == [10, 30]


def level_of(subject: str, value: int) -> Event:
    return event("member.level.changed", subject, "2026-03-01T00:00:00Z", {"level": value})


def test_texts_may_be_values(scorer: str) -> None:
    text = programme(
        rule(multipliers=["role"]),
        attributes={"role": {"field": "role", "values": ["guest", "mentor"], "default": "guest"}},
        multipliers={
            "role": {"by": "attribute", "attribute": "role", "table": {"guest": 1, "mentor": 3}}
        },
    )
    mentor = event("member.role.changed", "ann", "2026-03-01T00:00:00Z", {"role": "mentor"})
    assert totals(score(scorer, text, [mentor, *acts("x")])) == {"ann": (30, 0)}


def test_a_stated_attribute_may_earn_too(scorer: str) -> None:
    text = programme(
        rule(on="member.level.changed", multipliers=["level"]),
        multipliers={"level": {"by": "attribute", "attribute": "level", "table": {"1": 1, "2": 5}}},
    )
    assert totals(score(scorer, text, [level_of("ann", 2)])) == {"ann": (50, 0)}


# Zones


def in_zone(zone: str, **more: Any) -> str:
    return programme(
        rule(limit={"per": "day", "count": 1}, multipliers=["days"]),
        multipliers=STREAK,
        **{**more, "zone": zone},
    )


def at(*times: str) -> list[Event]:
    return [event("a.done", "ann", time, id=time) for time in times]


def test_a_day_of_25_hours_is_one_day(scorer: str) -> None:
    # New York, 1 November 2026: 04:00Z to 05:00Z the next day.
    times = ["2026-11-01T03:59:59Z", "2026-11-01T04:00:00Z", "2026-11-02T04:59:59Z"]
    awards = score(scorer, in_zone("America/New_York"), at(*times, "2026-11-02T05:00:00Z"))
    assert ids(awards) == [times[0], times[1], "2026-11-02T05:00:00Z"]


def test_a_day_of_23_hours_is_one_day(scorer: str) -> None:
    times = ["2026-03-08T05:00:00Z", "2026-03-09T03:59:59Z", "2026-03-09T04:00:00Z"]
    assert ids(score(scorer, in_zone("America/New_York"), at(*times))) == [times[0], times[2]]


def test_a_week_closes_at_local_midnight_of_the_clock_then_in_force(scorer: str) -> None:
    text = programme(rule(), period="week", zone="America/New_York")
    # The week of 2 March opens at 05:00Z and, clocks forward in between, closes at 04:00Z.
    events = at("2026-03-02T05:00:00Z", "2026-03-09T03:59:59Z", "2026-03-09T04:00:00Z")
    awards = score(scorer, text, events)
    assert [points for points, _ in awards.values()] == [20, 10]
    assert score(scorer, text, events, until="2026-03-09T03:59:59Z") == {}
    assert len(score(scorer, text, events, until="2026-03-09T04:00:00Z")) == 1


def test_a_day_whose_midnight_was_left_out_begins_at_one(scorer: str) -> None:
    # Sao Paulo, 4 November 2018: 00:00 became 01:00 at 03:00Z.
    times = ["2018-11-04T02:59:59Z", "2018-11-04T03:00:00Z", "2018-11-05T01:59:59Z"]
    awards = score(scorer, in_zone("America/Sao_Paulo"), at(*times, "2018-11-05T02:00:00Z"))
    assert ids(awards) == [times[0], times[1], "2018-11-05T02:00:00Z"]


def test_a_day_that_a_zone_left_out_breaks_no_streak(scorer: str) -> None:
    # Samoa went from 29 to 31 December 2011.
    days = ["2011-12-29T20:00:00Z", "2011-12-30T09:00:00Z", "2011-12-30T11:00:00Z"]
    opened = [
        event("day.opened", "ann", time, id=f"open {time}")
        for time in ("2011-12-28T22:00:00Z", "2011-12-30T08:00:00Z", "2011-12-30T12:00:00Z")
    ]
    awards = score(scorer, in_zone("Pacific/Apia"), [*at(*days), *opened])
    # Local days: 29th, 29th (past its limit), 31st.
    assert {cause[1]: points for (_, _, cause), (points, _) in awards.items()} == {
        days[0]: 10,
        days[2]: 20,
    }


def test_a_day_that_comes_back_for_an_hour_is_still_that_day(scorer: str) -> None:
    # St. John's, 1 November 2009: at 00:01 clocks went back to 23:01 of 31 October.
    times = [
        "2009-11-01T02:29:00Z",  # 23:59 on the 31st
        "2009-11-01T02:30:30Z",  # 00:00:30 on the 1st
        "2009-11-01T02:31:00Z",  # 23:01 on the 31st again: past that day's limit
        "2009-11-01T03:31:00Z",  # 00:01 on the 1st again: past that day's limit
    ]
    assert ids(score(scorer, in_zone("America/St_Johns"), at(*times))) == times[:2]


def test_a_cap_by_day_holds_over_a_day_that_comes_back(scorer: str) -> None:
    text = programme(rule(points=30), zone="America/St_Johns", cap={"per": "day", "points": 50})
    times = ["2009-11-01T02:29:00Z", "2009-11-01T02:30:30Z", "2009-11-01T02:31:00Z"]
    awards = score(scorer, text, at(*times, "2009-11-01T03:31:00Z", "2009-11-01T15:00:00Z"))
    assert {cause[1]: worth for (_, _, cause), worth in awards.items()} == {
        times[0]: (30, 0),
        times[1]: (30, 0),
        times[2]: (20, 10),
        "2009-11-01T03:31:00Z": (20, 10),
        "2009-11-01T15:00:00Z": (0, 30),
    }


def test_without_a_subject_only_those_named_in_fields_are_paid(scorer: str) -> None:
    text = programme(rule("received", to="data.owner"), rule())
    events = [
        event("a.done", None, f"{DAY}T09:00:00Z", {"owner": "ann"}),
        *several(1, "a.done", "bob", DAY, owner="ann"),
        level("ann", f"{DAY}T00:00:00Z", 2),
    ]
    assert totals(score(scorer, text, events)) == {"ann": (20, 0), "bob": (10, 0)}
