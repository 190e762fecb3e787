"""The judge of standing, levels and voice: the formulas written down again, as plainly as can be.

Shares no code with the product. Awards are tuples ``(points, [(category, weight), …], local date
on which it counts)``; a plain award has one category with weight 1.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date
from fractions import Fraction

Award = tuple[int, Sequence[tuple[str | None, Fraction]], date]


def share(award: Award, categories: Sequence[str] | None) -> Fraction:
    points, weights, _ = award
    whole = sum((weight for _, weight in weights), Fraction(0))
    if not whole:
        return Fraction(0)
    part = sum(
        (weight for name, weight in weights if categories is None or name in categories),
        Fraction(0),
    )
    return Fraction(points) * part / whole


def naive_standing(awards: Sequence[Award], categories: Sequence[str] | None) -> int:
    return math.floor(sum((share(each, categories) for each in awards), Fraction(0)))


def naive_level(points: int, thresholds: Sequence[tuple[str, int]]) -> tuple[str | None, int]:
    """The level, and what is missing to the next (0 at the top)."""
    reached = None
    for name, threshold in thresholds:
        if points < threshold:
            return reached, threshold - points
        reached = name
    return reached, 0


def naive_voice(
    awards: Sequence[Award],
    categories: Sequence[str],
    per_month: int,
    decay: Fraction,
    today: date,
    *,
    half_up: bool,
) -> int:
    """Month by month from the first to the present one: decay what there is, then add the month."""
    kept = Fraction(0)
    if not awards:
        return 0
    first = min(day for _, _, day in awards)
    year, month = first.year, first.month
    while (year, month) <= (today.year, today.month):
        kept = kept * (1 - decay)
        earned = sum(
            (
                share(each, categories)
                for each in awards
                if (each[2].year, each[2].month) == (year, month)
            ),
            Fraction(0),
        )
        kept += min(earned, Fraction(per_month))
        year, month = (year, month + 1) if month < 12 else (year + 1, 1)
    return math.floor(kept + Fraction(1, 2)) if half_up else math.floor(kept)
