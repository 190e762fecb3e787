"""The spellings that programme files share: names, paths, exact numbers, words."""

from __future__ import annotations

import re
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Final

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    WithJsonSchema,
)

from ledger.programme.expressions import (
    LENGTH_MAX,
    Expression,
    ExpressionMalformed,
    parse_expression,
)
from ledger.programme.numbers import parse_exact

_NUMBER_PATTERN: Final = r"^(0|[1-9]\d{0,11})(\.\d{1,12}|/[1-9]\d{0,11})?$"


def _exact(value: object) -> object:
    """An exact number from what the file says; a float never gets this far."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal | str):
        raise ValueError("an exact number is written 2, 2.3 or 7/3")  # noqa: TRY004 - for pydantic
    number = parse_exact(str(value))
    if number < 0:
        raise ValueError("must not be below zero")
    return number


def as_list(value: object) -> object:
    """One name stands for a list of it."""
    return [value] if isinstance(value, str) else value


_FractionType = Annotated[Fraction, Field(strict=False)]
ExactNumber = Annotated[
    _FractionType,
    BeforeValidator(_exact),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "number", "minimum": 0},
                {"type": "string", "pattern": _NUMBER_PATTERN},
            ]
        }
    ),
]
_EXACT: Final = re.compile(r"-?[\d.]+(/\d+)?\Z", re.ASCII)
_LIKE_EXPRESSION: Final = re.compile(r"[*()+,]|data\.|[-/] ")


def _amount(value: object) -> object:
    """A number, or an expression of one."""
    if not isinstance(value, str) or _EXACT.match(value):
        return _exact(value)
    try:
        return parse_expression(value)
    except ExpressionMalformed as error:
        if not _LIKE_EXPRESSION.search(value):
            parse_exact(value)
        raise ValueError(f"{value[:60]!r} is no expression of points: {error.message}") from error


Amount = Annotated[
    Fraction | Expression,
    PlainValidator(_amount),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "number", "minimum": 0},
                {"type": "string", "pattern": _NUMBER_PATTERN},
                {"type": "string", "pattern": r"data\.|\(", "maxLength": LENGTH_MAX},
            ]
        }
    ),
]
_NAME: Final = r"^[a-z][a-z0-9_-]{0,63}$"
_ATTRIBUTE_NAME: Final = r"^[a-z][a-z0-9_]{0,63}$"
_EVENT_TYPE: Final = r"^[A-Za-z0-9][A-Za-z0-9._:/-]{0,199}$"
_DATA_PATH: Final = r"^data(\.[A-Za-z0-9_-]{1,64}){1,5}$"
_EVENT_PATH: Final = r"^(type|source|data(\.[A-Za-z0-9_-]{1,64}){1,5})$"
_BENEFICIARY: Final = r"^(actor|data(\.[A-Za-z0-9_-]{1,64}){1,5})$"
_CURRENCY: Final = r"^[A-Z]{3}$"
FORM_WORDS: Final = {
    _NAME: "a name: small letters, digits, - and _, a letter first",
    _ATTRIBUTE_NAME: "a name: small letters, digits and _, a letter first",
    _EVENT_TYPE: "an event type: letters, digits and . _ : / - without spaces",
    _DATA_PATH: "a field of the event's data, such as data.owner",
    _EVENT_PATH: "type, source or a field of the event's data, such as data.video",
    _BENEFICIARY: "actor or a field of the event's data, such as data.owner",
    _CURRENCY: "a currency: three capital letters",
}
"""What each pattern asks for, in words."""

Name = Annotated[str, Field(pattern=_NAME)]
AttributeName = Annotated[str, Field(pattern=_ATTRIBUTE_NAME)]
EventType = Annotated[str, Field(pattern=_EVENT_TYPE)]
DataPath = Annotated[str, Field(pattern=_DATA_PATH)]
EventPath = Annotated[str, Field(pattern=_EVENT_PATH)]
Beneficiary = Annotated[str, Field(pattern=_BENEFICIARY)]
Words = Annotated[str, Field(min_length=1, max_length=300)]
Value = Annotated[int, Field(strict=True)] | Annotated[str, Field(max_length=64)]
"""A value of an attribute, or the key of a table row."""
Currency = Annotated[str, Field(pattern=_CURRENCY)]
Whole = Annotated[int, Field(strict=True, ge=0, le=10**12)]


class Section(BaseModel):
    """A mapping in a programme file: unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


class TextFile(Section):
    """Words for people, in both languages."""

    en: Words = Field(description="English", examples=["Read a section"])
    ru: Words = Field(description="Russian", examples=["Прочитать раздел"])
