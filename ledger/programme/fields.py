"""The spellings that programme files share: names, paths, exact numbers, words."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

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
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,63}$")]
AttributeName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
EventType = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:/-]{0,199}$")]
DataPath = Annotated[str, Field(pattern=r"^data(\.[A-Za-z0-9_-]{1,64}){1,5}$")]
EventPath = Annotated[str, Field(pattern=r"^(type|source|data(\.[A-Za-z0-9_-]{1,64}){1,5})$")]
Beneficiary = Annotated[str, Field(pattern=r"^(actor|data(\.[A-Za-z0-9_-]{1,64}){1,5})$")]
Words = Annotated[str, Field(min_length=1, max_length=300)]
Value = Annotated[int, Field(strict=True)] | Annotated[str, Field(max_length=64)]
"""A value of an attribute, or the key of a table row."""
Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
Whole = Annotated[int, Field(strict=True, ge=0, le=10**12)]


class Section(BaseModel):
    """A mapping in a programme file: unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)
