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
        - {product: "mentor:*", max_share: 25, rates: {USD: 2}}   # with bounds of their own; dated,
          # too: before the first day, and in other currencies, the common rate holds
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

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum
from fractions import Fraction
from math import ceil
from typing import Final

from ledger.kernel.canonical import Json
from ledger.kernel.units import Points
from ledger.redemption import reading as read
from ledger.redemption.patterns import common, covers, matches

_FIELDS: Final = frozenset(
    {
        *("rates", "max_share", "max_discount_share", "min_cash", "products", "excluded_products"),
        *("refused_with", "max_share_with", "min_points", "max_points", "member_limit"),
        *("hold_minutes", "quote_minutes", "refund_grace_days", "code_days"),
    }
)
HOLD_MINUTES_MAX: Final = 7 * 24 * 60
"""The longest payment methods take about a week."""
QUOTE_MINUTES_MAX: Final = 24 * 60
REFUND_GRACE_DAYS_MAX: Final = 3_650
CODE_DAYS_MAX: Final = 366
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
    """What differs for the products of one pattern; ``None`` is as for all.

    Where rates are dated, ``rates`` is ``None`` until :meth:`on` chooses the row of a day.
    """

    pattern: str
    rates: Mapping[str, Fraction] | None = None
    max_share: Fraction | None = None
    rate_rows: tuple[RateRow, ...] = ()

    def on(self, day: date) -> ProductTerms:
        """These terms with the rates of a day; before the first, as for all."""
        if not self.rate_rows:
            return self
        row = _row_of(self.rate_rows, day)
        return replace(self, rates=None if row is None else row.rates)


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
        products = tuple(each.on(day) for each in self.products)
        row = _row_of(self.rate_rows, day)
        if row is None:
            return replace(self, products=products)
        return replace(self, products=products, rates=row.rates, rates_since=row.since)

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

    def extra_points(self, only: tuple[str, ...], currency: str) -> Points:
        """What rounding up at each rate may cost more than at the least of them alone.

        A point for each further rate, but none for one at which a minor unit and its rounding
        cost no more than at the least: then no sum does.
        """
        rates = set(self._rates_met(only, currency))
        dearest = 1 / min(rates)
        return Points(sum(ceil(1 / rate) > dearest for rate in rates - {min(rates)}))

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
        stated = self.rates.get(currency)
        return None if stated is None else (own.rates or {}).get(currency, stated)

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
        read.refuse(unknown[0], "is not a field of redemption")
    get = section.get
    stated = get("rates")
    rows = _rate_rows("rates", stated) if _is_list(stated) else ()

    def whole(field: str, usual: int, low: int, high: int) -> int:
        return read.whole(field, get(field, usual), low, high)

    max_points, code_days = get("max_points"), get("code_days")
    return RedemptionTerms(
        rates={} if rows else _rates("rates", stated),
        rate_rows=rows,
        max_share=read.share("max_share", get("max_share", 100)),
        max_discount_share=read.share("max_discount_share", get("max_discount_share", 100)),
        min_cash={
            read.currency("min_cash", code): read.whole(
                f"min_cash.{code}", amount, 0, MINOR_UNITS_MAX
            )
            for code, amount in read.mapping("min_cash", get("min_cash", {})).items()
        },
        products=_products(get("products", ["*"])),
        excluded_products=read.names("excluded_products", get("excluded_products", [])),
        refused_with=frozenset(read.names("refused_with", get("refused_with", []))),
        max_share_with={
            code: read.share(f"max_share_with.{code}", share)
            for code, share in read.mapping("max_share_with", get("max_share_with", {})).items()
        },
        min_points=Points(whole("min_points", 0, 0, MINOR_UNITS_MAX)),
        max_points=None
        if max_points is None
        else Points(read.whole("max_points", max_points, 0, MINOR_UNITS_MAX)),
        member_limits=_limits(get("member_limit")),
        hold_for=timedelta(minutes=whole("hold_minutes", 30, 1, HOLD_MINUTES_MAX)),
        quote_for=timedelta(minutes=whole("quote_minutes", 10, 1, QUOTE_MINUTES_MAX)),
        refund_grace=timedelta(days=whole("refund_grace_days", 30, 0, REFUND_GRACE_DAYS_MAX)),
        code_for=None
        if code_days is None
        else timedelta(days=read.whole("code_days", code_days, 1, CODE_DAYS_MAX)),
    )


def format_rate(rate: Fraction) -> str:
    """The one text of a rate: ``1`` or ``5/2``."""
    return str(rate)


def _is_list(value: Json) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)


def _rates(field: str, value: Json) -> dict[str, Fraction]:
    rates = {
        read.currency(field, code): read.exact(f"{field}.{code}", rate, positive=True)
        for code, rate in read.mapping(field, value).items()
    }
    if not rates:
        read.refuse(field, "must name at least one currency")
    return rates


def _row_of(rows: Sequence[RateRow], day: date) -> RateRow | None:
    return next((row for row in reversed(rows) if row.since <= day), None)


def _rate_rows(name: str, value: Json) -> tuple[RateRow, ...]:
    rows: list[RateRow] = []
    for index, each in enumerate(read.sequence(name, value, RATE_ROWS_MAX)):
        field = f"{name}[{index}]"
        row = read.mapping(field, each)
        if row.keys() != {"from", "rates"}:
            read.refuse(field, "must state from and rates, nothing else")
        since = _day(f"{field}.from", row["from"])
        if rows and since <= rows[-1].since:
            read.refuse(f"{field}.from", "must be after the row before")
        rows.append(RateRow(since, _rates(f"{field}.rates", row["rates"])))
    if not rows:
        read.refuse(name, "must have at least one row")
    return tuple(rows)


def _day(field: str, value: Json) -> date:
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        read.refuse(field, "must be a day such as 2026-07-01")


def _products(value: Json) -> tuple[ProductTerms, ...]:
    found = []
    for index, each in enumerate(read.sequence("products", value, read.NAMES_MAX)):
        field = f"products[{index}]"
        if not isinstance(each, Mapping):
            found.append(ProductTerms(read.name_of("products", each)))
            continue
        if "product" not in each or each.keys() - {"product", "rates", "max_share"}:
            read.refuse(field, "must state product, and may state rates and max_share")
        rates, share = each.get("rates"), each.get("max_share")
        is_dated = _is_list(rates)
        found.append(
            ProductTerms(
                read.name_of(f"{field}.product", each["product"]),
                None if rates is None or is_dated else _rates(f"{field}.rates", rates),
                None if share is None else read.share(f"{field}.max_share", share),
                _rate_rows(f"{field}.rates", rates) if is_dated else (),
            )
        )
    return tuple(found)


def _limits(value: Json) -> tuple[MemberLimit, ...]:
    if value is None:
        return ()
    if not _is_list(value):
        return (_limit("member_limit", value),)
    stated = read.sequence("member_limit", value, LIMITS_MAX)
    return tuple(_limit(f"member_limit[{index}]", each) for index, each in enumerate(stated))


def _limit(field: str, value: Json) -> MemberLimit:
    stated = read.mapping(field, value)
    if stated.keys() != {"points", "per"}:
        read.refuse(field, "must state points and per, nothing else")
    per = stated["per"]
    if not isinstance(per, str) or per not in set(LimitPeriod):
        read.refuse(f"{field}.per", f"must be one of {', '.join(LimitPeriod)}")
    points = read.whole(f"{field}.points", stated["points"], 1, MINOR_UNITS_MAX)
    return MemberLimit(Points(points), LimitPeriod(per))
