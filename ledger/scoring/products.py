"""Base times factors, worked out once for all members: a programme has few of each.

Products are known by the very objects that are multiplied, which the programme keeps. What an
expression of points came to is one event's, and is multiplied each time.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Final, NamedTuple

from ledger.kernel.units import Points
from ledger.programme.model import Programme, Rule
from ledger.scoring.receipts import AppliedMultiplier
from ledger.scoring.rounding import round_points

KEPT_MAX: Final = 10_000
"""Products remembered; beyond so many all are forgotten and worked out again."""


class Product(NamedTuple):
    """What an award comes to before caps; ``points`` are ``rounded``."""

    exact: Fraction
    rounded: int
    points: Points


class Products:
    """What rules of some versions come to under their multipliers; of one plan."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, ...], Product] = {}

    def of(
        self,
        programme: Programme,
        rule: Rule,
        base: Fraction,
        applied: Sequence[AppliedMultiplier],
    ) -> Product:
        """``base`` times every factor, rounded as the programme says."""
        if base is not rule.points:
            return _worked_out(programme, base, applied)
        key = (id(programme), id(base), *[id(each.factor) for each in applied])
        product = self._known.get(key)
        if product is None:
            if len(self._known) >= KEPT_MAX:
                self._known.clear()
            product = self._known[key] = _worked_out(programme, base, applied)
        return product


def _worked_out(
    programme: Programme, base: Fraction, applied: Sequence[AppliedMultiplier]
) -> Product:
    exact = base
    for each in applied:
        exact *= each.factor
    rounded = round_points(exact, programme.rounding)
    return Product(exact, rounded, Points(rounded))
