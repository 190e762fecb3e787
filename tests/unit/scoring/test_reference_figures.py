"""Every figure of the two published programmes, typed here, against what an act then earns."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from tests.scoring_cases import DAILY, WEEKLY, Event, event, level, score, several

pytestmark = pytest.mark.parametrize("scorer", ["naive", "real"])

LEVELS = range(1, 9)
WEEKLY_COEFFICIENTS = (100, 120, 150, 180, 220, 260, 300, 360)
"""Of an exercise, which is worth 100."""
CONSISTENCY = (1000, 1020, 1050, 1100, 1200, 1200, 1200)
"""Of ten exercises, in the first week in a row and so on."""
DAILY_TEMPLATE = (12, 15, 18, 23, 29, 35, 46, 58)
"""11.5 times 1.0, 1.3, 1.6, 2.0, 2.5, 3.0, 4.0 and 5.0, rounded half up."""
DAILY_CAPS = (100, 140, 200, 280, 360, 500, 700, 1000)


def acted(scorer: str, programme: str, events: list[Event], who: str = "ann") -> int:
    """All that somebody is awarded."""
    awards = score(scorer, programme, events)
    return sum(points for (member, *_), (points, _) in awards.items() if member == who)


@pytest.mark.parametrize(
    ("type_", "side", "weight", "limit"),
    [
        ("lms.section.read", "actor", 50, 5),
        ("lms.exercise.completed", "actor", 100, 5),
        ("club.post.created", "actor", 200, 1),
        ("club.like.given", "actor", 10, 5),
        ("club.like.given", "owner", 20, 10),
        ("club.comment.created", "actor", 50, 5),
        ("club.comment.created", "owner", 50, 5),
    ],
)
def test_weights_and_limits_of_a_week(
    scorer: str, type_: str, side: str, weight: int, limit: int
) -> None:
    def acts(count: int) -> list[Event]:
        if side == "actor":
            return several(count, type_, "ann", "2026-03-03", owner="bob")
        return [
            event(type_, f"p{n}", f"2026-03-03T10:00:{n:02}Z", {"owner": "ann"})
            for n in range(count)
        ]

    earned = [acted(scorer, WEEKLY, acts(count)) for count in (1, limit, limit + 1)]
    assert earned == [weight, weight * limit, weight * limit]


@pytest.mark.parametrize(("stated", "points"), [*zip(LEVELS, WEEKLY_COEFFICIENTS, strict=True)])
def test_coefficients_of_a_week(scorer: str, stated: int, points: int) -> None:
    facts = [
        level("ann", "2026-03-01T00:00:00Z", stated),
        event("lms.exercise.completed", "ann", "2026-03-03T10:00:00Z"),
    ]
    assert acted(scorer, WEEKLY, facts) == points


@pytest.mark.parametrize(("week", "points"), [*enumerate(CONSISTENCY)])
def test_consistency(scorer: str, week: int, points: int) -> None:
    monday = date(2026, 3, 2)
    facts = [
        one
        for number in range(week + 1)
        for day in (0, 1)
        for one in several(
            5, "lms.exercise.completed", "ann", str(monday + timedelta(weeks=number, days=day))
        )
    ]
    assert acted(scorer, WEEKLY, facts) == sum(CONSISTENCY[: week + 1])
    assert CONSISTENCY[week] == points


@pytest.mark.parametrize(
    ("type_", "points"),
    [
        # 2.3, 4.6, 6.9 and 11.5 at the highest level, times five
        *((each, 12) for each in ("text.submitted", "commit.created", "ai.chat")),
        *((each, 23) for each in ("workproduct.completed", "content.published")),
        *((each, 35) for each in ("knowledge.extracted", "distinction.added")),
        ("template.commit.merged", 58),
        *((each, 0) for each in ("day.opened", "day.closed", "session.started")),
        ("reminder.delivered", 0),
    ],
)
def test_bases_of_a_day(scorer: str, type_: str, points: int) -> None:
    facts = [
        level("ann", "2026-03-01T00:00:00Z", 8),
        event(type_, "ann", "2026-03-03T10:00:00Z"),
    ]
    assert acted(scorer, DAILY, facts) == points


@pytest.mark.parametrize(("stated", "points"), [*zip(LEVELS, DAILY_TEMPLATE, strict=True)])
def test_multipliers_of_a_day(scorer: str, stated: int, points: int) -> None:
    facts = [
        level("ann", "2026-03-01T00:00:00Z", stated),
        event("template.commit.merged", "ann", "2026-03-03T10:00:00Z"),
    ]
    assert acted(scorer, DAILY, facts) == points


@pytest.mark.parametrize(("stated", "cap"), [*zip(LEVELS, DAILY_CAPS, strict=True)])
def test_caps_of_a_day(scorer: str, stated: int, cap: int) -> None:
    facts = [
        level("ann", "2026-03-01T00:00:00Z", stated),
        *several(20, "template.commit.merged", "ann", "2026-03-03"),
    ]
    assert acted(scorer, DAILY, facts) == cap


@pytest.mark.parametrize(("type_", "limit"), [("text.submitted", 10), ("ai.chat", 5)])
def test_limits_of_a_day(scorer: str, type_: str, limit: int) -> None:
    facts = [
        level("ann", "2026-03-01T00:00:00Z", 8),
        *several(limit + 1, type_, "ann", "2026-03-03"),
    ]
    assert acted(scorer, DAILY, facts) == 12 * limit
