"""Exact numbers as people write them, and the one text of each."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Final

_EXACT: Final = re.compile(r"-?(0|[1-9]\d{0,11})(\.\d{1,12}|/[1-9]\d{0,11})?\Z", re.ASCII)


def parse_exact(text: str) -> Fraction:
    """``2``, ``2.30`` or ``7/3`` as the number it denotes.

    Raises:
        ValueError: anything else, or more than twelve digits on a side.
    """
    if not _EXACT.match(text):
        raise ValueError(f"{text[:40]!r} is not an exact number such as 2, 2.3 or 7/3")
    return Fraction(text)


def exact_text(number: Fraction) -> str:
    """The one text of a number: a decimal if it ends (``2.3``), else a fraction (``1/3``)."""
    numerator, denominator = number.numerator, number.denominator
    if denominator == 1:
        return str(numerator)
    twos = (denominator & -denominator).bit_length() - 1
    rest, fives = denominator >> twos, 0
    while rest % 5 == 0:
        rest, fives = rest // 5, fives + 1
    if rest != 1:
        return f"{numerator}/{denominator}"
    places = max(twos, fives)
    digits = str(abs(numerator) * 10**places // denominator).rjust(places + 1, "0")
    return f"{'-' if numerator < 0 else ''}{digits[:-places]}.{digits[-places:]}"
