"""What a programme says about redeeming: rate, bounds, products, stacking, time limits.

Parsed from the ``redemption`` section of a programme; reads no file itself. Numbers are exact: an
integer, a decimal string or a fraction ``"5/2"``. A field that is not known is refused by name.

    redemption:
      rates: {USD: 1, RUB: "5/2"}    # minor units of the currency that one point is worth
      max_share: 100                 # per cent of the eligible lines' net
      max_discount_share: 100        # per cent of the gross, all discounts together
      min_cash: {USD: 500}           # minor units the member pays in money at least
      products: ["course:*"]         # exact names, or a prefix and "*"; all of them by default
      excluded_products: []
      refused_with: ["student"]      # points do not combine with these discount codes
      member_limit: {points: 5000, per: month}
      hold_minutes: 30
      quote_minutes: 10
      refund_grace_days: 30
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from fractions import Fraction
from typing import Final, NoReturn

from ledger.kernel.canonical import Json
from ledger.kernel.units import Points
from ledger.redemption.errors import TermsMalformed

_EXACT: Final = re.compile(r"\d{1,12}(\.\d{1,12}|/[1-9]\d{0,11})?\Z", re.ASCII)
_CURRENCY: Final = re.compile(r"[A-Z]{3}\Z")
_FIELDS: Final = frozenset(
    {
        "rates",
        "max_share",
        "max_discount_share",
        "min_cash",
        "products",
        "excluded_products",
        "refused_with",
        "member_limit",
        "hold_minutes",
        "quote_minutes",
        "refund_grace_days",
    }
)
HOLD_MINUTES_MAX: Final = 7 * 24 * 60
"""The longest payment methods take about a week."""
QUOTE_MINUTES_MAX: Final = 24 * 60
REFUND_GRACE_DAYS_MAX: Final = 3_650
NAMES_MAX: Final = 1_000
MINOR_UNITS_MAX: Final = 10**12


class LimitPeriod(StrEnum):
    """The calendar period over which one member's redemptions are counted."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    YEAR = "year"


@dataclass(frozen=True, slots=True)
class MemberLimit:
    """At most so many points redeemed by one member in one calendar period of the programme."""

    points: Points
    per: LimitPeriod


@dataclass(frozen=True, slots=True)
class RedemptionTerms:
    """The ``redemption`` section of one programme version.

    ``rates`` and ``min_cash`` are per currency, in minor units; shares are fractions of one.
    ``products`` and ``excluded_products`` are exact names or prefixes ending in ``*``.
    """

    rates: Mapping[str, Fraction]
    max_share: Fraction
    max_discount_share: Fraction
    min_cash: Mapping[str, int]
    products: tuple[str, ...]
    excluded_products: tuple[str, ...]
    refused_with: frozenset[str]
    member_limit: MemberLimit | None
    hold_for: timedelta
    quote_for: timedelta
    refund_grace: timedelta

    def is_eligible(self, product: str) -> bool:
        """Whether points may pay for this product; an exclusion outranks an inclusion."""
        return _matches(product, self.products) and not _matches(product, self.excluded_products)


def parse_terms(section: Mapping[str, Json]) -> RedemptionTerms:
    """Read a programme's ``redemption`` section.

    Raises:
        TermsMalformed: an unknown field, a missing rate, a number out of bounds or not exact.
    """
    unknown = sorted(section.keys() - _FIELDS)
    if unknown:
        _refuse(unknown[0], "is not a field of redemption")
    rates = {
        _currency("rates", code): _exact(f"rates.{code}", rate, positive=True)
        for code, rate in _mapping("rates", section.get("rates")).items()
    }
    if not rates:
        _refuse("rates", "must name at least one currency")
    min_cash = {
        _currency("min_cash", code): _whole(f"min_cash.{code}", amount, 0, MINOR_UNITS_MAX)
        for code, amount in _mapping("min_cash", section.get("min_cash", {})).items()
    }
    return RedemptionTerms(
        rates=rates,
        max_share=_share("max_share", section.get("max_share", 100)),
        max_discount_share=_share("max_discount_share", section.get("max_discount_share", 100)),
        min_cash=min_cash,
        products=_names("products", section.get("products", ["*"])),
        excluded_products=_names("excluded_products", section.get("excluded_products", [])),
        refused_with=frozenset(_names("refused_with", section.get("refused_with", []))),
        member_limit=_limit(section.get("member_limit")),
        hold_for=timedelta(
            minutes=_whole("hold_minutes", section.get("hold_minutes", 30), 1, HOLD_MINUTES_MAX)
        ),
        quote_for=timedelta(
            minutes=_whole("quote_minutes", section.get("quote_minutes", 10), 1, QUOTE_MINUTES_MAX)
        ),
        refund_grace=timedelta(
            days=_whole(
                "refund_grace_days", section.get("refund_grace_days", 30), 0, REFUND_GRACE_DAYS_MAX
            )
        ),
    )


def format_rate(rate: Fraction) -> str:
    """The one text of a rate: ``1`` or ``5/2``."""
    return str(rate)


def _matches(product: str, patterns: tuple[str, ...]) -> bool:
    return any(
        product.startswith(each[:-1]) if each.endswith("*") else product == each
        for each in patterns
    )


def _limit(value: Json) -> MemberLimit | None:
    if value is None:
        return None
    stated = _mapping("member_limit", value)
    if stated.keys() != {"points", "per"}:
        _refuse("member_limit", "must state points and per, nothing else")
    per = stated["per"]
    if not isinstance(per, str) or per not in set(LimitPeriod):
        _refuse("member_limit.per", f"must be one of {', '.join(LimitPeriod)}")
    points = _whole("member_limit.points", stated["points"], 1, MINOR_UNITS_MAX)
    return MemberLimit(Points(points), LimitPeriod(per))


def _share(field: str, value: Json) -> Fraction:
    per_cent = _exact(field, value, positive=False)
    if per_cent > 100:
        _refuse(field, "must be from 0 to 100 per cent")
    return per_cent / 100


def _exact(field: str, value: Json, *, positive: bool) -> Fraction:
    """A non-negative exact number of at most twelve digits on either side."""
    text = str(value) if type(value) is int else value
    if not isinstance(text, str) or not _EXACT.match(text):
        _refuse(field, 'must be exact: a whole number, or text such as "2.5" or "5/2"')
    number = Fraction(text)
    if positive and number == 0:
        _refuse(field, "must be above zero")
    return number


def _whole(field: str, value: Json, low: int, high: int) -> int:
    if type(value) is not int or not low <= value <= high:
        _refuse(field, f"must be a whole number from {low} to {high}")
    return value


def _names(field: str, value: Json) -> tuple[str, ...]:
    if isinstance(value, str) or not isinstance(value, Sequence) or len(value) > NAMES_MAX:
        _refuse(field, f"must be a list of at most {NAMES_MAX} names")
    names = tuple(name for name in value if isinstance(name, str) and name)
    if len(names) != len(value):
        _refuse(field, "must be a list of non-empty names")
    return names


def _mapping(field: str, value: Json) -> Mapping[str, Json]:
    if not isinstance(value, Mapping):
        _refuse(field, "must be a mapping")
    return value


def _currency(field: str, code: str) -> str:
    if not _CURRENCY.match(code):
        _refuse(field, f"{code!r} is not a currency of three capital letters")
    return code


def _refuse(field: str, why: str) -> NoReturn:
    raise TermsMalformed(f"redemption: {field} {why}.", field=field)
