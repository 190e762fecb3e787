"""Time invested, worked by hand: plausible minutes, each once, and receipts that say so."""

from __future__ import annotations

from typing import Any

import pytest

from ledger.programme.faults import ProgrammeInvalid
from ledger.programme.load import load_programme
from ledger.scoring.explain import why_not
from ledger.scoring.model import Entitlement, EventCause
from ledger.scoring.pipeline import Step
from ledger.scoring.plan import Plan
from ledger.scoring.project import project, quarantined
from ledger.scoring.time_invested import TimeBook
from tests.scoring_cases import Event, activations_of, event, facts_of, retraction

PROGRAMME = """\
programme: time
version: "1"
zone: Europe/Berlin
rules:
  - {id: time, on: lms.time.invested, to: actor, points: data.counted / 10}
  - {id: helped, on: lms.time.invested, to: data.owner, points: 1}
time: {on: lms.time.invested, session_max: 120, day_max: 300}
"""


def spent(started: str, minutes: Any, time: str, **more: Any) -> Event:
    content = {"started": f"2026-03-02T{started}Z", "minutes": minutes, **more.pop("data", {})}
    return event("lms.time.invested", "ann", f"2026-03-02T{time}Z", content, **more)


def scored(*events: Event) -> list[Entitlement]:
    found = project(facts_of(events), activations_of([(PROGRAMME, None)]), closed_until=None)
    return [each for each in found if each.rule == "time"]


def points(*events: Event) -> int:
    return sum(each.points.amount for each in scored(*events))


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ([spent("09:00:00", 60, "10:00:00")], 6),
        # 60 and, of the bot's 60 from 09:30 on, 30 that nobody stated before
        (
            [spent("09:00:00", 60, "10:00:00"), spent("09:30:00", 60, "10:30:00", source="bot")],
            9,
        ),
        # The same hour by two sources: once
        (
            [spent("09:00:00", 60, "10:00:00"), spent("09:00:00", 60, "10:00:00", source="bot")],
            6,
        ),
        # 200 minutes at once: the first 120
        ([spent("06:00:00", 200, "10:00:00")], 12),
        # 3 x 120 in a day: 300
        (
            [
                spent("05:00:00", 120, "07:00:00"),
                spent("08:00:00", 120, "10:00:00"),
                spent("11:00:00", 120, "13:00:00"),
            ],
            30,
        ),
        # Ends after the event says it: nothing
        ([spent("09:00:00", 62, "10:00:00")], 0),
        # Half a minute is none; 0 minutes are none
        ([spent("09:00:00", 19.5, "10:00:00")], 2),  # 19 minutes: 1.9
        ([spent("09:00:00", 0, "10:00:00")], 0),
        ([spent("09:00:00", "60", "10:00:00")], 0),
        ([spent("09:00:00", -5, "10:00:00")], 0),
    ],
)
def test_by_hand(events: list[Event], expected: int) -> None:
    assert points(*events) == expected
    assert points(*reversed(events)) == expected


def test_what_a_source_says_of_counted_minutes_is_not_heard() -> None:
    lie = {"counted": 1000, "measured": {"stated": 1000}}
    assert points(spent("09:00:00", 60, "10:00:00", data=lie)) == 6


def test_a_retracted_session_gives_its_minutes_to_the_next() -> None:
    first, second = spent("09:00:00", 60, "10:00:00"), spent("09:30:00", 60, "10:30:00", id="two")
    assert points(first, second, retraction(first)) == 6


def test_minutes_are_of_their_own_local_day() -> None:
    # Berlin's midnight is 23:00 UTC: 100 minutes before it and 20 after. The day before is full
    # after 300, the next has room.
    full = [spent(f"{hour:02}:00:00", 120, f"{hour + 2:02}:00:00") for hour in (5, 8)]
    over = spent("21:20:00", 120, "23:20:00")
    (*_, last) = scored(*full, over)
    receipt = last.receipt.to_json()
    event_told = receipt["event"]
    assert isinstance(event_told, dict)
    # 240 are used of 300: 60 count before midnight, 20 after it, 40 are beyond the day.
    assert event_told["measured"] == {
        "stated": 120,
        "beyond_session": 0,
        "merged": 0,
        "beyond_day": 40,
    }
    assert receipt["fields"] == {"data.counted": "80"}
    assert last.points.amount == 8


def test_the_receipt_says_what_was_merged_and_cut() -> None:
    found = scored(
        spent("09:00:00", 60, "10:00:00"), spent("09:30:00", 200, "13:00:00", source="bot")
    )
    told = found[-1].receipt.to_json()["event"]
    assert isinstance(told, dict)
    assert told["measured"] == {
        "stated": 200,
        "beyond_session": 80,
        "merged": 30,
        "beyond_day": 0,
    }


def test_why_not_says_that_nothing_counted() -> None:
    events = [spent("09:00:00", 60, "10:00:00"), spent("09:00:00", 60, "10:00:00", source="bot")]
    facts = facts_of(events)
    # At one instant the bot's comes first, so it is the other one that has nothing left.
    cause = EventCause("lms", facts[0].id)
    activations = activations_of([(PROGRAMME, None)])
    found = why_not(cause, "ann", facts, activations, closed_until=None)
    assert (Step.POINTS, "0") in {(each.step, each.reason) for each in found}


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ("session_max: 120", "session_max: 0", "time.session_max"),
        ("day_max: 300", "day_max: 1441", "time.day_max"),
        ("to: data.owner, points: 1}", "to: data.owner, points: data.counted}", "rules[1].to"),
        ("time: {on: lms.time.invested", "time: {on: [a.b, a.b]", "time.on"),
    ],
)
def test_what_is_wrong_is_said(old: str, new: str, field: str) -> None:
    assert old in PROGRAMME
    with pytest.raises(ProgrammeInvalid) as caught:
        load_programme(PROGRAMME.replace(old, new))
    assert field in [fault.field for fault in caught.value.found]


def test_the_section_is_part_of_the_meaning() -> None:
    other = PROGRAMME.replace("session_max: 120", "session_max: 121")
    assert load_programme(PROGRAMME).hash_text != load_programme(other).hash_text


def measured(
    started: object, minutes: object, time: str = "10:00:00", *, day_max: int = 300
) -> Any:
    """What counts of one interval alone, and what is said of it."""
    content = {"started": started, "minutes": minutes}
    (fact,) = facts_of([event("lms.time.invested", "ann", f"2026-03-06T{time}Z", content)])
    text = PROGRAMME.replace("day_max: 300", f"day_max: {day_max}")
    plan = Plan(activations_of([(text, None)]))
    terms = plan.versions[0].programme.time
    assert terms is not None
    told = TimeBook().measure(fact, terms, plan.day_of).data
    return told["counted"], told["measured"]


@pytest.mark.parametrize(
    ("started", "minutes", "counted", "stated"),
    [
        ("2026-03-06T09:00:00Z", 60, 60, 60),
        # The minute of the event itself is the last that can have been spent.
        ("2026-03-06T09:00:00Z", 61, 61, 61),
        ("2026-03-06T10:00:59Z", 1, 1, 1),
        ("2026-03-06T10:00:00Z", 0, 0, 0),
        ("2026-03-06T09:00:00Z", 0.5, 0, 0),
        # As long as two days before, and no longer.
        ("2026-03-04T10:00:00Z", 60, 60, 60),
    ],
)
def test_what_is_plausible_counts(started: str, minutes: float, counted: int, stated: int) -> None:
    assert measured(started, minutes) == (
        counted,
        {"stated": stated, "beyond_session": 0, "merged": 0, "beyond_day": 0},
    )


@pytest.mark.parametrize(
    ("started", "minutes", "said"),
    [
        ("2026-03-06T09:00:00Z", 62, {"stated": 62}),
        ("2026-03-06T10:01:00Z", 1, {"stated": 1}),
        ("2026-03-04T09:59:59Z", 60, {"stated": 60}),
        ("2026-03-06T09:00:00Z", 10_000, {"stated": 10_000}),
        ("2026-03-06T09:00:00Z", 10_001, {}),
        ("2026-03-06T09:00:00Z", -1, {}),
        ("2026-03-06T09:00:00Z", True, {}),
        ("2026-03-06T09:00:00Z", None, {}),
        ("an hour ago", 60, {}),
        (None, 60, {}),
    ],
)
def test_what_is_not_plausible_counts_for_nothing(
    started: object, minutes: object, said: dict[str, int]
) -> None:
    assert measured(started, minutes) == (0, {**said, "implausible": True})


def test_a_day_may_have_room_for_one_minute_alone() -> None:
    told = {"stated": 3, "beyond_session": 0, "merged": 0, "beyond_day": 2}
    assert measured("2026-03-06T09:00:00Z", 3, day_max=1) == (1, told)


def test_minutes_count_for_the_actor_alone_and_for_nobody_else() -> None:
    none = 'data.owner, when: "event.data.counted == 0", points: 1'
    text = PROGRAMME.replace("data.owner, points: 1", none)
    act = spent("09:00:00", 60, "10:00:00", data={"owner": "bob"})
    found = project(facts_of([act]), activations_of([(text, None)]), closed_until=None)
    # Ann's 60 minutes are 6 points; Bob has none of them.
    assert {(one.beneficiary, one.rule): one.points.amount for one in found} == {
        ("ann", "time"): 6,
        ("bob", "helped"): 1,
    }


def test_what_is_asked_of_minutes_is_asked_as_of_none() -> None:
    text = PROGRAMME.replace("data.counted / 10", "10 / (data.counted - 1)")
    act = spent("09:00:00", 60, "10:00:00")
    assert quarantined(facts_of([act]), activations_of([(text, None)])) == []
