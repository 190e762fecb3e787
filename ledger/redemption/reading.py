"""Reading the values of a section exactly; what is wrong is refused by the name of its field."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Final, NoReturn

from ledger.kernel.canonical import Json
from ledger.redemption.errors import TermsMalformed

NAMES_MAX: Final = 1_000
_EXACT: Final = re.compile(r"\d{1,12}(\.\d{1,12}|/[1-9]\d{0,11})?\Z", re.ASCII)
_CURRENCY: Final = re.compile(r"[A-Z]{3}\Z")


def share(field: str, value: Json) -> Fraction:
    """Per cent, from 0 to 100, as a part of one."""
    per_cent = exact(field, value, positive=False)
    if per_cent > 100:
        refuse(field, "must be from 0 to 100 per cent")
    return per_cent / 100


def exact(field: str, value: Json, *, positive: bool) -> Fraction:
    """A non-negative exact number of at most twelve digits on either side."""
    text = str(value) if type(value) is int else value
    if not isinstance(text, str) or not _EXACT.match(text):
        refuse(field, 'must be exact: a whole number, or text such as "2.5" or "5/2"')
    number = Fraction(text)
    if positive and number == 0:
        refuse(field, "must be above zero")
    return number


def whole(field: str, value: Json, low: int, high: int) -> int:
    """A whole number within bounds."""
    if type(value) is not int or not low <= value <= high:
        refuse(field, f"must be a whole number from {low} to {high}")
    return value


def names(field: str, value: Json) -> tuple[str, ...]:
    """A list of texts, none of them empty."""
    stated = sequence(field, value, NAMES_MAX)
    found = tuple(each for each in stated if isinstance(each, str) and each)
    if len(found) != len(stated):
        refuse(field, "must be a list of non-empty names")
    return found


def sequence(field: str, value: Json, length_max: int) -> Sequence[Json]:
    """A list of at most so many values."""
    if isinstance(value, str) or not isinstance(value, Sequence) or len(value) > length_max:
        refuse(field, f"must be a list of at most {length_max}")
    return value


def name_of(field: str, value: Json) -> str:
    """A text that is not empty."""
    return names(field, [value])[0]


def mapping(field: str, value: Json) -> Mapping[str, Json]:
    """A mapping."""
    if not isinstance(value, Mapping):
        refuse(field, "must be a mapping")
    return value


def currency(field: str, code: str) -> str:
    """Three capital letters (ISO 4217)."""
    if not _CURRENCY.match(code):
        refuse(field, f"{code!r} is not a currency of three capital letters")
    return code


def refuse(field: str, why: str) -> NoReturn:
    """Raise what names the field."""
    raise TermsMalformed(f"redemption: {field} {why}.", field=field)
