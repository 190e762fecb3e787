"""The formulas of standing, levels and voice: values in, values out.

    award of an event     ── its points, whole, to the category of its rule
    award of a period     ── its points, divided among categories as the weights behind it are
    standing  = sum of the shares of the stated categories, rounded down once
    level     = the last one whose threshold the standing reaches
    voice     = rounded( sum over months m up to now of
                         min(per_month, shares of the stated categories earned in m)
                         × (1 - decay) ^ (months between m and now) )

What a cap took away is no award. What is spent, carried away, expires or is owed changes nothing
here, because nothing here asks for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from ledger.kernel.canonical import Json
from ledger.kernel.clock import Instant
from ledger.kernel.units import Points, round_half_up
from ledger.programme.calendar import Calendar, month_of_day, month_text
from ledger.programme.model import Programme, Rounding
from ledger.programme.model_standing import Level, Levels, StandingTerms, VoiceTerms
from ledger.scoring.model import Entitlement
from ledger.scoring.receipts import PeriodReceipt

Category = str | None


@dataclass(frozen=True, slots=True)
class Merit:
    """What one award gives to each category, exactly, and when it was earned.

    ``last_day`` is the local day that an award of a period counts on, its last; of an event's
    award it is ``None``: the day is that of ``earned_at``.
    """

    shares: tuple[tuple[Category, Fraction], ...]
    earned_at: Instant
    last_day: int | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """What counts, in whole points, and how each category contributed."""

    points: Points
    by_category: Mapping[Category, Fraction]


@dataclass(frozen=True, slots=True)
class Reached:
    """The level reached, the next one, and what is missing to it."""

    level: Level | None
    following: Level | None
    missing: Points


@dataclass(frozen=True, slots=True)
class VoiceMonth:
    """One month of a voice: what was earned in it, what of that counted, what is left of it."""

    month: str
    earned: Fraction
    counted: Fraction
    left: Fraction


@dataclass(frozen=True, slots=True)
class Voice:
    """A voice, and how it came about, oldest month first."""

    points: Points
    exact: Fraction
    months: tuple[VoiceMonth, ...]


def merit_of(entitlement: Entitlement) -> Merit:
    """What an entitlement gives to each category."""
    receipt = entitlement.receipt
    points = entitlement.points.amount
    categories = _categories(receipt.programme)
    if isinstance(receipt, PeriodReceipt):
        weights = [(each.rule_id, each.weight) for each in receipt.contributions]
        shares = _divided(points, weights, categories)
        return Merit(shares, entitlement.earned_at, receipt.last_day)
    return Merit(((categories.get(receipt.rule_id), Fraction(points)),), entitlement.earned_at)


def merit_of_award(
    points: int, receipt: Json, earned_at: Instant, programme_of: Callable[[str], Programme]
) -> Merit | None:
    """The same from an award as it is stored; ``None`` if nothing earns it any more.

    ``programme_of`` gives the version of a hash (``0x…``).
    """
    if not isinstance(receipt, dict) or not isinstance(stated := receipt.get("programme"), dict):
        return None
    programme = programme_of(str(stated["hash"]))
    categories = _categories(programme)
    contributions = receipt.get("contributions")
    if not isinstance(contributions, list):
        return Merit(((categories.get(str(receipt["rule"])), Fraction(points)),), earned_at)
    weights = [
        (str(each["rule"]), Fraction(str(each["weight"])))
        for each in contributions
        if isinstance(each, dict)
    ]
    last_day = _last_day(programme, earned_at)
    return Merit(_divided(points, weights, categories), earned_at, last_day)


def standing(merits: Iterable[Merit], terms: StandingTerms | None) -> Standing:
    """The sum of awards; of the stated categories only, if there are such."""
    by_category: dict[Category, Fraction] = {}
    for merit in merits:
        for category, share in merit.shares:
            if terms is None or category in terms.categories:
                by_category[category] = by_category.get(category, Fraction(0)) + share
    exact = sum(by_category.values(), Fraction(0))
    return Standing(Points(exact.numerator // exact.denominator), by_category)


def when_reached(
    merits: Iterable[Merit], terms: StandingTerms | None, points: int
) -> Instant | None:
    """When the award was earned by which the standing came to ``points``; ``None`` if none did."""
    sum_so_far = Fraction(0)
    for merit in sorted(merits, key=lambda each: each.earned_at):
        sum_so_far += sum(
            (
                share
                for category, share in merit.shares
                if terms is None or category in terms.categories
            ),
            Fraction(0),
        )
        if sum_so_far >= points:
            return merit.earned_at
    return None


def level(reached: Points, levels: Levels | None) -> Reached:
    """The last level whose threshold is reached, and the next."""
    steps = levels.steps if levels is not None else ()
    below = [step for step in steps if step.points <= reached.amount]
    following = steps[len(below)] if len(below) < len(steps) else None
    missing = 0 if following is None else following.points - reached.amount
    return Reached(below[-1] if below else None, following, Points(missing))


def voice(merits: Iterable[Merit], terms: VoiceTerms | None, zone: str, at: Instant) -> Voice:
    """The voice at ``at``; months are those of ``zone``, the present one counts in full."""
    if terms is None:
        return Voice(Points(0), Fraction(0), ())
    calendar = _calendar(zone)
    now = month_of_day(calendar.day(at))
    earned: dict[int, Fraction] = {}
    for merit in merits:
        if merit.earned_at > at:
            continue
        share = sum((s for category, s in merit.shares if category in terms.categories), Fraction())
        if share:
            day = calendar.day(merit.earned_at) if merit.last_day is None else merit.last_day
            month = month_of_day(day)
            earned[month] = earned.get(month, Fraction(0)) + share
    kept = 1 - terms.decay
    months = []
    for month, amount in sorted(earned.items()):
        counted = min(amount, Fraction(terms.per_month))
        left = counted * kept ** max(0, now - month)
        months.append(VoiceMonth(month_text(month), amount, counted, left))
    exact = sum((each.left for each in months), Fraction(0))
    down = exact.numerator // exact.denominator
    points = down if terms.rounding is Rounding.DOWN else round_half_up(exact)
    return Voice(Points(points), exact, tuple(months))


def _last_day(programme: Programme, closed_at: Instant) -> int:
    """The local day that a period's award counts on: that of the second before its close."""
    return _calendar(programme.zone).day(Instant(closed_at.seconds - 1))


@lru_cache(maxsize=8)
def _calendar(zone: str) -> Calendar:
    return Calendar(zone)


def _categories(programme: Programme) -> dict[str, Category]:
    return {rule.rule_id: rule.category for rule in programme.rules}


def _divided(
    points: int, weights: list[tuple[str, Fraction]], categories: Mapping[str, Category]
) -> tuple[tuple[Category, Fraction], ...]:
    total = sum((weight for _, weight in weights), Fraction(0))
    shares: dict[Category, Fraction] = {}
    for rule_id, weight in weights:
        if weight:
            category = categories.get(rule_id)
            shares[category] = shares.get(category, Fraction(0)) + points * weight / total
    return tuple(shares.items())
