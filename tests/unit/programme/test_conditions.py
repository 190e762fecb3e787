"""Conditions: what may be written, and what happens when there is no answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ledger.kernel.clock import Instant
from ledger.programme.conditions import (
    BUDGET_STEPS_MAX,
    DATA_DEPTH_MAX,
    DEPTH_MAX,
    LENGTH_MAX,
    OPERATORS_MAX,
    Condition,
    ConditionFailed,
    ConditionMalformed,
    compile_condition,
    shown,
    values_in,
)


def holds(condition: Condition, **content: Any) -> bool:
    event = shown("a.done", "lms", Instant.parse("2026-03-02T09:30:00Z"), content)
    return condition.holds(event, values_in(content))


@pytest.mark.parametrize(
    ("text", "content", "expected"),
    [
        ("event.data.n > 1", {"n": 2}, True),
        ("event.data.n > 1", {"n": 1.5}, True),
        ("event.data.n > 1", {"n": 1}, False),
        ("has(event.data.n)", {}, False),
        ("has(event.data.n) && event.data.n > 1", {}, False),
        ("event.data.tags.exists(t, t == 'x')", {"tags": ["a", "x"]}, True),
        ("event.data.name.startsWith('co//urse')", {"name": "co//urse:1"}, True),
        ("event.data.ok", {"ok": True}, True),
        ("event.time > timestamp('2026-01-01T00:00:00Z')", {}, True),
        ("event.data.n in [1, 2]", {"n": 2}, True),
        ("event.data.s == 'it\\'s'", {"s": "it's"}, True),
    ],
)
def test_answers(text: str, content: dict[str, Any], expected: bool) -> None:  # noqa: FBT001
    assert holds(compile_condition(text), **content) is expected


@pytest.mark.parametrize(
    ("text", "content"),
    [
        ("event.data.n > 1", {}),
        ("event.data.n > 1", {"n": "many"}),
        ("event.data.n > 1", {"n": None}),
        ("event.data.n", {"n": 1}),
        ("1 / event.data.n == 1", {"n": 0}),
        ("event.data.n + 9223372036854775807 > 0", {"n": 1}),
        ("event.data.l[3] == 1", {"l": [1]}),
        ("int(event.data.s) == 1", {"s": "one"}),
    ],
)
def test_no_answer_is_a_failure_of_that_event(text: str, content: dict[str, Any]) -> None:
    with pytest.raises(ConditionFailed) as caught:
        holds(compile_condition(text), **content)
    assert caught.value.code == "condition_failed"
    assert text in caught.value.message


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("event.data.", "not CEL"),
        ("member.level == 1", "only variable is event"),
        ("event.data.n == n", "only variable is event"),
        ("event.data.s.matches('(a+)+$')", "'matches'"),
        ("nothing(event)", "'nothing'"),
        ("(" * 17 + "true" + ")" * 17, "deep"),
        ("(true && " * 17 + "true" + ")" * 17, "deep"),
        ("(true) && " + "(" * 17 + "true" + ")" * 17, "deep"),
        ("true && " * 101 + "true", "operators"),
        ("event.type == '" + "x" * 1000 + "'", "characters"),
        ("event.data.a.all(x, x.all(y, y.all(z, z == 1)))", "comprehensions"),
        ("true // a comment", "comment"),
        ("event.type == r'\\'", "raw"),
        ('event.type == """x"""', "triple"),
    ],
)
def test_what_a_condition_may_not_be(text: str, said: str) -> None:
    with pytest.raises(ConditionMalformed, match=said) as caught:
        compile_condition(text)
    assert caught.value.code == "condition_malformed"


def test_a_comprehension_over_too_much_is_over_budget() -> None:
    one = compile_condition("event.data.l.all(x, x == 1)")
    assert holds(one, l=[1] * 1000)
    with pytest.raises(ConditionFailed, match="visit more"):
        holds(one, l=[1] * BUDGET_STEPS_MAX)
    two = compile_condition("event.data.l.all(x, event.data.l.all(y, x == y))")
    assert holds(two, l=[1] * 100)
    with pytest.raises(ConditionFailed, match="visit more"):
        holds(two, l=[1] * 1000)


def test_bounds_are_inclusive() -> None:
    start, end = "event.type != '", "'"
    for text in (
        start + "x" * (LENGTH_MAX - len(start + end)) + end,
        "(" * DEPTH_MAX + "true" + ")" * DEPTH_MAX,
        "(true) && " * (DEPTH_MAX + 1) + "true",
        "true && " * OPERATORS_MAX + "true",
    ):
        assert holds(compile_condition(text))
    exactly = BUDGET_STEPS_MAX - 2  # The list and what holds it are values, too.
    assert holds(compile_condition("event.data.l.all(x, x == 1)"), l=[1] * exactly)


def test_what_loops_over_nothing_has_no_budget() -> None:
    event = shown("a.done", "lms", Instant.parse("2026-03-02T09:30:00Z"), {})
    assert compile_condition("event.type == 'a.done'").holds(event, BUDGET_STEPS_MAX + 1)


@pytest.mark.parametrize(
    ("value", "count"),
    [(5, 1), ("text", 1), ({}, 1), ([], 1), ({"a": [1, 2], "b": "text"}, 5), ([[], [1], {}], 5)],
)
def test_every_value_inside_counts(value: Any, count: int) -> None:
    assert values_in(value) == count


@pytest.mark.parametrize("wrap", [lambda inner: {"inner": inner}, lambda inner: [inner]])
def test_so_many_levels_of_data_are_looked_at(wrap: Callable[[Any], Any]) -> None:
    value: Any = 1
    for _ in range(DATA_DEPTH_MAX):
        value = wrap(value)
    assert values_in(value) == DATA_DEPTH_MAX + 1
    with pytest.raises(ConditionFailed, match="nested"):
        values_in(wrap(value))


def test_what_the_library_said_is_told_in_short() -> None:
    text = "event.data[event.data.s] == 1"
    with pytest.raises(ConditionFailed) as caught:
        holds(compile_condition(text), s="x" * 500)
    said = caught.value.message.partition("has no answer: ")[2]
    assert said == f"'{'x' * 159}."


def test_comprehensions_in_a_row_are_not_nested() -> None:
    text = " && ".join(["event.data.l.all(x, x == 1)"] * 4)
    assert holds(compile_condition(text), l=[1] * 1000)


def test_data_nested_too_deep_is_a_failure() -> None:
    content: dict[str, Any] = {}
    for _ in range(40):
        content = {"inner": content}
    with pytest.raises(ConditionFailed, match="nested"):
        values_in(content)


def test_equal_if_their_texts_are() -> None:
    assert compile_condition("true") == compile_condition("true")
    assert compile_condition("true") != compile_condition("false")
