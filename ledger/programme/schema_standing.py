"""The shape of what awards come to beside what can be spent: standing, levels, voice."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import Field, PlainValidator, WithJsonSchema

from ledger.programme.expressions import (
    LENGTH_MAX,
    Expression,
    ExpressionMalformed,
    parse_expression,
)
from ledger.programme.fields import ExactNumber, Name, Section, TextFile, Whole
from ledger.programme.model import Rounding

STEPS_MAX: Final = 200
_CATEGORIES: Final = Field(min_length=1, max_length=50)


class StandingFile(Section):
    """What counts as standing; without this section every award does."""

    categories: Annotated[list[Name], _CATEGORIES] = Field(
        description="Awards of rules of these categories are standing.",
        examples=[["learning", "help"]],
    )


class LevelFile(Section):
    """A level by name."""

    id: Name = Field(description="Names the level.", examples=["regular"])
    points: Whole = Field(
        alias="from",
        description="The standing from which on a member has it; each more than the one before.",
        examples=[100],
    )
    title: TextFile | None = Field(
        default=None,
        description="What people call it.",
        examples=[{"en": "Regular", "ru": "Завсегдатай"}],
    )


def _threshold(value: object) -> object:
    if not isinstance(value, str):
        raise ValueError("it is an expression over data.level")  # noqa: TRY004 - for pydantic
    try:
        return parse_expression(value)
    except ExpressionMalformed as error:
        raise ValueError(f"{value[:60]!r} is no expression: {error.message}") from error


class LevelsFile(Section):
    """Levels of standing: by name, or by number with an expression."""

    steps: Annotated[list[LevelFile], Field(max_length=STEPS_MAX)] = Field(
        default_factory=list,
        description="Levels by name, lowest first.",
        examples=[[{"id": "newcomer", "from": 0}, {"id": "regular", "from": 100}]],
    )
    threshold: (
        Annotated[
            Expression,
            PlainValidator(_threshold),
            WithJsonSchema({"type": "string", "maxLength": LENGTH_MAX}),
        ]
        | None
    ) = Field(
        default=None,
        description="Or: the standing from which on a member has level `data.level`, an "
        "expression that comes to a whole number for each.",
        examples=["50 * data.level * (data.level - 1)"],
    )
    count: Annotated[int, Field(strict=True, ge=1, le=STEPS_MAX)] | None = Field(
        default=None, description="With `threshold`: levels 1 to this.", examples=[30]
    )


class VoiceFile(Section):
    """How much a member's word weighs in polls: learning and accepted work, not wealth."""

    categories: Annotated[list[Name], _CATEGORIES] = Field(
        description="Awards of rules of these categories give voice: learning, and what others "
        "have accepted.",
        examples=[["learning", "reviewed"]],
    )
    per_month: Annotated[int, Field(strict=True, ge=1, le=10**12)] = Field(
        description="At most so many of their points count of one calendar month.", examples=[200]
    )
    decay: Annotated[ExactNumber, Field(gt=0, le=100)] = Field(
        description="Per cent that each month takes of what the months before it gave.",
        examples=[10],
    )
    rounding: Rounding = Field(
        default=Rounding.DOWN,
        description="How the sum becomes whole: `down` or `half_up`; once, at the end.",
        examples=["down"],
    )
