"""Exact numbers to whole points, by name."""

from __future__ import annotations

from fractions import Fraction

from ledger.kernel.units import round_half_up
from ledger.programme.model import Rounding


def round_points(value: Fraction, rounding: Rounding) -> int:
    """Whole points by the programme's named rounding."""
    if rounding is Rounding.HALF_UP:
        return round_half_up(value)
    assert rounding is Rounding.DOWN, "every rounding of the language is here"
    return value.numerator // value.denominator
