"""Expressions of points: what is read, what it comes to, and what has no answer."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.programme.expressions import (
    DEPTH_MAX,
    LENGTH_MAX,
    NUMBER_MAX,
    PARTS_MAX,
    ExpressionFailed,
    ExpressionMalformed,
    number_at,
    parse_expression,
)

CONTENT = {"a": Decimal("2.5"), "b": {"c": 3}, "zero": 0, "text": "5", "yes": True, "n": -4}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2", "2"),
        ("0.1 + 0.2", "3/10"),
        ("7/3", "7/3"),
        ("1 - 2 - 3", "-4"),
        ("12 / 3 / 2", "2"),
        ("1 + 2 * 3", "7"),
        ("(1 + 2) * 3", "9"),
        ("-2 * -3", "6"),
        ("2 - -3", "5"),
        ("-(1 - 4)", "3"),
        ("data.a * data.b.c", "15/2"),
        ("min(data.a, data.b.c, 2)", "2"),
        ("max(data.a, data.n)", "5/2"),
        ("floor(data.a)", "2"),
        ("ceil(data.a)", "3"),
        ("half_up(data.a)", "3"),
        ("floor(-data.a)", "-3"),
        ("ceil(-data.a)", "-2"),
        ("half_up(-data.a)", "-2"),
        ("half_up(2.4)", "2"),
        ("floor ( data.a/10 )", "0"),
        ("1 / data.b.c * 3", "1"),
    ],
)
def test_what_it_comes_to_exactly(text: str, value: str) -> None:
    assert parse_expression(text).value(CONTENT) == Fraction(value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "ends too early"),
        ("1 +", "ends too early"),
        ("data.a data.b", "'data.b' is not expected there"),
        ("(1", "')' is expected where the end stands"),
        ("1)", "')' is not expected there"),
        ("1e3", "'1e3' is not an exact number"),
        ("010", "'010' is not an exact number"),
        (".5", "'.' is not expected there"),
        ("1_000", "is not an exact number"),
        ("minutes * 2", "'minutes' is neither a field"),
        ("data", "'data' is neither a field"),
        ("data.", "'data.' is neither a field"),
        ("data.a-b", "'b' is neither a field"),
        ("data.a.b.c.d.e.f", "is neither a field"),
        ("event.data.a", "is neither a field"),
        ("round(2.5)", "'round' is neither a field"),
        ("min(1)", "min takes 2 to 16 arguments, not 1"),
        ("floor(1, 2)", "floor takes 1 arguments, not 2"),
        ("floor 1", "'(' is expected where '1' stands"),
        ("2 ** 3", "'*' is not expected there"),
        ("2 % 3", "'%' is not expected there"),
        ("2 > 3", "'>' is not expected there"),
        ("data['a']", "is neither a field"),
        ("1;2", "';' is not expected there"),
        ("٣", "is not an exact number"),
        (f"1 + {' ' * LENGTH_MAX}1", f"{LENGTH_MAX} are allowed"),
        ("(" * (DEPTH_MAX + 1) + "1" + ")" * (DEPTH_MAX + 1), "deep in one another"),
        ("-" * (DEPTH_MAX + 1) + "1", "deep in one another"),
        ("1 + " + "(" * DEPTH_MAX + "1" + ")" * DEPTH_MAX, "deep in one another"),
        ("+".join(["1"] * (PARTS_MAX // 2 + 1)), f"more than {PARTS_MAX}"),
    ],
)
def test_what_is_no_expression(text: str, said: str) -> None:
    with pytest.raises(ExpressionMalformed) as caught:
        parse_expression(text)
    assert said in caught.value.message
    assert caught.value.code == "expression_malformed"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("data.missing + 1", "data.missing is not there"),
        ("data.b.missing", "data.b.missing is not there"),
        ("data.a.c", "data.a.c is not there"),
        ("data.text", "data.text is not a number"),
        ("data.yes", "data.yes is not a number"),
        ("data.b", "data.b is not a number"),
        ("1 / data.zero", "divides by zero"),
        ("1 / (data.a - 2.5)", "divides by zero"),
        ("999999999999 + 2", "comes to more than 1000000000000"),
        ("0 - 1000000 * 1000001", "comes to more than"),
    ],
)
def test_what_has_no_answer(text: str, said: str) -> None:
    with pytest.raises(ExpressionFailed) as caught:
        parse_expression(text).value(CONTENT)
    assert said in caught.value.message
    assert caught.value.code == "expression_failed"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (f"1{' ' * (LENGTH_MAX - 3)}+1", 2),
        ("(" * (DEPTH_MAX - 1) + "1" + ")" * (DEPTH_MAX - 1), 1),
        ("(((1))) + " * 8 + "1", 9),
        ("-" + "+".join(["1"] * (PARTS_MAX // 2)), PARTS_MAX // 2 - 2),
        ("-1000000 * 1000000", -NUMBER_MAX),
        ("min(" + ", ".join("3" * 16) + ")", 3),
    ],
)
def test_bounds_are_inclusive(text: str, value: int) -> None:
    assert parse_expression(text).value({}) == value


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("0", "0"),
        ("0.00", "0"),
        ("1E+3", "1000"),
        ("-1000000000000", "-1000000000000"),
        ("0.000000000001", "1/1000000000000"),
        ("1.0000000000000000", "1"),
        ("0E-999999999", "0"),
        ("1000000000000.1", None),
        ("1E+999999999", None),
        ("1E-999999999", None),
        ("0.1234567890123", None),
        ("NaN", None),
        ("Infinity", None),
    ],
)
def test_numbers_are_taken_exactly_and_within_bounds(written: str, value: str | None) -> None:
    content = {"n": Decimal(written)}
    if value is not None:
        assert number_at(content, "data.n") == Fraction(value)
        return
    with pytest.raises(ExpressionFailed):
        number_at(content, "data.n")


def test_a_float_is_no_number_here() -> None:
    with pytest.raises(ExpressionFailed, match="is not a number"):
        number_at({"n": 0.5}, "data.n")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("data.a*2+1", "((data.a * 2.0)) + 1"),
        ("-data.a", "-(data.a)"),
        ("min(1,data.a)", "min( 1, data.a )"),
    ],
)
def test_how_it_is_typed_does_not_matter(one: str, other: str) -> None:
    assert parse_expression(one) == parse_expression(other)


def texts() -> st.SearchStrategy[str]:
    leaves = st.sampled_from(["1", "2.5", "0.1", "7", "data.a", "data.n", "data.b.c"])
    return st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.builds("({} {} {})".format, inner, st.sampled_from("+-*/"), inner),
            st.builds("{} {} {}".format, inner, st.sampled_from("+-*/"), inner),
            st.builds("-{}".format, inner),
            st.builds("max({}, {})".format, inner, inner),
            st.builds("half_up({})".format, inner),
        ),
        max_leaves=6,
    )


@given(texts())
def test_the_one_form_means_the_same(text: str) -> None:
    read = parse_expression(text)
    again = parse_expression(read.text)
    assert again.text == read.text
    assert again.fields == read.fields
    try:
        value = read.value(CONTENT)
    except ExpressionFailed:
        with pytest.raises(ExpressionFailed):
            again.value(CONTENT)
    else:
        assert again.value(CONTENT) == value


@given(st.text(alphabet="data.()+-*/, 1290floremxinhuplc_", max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        read = parse_expression(text)
    except ExpressionMalformed:
        return
    assert parse_expression(read.text) == read
