"""Freezes of streaks: small programmes, both scorers."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import Any

import pytest

from ledger.programme.faults import ProgrammeInvalid
from ledger.programme.load import load_programme
from ledger.scoring.project import project
from tests.scoring_cases import Event, activations_of, event, facts_of, retraction, score

both = pytest.mark.parametrize("scorer", ["naive", "real"])

TABLE = {str(length): length for length in range(1, 10)}
ILL = {"attribute": "absence", "values": ["ill", "away"]}


def programme(freezes: dict[str, Any] | None, *, weeks: bool = False, zone: str = "UTC") -> str:
    """Points are the length of the streak."""
    streak: dict[str, Any] = {"by": "week_streak", "table": TABLE}
    if not weeks:
        streak |= {"by": "day_streak", "condition": "day.opened", "types": ["a.done"]}
    if freezes is not None:
        streak["freezes"] = freezes
    rule: dict[str, Any] = {"id": "done", "on": "a.done", "to": "actor", "points": 1}
    stated: dict[str, Any] = {
        "programme": "small",
        "version": "1",
        "zone": zone,
        "attributes": {
            "absence": {"field": "kind", "values": ["none", "ill", "away"], "default": "none"}
        },
        "multipliers": {"streak": streak},
        "rules": [rule],
    }
    if weeks:
        stated |= {"period": "week", "period_multipliers": ["streak"]}
    else:
        rule["multipliers"] = ["streak"]
    text = json.dumps(stated)
    for number in range(1, 10):
        text = text.replace(f'"{number}": ', f"{number}: ")
    return text


def active(*days: str, hour: int = 10) -> list[Event]:
    """Days of March 2026 (or whole dates) on which ann did what makes a day active."""
    found = []
    for day in days:
        full = day if "-" in day else f"2026-03-{day}"
        found += [
            event("day.opened", "ann", f"{full}T{hour:02d}:00:00Z", id=f"o{full}"),
            event("a.done", "ann", f"{full}T{hour:02d}:01:00Z", id=full),
        ]
    return found


def absence(kind: str, time: str) -> Event:
    return event("member.absence.changed", "ann", time, {"kind": kind}, id=f"{kind}{time}")


def lengths(scorer: str, text: str, events: list[Event]) -> list[int]:
    awards = score(scorer, text, events)
    names = {key: key[2] if isinstance(key[2], str) else key[2][1] for key in awards}
    return [awards[key][0] for key in sorted(awards, key=lambda key: names[key])]


@both
@pytest.mark.parametrize(
    ("freezes", "days", "expected"),
    [
        (None, ["02", "03", "05"], [1, 2, 1]),
        ({"count": 1, "per": "month"}, ["02", "03", "05"], [1, 2, 3]),
        ({"count": 1, "per": "month"}, ["02", "03", "06"], [1, 2, 1]),
        # A gap that is not covered uses up no freeze: the next one finds it.
        ({"count": 1, "per": "month"}, ["02", "05", "07"], [1, 1, 2]),
        ({"count": 2, "per": "month"}, ["02", "05", "07"], [1, 2, 1]),
        ({"count": 1, "per": "week"}, ["03", "05", "10", "12"], [1, 2, 1, 2]),
        ({"count": 2, "per": "week"}, ["05", "09"], [1, 1]),  # Friday to Sunday are of one week
        ({"count": 2, "per": "week"}, ["06", "10"], [1, 2]),  # the Monday is of the next
        ({"count": 3, "per": "lifetime"}, ["02", "04", "06", "08", "10"], [1, 2, 3, 4, 1]),
        # Each missed day goes by its own month.
        ({"count": 1, "per": "month"}, ["2026-03-30", "2026-04-02"], [1, 2]),
        ({"count": 1, "per": "month"}, ["2026-03-29", "2026-04-01"], [1, 1]),
        ({"count": 1, "per": "month"}, ["28", "30", "2026-04-02"], [1, 2, 1]),
    ],
)
def test_days(
    scorer: str, freezes: dict[str, Any] | None, days: list[str], expected: list[int]
) -> None:
    assert lengths(scorer, programme(freezes), active(*days)) == expected


@both
def test_excused_days_cost_nothing(scorer: str) -> None:
    text = programme({"count": 0, "per": "month", "excused_by": ILL})
    days = active("02", "03", "10", "11")
    ill, well = absence("ill", "2026-03-03T23:00:00Z"), absence("none", "2026-03-09T12:00:00Z")
    assert lengths(scorer, text, days) == [1, 2, 1, 2]
    assert lengths(scorer, text, [*days, ill, well]) == [1, 2, 3, 4]
    # A day is excused by what held when it began.
    late = absence("ill", "2026-03-04T00:00:01Z")
    assert lengths(scorer, text, [*days, late, well]) == [1, 2, 1, 2]
    sharp = absence("away", "2026-03-04T00:00:00Z")
    assert lengths(scorer, text, [*days, sharp, well]) == [1, 2, 3, 4]
    early = absence("none", "2026-03-09T00:00:00Z")
    assert lengths(scorer, text, [*days, ill, early]) == [1, 2, 1, 2]


@both
def test_freezes_and_excuses_together(scorer: str) -> None:
    text = programme({"count": 1, "per": "month", "excused_by": ILL})
    days = active("02", "05", "07")
    ill, well = absence("ill", "2026-03-03T00:00:00Z"), absence("none", "2026-03-03T12:00:00Z")
    # The 3rd is excused, the 4th takes the freeze, so the 6th ends the streak.
    assert lengths(scorer, text, [*days, ill, well]) == [1, 2, 1]
    assert lengths(scorer, text, days) == [1, 1, 2]


@both
def test_late_and_retracted_facts_tell_it_anew(scorer: str) -> None:
    text = programme({"count": 1, "per": "month"})
    days, late = active("02", "05"), active("03")
    assert lengths(scorer, text, days) == [1, 1]
    assert lengths(scorer, text, [*days, *late]) == [1, 2, 3]
    assert lengths(scorer, text, [*days, *late, retraction(late[0])]) == [1, 1, 1]


@both
def test_a_day_that_the_calendar_leaves_out_is_not_missed(scorer: str) -> None:
    # Samoa had no 30 December 2011.
    days = active("2011-12-28", "2011-12-31", hour=20)  # the 28th, and 1 January there
    text = programme({"count": 2, "per": "lifetime"}, zone="Pacific/Apia")
    assert lengths(scorer, text, days) == [1, 2]
    text = programme({"count": 1, "per": "lifetime"}, zone="Pacific/Apia")
    assert lengths(scorer, text, days) == [1, 1]


@both
@pytest.mark.parametrize(("gap", "expected"), [(1100, [1, 2]), (1101, [1, 1])])
def test_a_gap_of_more_than_three_years_is_not_bridged(
    scorer: str, gap: int, expected: list[int]
) -> None:
    text = programme({"count": 0, "per": "month", "excused_by": ILL})
    later = date(2026, 3, 2) + timedelta(days=gap + 1)
    events = [absence("ill", "2026-03-02T12:00:00Z"), *active("02", later.isoformat())]
    assert lengths(scorer, text, events) == expected


@both
@pytest.mark.parametrize(
    ("freezes", "mondays", "expected"),
    [
        (None, ["02", "16"], [1, 1]),
        ({"count": 1, "per": "month"}, ["02", "16"], [1, 2]),
        ({"count": 1, "per": "month"}, ["02", "16", "30"], [1, 2, 1]),
        # The week of 30 March ends in April.
        ({"count": 1, "per": "month"}, ["16", "2026-04-06"], [1, 2]),
        ({"count": 1, "per": "lifetime"}, ["16", "2026-04-06"], [1, 1]),
    ],
)
def test_weeks(
    scorer: str, freezes: dict[str, Any] | None, mondays: list[str], expected: list[int]
) -> None:
    assert lengths(scorer, programme(freezes, weeks=True), active(*mondays)) == expected


@both
def test_a_week_is_excused_by_what_held_on_its_monday(scorer: str) -> None:
    text = programme({"count": 0, "per": "month", "excused_by": ILL}, weeks=True)
    weeks = active("02", "16")
    monday, tuesday = "2026-03-09T00:00:00Z", "2026-03-10T00:00:00Z"
    assert lengths(scorer, text, [*weeks, absence("ill", monday)]) == [1, 2]
    assert lengths(scorer, text, [*weeks, absence("ill", tuesday)]) == [1, 1]


@both
def test_a_version_with_freezes_has_the_streak_as_if_there_had_always_been_any(scorer: str) -> None:
    without, frozen = programme(None), programme({"count": 1, "per": "month"})
    versions = [(without, None), (frozen, "2026-03-05T00:00:00Z")]
    awards = score(scorer, versions, active("02", "04", "05"))
    assert [awards[key][0] for key in sorted(awards, key=lambda key: key[2])] == [1, 1, 3]


# What is said of them


def said_of(text: str, events: list[Event]) -> Any:
    awards = project(facts_of(events), activations_of([(text, None)]), closed_until=None)
    return json.loads(json.dumps(awards[-1].receipt.to_json()))["multipliers"][0]["because"]


def test_the_receipt_says_what_was_forgiven() -> None:
    text = programme({"count": 3, "per": "month", "excused_by": ILL})
    events = [
        *active("02", "04", "08"),
        absence("ill", "2026-03-05T00:00:00Z"),
        absence("none", "2026-03-05T12:00:00Z"),
    ]
    assert said_of(text, events[:2])["bridged"]["freezes_left"] == 3
    assert said_of(text, events[:6]) == {
        "days_in_a_row": 1,
        "since": "2026-03-08",
        "bridged": {"frozen": 0, "excused": 0, "latest": None, "freezes_left": 2},
    }
    assert said_of(text, events) == {
        "days_in_a_row": 3,
        "since": "2026-03-02",
        "bridged": {
            "frozen": 3,
            "excused": 1,
            "latest": {"from": "2026-03-05", "to": "2026-03-07"},
            "freezes_left": 0,
        },
    }
    weeks = programme({"count": 1, "per": "month"}, weeks=True)
    assert said_of(weeks, active("02", "16"))["bridged"]["latest"] == {
        "from": "2026-03-09",
        "to": "2026-03-15",
    }
    assert "bridged" not in said_of(programme(None), active("02"))


@pytest.mark.parametrize(
    ("freezes", "weeks", "field", "said"),
    [
        ({"count": 1, "per": "day"}, False, "per", "a week, a month or a lifetime"),
        ({"count": 1, "per": "week"}, True, "per", "a month or a lifetime"),
        ({"count": 0, "per": "month"}, False, "count", "no freeze at all"),
        ({"count": -1, "per": "month"}, False, "count", "greater than or equal to 0"),
        ({"count": 1, "per": "month", "excused": 1}, False, "excused", "'excused_by'"),
        (
            {"count": 1, "per": "month", "excused_by": {"attribute": "mood", "values": "bad"}},
            False,
            "excused_by.attribute",
            "no attribute 'mood' (known: absence)",
        ),
        (
            {"count": 1, "per": "month", "excused_by": {"attribute": "absence", "values": "bad"}},
            True,
            "excused_by.values",
            "absence is never 'bad'",
        ),
    ],
)
def test_what_is_wrong_is_said(freezes: Any, weeks: bool, field: str, said: str) -> None:  # noqa: FBT001
    with pytest.raises(ProgrammeInvalid) as caught:
        load_programme(programme(freezes, weeks=weeks))
    (fault,) = caught.value.found
    assert fault.field == f"multipliers.streak.freezes.{field}"
    assert said in fault.wrong
