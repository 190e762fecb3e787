"""Exact numbers and their one text."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.programme.numbers import exact_text, parse_exact


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (Fraction(0), "0"),
        (Fraction(5), "5"),
        (Fraction(23, 10), "2.3"),
        (Fraction(1, 3), "1/3"),
        (Fraction(-7, 4), "-1.75"),
        (Fraction(1, 1000), "0.001"),
        (Fraction(22, 7), "22/7"),
        (Fraction(1, 64), "0.015625"),
        (Fraction(1, 5), "0.2"),
        (Fraction(-1, 125), "-0.008"),
        (Fraction(7, 50), "0.14"),
        (Fraction(10**15, 3), f"{10**15}/3"),
    ],
)
def test_text_of_a_number(number: Fraction, text: str) -> None:
    assert exact_text(number) == text
    assert Fraction(text) == number


@given(st.fractions())
def test_the_text_denotes_the_number(number: Fraction) -> None:
    assert Fraction(exact_text(number)) == number


@pytest.mark.parametrize(
    "text", ["", " 1", "1 ", "1.", ".1", "1/0", "01", "1e3", "١", "1/2/3", "+1"]
)
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="exact number"):
        parse_exact(text)
