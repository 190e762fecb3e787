"""Expressions of points: exact arithmetic over an event's data, bounded when read and when run.

    sum     = product (("+" | "-") product)*
    product = factor (("*" | "/") factor)*
    factor  = "-" factor | number | field | function "(" sum ("," sum)* ")" | "(" sum ")"

Numbers are rationals from end to end: a literal is 2 or 2.5, 7/3 is a division, a field is taken by
the exact text of its number. Nothing rounds but floor, ceil and half_up, where they are written.
Knows nothing of rules; what an expression without an answer does to an event is the scorer's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Final, NoReturn

from ledger.kernel.errors import ErrorKind, VkladError
from ledger.kernel.units import round_half_up
from ledger.programme.numbers import exact_text, parse_exact

LENGTH_MAX: Final = 500
"""Characters of one expression."""
DEPTH_MAX: Final = 16
"""Brackets and minus signs inside one another."""
PARTS_MAX: Final = 100
"""Numbers, fields, operators and functions together."""
NUMBER_MAX: Final = 10**12
"""The greatest number, below and above zero, that is taken from a field or given as an answer."""
PLACES_MAX: Final = 12
"""Digits after the point of a field's number."""

_TOKEN: Final = re.compile(
    r"\s*(?:(?P<number>\d[\w.]*)|(?P<field>data(?:\.[A-Za-z0-9_]{1,64}){1,5}(?![\w.]))"
    r"|(?P<word>[^\W\d][\w.]*)|(?P<sign>[-+*/(),])|(?P<end>$)|(?P<odd>.))",
    re.DOTALL,
)
_ARGUMENTS: Final = {
    "min": (2, 16),
    "max": (2, 16),
    "floor": (1, 1),
    "ceil": (1, 1),
    "half_up": (1, 1),
}
"""Each function with the least and the most arguments that it takes."""


class ExpressionMalformed(VkladError):
    """Not an expression, or a larger one than an expression of points may be."""

    code = "expression_malformed"
    kind = ErrorKind.INVALID


class ExpressionFailed(VkladError):
    """An expression that has no answer for one event: the event is quarantined."""

    code = "expression_failed"
    kind = ErrorKind.INVALID


@dataclass(frozen=True, slots=True)
class _Number:
    value: Fraction


@dataclass(frozen=True, slots=True)
class _Field:
    path: str


@dataclass(frozen=True, slots=True)
class _Call:
    """An operator (``-`` with one part is the sign) or a function, and what it is of."""

    name: str
    parts: tuple[_Part, ...]


_Part = _Number | _Field | _Call


@dataclass(frozen=True, slots=True)
class Expression:
    """What was read; ``text`` is its one form: two expressions are equal if these are."""

    text: str
    fields: tuple[str, ...] = field(compare=False)
    """Paths of the fields that it reads, in order of mention."""
    root: _Part = field(compare=False, repr=False)

    def value(self, content: Mapping[str, object]) -> Fraction:
        """What it comes to over an event's ``data``.

        Raises:
            ExpressionFailed: a field that is missing or no number, a division by zero, a number
                that is too great or too finely divided.
        """
        answer = _value(self.root, {path: number_at(content, path) for path in self.fields})
        if abs(answer) > NUMBER_MAX:
            _fail(f"{self.text} comes to more than {NUMBER_MAX}")
        return answer


def parse_expression(text: str) -> Expression:
    """Read an expression and check its bounds.

    Raises:
        ExpressionMalformed: with what is wrong and where.
    """
    if len(text) > LENGTH_MAX:
        _refuse(f"it is {len(text)} characters long; {LENGTH_MAX} are allowed")
    return _Reader(text).read()


def number_at(content: Mapping[str, object], path: str) -> Fraction:
    """The exact number in a field such as ``data.minutes``.

    Raises:
        ExpressionFailed: there is none, or it is outside the bounds.
    """
    value: object = content
    for step in path.split(".")[1:]:
        value = value.get(step) if isinstance(value, Mapping) else None
    if value is None:
        _fail(f"{path} is not there")
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        _fail(f"{path} is not a number")
    if isinstance(value, Decimal) and value:
        # Bounded by its exponent first: 1e999999999 is short to write and long to compute with.
        if not value.is_finite() or value.adjusted() > PLACES_MAX:
            _fail(f"{path} is not a number up to {NUMBER_MAX}")
        if value != round(value, PLACES_MAX):
            _fail(f"{path} has more than {PLACES_MAX} digits after the point")
    number = Fraction(value) if value else Fraction(0)
    if abs(number) > NUMBER_MAX:
        _fail(f"{path} is not a number up to {NUMBER_MAX}")
    return number


def _value(part: _Part, fields: Mapping[str, Fraction]) -> Fraction:
    if isinstance(part, _Number):
        return part.value
    if isinstance(part, _Field):
        return fields[part.path]
    values = [_value(each, fields) for each in part.parts]
    return _apply(part.name, values)


def _apply(name: str, values: list[Fraction]) -> Fraction:  # noqa: PLR0911 - one arm an operation
    first, last = values[0], values[-1]
    match name:
        case "+":
            return first + last
        case "-":
            return first - last if len(values) > 1 else -first
        case "*":
            return first * last
        case "/":
            if not last:
                _fail("it divides by zero")
            return first / last
        case "min":
            return min(values)
        case "max":
            return max(values)
        case "floor":
            return Fraction(first.__floor__())
        case "ceil":
            return Fraction(first.__ceil__())
    assert name == "half_up", "every function of the language is here"
    return Fraction(round_half_up(first))


class _Reader:
    """Reads one text from left to right."""

    def __init__(self, text: str) -> None:
        self._tokens = self._split(text)
        self._kind, self._word = next(self._tokens)
        self._fields: dict[str, None] = {}
        self._parts = 0
        self._depth = 0

    def read(self) -> Expression:
        root = self._sum()
        if self._kind != "end":
            _refuse(f"{self._word!r} is not expected there")
        return Expression(_text(root), tuple(self._fields), root)

    @staticmethod
    def _split(text: str) -> Iterator[tuple[str, str]]:
        for match in _TOKEN.finditer(text):
            kind = match.lastgroup
            assert kind is not None, "every alternative has a name"
            yield kind, match.group(kind)
            if kind == "end":
                return

    def _take(self) -> str:
        word = self._word
        self._kind, self._word = next(self._tokens)
        self._parts += word not in "(),"
        if self._parts > PARTS_MAX:
            _refuse(f"it has more than {PARTS_MAX} numbers, fields and operators")
        return word

    def _sum(self) -> _Part:
        found = self._product()
        while self._kind == "sign" and self._word in "+-":
            found = _Call(self._take(), (found, self._product()))
        return found

    def _product(self) -> _Part:
        found = self._factor()
        while self._kind == "sign" and self._word in "*/":
            found = _Call(self._take(), (found, self._factor()))
        return found

    def _factor(self) -> _Part:
        self._depth += 1
        if self._depth > DEPTH_MAX:
            _refuse(f"brackets and signs stand more than {DEPTH_MAX} deep in one another")
        found = self._leaf()
        self._depth -= 1
        return found

    def _leaf(self) -> _Part:
        kind, word = self._kind, self._word
        if kind == "number":
            try:
                return _Number(parse_exact(self._take()))
            except ValueError as error:
                raise ExpressionMalformed(str(error)) from error
        if kind == "field":
            self._fields[word] = None
            return _Field(self._take())
        if kind == "word":
            return self._call(self._take())
        if word == "-":
            self._take()
            return _Call("-", (self._factor(),))
        if word != "(":
            _refuse("it ends too early" if kind == "end" else f"{word!r} is not expected there")
        self._take()
        found = self._sum()
        self._expect(")")
        return found

    def _call(self, name: str) -> _Part:
        if name not in _ARGUMENTS:
            known = ", ".join(_ARGUMENTS)
            _refuse(f"{name!r} is neither a field (data.minutes) nor one of {known}")
        self._expect("(")
        parts = [self._sum()]
        while self._word == ",":
            self._take()
            parts.append(self._sum())
        self._expect(")")
        least, most = _ARGUMENTS[name]
        if not least <= len(parts) <= most:
            count = str(least) if least == most else f"{least} to {most}"
            _refuse(f"{name} takes {count} arguments, not {len(parts)}")
        return _Call(name, tuple(parts))

    def _expect(self, sign: str) -> None:
        if self._word != sign:
            found = "the end" if self._kind == "end" else repr(self._word)
            _refuse(f"{sign!r} is expected where {found} stands")
        self._take()


def _text(part: _Part) -> str:
    """The one form: brackets round every operation inside another."""
    if isinstance(part, _Number):
        return exact_text(part.value)
    if isinstance(part, _Field):
        return part.path
    if part.name in _ARGUMENTS:
        return f"{part.name}({', '.join(_text(each) for each in part.parts)})"
    inside = [_inner(each) for each in part.parts]
    return f"-{inside[0]}" if len(inside) == 1 else f"{inside[0]} {part.name} {inside[1]}"


def _inner(part: _Part) -> str:
    is_operation = isinstance(part, _Call) and part.name not in _ARGUMENTS
    return f"({_text(part)})" if is_operation else _text(part)


def _refuse(why: str) -> NoReturn:
    raise ExpressionMalformed(why)


def _fail(why: str) -> NoReturn:
    raise ExpressionFailed(f"The points cannot be worked out: {why}.")
