"""Integer amounts that know their unit.

``Points`` are whole points; ``Money`` is ISO 4217 minor units with its currency; ``TokenUnits`` are
wei of an 18-decimals token. None mixes with another, with a bare int or with a float. Dividing is
left to the caller, who names the rounding.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Final, TypeVar

_Unit = TypeVar("_Unit")

_CURRENCY: Final = re.compile(r"[A-Z]{3}\Z")
_EXPONENTS: Final[Mapping[str, int]] = {
    "BIF": 0,
    "CLP": 0,
    "DJF": 0,
    "GNF": 0,
    "ISK": 0,
    "JPY": 0,
    "KMF": 0,
    "KRW": 0,
    "PYG": 0,
    "RWF": 0,
    "UGX": 0,
    "UYI": 0,
    "VND": 0,
    "VUV": 0,
    "XAF": 0,
    "XOF": 0,
    "XPF": 0,
    "BHD": 3,
    "IQD": 3,
    "JOD": 3,
    "KWD": 3,
    "LYD": 3,
    "OMR": 3,
    "TND": 3,
    "CLF": 4,
    "UYW": 4,
}
"""Currencies whose minor unit is no hundredth (ISO 4217, list one)."""

TOKEN_UNITS_PER_POINT: Final = 10**18
"""The bridge's scale: one point is one whole token of 18 decimals (DESIGN 4)."""


def _require_int(amount: object) -> None:
    if type(amount) is not int:
        raise TypeError(f"An amount is an int, not {type(amount).__name__}: {amount!r}.")


@dataclass(frozen=True, slots=True, order=True)
class Points:
    """Whole points; may be negative as a difference."""

    amount: int

    def __post_init__(self) -> None:
        _require_int(self.amount)

    def __add__(self, other: Points) -> Points:
        return Points(self.amount + _same(other, Points).amount)

    def __sub__(self, other: Points) -> Points:
        return Points(self.amount - _same(other, Points).amount)

    def __neg__(self) -> Points:
        return Points(-self.amount)

    def __bool__(self) -> bool:
        return self.amount != 0

    def to_token_units(self) -> TokenUnits:
        """The token amount that these points are worth on chain, exactly."""
        return TokenUnits(self.amount * TOKEN_UNITS_PER_POINT)


@dataclass(frozen=True, slots=True, order=True)
class TokenUnits:
    """Wei of the 18-decimals token."""

    amount: int

    def __post_init__(self) -> None:
        _require_int(self.amount)

    def __add__(self, other: TokenUnits) -> TokenUnits:
        return TokenUnits(self.amount + _same(other, TokenUnits).amount)

    def __sub__(self, other: TokenUnits) -> TokenUnits:
        return TokenUnits(self.amount - _same(other, TokenUnits).amount)

    def __bool__(self) -> bool:
        return self.amount != 0

    def to_points_exact(self) -> Points:
        """Whole points, or ``ValueError`` if these units are not a whole number of points."""
        points, rest = divmod(self.amount, TOKEN_UNITS_PER_POINT)
        if rest:
            raise ValueError(f"{self.amount} token units are not a whole number of points.")
        return Points(points)


@dataclass(frozen=True, slots=True)
class Money:
    """Minor units of one ISO 4217 currency (cents, kopecks)."""

    amount_minor: int
    currency: str

    def __post_init__(self) -> None:
        _require_int(self.amount_minor)
        if not _CURRENCY.match(self.currency):
            raise ValueError(f"A currency is three capital letters, not {self.currency!r}.")

    @classmethod
    def of_major(cls, major: Decimal, currency: str) -> Money:
        """The amount in minor units.

        Raises:
            ValueError: no currency, or a part of a minor unit.
        """
        minor = Fraction(major) * 10 ** _EXPONENTS.get(currency, 2)
        if minor.denominator != 1:
            raise ValueError(f"{major} {currency} is no whole number of minor units.")
        return cls(minor.numerator, currency)

    @property
    def major(self) -> Decimal:
        """The exact amount in whole units: 1999 minor units of GBP are 19.99, of JPY 1999."""
        exponent = _EXPONENTS.get(self.currency, 2)
        return Decimal(f"{self.amount_minor}E-{exponent}")

    def __add__(self, other: Money) -> Money:
        return Money(self.amount_minor + self._same_currency(other), self.currency)

    def __sub__(self, other: Money) -> Money:
        return Money(self.amount_minor - self._same_currency(other), self.currency)

    def __lt__(self, other: Money) -> bool:
        return self.amount_minor < self._same_currency(other)

    def __le__(self, other: Money) -> bool:
        return self.amount_minor <= self._same_currency(other)

    def _same_currency(self, other: Money) -> int:
        _same(other, Money)
        if other.currency != self.currency:
            raise TypeError(f"{self.currency} and {other.currency} do not add up.")
        return other.amount_minor


def sum_points(amounts: Iterable[Points]) -> Points:
    """The sum, zero for none."""
    return Points(sum(points.amount for points in amounts))


def round_half_up(value: Fraction) -> int:
    """The nearest whole number; a half goes up (towards plus infinity)."""
    return (2 * value.numerator + value.denominator) // (2 * value.denominator)


def _same(other: object, kind: type[_Unit]) -> _Unit:
    if not isinstance(other, kind):
        raise TypeError(f"{kind.__name__} does not mix with {type(other).__name__}.")
    return other
