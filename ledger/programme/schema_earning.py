"""The shape of what bounds earning: limits of rules, the daily cap, and caps by name."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BeforeValidator, Field, GetJsonSchemaHandler, WithJsonSchema
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from ledger.programme.fields import AttributeName, Name, Section, Value, Whole
from ledger.programme.model_earning import Over, Per

_PER_WORDS: Final = "`day`, `week` (ISO), `month`, all in the programme's zone, or `lifetime`."


def one_or_list(value: object) -> object:
    """A section by itself stands for a list of it."""
    return value if isinstance(value, list) else [value]


class _OrOne:
    """In the JSON Schema, one item may stand for a list of it."""

    def __get_pydantic_json_schema__(
        self, core: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        several = handler(core)
        return {"anyOf": [several["items"], several]}


class LimitFile(Section):
    """How often one rule pays one member."""

    per: Per = Field(description=_PER_WORDS, examples=["day"])
    count: Annotated[int, Field(strict=True, ge=1, le=1_000_000)] = Field(
        description="So many events count, by their own time, the first ones of each such span.",
        examples=[5],
    )


def _not_a_day(value: Per) -> Per:
    if value is Per.DAY:
        raise ValueError("freezes are for a week, a month or a lifetime")
    return value


def _day_alone(value: object) -> object:
    if value != "day":
        raise ValueError("`cap` is the cap of a day; others are stated under `caps`")
    return value


class CapFile(Section):
    """At most so many points a member and local day; what is trimmed is recorded as excess."""

    per: Annotated[Literal["day"], BeforeValidator(_day_alone)] = Field(
        description="The local day; other caps are stated under `caps`.", examples=["day"]
    )
    points: Whole | None = Field(
        default=None, description="The same for everybody …", examples=[100]
    )
    attribute: AttributeName | None = Field(
        default=None,
        description="… or by this attribute, as it stood at the event.",
        examples=["qualification"],
    )
    table: dict[Value, Whole] = Field(
        default_factory=dict,
        description="With `attribute`: the cap for every value.",
        examples=[{"1": 100, "2": 140}],
    )


class ExcuseFile(Section):
    """What excuses a missed day or week: an illness, a journey."""

    attribute: AttributeName = Field(
        description="As it stood when the missed day (the first day of the week) began.",
        examples=["absence"],
    )
    values: Annotated[list[Value], BeforeValidator(one_or_list), Field(min_length=1), _OrOne()] = (
        Field(description="One value, or a list of values, that excuse.", examples=["ill"])
    )


class FreezesFile(Section):
    """Missed days or weeks that do not end a streak."""

    count: Annotated[int, Field(strict=True, ge=0, le=366)] = Field(
        description="So many missed days (weeks) are forgiven in each such span.", examples=[2]
    )
    per: Annotated[Per, AfterValidator(_not_a_day)] = Field(
        description="`week`, `month` or `lifetime`, by the missed day (the last day of the week).",
        examples=["month"],
    )
    excused_by: ExcuseFile | None = Field(
        default=None,
        description="Days (weeks) that are forgiven without using a freeze.",
        examples=[{"attribute": "absence", "values": ["ill"]}],
    )


class CapScopeFile(Section):
    """Some rules, or the rules of one category; neither stands for the whole programme."""

    rules: Annotated[list[Name], Field(min_length=1, max_length=200)] = Field(default_factory=list)
    category: Name | None = None


def _scope(value: object) -> object:
    if value == "programme":
        return {}
    if not isinstance(value, dict) or not value:
        raise ValueError("it is `programme`, {rules: [...]} or {category: ...}")
    return value


_SCOPE_SCHEMA: Final[dict[str, Any]] = {
    "anyOf": [
        {"const": "programme"},
        {
            "type": "object",
            "properties": {
                "rules": {
                    "type": "array",
                    "items": {"type": "string"},
                    "minItems": 1,
                    "examples": [["section-read"]],
                }
            },
            "required": ["rules"],
            "additionalProperties": False,
        },
        {
            "type": "object",
            "properties": {"category": {"type": "string", "examples": ["learning"]}},
            "required": ["category"],
            "additionalProperties": False,
        },
    ]
}


ScopeField = Annotated[CapScopeFile, BeforeValidator(_scope), WithJsonSchema(_SCOPE_SCHEMA)]
"""What a cap or a budget is of."""


class NamedCapFile(Section):
    """At most so many points a member and span, of the whole programme or a part of it."""

    id: Name = Field(
        description="Names the cap in receipts and in *why not*.", examples=["learning-month"]
    )
    of: ScopeField = Field(
        description="`programme`, `{rules: [...]}` or `{category: ...}`.",
        examples=[{"category": "learning"}],
    )
    per: Per = Field(description=_PER_WORDS, examples=["month"])
    points: Whole | None = Field(
        default=None, description="The same for everybody …", examples=[100]
    )
    attribute: AttributeName | None = Field(
        default=None,
        description="… or by this attribute, as it stood at the event (a cap of the programme "
        "where points wait for a period's close: before the close).",
        examples=["qualification"],
    )
    table: dict[Value, Whole] = Field(
        default_factory=dict,
        description="With `attribute`: the cap for every value.",
        examples=[{"1": 100, "2": 140}],
    )
    over: Over = Field(
        default=Over.TRIM,
        description="An award that is more than what is left: `trim` awards what is left, `refuse` "
        "nothing. What is not awarded is excess.",
        examples=["refuse"],
    )


Limits = Annotated[
    list[LimitFile], Field(min_length=1, max_length=4), BeforeValidator(one_or_list), _OrOne()
]
"""One limit, or a list with one for each span."""
