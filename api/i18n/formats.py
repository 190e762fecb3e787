"""Numbers, money and times as a language writes them. Only for people: machines get JSON.

Points and counts are grouped by thousands, money has its currency's own number of decimals, token
amounts lose trailing zeros (never digits), times are in UTC unless a zone is named.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, tzinfo
from decimal import Decimal
from typing import Final

from babel.dates import format_date, format_datetime, get_day_names
from babel.numbers import (
    format_compact_decimal,
    format_currency,
    format_decimal,
    format_percent,
    get_currency_precision,
    get_decimal_symbol,
)

from ledger.kernel.clock import Instant
from ledger.kernel.units import Money, Points, TokenUnits

Writable = str | int | bool | Points | Money | TokenUnits | date | datetime | Instant | None
"""What an operand of a sentence may be."""

_TOKEN_DECIMALS: Final = 18


def write(value: Writable, language: str, zone: tzinfo = UTC) -> str:  # noqa: PLR0911 - one arm a type
    """Any operand of a sentence, by its type."""
    match value:
        case bool() | str() | None:
            return "" if value is None else str(value)
        case int():
            return write_number(value, language)
        case Points(amount=amount):
            return write_number(amount, language)
        case Money():
            return write_money(value, language)
        case TokenUnits():
            return write_token(value, language)
        case Instant():
            return write_time(value.floor_datetime(), language, zone)
        case datetime():
            return write_time(value, language, zone)
        case date():
            return format_date(value, "long", locale=language)


def write_number(value: int, language: str) -> str:
    """A whole number, grouped: 1,584 and 1 584."""
    return format_decimal(value, locale=language)


def write_compact(value: int, language: str) -> str:
    """A number where there is little room, at an axis: 12K, 1.5M."""
    return format_compact_decimal(value, locale=language, fraction_digits=1)


def write_money(value: Money, language: str) -> str:
    """Minor units as the currency is written: 1 584 minor units of RUB is 15,84 ₽.

    A currency that the language names by letters gets the space that CLDR wants after them
    (``alphaNextToNumber``).
    """
    decimals = get_currency_precision(value.currency)
    major = Decimal(value.amount_minor).scaleb(-decimals)
    written = format_currency(major, value.currency, locale=language)
    return re.sub(r"([A-Za-z])(?=\d)", "\\1\u00a0", written)


def write_token(value: TokenUnits, language: str) -> str:
    """Units of 10^-18 as whole tokens, every digit kept."""
    whole, rest = divmod(abs(value.amount), 10**_TOKEN_DECIMALS)
    sign = "-" if value.amount < 0 else ""
    fraction = f"{rest:0{_TOKEN_DECIMALS}d}".rstrip("0")
    point = get_decimal_symbol(language) if fraction else ""
    return f"{sign}{write_number(whole, language)}{point}{fraction}"


def write_exact(value: str, language: str) -> str:
    """An exact number from its text: grouped, with the language's decimal sign; 1/3 stays 1/3."""
    if "/" in value:
        return value
    whole, _, fraction = value.partition(".")
    point = get_decimal_symbol(language) if fraction else ""
    sign = "-" if whole.startswith("-") else ""
    return f"{sign}{write_number(abs(int(whole)), language)}{point}{fraction}"


def write_share(numerator: int, denominator: int, language: str) -> str:
    """A share in whole per cent (half to even); for bars and charts, never for amounts."""
    return format_percent(Decimal(numerator) / Decimal(denominator or 1), locale=language)


def write_day(value: date | datetime, language: str, zone: tzinfo = UTC) -> str:
    """The calendar day: 2 March 2026."""
    day = value.astimezone(zone).date() if isinstance(value, datetime) else value
    return format_date(day, "d MMMM y", locale=language)


def write_month(first: date, language: str) -> str:
    """A month by its name: March 2026."""
    return format_date(first, "LLLL y", locale=language)


def write_weekday(number: int, language: str) -> str:
    """A day of the week for a narrow column, Monday is 0: Mon."""
    names = get_day_names("abbreviated", "stand-alone", locale=language)
    return str(names[number])


def write_clock(value: datetime, language: str, zone: tzinfo = UTC) -> str:
    """The minute of a day: 09:00."""
    return format_datetime(value, "HH:mm", tzinfo=zone, locale=language)


def write_time(value: datetime, language: str, zone: tzinfo = UTC) -> str:
    """Day and minute: 2 March 2026, 09:00."""
    return format_datetime(value, "d MMMM y, HH:mm", tzinfo=zone, locale=language)
