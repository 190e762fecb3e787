"""The shape of a programme file: pydantic models of its YAML, and the JSON Schema they publish.

Shapes, bounds and spellings only; what fields mean to each other is in ``check``. Each field's
description and example serve the JSON Schema, the reference in ``docs/programme.md`` and the error
messages alike.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema

from ledger.programme.fields import (
    Amount,
    AttributeName,
    Beneficiary,
    DataPath,
    EventPath,
    EventType,
    ExactNumber,
    Name,
    Section,
    TextFile,
    Value,
    as_list,
)
from ledger.programme.model import Period, Rounding
from ledger.programme.model_unit import POINTS_UNIT
from ledger.programme.schema_attributes import AttributeFile
from ledger.programme.schema_commerce import SPLITS_EXAMPLE, ReductionFile, SplitsFile
from ledger.programme.schema_detectors import DetectorsFile
from ledger.programme.schema_earning import CapFile, FreezesFile, Limits, NamedCapFile
from ledger.programme.schema_life import (
    BudgetFile,
    EmissionFile,
    InactivityFile,
    RuleVesting,
    ValidityFile,
    VestingFile,
)
from ledger.programme.schema_referral import REFERRAL_EXAMPLE, ReferralFile
from ledger.programme.schema_standing import LevelsFile, StandingFile, VoiceFile
from ledger.programme.schema_terms import BridgeFile, RedemptionFile
from ledger.programme.schema_thanks import ThanksFile
from ledger.programme.schema_time import TimeFile

_TITLE_EXAMPLE: Final = {"en": "Read a section", "ru": "Прочитать раздел"}


class RuleFile(Section):
    """What earns, who earns it, and how often."""

    id: Name = Field(
        description="Names the rule for good: limits and `once_per` go by it across versions.",
        examples=["section-read"],
    )
    title: TextFile | None = Field(
        default=None, description="What people are told to do.", examples=[_TITLE_EXAMPLE]
    )
    on: Annotated[
        list[EventType],
        BeforeValidator(as_list),
        Field(min_length=1, max_length=50),
        WithJsonSchema(
            {
                "anyOf": [
                    {"type": "string"},
                    {"type": "array", "items": {"type": "string"}, "minItems": 1},
                ]
            }
        ),
    ] = Field(
        description="The event type, or a list of types, that the rule listens to.",
        examples=["lms.section.read"],
    )
    when: Annotated[str, Field(min_length=1)] | None = Field(
        default=None,
        description="A condition in CEL over `event` (`type`, `source`, `time`, `data`). If it has "
        "no answer, the event is set aside and shown to admins.",
        examples=["has(event.data.score) && event.data.score >= 60"],
    )
    to: Beneficiary = Field(
        description="Who earns: `actor` (the event's subject) or the field that names the member. "
        "Without that field only this rule is skipped.",
        examples=["actor"],
    )
    owner: DataPath | None = Field(
        default=None,
        description="For rules that pay the actor: the field that names whose thing was acted on. "
        "Acting on one's own earns neither side; the `to` of another rule on the same type counts "
        "as stated here.",
        examples=["data.owner"],
    )
    points: Amount = Field(
        description="An exact number above zero, or an expression of one over the event's "
        "`data` (see *Expressions of points*).",
        examples=[2.3, "floor(data.minutes / 10)"],
    )
    limit: Limits | None = Field(
        default=None,
        description="How many events of this rule count per member and span; several in a list, "
        "all of which hold.",
        examples=[{"per": "day", "count": 5}],
    )
    once_per: Annotated[
        list[EventPath], BeforeValidator(as_list), Field(min_length=1, max_length=8)
    ] = Field(
        default_factory=list,
        validate_default=False,
        description="Fields whose values together earn each beneficiary once for all time, the "
        "first in order. An event that lacks one of them is never a repetition.",
        examples=[["data.video"]],
    )
    multipliers: list[Name] = Field(
        default_factory=list,
        description="Names of multipliers of this programme (awards at once only).",
        examples=[["streak", "qualification"]],
    )
    category: Name | None = Field(
        default=None, description="A word to group rules by on pages.", examples=["learning"]
    )
    validity: ValidityFile | None = Field(
        default=None,
        description="How long what this rule awards lasts, where that differs from the programme's "
        "(awards at once only).",
        examples=[{"end_of": "month"}],
    )
    vesting: RuleVesting | None = Field(
        default=None,
        description="How long what this rule awards is pending: a section, or the name of one "
        "under `vesting` of the programme (awards at once only).",
        examples=[{"days": 30}, "mentoring"],
    )


class AttributeMultiplierFile(Section):
    """A factor by the value of an attribute."""

    by: Literal["attribute"] = Field(description="This kind.", examples=["attribute"])
    attribute: AttributeName = Field(
        description="Which attribute. At once: as it stood at the event; of a period: before it "
        "closed.",
        examples=["qualification"],
    )
    table: dict[Value, ExactNumber] = Field(
        description="A factor for every value.", examples=[{"1": 1.0, "2": 1.2}]
    )
    title: TextFile | None = Field(
        default=None, description="What people call it.", examples=[_TITLE_EXAMPLE]
    )


class DayStreakMultiplierFile(Section):
    """A factor by consecutive active days (awards at once, and `period: day`)."""

    by: Literal["day_streak"] = Field(description="This kind.", examples=["day_streak"])
    condition: EventType = Field(
        description="An active day has an event of this type …", examples=["day.opened"]
    )
    types: Annotated[list[EventType], Field(min_length=1, max_length=200)] = Field(
        description="… and one of these, in any order within the local day, whether or not a limit "
        "counted it.",
        examples=[["text.submitted"]],
    )
    table: dict[Value, ExactNumber] = Field(
        description="A factor for each length from 1; the last row holds from there on. A day that "
        "is not active has factor 1 and ends the streak.",
        examples=[{"1": 1.0, "2": 1.07}],
    )
    freezes: FreezesFile | None = Field(
        default=None,
        description="Missed days that are bridged: they neither end the streak nor add to it.",
        examples=[{"count": 2, "per": "month"}],
    )
    title: TextFile | None = Field(
        default=None, description="What people call it.", examples=[_TITLE_EXAMPLE]
    )


class WeekStreakMultiplierFile(Section):
    """A factor by consecutive weeks with something earned (`period: week`)."""

    by: Literal["week_streak"] = Field(description="This kind.", examples=["week_streak"])
    table: dict[Value, ExactNumber] = Field(
        description="A factor for each length from 1; the last row holds from there on.",
        examples=[{"1": 1.0, "2": 1.02}],
    )
    freezes: FreezesFile | None = Field(
        default=None,
        description="Missed weeks that are bridged: they neither end the streak nor add to it.",
        examples=[{"count": 2, "per": "month"}],
    )
    title: TextFile | None = Field(
        default=None, description="What people call it.", examples=[_TITLE_EXAMPLE]
    )


MultiplierFile = Annotated[
    AttributeMultiplierFile | DayStreakMultiplierFile | WeekStreakMultiplierFile,
    Field(discriminator="by"),
]


class ProgrammeFile(Section):
    """A programme of points."""

    programme: Name = Field(description="Its name, for good.", examples=["weekly"])
    version: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$")] = Field(
        description="What people call this version, in quotes; the hash is what identifies it.",
        examples=["1"],
    )
    title: TextFile | None = Field(
        default=None, description="What people call it.", examples=[_TITLE_EXAMPLE]
    )
    zone: Annotated[str, Field(max_length=64)] = Field(
        description="The IANA time zone of its days and weeks.", examples=["Europe/Moscow"]
    )
    rounding: Rounding = Field(
        default=Rounding.HALF_UP,
        description="How an exact award becomes whole points: `half_up` or `down`.",
        examples=["half_up"],
    )
    period: Period = Field(
        default=Period.AT_ONCE,
        description="`at_once`: each event is awarded by itself. `day`, `week` (ISO), `month`: the "
        "period's points are added up, multiplied, rounded once and awarded when it closes.",
        examples=["week"],
    )
    period_multipliers: list[Name] = Field(
        default_factory=list,
        description="Names of multipliers of a period's sum (not for awards at once).",
        examples=[["qualification", "consistency"]],
    )
    attributes: Annotated[dict[AttributeName, AttributeFile], Field(max_length=20)] = Field(
        default_factory=dict,
        description="What can be stated of a member, by name.",
        examples=[{"qualification": {"field": "level", "values": [1, 2], "default": 1}}],
    )
    rules: Annotated[list[RuleFile], Field(min_length=1, max_length=200)] = Field(
        description="What earns. One event may earn by several rules; they are taken in the order "
        "stated.",
        examples=[[{"id": "section-read", "on": "lms.section.read", "to": "actor", "points": 50}]],
    )
    multipliers: Annotated[dict[Name, MultiplierFile], Field(max_length=50)] = Field(
        default_factory=dict,
        description="Factors, by name.",
        examples=[
            {
                "qualification": {
                    "by": "attribute",
                    "attribute": "qualification",
                    "table": {"1": 1.0, "2": 1.2},
                }
            }
        ],
    )
    cap: CapFile | None = Field(
        default=None,
        description="The most that a member is awarded in a day (awards at once only).",
        examples=[{"per": "day", "points": 100}],
    )
    caps: Annotated[list[NamedCapFile], Field(max_length=50)] = Field(
        default_factory=list,
        description="More caps, applied after `cap` in the order stated: of the programme, some "
        "rules or a category; per day, week, month or lifetime.",
        examples=[
            [{"id": "forum-month", "of": {"category": "forum"}, "per": "month", "points": 500}]
        ],
    )
    validity: ValidityFile | None = Field(
        default=None,
        description="How long points last from the moment they can be spent: a length, the end of "
        "a month or year, or a day; without it, for ever.",
        examples=[{"months": 12}, {"end_of": "year", "after": {"months": 6}}, {"on": "09-01"}],
    )
    reductions: Annotated[list[ReductionFile], Field(max_length=20)] = Field(
        default_factory=list,
        description="What a purchase earned goes back with its refunds (awards at once only).",
        examples=[
            [
                {
                    "rules": ["cash-back"],
                    "on": "shop.order.refunded",
                    "key": "data.order",
                    "whole": "data.amount_minor",
                    "part": "data.amount_minor",
                }
            ]
        ],
    )
    splits: SplitsFile | None = Field(
        default=None,
        description="How members buy from each other for points; without it they do not.",
        examples=[SPLITS_EXAMPLE],
    )
    vesting: Annotated[dict[Name, VestingFile], Field(max_length=50)] = Field(
        default_factory=dict,
        description="How long points of some kind are pending, by name, for rules and for whoever "
        "grants points.",
        examples=[{"mentoring": {"days": 30}}],
    )
    inactivity: InactivityFile | None = Field(
        default=None,
        description="What of absent members' points decays; without it, nothing.",
        examples=[{"check": "quarter", "steps": [{"days": 90, "share": 5}]}],
    )
    emission: EmissionFile | None = Field(
        default=None,
        description="Where points come from, day by day; without it there are as many as earned.",
        examples=[{"start": "2026-01-01", "yearly": 1_000_000, "pools": {"rewards": 100}}],
    )
    budgets: Annotated[list[BudgetFile], Field(max_length=50)] = Field(
        default_factory=list,
        description="At most so many points for all members together; each takes its part of an "
        "award or none of it is paid beyond.",
        examples=[[{"id": "all", "of": "programme", "points": 1_000_000, "per": "year"}]],
    )
    redemption: RedemptionFile | None = Field(
        default=None,
        description="What points are worth at a checkout; without it they are not redeemed.",
        examples=[{"rates": {"USD": 1}}],
    )
    bridge: BridgeFile | None = Field(
        default=None,
        description="Which points leave for tokens, and what becomes of others' tokens.",
        examples=[{"returned_validity": {"months": 6}}],
    )
    standing: StandingFile | None = Field(
        default=None,
        description="What counts as standing, which is never spent; without it, every award.",
        examples=[{"categories": ["learning", "help"]}],
    )
    levels: LevelsFile | None = Field(
        default=None,
        description="Levels of standing.",
        examples=[{"steps": [{"id": "newcomer", "from": 0}, {"id": "regular", "from": 100}]}],
    )
    voice: VoiceFile | None = Field(
        default=None,
        description="How much a member's word weighs in polls; without it, nothing.",
        examples=[{"categories": ["learning"], "per_month": 200, "decay": 10}],
    )
    thanks: ThanksFile | None = Field(
        default=None,
        description="Points that members give each other; a rule on `club.thanks.given` pays them.",
        examples=[{"allowance": 50, "per_gift": 10, "per_pair": 20}],
    )
    detectors: DetectorsFile | None = Field(
        default=None,
        description="When facts look wrong enough for persons to look at.",
        examples=[{"velocity": {"events": 100, "minutes": 10}}],
    )
    unit: Name = Field(
        default=POINTS_UNIT,
        description="What it awards. Any other word than `points` is a unit of its own, which is "
        "neither redeemed nor carried anywhere; such a programme is put in force beside.",
        examples=["credit"],
    )
    time: TimeFile | None = Field(
        default=None,
        description="Time that members spend: what of stated minutes is plausible, each once.",
        examples=[{"on": "lms.time.invested", "session_max": 180, "day_max": 480}],
    )
    referral: ReferralFile | None = Field(
        default=None,
        description="Guest passes; without it nobody invites anybody.",
        examples=[REFERRAL_EXAMPLE],
    )


def json_schema() -> Mapping[str, Any]:
    """The JSON Schema of a programme file, as published in ``ledger/programme/schema.json``."""
    schema = ProgrammeFile.model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
