"""What waits at a change of day, of zone and of kind: worked by hand, both scorers."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ledger.kernel.clock import Instant
from ledger.scoring.eras import Era, eras_of, last_close
from ledger.scoring.history import path_of, settle, value_at
from ledger.scoring.plan import Plan
from tests.scoring_cases import Event, activations_of, event, facts_of, score

both = pytest.mark.parametrize("scorer", ["naive", "real"])


def programme(zone: str = "UTC", version: str = "1", **more: Any) -> str:
    return json.dumps(
        {
            "programme": "small",
            "version": version,
            "zone": zone,
            "rules": [{"id": "a", "on": "a.done", "to": "actor", "points": 10}],
            **more,
        }
    )


def acts(*times: str) -> list[Event]:
    return [event("a.done", "ann", time, id=f"{place}") for place, time in enumerate(times)]


def paid(awards: dict[Any, tuple[int, int]]) -> list[int]:
    """Points in order of events."""
    return [awards[key][0] for key in sorted(awards, key=lambda key: key[2])]


@both
def test_a_day_that_comes_back_still_knows_its_cap(scorer: str) -> None:
    # St. John's set its clocks back at 00:01 on 29 October 2006, in UTC at 02:31: what was a
    # minute of the 29th became the 28th again. Of the 28th 10 points are paid, in whichever hour.
    caps = [{"id": "c", "of": "programme", "per": "day", "points": 10}]
    text = programme("America/St_Johns", caps=caps)
    events = acts(
        "2006-10-28T12:00:00Z",  # the 28th
        "2006-10-29T02:30:30Z",  # 00:00:30 of the 29th
        "2006-10-29T02:45:00Z",  # 23:15 of the 28th again
        "2006-10-30T12:00:00Z",
        "2006-11-05T12:00:00Z",
    )
    assert paid(score(scorer, text, events)) == [10, 10, 0, 10, 10]


@both
@pytest.mark.parametrize(
    ("times", "expected"),
    [
        # What opens the 28th happens when the 29th has already begun.
        (["2006-10-29T02:30:30Z", "2006-11-05T12:00:00Z"], [20, 10, 10]),
        # And an act of the 28th after one of the 29th waits behind it, when the 28th is over.
        (
            [
                "2006-10-29T02:30:30Z",
                "2006-10-29T02:45:30Z",
                "2006-10-30T12:00:00Z",
                "2006-11-05T12:00:00Z",
            ],
            [20, 10, 20, 10, 10],
        ),
    ],
)
def test_a_day_that_comes_back_may_still_become_active(
    scorer: str, times: list[str], expected: list[int]
) -> None:
    # The night of the test above.
    streak = {"by": "day_streak", "condition": "day.opened", "types": ["a.done"], "table": {"1": 2}}
    rules = [{"id": "a", "on": "a.done", "to": "actor", "points": 10, "multipliers": ["s"]}]
    text = programme("America/St_Johns", multipliers={"s": streak}, rules=rules)
    events = acts("2006-10-28T12:00:00Z", *times)
    events.insert(2, event("day.opened", "ann", "2006-10-29T02:45:00Z"))
    assert paid(score(scorer, text.replace('"1": ', "1: "), events)) == expected


@both
@pytest.mark.parametrize("period", [{}, {"period": "day"}])
@pytest.mark.parametrize("of", ["programme", {"rules": ["a"]}])
def test_what_waits_before_a_change_of_zone_is_paid_before_what_follows(
    scorer: str, of: object, period: dict[str, str]
) -> None:
    # One cap for life over both versions: who was first has the points.
    caps = [{"id": "c", "of": of, "per": "lifetime", "points": 10}]
    first = programme("UTC", caps=caps, **period)
    second = programme("Europe/Moscow", "2", caps=caps)
    events = acts(
        "2026-03-02T10:00:00Z",
        "2026-03-02T14:00:00Z",
        "2026-03-03T10:00:00Z",
        "2026-03-07T10:00:00Z",
        "2026-03-12T10:00:00Z",
    )
    awards = score(scorer, [(first, None), (second, "2026-03-02T12:00:00Z")], events)
    assert max(awards.values()) == (10, 0)
    assert sum(points for points, _ in awards.values()) == 10
    (winner,) = [key[2] for key, (points, _) in awards.items() if points]
    assert winner == ("lms", "0") or str(winner).startswith("2026-03-02")


def eras(*versions: tuple[str, str | None, str]) -> tuple[Era, ...]:
    """By zone, since when, and period."""
    return Plan(
        activations_of(
            [
                (programme(zone, str(number), **named(period)), since)
                for number, (zone, since, period) in enumerate(versions, start=1)
            ]
        )
    ).eras


def at(text: str) -> Instant:
    return Instant.parse(text)


def test_the_last_close_is_by_the_calendar_or_where_an_era_ends() -> None:
    found = eras(("UTC", None, "day"), ("Europe/Moscow", "2026-03-02T12:00:00Z", "day"))
    for now, close in (
        ("2026-03-01T00:00:00Z", "2026-03-01T00:00:00Z"),
        ("2026-03-02T11:59:59Z", "2026-03-02T00:00:00Z"),
        # The first era ends, and with it its open day.
        ("2026-03-02T12:00:00Z", "2026-03-02T12:00:00Z"),
        ("2026-03-02T20:59:59Z", "2026-03-02T12:00:00Z"),
        ("2026-03-02T21:00:00Z", "2026-03-02T21:00:00Z"),
    ):
        assert last_close(found, at(now)) == at(close), now


def test_an_era_that_begins_at_a_close_has_not_closed_yet() -> None:
    found = eras(("UTC", None, ""), ("UTC", "2026-03-02T00:00:00Z", "day"))[1:]
    assert last_close(found, at("2026-03-02T10:00:00Z")) is None
    assert last_close(found, at("2026-03-03T00:00:00Z")) == at("2026-03-03T00:00:00Z")


def test_a_period_cut_short_ends_on_the_day_of_the_second_before() -> None:
    for since, day in (
        ("2026-03-04T00:00:00Z", "2026-03-03"),
        ("2026-03-04T00:00:01Z", "2026-03-04"),
        ("2026-03-04T12:00:00Z", "2026-03-04"),
    ):
        era, _ = eras(("UTC", None, "week"), ("Europe/Moscow", since, "week"))
        monday = era.calendar.day(at("2026-03-02T00:00:00Z"))
        assert era.is_cut_short(era.span(monday))
        assert era.last_day_of(era.span(monday)) == monday + int(day[-2:]) - 2


def test_without_a_version_nothing_is_scored_in_one_era_from_the_start_of_time() -> None:
    (era,) = eras_of(())
    assert (era.index, era.start, era.end, era.per) == (0, Instant(0), None, None)


def test_a_plan_is_periodic_if_any_era_is() -> None:
    for periods, expected in ((("", ""), False), (("", "day"), True), (("day", "day"), True)):
        plan = Plan(
            activations_of(
                [
                    (programme("UTC", "1", **named(periods[0])), None),
                    (programme("UTC", "2", **named(periods[1])), "2026-03-02T00:00:00Z"),
                ]
            )
        )
        assert plan.is_periodic is expected


def named(period: str) -> dict[str, str]:
    return {"period": period} if period else {}


def test_days_are_of_the_zone_at_noon_of_utc() -> None:
    plan = Plan(
        activations_of(
            [(programme("UTC"), None), (programme("Europe/Moscow", "2"), "2026-03-02T12:00:00Z")]
        )
    )
    day = at("2026-03-02T00:00:00Z").seconds // 86_400
    zones = [plan.calendar_of_day(day + step).zone for step in (-1, 0, 1)]
    assert zones == ["UTC", "Europe/Moscow", "Europe/Moscow"]
    later = Plan(
        activations_of(
            [(programme("UTC"), None), (programme("Europe/Moscow", "2"), "2026-03-02T12:00:01Z")]
        )
    )
    assert later.calendar_of_day(day).zone == "UTC"


def test_dates_run_back_by_a_day_in_one_zone_and_by_two_over_several() -> None:
    one = Plan(activations_of([(programme("UTC"), None)]))
    two = Plan(
        activations_of(
            [(programme("UTC"), None), (programme("Europe/Moscow", "2"), "2026-03-02T12:00:00Z")]
        )
    )
    assert (one.days_back, two.days_back) == (1, 2)


@both
@pytest.mark.parametrize("period", ["", "day"])
def test_a_days_cap_holds_over_a_change_of_zone(scorer: str, period: str) -> None:
    caps = [{"id": "c", "of": {"rules": ["a"]}, "per": "day", "points": 10}]
    versions: list[Any] = [
        (programme("UTC", caps=caps, **named(period)), None),
        (programme("Europe/Moscow", "2", caps=caps, **named(period)), "2026-03-02T12:00:00Z"),
    ]
    events = acts(
        "2026-03-02T10:00:00Z",
        "2026-03-02T14:00:00Z",
        "2026-03-05T10:00:00Z",
        "2026-03-12T10:00:00Z",
    )
    awards = score(scorer, versions, events)
    assert sum(points for points, _ in awards.values()) == 30
    (first,) = [key[2] for key, (points, _) in awards.items() if points == 10][:1]
    assert first == ("lms", "0") or str(first).endswith("12:00:00Z")


@both
def test_a_stretch_cut_on_both_sides_is_scored_by_the_version_that_began_it(scorer: str) -> None:
    def weekly(zone: str, version: str, points: int) -> str:
        rules = [{"id": "a", "on": "a.done", "to": "actor", "points": points}]
        return programme(zone, version, period="week", rules=rules)

    # One week, in three pieces: each by its own version's weight.
    versions: list[Any] = [
        (weekly("UTC", "1", 1), None),
        (weekly("Europe/Moscow", "2", 3), "2026-03-04T12:00:00Z"),
        (weekly("UTC", "3", 7), "2026-03-06T12:00:00Z"),
    ]
    events = acts("2026-03-03T10:00:00Z", "2026-03-05T10:00:00Z", "2026-03-07T10:00:00Z")
    assert sorted(score(scorer, versions, events).values()) == [(1, 0), (3, 0), (7, 0)]


def test_what_has_happened_until_a_moment_is_before_it() -> None:
    facts = facts_of(acts("2026-03-02T10:00:00Z", "2026-03-02T11:00:00Z"))
    assert settle(facts, at("2026-03-02T11:00:00Z")) == facts[:1]


def test_a_week_that_is_not_cut_ends_on_its_sunday() -> None:
    (era,) = eras(("UTC", None, "week"))
    monday = era.calendar.day(at("2026-03-02T00:00:00Z"))
    assert era.last_day_of(era.span(monday)) == monday + 6


def test_a_path_names_type_source_or_what_is_stated() -> None:
    (fact,) = facts_of([event("a.done", "ann", "2026-03-02T10:00:00Z", {"a": {"b": 5}})])
    found = [value_at(fact, path_of(path)) for path in ("type", "source", "data.a.b", "data.c.d")]
    assert found == ["a.done", "lms", 5, None]
