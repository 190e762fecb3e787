"""Points by an expression over the event's data: small programmes, both scorers."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ledger.programme.load import load_programme
from ledger.scoring.explain import why_not
from ledger.scoring.history import key_at
from ledger.scoring.lines import fact_of_line, read_lines
from ledger.scoring.model import Activation, EventCause
from ledger.scoring.pipeline import Step
from ledger.scoring.project import project, quarantined
from tests.scoring_cases import Event, activations_of, event, facts_of, score

DAY = "2026-03-02"

both = pytest.mark.parametrize("scorer", ["naive", "real"])


def programme(points: str, *others: dict[str, Any], period: str = "at_once", **more: Any) -> str:
    first = {"id": "a", "on": "a.done", "to": "actor", "points": points, **more}
    stated = {
        "programme": "small",
        "version": "1",
        "zone": "UTC",
        "period": period,
        "rules": [first, *others],
    }
    return json.dumps(stated)


def act(number: int = 0, **content: Any) -> Event:
    return event("a.done", "ann", f"{DAY}T10:{number:02d}:00Z", content, id=f"{number}")


def paid(awards: dict[Any, tuple[int, int]]) -> list[int]:
    return [awards[key][0] for key in sorted(awards, key=lambda key: key[2])]


@both
@pytest.mark.parametrize(
    ("points", "content", "expected"),
    [
        ("floor(data.minutes / 10)", {"minutes": 59}, 5),
        ("data.minutes / 10", {"minutes": 45}, 5),  # 4.5, rounded half up by the programme
        ("data.paid * 0.05", {"paid": 199.9}, 10),  # 9.995
        ("data.a + data.b", {"a": 0.1, "b": 0.4}, 1),  # exactly a half
        ("data.a * 3", {"a": 0.1666666666}, 0),  # 0.4999999998
        ("min(data.score, 100) * 7/3", {"score": 250}, 233),
        ("half_up(data.score) + 0.4", {"score": 1.5}, 2),
    ],
)
def test_points_are_exact(scorer: str, points: str, content: dict[str, Any], expected: int) -> None:
    assert paid(score(scorer, programme(points), [act(**content)])) == [expected]


@both
@pytest.mark.parametrize(
    "content", [{}, {"n": None}, {"n": "5"}, {"n": True}, {"n": {"m": 1}}, {"n": 0}, {"n": 10**13}]
)
def test_an_event_without_an_answer_earns_nothing_by_any_rule(
    scorer: str, content: dict[str, Any]
) -> None:
    other = {"id": "b", "on": "a.done", "to": "actor", "points": 5, "once_per": ["type"]}
    text = programme("10 / data.n", other)
    # Nothing is used up either: the next event is the first of its once_per.
    awards = score(scorer, text, [act(**content), act(1, n=2)])
    assert {(rule, key[1]): points for (_, rule, key), (points, _) in awards.items()} == {
        ("a", "1"): 5,
        ("b", "1"): 5,
    }


@both
def test_an_expression_is_not_asked_where_its_condition_does_not_hold(scorer: str) -> None:
    other = {"id": "b", "on": "a.done", "to": "actor", "points": 5}
    text = programme("10 / data.n", other, when="has(event.data.n) && event.data.n > 0")
    awards = score(scorer, text, [act(), act(1, n=0), act(2, n=2)])
    assert len(awards) == 4
    assert awards["ann", "a", ("lms", "2")] == (5, 0)


@both
@pytest.mark.parametrize("period", ["at_once", "week"])
def test_zero_or_less_earns_nothing_but_uses_its_limit(scorer: str, period: str) -> None:
    text = programme("data.n - 1", period=period, limit={"per": "day", "count": 2})
    awards = score(scorer, text, [act(n=1), act(1, n=-5), act(2, n=9)])
    assert awards == {}
    awards = score(scorer, text, [act(n=1), act(1, n=5), act(2, n=9)])
    assert [points for points, _ in awards.values()] == [4]


@both
def test_weights_of_a_week_are_expressions_too(scorer: str) -> None:
    text = programme("data.n / 3", period="week")
    assert score(scorer, text, [act(n=1), act(1, n=1)]) == {("ann", "small", "2026-W10"): (1, 0)}


# What is said of them


def test_the_receipt_has_the_expression_and_its_fields() -> None:
    (award,) = project(
        facts_of([act(minutes=47.5, extra={"m": 2})]),
        activations_of([(programme("data.minutes/10 - data.extra.m"), None)]),
        closed_until=None,
    )
    said: Any = json.loads(json.dumps(award.receipt.to_json()))
    assert (said["base"], said["points"]) == ("2.75", 3)
    assert said["expression"] == "(data.minutes / 10) - data.extra.m"
    assert said["fields"] == {"data.minutes": "47.5", "data.extra.m": "2"}


def test_the_receipt_of_a_week_has_them_by_event() -> None:
    plan = activations_of([(programme("data.n / 3", period="week"), None)])
    (award,) = project(facts_of([act(n=4)]), plan, closed_until=None)
    part: Any = award.receipt.to_json()["contributions"]
    assert (part[0]["weight"], part[0]["fields"]) == ("4/3", {"data.n": "4"})


def why(content: dict[str, Any]) -> Any:
    return why_not(
        EventCause("lms", "0"),
        "ann",
        facts_of([act(**content)]),
        activations_of([(programme("data.n - 1"), None)]),
        closed_until=None,
    )[0]


def test_why_not() -> None:
    assert why({"n": 0.5}).to_json() == {"rule": "a", "step": "points", "reason": "-0.5"}
    outcome = why({})
    assert outcome.step is Step.QUARANTINE
    assert "data.n is not there" in outcome.reason


def test_admins_see_events_without_an_answer() -> None:
    facts = facts_of([act(), act(1, n=3)])
    (one,) = quarantined(facts, activations_of([(programme("data.n"), None)]))
    assert (one.cause.id, one.rule) == ("0", "a")


# Numbers as they were written


def line(number: str) -> bytes:
    return (
        b'{"source": "s", "id": "1", "type": "a.done", "subject": "ann", '
        b'"time": "2026-03-02T10:00:00Z", "data": {"n": ' + number.encode() + b"}}"
    )


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        ("0.499999999999", 0),
        ("0.500000000000", 1),
        ("123456789012.4999", 123456789012),
        ("999999999999.499999999999", 999999999999),  # as a double exactly a half
        ("1.0000000000000000000000000", 1),
        ("1e3", 1000),
    ],
)
def test_numbers_keep_every_digit(number: str, expected: int) -> None:
    plan = [Activation(load_programme(programme("data.n")))]
    found = project([fact_of_line(line(number))], plan, closed_until=None)
    assert [award.points.amount for award in found] == [expected]


def test_a_number_beyond_every_bound_is_no_event() -> None:
    reading = read_lines([line("1e999999999"), line("1e-999999999")])
    assert [number for number, _ in reading.faults] == [1]
    assert "too great a number" in reading.faults[0][1]
    (one,) = reading.lines
    plan = [Activation(load_programme(programme("data.n")))]
    assert project([one.fact], plan, closed_until=None) == []


def test_conditions_and_keys_see_the_numbers_they_always_did() -> None:
    one, other = (fact_of_line(line(number)) for number in ("2.50", "2.5"))
    assert key_at(one, (("data", "n"),)) == key_at(other, (("data", "n"),)) == (2.5,)
    assert key_at(fact_of_line(line("3.0")), (("data", "n"),)) == (3,)
    text = programme("data.n", when="event.data.n == 2.5 && event.data.n / 2.0 > 1.2")
    assert len(project([one], activations_of([(text, None)]), closed_until=None)) == 1
