"""What a fold remembers: worked by hand, and gone on from at every place of small histories."""

from __future__ import annotations

import json
from collections.abc import Iterable
from fractions import Fraction
from typing import Any, NamedTuple

import pytest

from ledger.kernel.clock import Instant
from ledger.scoring.history import KeyPart
from ledger.scoring.model import Entitlement, Fact, PeriodCause
from ledger.scoring.plan import Plan
from ledger.scoring.project import Start, fold_of, history_of, run, the_greater
from ledger.scoring.state import amount_state, key_part_state, read_amount, read_key_part
from ledger.scoring.state_book import Reader, Writer
from ledger.scoring.time_invested import BACK_MAX, TimeBook
from tests.scoring_cases import (
    Event,
    Versions,
    activations_of,
    awards_of,
    event,
    facts_of,
    totals,
)

LENGTHS = {str(number): number for number in range(1, 5)}
LEVEL = {"level": {"field": "level", "values": [1, 2, 3], "default": 1}}


def rule(name: str = "a", **more: Any) -> dict[str, Any]:
    return {"id": name, "on": "a.done", "to": "actor", "points": 10, **more}


def programme(version: str = "1", **more: Any) -> str:
    """Ten points for each act, unless told otherwise; keys of tables are whole numbers."""
    stated = {"programme": "small", "version": version, "zone": "UTC", "rules": [rule()], **more}
    text = json.dumps(stated)
    for number in range(1, 5):
        text = text.replace(f'"{number}": ', f"{number}: ")
    return text


def act(time: str, kind: str = "a.done", **data: Any) -> Event:
    """Ann's act of March 2026; ``02T10:00`` is its day and time."""
    return event(kind, "ann", f"2026-03-{time}:00Z", data, id=f"{kind}@{time}")


def level(time: str, value: int) -> Event:
    return act(time, "member.level.changed", level=value)


def active(*days: str) -> list[Event]:
    """Days of a streak."""
    both = [(act(f"{day}T09:00", "day.opened"), act(f"{day}T10:00")) for day in days]
    return [each for day in both for each in day]


def spent(started: str, minutes: int, time: str, **more: Any) -> Event:
    return act(time, "lms.time", started=f"2026-03-{started}:00Z", minutes=minutes, **more)


class Case(NamedTuple):
    """What a history comes to, gone on from wherever it is."""

    versions: Versions
    events: list[Event]
    points: int
    excess: int = 0


def only(events: list[Event], points: int, excess: int = 0, **more: Any) -> Case:
    """Under one version."""
    return Case([(programme(**more), None)], events, points, excess)


def limited(*spans: str) -> list[dict[str, Any]]:
    return [rule(limit=[{"per": per, "count": {"day": 2, "week": 3}[per]} for per in spans])]


def daily(version: str = "1", **more: Any) -> str:
    """By day, times the days in a row."""
    streak = {
        "by": "day_streak",
        "condition": "day.opened",
        "types": ["a.done"],
        "table": LENGTHS,
        "freezes": {"count": 2, "per": "month"},
    }
    return programme(
        version,
        period="day",
        multipliers={"streak": streak},
        period_multipliers=["streak"],
        **more,
    )


CASES = {
    # 10 of each act of the 2nd, the 3rd and the 9th: the two rules' points are told apart.
    "two rules": only(
        [act("02T10:00"), act("03T10:00"), act("09T10:00")],
        45,
        rules=[rule(), rule("b", points=5)],
    ),
    # Each kind of value once, whatever is the same to a careless reader.
    "keys": only(
        [
            act(f"{day}T{10 + place}:00", k=value)
            for day in ("02", "05")
            for place, value in enumerate(["x", 1, "1", 1.5, True, {"z": 1}, [1]])
        ],
        70,
        rules=[rule(once_per=["data.k"])],
    ),
    # Two of three on the 2nd, one of two on the 3rd, and two in the next week, whose version
    # states the same two limits the other way round.
    "limits": Case(
        [
            (programme(rules=limited("day", "week")), None),
            (programme("2", rules=limited("week", "day")), "2026-03-09T00:00:00Z"),
        ],
        [act(each) for each in ("02T10:00", "02T11:00", "02T12:00", "03T10:00", "03T11:00")]
        + [act(each) for each in ("09T10:00", "10T10:00")],
        50,
    ),
    # 15 for life at level 1: 10 and 5; at level 2 up to 30: 10, and 5 of the last.
    "a cap by level": only(
        [
            act("02T10:00"),
            act("02T11:00"),
            level("03T10:00", 2),
            act("04T10:00"),
            act("09T10:00"),
        ],
        30,
        10,
        attributes=LEVEL,
        caps=[
            {
                "id": "c",
                "of": {"rules": ["a"]},
                "per": "lifetime",
                "attribute": "level",
                "table": {"1": 15, "2": 30, "3": 40},
            }
        ],
    ),
    # The first week: 10 of 25/2 at level 1, then nothing. At level 2 the weekly cap leaves 12, and
    # nothing of the next act; and 12 in the last week.
    "weights under caps": only(
        [
            act("02T10:00"),
            act("03T10:00"),
            level("04T10:00", 2),
            act("09T10:00"),
            act("10T10:00"),
            act("30T10:00"),
        ],
        34,
        period="week",
        attributes=LEVEL,
        rules=[rule(points="12.5")],
        caps=[
            {
                "id": "c1",
                "of": {"rules": ["a"]},
                "per": "lifetime",
                "attribute": "level",
                "table": {"1": 10, "2": 100, "3": 200},
            },
            {"id": "c2", "of": {"rules": ["a"]}, "per": "week", "points": 12},
        ],
    ),
    # The 4th and 5th take the freezes of March, the 8th is excused, and the 10th ends the streak:
    # 1, 2, 3, 4, 4 (the table's last row) and 1.
    "days in a row": only(
        [
            *active("02", "03", "06", "07"),
            level("07T23:00", 3),
            level("08T12:00", 1),
            *active("09", "11"),
        ],
        150,
        attributes=LEVEL,
        multipliers={
            "streak": {
                "by": "day_streak",
                "condition": "day.opened",
                "types": ["a.done"],
                "table": LENGTHS,
                "freezes": {
                    "count": 2,
                    "per": "month",
                    "excused_by": {"attribute": "level", "values": [3]},
                },
            }
        },
        rules=[rule(multipliers=["streak"])],
    ),
    # One week is frozen: 1, 2, 3, 4.
    "weeks in a row": only(
        [act("02T10:00"), act("16T10:00"), act("23T10:00"), act("30T10:00")],
        100,
        period="week",
        multipliers={
            "streak": {
                "by": "week_streak",
                "table": LENGTHS,
                "freezes": {"count": 1, "per": "month"},
            }
        },
        period_multipliers=["streak"],
    ),
    # One cap for life over a change of zone and period: 10 and 10 at once, then weeks of 20 and 5.
    "eras": Case(
        [
            (
                programme(
                    caps=[{"id": "c", "of": {"rules": ["a"]}, "per": "lifetime", "points": 45}]
                ),
                None,
            ),
            (
                programme(
                    "2",
                    zone="Europe/Moscow",
                    period="week",
                    caps=[{"id": "c", "of": {"rules": ["a"]}, "per": "lifetime", "points": 45}],
                ),
                "2026-03-05T12:00:00Z",
            ),
        ],
        [
            act(each)
            for each in ("02T10:00", "05T10:00", "05T13:00", "06T10:00", "09T10:00", "12T10:00")
        ],
        45,
    ),
    # The 3rd is of the second zone and waits with the 2nd, as that is not over before; the 4th and
    # 5th are frozen, and the 12th begins again: 1, 2, 3, 1, 2.
    "days in a row over eras": Case(
        [
            (daily(), None),
            (daily("2", zone="Europe/Moscow"), "2026-03-02T12:00:00Z"),
        ],
        active("02", "03", "06", "12", "13"),
        90,
    ),
    # 60 minutes, 30 that nobody stated before, and 120 of 200.
    "time invested": only(
        [
            spent("02T09:00", 60, "02T10:00"),
            spent("02T09:30", 60, "02T10:30"),
            spent("03T06:00", 200, "03T10:00"),
            act("04T10:00"),
            act("09T10:00"),
        ],
        21,
        rules=[rule(on="lms.time", points="data.counted / 10")],
        time={"on": "lms.time", "session_max": 120, "day_max": 300},
    ),
    # Doubled from the 3rd on: 10, 20, 20.
    "a top-up": Case(
        [
            (programme(), None),
            (programme("2", rules=[rule(points=20)]), "2026-03-03T00:00:00Z", "top_up"),
        ],
        [act("02T10:00"), act("03T10:00"), act("09T10:00")],
        50,
    ),
}


def told(entitlements: Iterable[Entitlement]) -> dict[object, object]:
    """By what there is one entitlement for; receipts as they are stored."""
    return {
        each.key: (each.points, each.excess, each.earned_at, json.dumps(each.receipt.to_json()))
        for each in entitlements
    }


@pytest.mark.parametrize("name", CASES)
def test_a_history_gone_on_from_any_place_comes_to_the_same(name: str) -> None:
    case = CASES[name]
    plan = Plan(activations_of(case.versions))
    history = history_of(plan, "ann", facts_of(case.events), None)
    whole = run(plan, "ann", history, None, None, mark_at=len(history) - 1)
    assert totals(awards_of(whole.entitlements)) == {"ann": (case.points, case.excess)}
    for place in range(1, len(history) - 1):
        marked = run(plan, "ann", history, None, None, mark_at=place).mark
        assert marked is not None
        by_cause = {fact.cause: fact for fact in history[:place]}
        kept = [by_cause.pop(cause) for cause in marked.book.kept]
        start = Start(json.loads(json.dumps(marked.states)), [*kept, *by_cause.values()])
        later = run(
            plan,
            "ann",
            history[place:],
            None,
            None,
            start=start,
            mark_at=len(history) - 1 - place,
        )
        both = the_greater(the_greater([], marked.done), later.entitlements)
        assert told(both) == told(whole.entitlements), place
        assert later.mark is not None
        assert whole.mark is not None
        assert json.dumps(later.mark.states) == json.dumps(whole.mark.states), place
        assert list(later.mark.book.kept) == list(whole.mark.book.kept), place


def test_a_mark_tells_what_is_worked_out_from_what_is_to_come() -> None:
    # The 2nd is over on the 9th; at the mark, before the 10th, the 9th is not.
    case = only([act("02T10:00"), act("09T10:00"), act("10T10:00")], 30)
    plan = Plan(activations_of(case.versions))
    history = facts_of(case.events)
    marked = run(plan, "ann", history, None, None, mark_at=2).mark
    assert marked is not None
    assert [each.cause for each in marked.done] == [history[0].cause]
    assert marked.later == {("ann", "a", fact.cause) for fact in history[1:]}
    assert marked.book.kept == {history[1].cause: 0}
    assert marked.book.earliest == history[1].time
    # Its day, nothing used up, no time invested, no cap and no streak; the act of the 9th waits,
    # by its number, with version, rule, day, limits and points.
    day = history[1].time.seconds // 86_400
    waiting = [[[0], 0, 0, day, [], "10/1"]]
    assert marked.states == [[day, [[], []], [[], []], [[], [[], [], []], []], waiting]]
    assert run(plan, "ann", history, None, None).mark is None


def test_of_days_without_a_gap_two_at_most_are_open() -> None:
    # Before the act of the 6th: the 4th may come back for an hour, and the 5th is not over.
    plan = Plan(activations_of([(daily(), None)]))
    history = facts_of([act(f"0{day}T10:00") for day in range(2, 7)])
    marked = run(plan, "ann", history, None, None, mark_at=4).mark
    assert marked is not None
    assert [each.cause for each in marked.done] == [
        PeriodCause(f"2026-03-0{day}") for day in (2, 3)
    ]
    assert list(marked.book.kept) == [fact.cause for fact in history[2:4]]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("two rules", "days in a row"),
        ("two rules", "weeks in a row"),
    ],
)
def test_the_state_of_another_plan_is_refused(one: str, other: str) -> None:
    plans = [Plan(activations_of(CASES[name].versions)) for name in (one, other)]
    first, second = (fold_of(plan, "ann", [], None) for plan in plans)
    with pytest.raises(ValueError, match="shorter"):
        second.restore(first.state(Writer()), Reader(plans[1], []))


def test_the_state_of_other_eras_is_refused() -> None:
    versions: Any = CASES["eras"].versions
    third = programme("3"), "2026-04-01T00:00:00Z"
    plans = [Plan(activations_of(each)) for each in (versions, [*versions, third])]
    first, second = (fold_of(plan, "ann", [], None) for plan in plans)
    state = first.state(Writer())
    with pytest.raises(ValueError, match="shorter"):
        second.restore(state, Reader(plans[1], []))


@pytest.mark.parametrize(
    ("amount", "state"), [(10, 10), (Fraction(10), "10/1"), (Fraction(-7, 3), "-7/3")]
)
def test_amounts_keep_their_kind(amount: int | Fraction, state: object) -> None:
    assert amount_state(amount) == state
    again = read_amount(state)
    assert (again, type(again)) == (amount, type(amount))


@pytest.mark.parametrize(
    ("part", "state"),
    [
        ("x", "x"),
        (1, 1),
        (1.5, ["float", "0x1.8000000000000p+0"]),
        (("boolean", True), ["boolean", True]),
        (("json", b'{"z":1}'), ["json", '{"z":1}']),
    ],
)
def test_keys_keep_their_kind(part: KeyPart, state: object) -> None:
    assert key_part_state(part) == state
    assert read_key_part(json.loads(json.dumps(state))) == part


def test_a_writer_numbers_each_fact_once_and_knows_the_earliest() -> None:
    def fact(name: str, second: int, **data: Any) -> Fact:
        return Fact("lms", name, "a.done", "ann", Instant(second), data)

    book = Writer()
    assert book.fact(fact("b", 5)) == [0]
    assert book.fact(fact("c", 3, counted=9)) == [1]
    assert book.fact(fact("d", 4, counted=2, measured={"stated": 2})) == [2, 2, {"stated": 2}]
    assert book.fact(fact("b", 5)) == [0]
    assert book.earliest == Instant(3)
    assert [cause.id for cause in book.kept] == ["b", "c", "d"]
    kept = [fact("b", 5), fact("c", 3, counted=9), fact("d", 4)]
    reader = Reader(Plan(activations_of([(programme(), None)])), kept)
    assert reader.fact([1]) == kept[1]
    assert reader.fact([2, 2, {"stated": 2}]) == fact("d", 4, counted=2, measured={"stated": 2})


def test_minutes_are_remembered_in_stretches() -> None:
    book = TimeBook({7, 1, 2, 3, 9, 10}, {0: 6})
    state = json.loads(json.dumps(book.state()))
    assert state == [[[1, 3], [7, 7], [9, 10]], [[0, 6]]]
    again = TimeBook()
    again.restore(state)
    assert again == book
    assert TimeBook().state() == [[], []]


def test_minutes_that_no_later_fact_reaches_are_forgotten() -> None:
    (fact,) = facts_of([spent("09T10:00", 1, "09T10:01")])
    plan = Plan(activations_of(CASES["time invested"].versions))
    terms = plan.versions[0].programme.time
    assert terms is not None
    now = fact.time.seconds // 60
    edge = now - 2 * BACK_MAX
    book = TimeBook({edge - 2, edge - 1, edge, edge + 1})
    book.measure(fact, terms, plan.day_of)
    assert book.covered == {edge, edge + 1, now - 1}
