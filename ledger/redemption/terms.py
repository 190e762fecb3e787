"""What a programme says about redeeming: rate, bounds, products, stacking, time limits.

Parsed from the ``redemption`` section of a programme; reads no file itself. Numbers are exact: an
integer, a decimal string or a fraction ``"5/2"``. A field that is not known is refused by name.

    redemption:
      rates: {USD: 1, RUB: "5/2"}    # minor units of the currency that one point is worth
      # or dated: rates: [{from: 2026-01-01, rates: {USD: 1}}, {from: 2026-07-01, rates: {USD: 2}}]
      max_share: 100                 # per cent of the eligible lines' net
      max_discount_share: 100        # per cent of the gross, all discounts together
      min_cash: {USD: 500}           # minor units the member pays in money at least
      products:                      # exact names, or a prefix and "*"; all of them by default
        - "course:*"
        - {product: "mentor:*", max_share: 25, rates: {USD: 2}}   # with bounds of their own
      excluded_products: []
      refused_with: ["student"]      # points do not combine with these discount codes
      max_share_with: {annual: 20}   # with this code, per cent of the eligible net at most
      min_points: 100                # fewer than these are not taken for an order
      max_points: 5000               # at most so many for one order
      member_limit: {points: 5000, per: month}     # or a list of them
      hold_minutes: 30
      quote_minutes: 10
      refund_grace_days: 30
      code_days: 14                  # the longest life of a single-use code; without it no codes
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum
from fractions import Fraction
from typing import Final, NoReturn

from ledger.kernel.canonical import Json
from ledger.kernel.units import Points
from ledger.redemption.errors import TermsMalformed
from ledger.redemption.patterns import common, covers, matches

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
        "max_share_with",
        "min_points",
        "max_points",
        "member_limit",
        "hold_minutes",
        "quote_minutes",
        "refund_grace_days",
        "code_days",
    }
)
HOLD_MINUTES_MAX: Final = 7 * 24 * 60
"""The longest payment methods take about a week."""
QUOTE_MINUTES_MAX: Final = 24 * 60
REFUND_GRACE_DAYS_MAX: Final = 3_650
CODE_DAYS_MAX: Final = 366
NAMES_MAX: Final = 1_000
RATE_ROWS_MAX: Final = 1_000
LIMITS_MAX: Final = 10
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
class RateRow:
    """Rates that hold from the start of a local day on, until the next row's."""

    since: date
    rates: Mapping[str, Fraction]


@dataclass(frozen=True, slots=True)
class ProductTerms:
    """What differs for the products of one pattern; ``None`` is as for all."""

    pattern: str
    rates: Mapping[str, Fraction] | None = None
    max_share: Fraction | None = None


@dataclass(frozen=True, slots=True)
class RedemptionTerms:
    """The ``redemption`` section of one programme version.

    ``rates`` and ``min_cash`` are per currency, in minor units; shares are fractions of one.
    Where rates are dated, ``rates`` is empty until :meth:`on` chooses the row of a day.
    ``products`` and ``excluded_products`` are exact names or prefixes ending in ``*``; of
    ``products`` the first that matches states the terms. ``only`` is what a code is for.
    """

    rates: Mapping[str, Fraction]
    max_share: Fraction
    max_discount_share: Fraction
    min_cash: Mapping[str, int]
    products: tuple[ProductTerms, ...]
    excluded_products: tuple[str, ...]
    refused_with: frozenset[str]
    max_share_with: Mapping[str, Fraction]
    min_points: Points
    max_points: Points | None
    member_limits: tuple[MemberLimit, ...]
    hold_for: timedelta
    quote_for: timedelta
    refund_grace: timedelta
    code_for: timedelta | None
    rate_rows: tuple[RateRow, ...] = ()
    rates_since: date | None = None
    only: tuple[str, ...] = ("*",)

    def on(self, day: date) -> RedemptionTerms:
        """These terms with the rates in force on a day of the programme's zone."""
        past = [row for row in self.rate_rows if row.since <= day]
        return replace(self, rates=past[-1].rates, rates_since=past[-1].since) if past else self

    def for_code(self, only: tuple[str, ...]) -> RedemptionTerms:
        """These terms, of the day it was issued, for a code: its products alone.

        What bounds a member and not an order was applied when it was issued.
        """
        return replace(self, only=only, min_points=Points(0), max_points=None)

    def least_rate(self, only: tuple[str, ...], currency: str) -> Fraction | None:
        """The least that a point is worth for any product of these patterns.

        So many points cover a discount whatever of them is bought. The common rate, where points
        pay for none; ``None``: nor is there one.
        """
        return min(self._rates_met(only, currency), default=None)

    def best_rates(self) -> dict[str, Fraction]:
        """The most that a point is worth for any product, by currency."""
        return {currency: max(self._rates_met(("*",), currency)) for currency in self.rates}

    def is_eligible(self, product: str) -> bool:
        """Whether points may pay for this product; an exclusion outranks an inclusion."""
        return self._terms_of(product) is not None

    def rate_of(self, product: str, currency: str) -> Fraction | None:
        """Minor units that a point is worth for this product; ``None``: points do not pay for it.

        A product's own rates stand in for the common ones, currency by currency.
        """
        own = self._terms_of(product)
        if own is None:
            return None
        return (own.rates or {}).get(currency, self.rates.get(currency))

    def share_of(self, product: str) -> Fraction:
        """How much of this product's net points may pay."""
        own = self._terms_of(product)
        return self.max_share if own is None or own.max_share is None else own.max_share

    def _rates_met(self, only: tuple[str, ...], currency: str) -> list[Fraction]:
        """The rates of every product of these patterns, as :meth:`rate_of` finds them.

        The common one, where points pay for none; nothing, where that is not stated.
        """
        stated = self.rates.get(currency)
        if stated is None:
            return []
        found: list[Fraction] = []
        for pattern in only:
            taken = list(self.excluded_products)
            for own in self.products:
                met = common(pattern, own.pattern)
                if met is not None and not any(covers(each, met) for each in taken):
                    found.append((own.rates or {}).get(currency, stated))
                taken.append(own.pattern)
        return found or [stated]

    def _terms_of(self, product: str) -> ProductTerms | None:
        if any(matches(product, each) for each in self.excluded_products):
            return None
        if not any(matches(product, each) for each in self.only):
            return None
        return next((each for each in self.products if matches(product, each.pattern)), None)


def parse_terms(section: Mapping[str, Json]) -> RedemptionTerms:
    """Read a programme's ``redemption`` section.

    Raises:
        TermsMalformed: an unknown field, a missing rate, a number out of bounds or not exact.
    """
    unknown = sorted(section.keys() - _FIELDS)
    if unknown:
        _refuse(unknown[0], "is not a field of redemption")
    stated = section.get("rates")
    rows = _rate_rows(stated) if _is_list(stated) else ()
    code_days = section.get("code_days")
    max_points = section.get("max_points")
    return RedemptionTerms(
        rates={} if rows else _rates("rates", stated),
        rate_rows=rows,
        max_share=_share("max_share", section.get("max_share", 100)),
        max_discount_share=_share("max_discount_share", section.get("max_discount_share", 100)),
        min_cash={
            _currency("min_cash", code): _whole(f"min_cash.{code}", amount, 0, MINOR_UNITS_MAX)
            for code, amount in _mapping("min_cash", section.get("min_cash", {})).items()
        },
        products=_products(section.get("products", ["*"])),
        excluded_products=_names("excluded_products", section.get("excluded_products", [])),
        refused_with=frozenset(_names("refused_with", section.get("refused_with", []))),
        max_share_with={
            code: _share(f"max_share_with.{code}", share)
            for code, share in _mapping("max_share_with", section.get("max_share_with", {})).items()
        },
        min_points=Points(_whole("min_points", section.get("min_points", 0), 0, MINOR_UNITS_MAX)),
        max_points=None
        if max_points is None
        else Points(_whole("max_points", max_points, 0, MINOR_UNITS_MAX)),
        member_limits=_limits(section.get("member_limit")),
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
        code_for=None
        if code_days is None
        else timedelta(days=_whole("code_days", code_days, 1, CODE_DAYS_MAX)),
    )


def format_rate(rate: Fraction) -> str:
    """The one text of a rate: ``1`` or ``5/2``."""
    return str(rate)


def _is_list(value: Json) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)


def _rates(field: str, value: Json) -> dict[str, Fraction]:
    rates = {
        _currency(field, code): _exact(f"{field}.{code}", rate, positive=True)
        for code, rate in _mapping(field, value).items()
    }
    if not rates:
        _refuse(field, "must name at least one currency")
    return rates


def _rate_rows(value: Json) -> tuple[RateRow, ...]:
    rows: list[RateRow] = []
    for index, each in enumerate(_list("rates", value, RATE_ROWS_MAX)):
        field = f"rates[{index}]"
        row = _mapping(field, each)
        if row.keys() != {"from", "rates"}:
            _refuse(field, "must state from and rates, nothing else")
        since = _day(f"{field}.from", row["from"])
        if rows and since <= rows[-1].since:
            _refuse(f"{field}.from", "must be after the row before")
        rows.append(RateRow(since, _rates(f"{field}.rates", row["rates"])))
    if not rows:
        _refuse("rates", "must have at least one row")
    return tuple(rows)


def _day(field: str, value: Json) -> date:
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        _refuse(field, "must be a day such as 2026-07-01")


def _products(value: Json) -> tuple[ProductTerms, ...]:
    found = []
    for index, each in enumerate(_list("products", value, NAMES_MAX)):
        field = f"products[{index}]"
        if not isinstance(each, Mapping):
            found.append(ProductTerms(_name("products", each)))
            continue
        if "product" not in each or each.keys() - {"product", "rates", "max_share"}:
            _refuse(field, "must state product, and may state rates and max_share")
        rates, share = each.get("rates"), each.get("max_share")
        found.append(
            ProductTerms(
                _name(f"{field}.product", each["product"]),
                None if rates is None else _rates(f"{field}.rates", rates),
                None if share is None else _share(f"{field}.max_share", share),
            )
        )
    return tuple(found)


def _limits(value: Json) -> tuple[MemberLimit, ...]:
    if value is None:
        return ()
    if not _is_list(value):
        return (_limit("member_limit", value),)
    stated = _list("member_limit", value, LIMITS_MAX)
    return tuple(_limit(f"member_limit[{index}]", each) for index, each in enumerate(stated))


def _limit(field: str, value: Json) -> MemberLimit:
    stated = _mapping(field, value)
    if stated.keys() != {"points", "per"}:
        _refuse(field, "must state points and per, nothing else")
    per = stated["per"]
    if not isinstance(per, str) or per not in set(LimitPeriod):
        _refuse(f"{field}.per", f"must be one of {', '.join(LimitPeriod)}")
    points = _whole(f"{field}.points", stated["points"], 1, MINOR_UNITS_MAX)
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
    stated = _list(field, value, NAMES_MAX)
    names = tuple(name for name in stated if isinstance(name, str) and name)
    if len(names) != len(stated):
        _refuse(field, "must be a list of non-empty names")
    return names


def _list(field: str, value: Json, length_max: int) -> Sequence[Json]:
    if isinstance(value, str) or not isinstance(value, Sequence) or len(value) > length_max:
        _refuse(field, f"must be a list of at most {length_max}")
    return value


def _name(field: str, value: Json) -> str:
    return _names(field, [value])[0]


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
