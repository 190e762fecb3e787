"""Accrual by day and month, beside that by week: small programmes, both scorers."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ledger.programme.faults import ProgrammeInvalid
from ledger.programme.load import load_programme
from ledger.scoring.project import project
from tests.scoring_cases import Event, activations_of, event, facts_of, level, retraction, score

both = pytest.mark.parametrize("scorer", ["naive", "real"])


def programme(period: str, *multipliers: str, **more: Any) -> str:
    stated = {
        "programme": "small",
        "version": "1",
        "zone": "Europe/Moscow",
        "period": period,
        "rules": [{"id": "done", "on": "a.done", "to": "actor", "points": "2.3"}],
        "attributes": {"qualification": {"field": "level", "values": [1, 2], "default": 1}},
        "multipliers": {
            "level": {"by": "attribute", "attribute": "qualification", "table": {"1": 1, "2": 2}},
            "days": {
                "by": "day_streak",
                "condition": "day.opened",
                "types": ["a.done"],
                "table": {"1": 1, "2": "1.5"},
            },
        },
        "period_multipliers": list(multipliers),
        **more,
    }
    text = json.dumps(stated)
    for number in "12":
        text = text.replace(f'"{number}": ', f"{number}: ")
    return text


def acts(*times: str) -> list[Event]:
    return [event("a.done", "ann", f"{time}:00Z", id=time) for time in times]


def periods(awards: dict[Any, tuple[int, int]]) -> dict[str, int]:
    assert {(member, rule) for member, rule, _ in awards} <= {("ann", "small")}
    return {period: points for (_, _, period), (points, _) in awards.items()}


MIDNIGHT = "2026-03-31T21:00"
"""1 April in Moscow, a Wednesday."""


@both
@pytest.mark.parametrize(
    ("period", "expected"),
    [
        # 2.3 once is 2, twice 4.6 is 5, three times 6.9 is 7: rounded once, on the sum.
        ("day", {"2026-03-31": 5, "2026-04-01": 2}),
        ("month", {"2026-03": 5, "2026-04": 2}),
        ("week", {"2026-W14": 7}),
    ],
)
def test_a_period_is_that_of_the_zone(scorer: str, period: str, expected: dict[str, int]) -> None:
    events = acts("2026-03-31T20:58", "2026-03-31T20:59", MIDNIGHT)
    assert periods(score(scorer, programme(period), events)) == expected


@both
def test_what_closed_by_a_moment(scorer: str) -> None:
    events = acts("2026-03-31T20:59", MIDNIGHT, "2026-04-02T21:00")
    for until, expected in [
        ("2026-03-31T20:59:59Z", {}),
        (f"{MIDNIGHT}:00Z", {"2026-03-31": 2}),
        ("2026-04-01T21:00:00Z", {"2026-03-31": 2, "2026-04-01": 2}),
    ]:
        assert periods(score(scorer, programme("day"), events, until=until)) == expected
    months = score(scorer, programme("month"), events, until="2026-04-29T21:00:00Z")
    assert periods(months) == {"2026-03": 2}


@both
@pytest.mark.parametrize("period", ["day", "month"])
def test_attributes_are_those_before_the_close(scorer: str, period: str) -> None:
    events = acts("2026-03-31T10:00")
    before, at = level("ann", "2026-03-31T20:59:59.999Z", 2), level("ann", f"{MIDNIGHT}:00Z", 2)
    assert list(periods(score(scorer, programme(period, "level"), [*events, before])).values()) == [
        5
    ]
    assert list(periods(score(scorer, programme(period, "level"), [*events, at])).values()) == [2]


@both
def test_late_and_retracted_events_correct_a_closed_period(scorer: str) -> None:
    one, two, late = acts("2026-03-10T10:00", "2026-04-10T10:00", "2026-03-20T10:00")
    text = programme("month")
    assert periods(score(scorer, text, [one, two])) == {"2026-03": 2, "2026-04": 2}
    assert periods(score(scorer, text, [one, two, late])) == {"2026-03": 5, "2026-04": 2}
    assert periods(score(scorer, text, [one, two, late, retraction(two)])) == {"2026-03": 5}


@both
def test_days_in_a_row_multiply_a_days_sum(scorer: str) -> None:
    opened = [event("day.opened", "ann", f"2026-03-{day}T19:00:00Z") for day in ("30", "31")]
    events = [*acts("2026-03-30T10:00", "2026-03-31T10:00", "2026-03-31T11:00"), *opened]
    # 2.3 x 1 = 2; (2.3 + 2.3) x 1.5 = 6.9
    expected = {"2026-03-30": 2, "2026-03-31": 7}
    assert periods(score(scorer, programme("day", "days"), events)) == expected


@both
def test_the_version_in_force_at_the_close_scores_the_whole_period(scorer: str) -> None:
    double = programme("month").replace("2.3", "4.6")
    versions = [(programme("month"), None), (double, f"{MIDNIGHT}:00Z")]
    events = acts("2026-02-10T10:00", "2026-03-10T10:00")
    assert periods(score(scorer, versions, events)) == {"2026-02": 2, "2026-03": 5}


@both
def test_caps_of_days_in_a_month(scorer: str) -> None:
    # A month's total counts in its month alone; weights are capped by the day.
    caps = [
        {"id": "day", "of": {"rules": ["done"]}, "per": "day", "points": 4},
        {"id": "month", "of": "programme", "per": "month", "points": 6},
    ]
    events = acts("2026-03-10T10:00", "2026-03-10T11:00", "2026-03-11T10:00", "2026-04-01T10:00")
    awards = score(scorer, programme("month", caps=caps), events)
    assert list(awards.values()) == [(6, 0), (2, 0)]  # 2.3 + 1.7 + 2.3 = 6.3
    caps[1]["points"] = 5
    awards = score(scorer, programme("month", caps=caps), events)
    assert list(awards.values()) == [(5, 1), (2, 0)]


def test_receipts_name_the_period() -> None:
    plan = activations_of([(programme("month"), None)])
    (award,) = project(facts_of(acts("2026-03-31T10:00")), plan, closed_until=None)
    said: Any = award.receipt.to_json()
    assert (said["period"], said["closed_at"]) == ("2026-03", f"{MIDNIGHT}:00Z")
    assert [part["day"] for part in said["contributions"]] == ["2026-03-31"]


@pytest.mark.parametrize(
    ("period", "multiplier", "said"),
    [
        ("week", "days", "'days' is a day_streak, which with period: week"),
        ("month", "days", "'days' is a day_streak, which with period: month"),
    ],
)
def test_what_does_not_fit_a_period(period: str, multiplier: str, said: str) -> None:
    with pytest.raises(ProgrammeInvalid) as caught:
        load_programme(programme(period, multiplier))
    (fault,) = caught.value.found
    assert said in fault.wrong
    caps = [{"id": "day", "of": "programme", "per": "week", "points": 4}]
    with pytest.raises(ProgrammeInvalid) as caught:
        load_programme(programme("month", caps=caps))
    assert "not shorter" in caught.value.found[0].wrong
