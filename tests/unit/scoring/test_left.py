"""What limits and caps leave: worked by hand, and as the scorer itself shows by one more event."""

from __future__ import annotations

import random
from fractions import Fraction
from typing import Any

import pytest

from ledger.kernel.clock import Instant
from ledger.scoring.history import settle
from ledger.scoring.left import CapLeft, Left, LimitLeft, left
from ledger.scoring.plan import Plan
from ledger.scoring.project import project_member
from tests.scoring_cases import Event, activations_of, facts_of, level
from tests.unit.scoring.test_limits_and_caps import act, programme, rule

MONDAY, TUESDAY = "2026-03-02", "2026-03-03"


def what_is_left(text: str, at: str, *events: Event) -> Left:
    plan = Plan(activations_of([(text, None)]))
    history = settle(facts_of(list(events)))
    return left(plan, "ann", history, Instant.parse(at), closed_until=None)


WEEKLY = {"id": "w", "of": {"rules": ["a"]}, "per": "week", "points": 25}


def again(one: LimitLeft | CapLeft) -> str | None:
    return None if one.again is None else one.again.isoformat()


def limits(found: Left) -> list[tuple[str, str, int, str | None]]:
    return [
        (
            one.rule,
            one.limit.per.value,
            one.left,
            None if one.again is None else one.again.isoformat(),
        )
        for one in found.limits
    ]


def caps(found: Left) -> list[tuple[str, int, int, str | None]]:
    return [
        (
            one.cap.cap_id,
            one.allowed,
            one.left,
            None if one.again is None else one.again.isoformat(),
        )
        for one in found.caps
    ]


LIMITED = programme(
    rule(limit=[{"per": "day", "count": 2}, {"per": "lifetime", "count": 5}]),
    rule("b", limit={"per": "week", "count": 3}),
)
CAPPED = programme(
    rule(category="reading"),
    rule("b"),
    cap={"per": "day", "points": 25},
    caps=[
        {"id": "reading", "of": {"category": "reading"}, "per": "week", "points": 15},
        {"id": "ever", "of": {"rules": ["a", "b"]}, "per": "lifetime", "points": 1000},
    ],
)


def test_limits_by_hand() -> None:
    """Two of a on Monday, one of b: a is used up till Tuesday, three of its five ever are left."""
    events = [act(f"{MONDAY}T09:00"), act(f"{MONDAY}T10:00"), act(f"{MONDAY}T11:00", "b")]
    assert limits(what_is_left(LIMITED, f"{MONDAY}T12:00:00Z", *events)) == [
        ("a", "day", 0, "2026-03-03T00:00:00Z"),
        ("a", "lifetime", 3, None),
        ("b", "week", 2, "2026-03-09T00:00:00Z"),
    ]
    assert [
        each.left for each in what_is_left(LIMITED, f"{TUESDAY}T00:00:00Z", *events).limits
    ] == [
        2,
        3,
        2,
    ]


def test_caps_by_hand() -> None:
    """10 + 5 of reading (its 15 a week), then 10 of b: the day's 25 are full."""
    events = [act(f"{MONDAY}T09:00"), act(f"{MONDAY}T10:00"), act(f"{MONDAY}T11:00", "b")]
    assert caps(what_is_left(CAPPED, f"{MONDAY}T12:00:00Z", *events)) == [
        ("cap", 25, 0, "2026-03-03T00:00:00Z"),
        ("reading", 15, 0, "2026-03-09T00:00:00Z"),
        ("ever", 1000, 975, None),
    ]
    tuesday = what_is_left(CAPPED, f"{TUESDAY}T08:00:00Z", *events)
    assert [each.left for each in tuesday.caps] == [25, 0, 975]


def test_a_cap_by_attribute_is_that_of_now() -> None:
    text = programme(
        attributes={"qualification": {"field": "level", "values": [1, 2], "default": 1}},
        cap={"per": "day", "attribute": "qualification", "table": {1: 10, 2: 30}},
    )
    events = [act(f"{MONDAY}T09:00")]
    assert caps(what_is_left(text, f"{MONDAY}T10:00:00Z", *events))[0][1:3] == (10, 0)
    events.append(level("ann", f"{MONDAY}T09:30:00Z", 2))
    assert caps(what_is_left(text, f"{MONDAY}T10:00:00Z", *events))[0][1:3] == (30, 20)


def test_a_limit_goes_by_the_zone() -> None:
    text = programme(rule(limit={"per": "day", "count": 1}), zone="Europe/Moscow")
    found = what_is_left(text, "2026-03-02T20:59:00Z", act(f"{MONDAY}T09:00"))
    assert limits(found) == [("a", "day", 0, "2026-03-02T21:00:00Z")]
    assert what_is_left(text, "2026-03-02T21:00:00Z", act(f"{MONDAY}T09:00")).limits[0].left == 1


def test_before_the_first_version_and_without_limits_there_is_nothing_to_say() -> None:
    plan = Plan(activations_of([(programme(), "2026-03-01T00:00:00Z")]))
    early = left(plan, "ann", [], Instant.parse("2026-02-01T00:00:00Z"), closed_until=None)
    assert early == Left()
    assert what_is_left(programme(), f"{MONDAY}T09:00:00Z") == Left()


def test_where_points_wait_for_a_close_caps_are_not_told() -> None:
    text = programme(rule(limit={"per": "day", "count": 3}), caps=[WEEKLY], period="week")
    found = what_is_left(text, f"{MONDAY}T12:00:00Z", act(f"{MONDAY}T09:00"))
    assert (found.limits[0].left, found.caps) == (2, ())


def _random_programme(chance: random.Random) -> str:
    def some(*what: Any) -> Any:
        return chance.choice(what)

    spans = ("day", "week", "month", "lifetime")
    rules = [
        rule(
            name,
            category=category,
            points=some(3, 10, 7),
            limit={"per": some(*spans), "count": chance.randint(1, 4)},
        )
        for name, category in (("a", "x"), ("b", "y"))
    ]
    more: dict[str, Any] = {"cap": {"per": "day", "points": chance.randint(5, 40)}}
    if chance.random() < 0.7:
        more["caps"] = [
            {"id": "of-x", "of": {"category": "x"}, "per": some(*spans), "points": 20},
            {"id": "of-a", "of": {"rules": ["a"]}, "per": some(*spans), "points": 25},
        ]
    return programme(*rules, **more)


@pytest.mark.parametrize("seed", range(60))
def test_one_more_event_is_worth_what_is_left_of_it(seed: int) -> None:
    """It earns if no limit is used up, and then what every cap lets through."""
    chance = random.Random(seed)  # noqa: S311 - a sample, no secret
    text = _random_programme(chance)
    events = [
        act(
            f"2026-03-{chance.randint(1, 4):02}T{chance.randint(0, 19):02}:{n:02}",
            chance.choice("ab"),
        )
        for n in range(chance.randint(0, 25))
    ]
    at = f"2026-03-04T{chance.randint(20, 23):02}:30"
    found = what_is_left(text, f"{at}:00Z", *events)
    activations = activations_of([(text, None)])
    plan = Plan(activations)
    for name in "ab":
        tried = act(at, name, name="tried")
        entitled = project_member("ann", facts_of([*events, tried]), activations, closed_until=None)
        worth = sum(each.points.amount for each in entitled if each.cause.id == "tried")  # type: ignore[union-attr]  # events only
        planned = plan.versions[0].rules_by_type[f"{name}.done"][0]
        assert isinstance(planned.rule.points, Fraction)
        stated = int(planned.rule.points)
        covering = {cap.cap.cap_id for cap in planned.caps}
        room = [each.left for each in found.caps if each.cap.cap_id in covering]
        counts = all(each.left for each in found.of_rule(name))
        assert worth == (min(stated, *room) if counts else 0)
