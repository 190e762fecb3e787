"""Activations that can be scored together, and those that cannot."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ledger.kernel.clock import Instant
from ledger.programme.load import load_programme
from ledger.programme.model import Period
from ledger.scoring.eras import last_close
from ledger.scoring.model import Activation, ActivationMode, ActivationRefused, Fact
from ledger.scoring.plan import Plan
from ledger.scoring.project import project, project_member, quarantined
from tests.scoring_cases import (
    DAILY,
    WEEKLY,
    Versions,
    activations_of,
    event,
    facts_of,
    score,
)


@pytest.mark.parametrize(
    "other", [{"zone": "Europe/Moscow"}, {"name": "other"}, {"period": Period.MONTH}]
)
def test_a_top_up_that_has_nothing_to_be_compared_with_is_refused(other: dict[str, Any]) -> None:
    weekly = load_programme(WEEKLY)
    changed = Activation(replace(weekly, **other), mode=ActivationMode.TOP_UP)
    (field,) = other
    with pytest.raises(ActivationRefused, match=f"the {field} of this") as caught:
        Plan([Activation(weekly), changed])
    assert caught.value.code == "activation_refused"


def test_awards_at_once_can_be_topped_up_from_another_zone() -> None:
    daily = load_programme(DAILY)
    top_up = Activation(replace(daily, zone="UTC"), mode=ActivationMode.TOP_UP)
    assert len(Plan([Activation(daily), top_up]).top_ups) == 1


def test_without_an_activation_nothing_is_earned() -> None:
    facts = facts_of([event("ai.chat", "ann", "2026-03-02T10:00:00Z")])
    assert project(facts, [], closed_until=None) == []
    assert project_member("ann", facts, [], closed_until=None) == []
    assert quarantined(facts, []) == []


def test_facts_no_calendar_reaches_are_left_out() -> None:
    facts = facts_of([event("ai.chat", "ann", "2026-03-02T10:00:00Z", id="fine")])
    plan = Plan([Activation(load_programme(DAILY))])
    for seconds in (-(10**11), 10**12):
        far = Fact("lms", str(seconds), "ai.chat", "ann", Instant(seconds), {})
        (one,) = project([*facts, far], plan, closed_until=None)
        assert one.cause == facts[0].cause


def test_projecting_from_any_iterable() -> None:
    facts = facts_of([event("ai.chat", "ann", "2026-03-02T10:00:00Z")])
    plan = Plan([Activation(load_programme(DAILY))])
    assert project(iter(facts), plan, closed_until=None) == project(facts, plan, closed_until=None)


def hourly(zone: str, period: str, points: int = 10) -> str:
    """A small programme in which everything earns."""
    return (
        f"programme: p\nversion: '1'\nzone: {zone}\nperiod: {period}\n"
        f"rules: [{{id: r, on: a.done, to: actor, points: {points}}}]\n"
    )


def test_a_week_that_a_change_meets_is_cut_short_and_named_by_its_parts() -> None:
    noon = "2026-03-04T12:00:00Z"  # a Wednesday
    versions: Versions = [
        (hourly("UTC", "week", 10), None),
        (hourly("Europe/Moscow", "week", 7), noon),
    ]
    acts = [
        event("a.done", "ann", time)
        for time in ("2026-03-04T11:59:59Z", noon, "2026-03-08T20:59:59Z", "2026-03-08T21:00:00Z")
    ]
    assert score("real", versions, acts) == {
        ("ann", "p", f"2026-W10..{noon}"): (10, 0),
        ("ann", "p", f"{noon}..2026-W10"): (14, 0),
        ("ann", "p", "2026-W11"): (7, 0),
    }
    assert score("real", versions, acts, until="2026-03-04T12:00:01Z") == {
        ("ann", "p", f"2026-W10..{noon}"): (10, 0)
    }


def test_a_period_that_ends_where_the_change_comes_is_whole_and_of_the_old_version() -> None:
    versions: Versions = [
        (hourly("UTC", "week", 10), None),
        (hourly("UTC", "at_once", 7), "2026-03-09T00:00:00Z"),
    ]
    acts = [
        event("a.done", "ann", "2026-03-08T23:59:59Z", id="old"),
        event("a.done", "ann", "2026-03-09T00:00:00Z", id="new"),
    ]
    assert score("real", versions, acts) == {
        ("ann", "p", "2026-W10"): (10, 0),
        ("ann", "r", ("lms", "new")): (7, 0),
    }


def test_the_version_that_began_a_cut_period_closes_it() -> None:
    versions: Versions = [
        (hourly("UTC", "month", 10), None),
        (hourly("UTC", "month", 100), "2026-03-10T00:00:00Z"),
        (hourly("UTC", "day", 1), "2026-03-20T00:00:00Z"),
    ]
    acts = [event("a.done", "ann", f"2026-03-{day}T10:00:00Z") for day in ("09", "15", "20")]
    assert score("real", versions, acts) == {
        ("ann", "p", "2026-03..2026-03-20T00:00:00Z"): (20, 0),
        ("ann", "p", "2026-03-20"): (1, 0),
    }


@pytest.mark.parametrize(
    ("mode", "old", "new"), [("forward", 10, 7), ("restatement", 7, 7), ("top_up", 10, 10)]
)
def test_what_each_mode_does_to_what_was_earned(mode: str, old: int, new: int) -> None:
    """Version 2 pays less; a restatement reaches back, a top-up takes nothing away."""
    since = "2026-03-01T00:00:00Z" if mode != "forward" else "2026-03-03T00:00:00Z"
    versions: Versions = [
        (hourly("UTC", "at_once", 10), None),
        (hourly("UTC", "at_once", 7), since, mode),
    ]
    acts = [
        event("a.done", "ann", "2026-03-02T10:00:00Z", id="old"),
        event("a.done", "ann", "2026-03-04T10:00:00Z", id="new"),
    ]
    for scorer in ("real", "naive"):
        assert score(scorer, versions, acts) == {
            ("ann", "r", ("lms", "old")): (old, 0),
            ("ann", "r", ("lms", "new")): (new, 0),
        }


def test_of_two_versions_that_pay_the_same_the_earlier_says_why() -> None:
    versions: Versions = [
        (hourly("UTC", "at_once", 10), None),
        (hourly("UTC", "at_once").replace("'1'", "'2'"), "2026-03-01T00:00:00Z", "top_up"),
    ]
    facts = facts_of([event("a.done", "ann", "2026-03-02T10:00:00Z")])
    (award,) = project(facts, activations_of(versions), closed_until=None)
    assert award.receipt.programme.version == "1"


def test_a_later_activation_applies_on_top_of_a_top_up() -> None:
    versions: Versions = [
        (hourly("UTC", "at_once", 10), None),
        (hourly("UTC", "at_once", 12), "2026-03-01T00:00:00Z", "top_up"),
        (hourly("UTC", "at_once", 3), "2026-03-03T00:00:00Z", "forward"),
    ]
    acts = [event("a.done", "ann", f"2026-03-0{day}T10:00:00Z", id=str(day)) for day in (2, 4)]
    assert score("real", versions, acts) == {
        ("ann", "r", ("lms", "2")): (12, 0),
        ("ann", "r", ("lms", "4")): (3, 0),
    }


def test_the_last_close_before_a_moment() -> None:
    plan = Plan(
        activations_of(
            [
                (hourly("UTC", "week"), "2026-03-03T00:00:00Z"),
                (hourly("UTC", "at_once"), "2026-03-12T12:00:00Z"),
                (hourly("UTC", "day"), "2026-03-20T12:00:00Z"),
            ]
        )
    )
    closes = {
        "2026-03-10T00:00:00Z": "2026-03-09T00:00:00Z",
        "2026-03-13T00:00:00Z": "2026-03-12T12:00:00Z",
        "2026-03-20T13:00:00Z": "2026-03-12T12:00:00Z",
        "2026-03-21T00:00:00Z": "2026-03-21T00:00:00Z",
    }
    for now, close in closes.items():
        assert last_close(plan.eras, Instant.parse(now)) == Instant.parse(close)
    assert last_close(Plan([]).eras, Instant(0)) is None
