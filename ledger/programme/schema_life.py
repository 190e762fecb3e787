"""The shape of how long points live, when they vest, and the money behind them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Discriminator, Field, Tag

from ledger.programme.fields import DataPath, EventType, ExactNumber, Name, Section
from ledger.programme.schema_earning import ScopeField
from ledger.programme.schema_terms import TermFile

_ON_DAY = r"^(\d{4}-)?\d{2}-\d{2}$"


class EndOfFile(Section):
    """Until the end of a calendar month or year in the programme's zone."""

    end_of: Literal["month", "year"] = Field(
        description="The month or year that is still lived through.", examples=["year"]
    )
    after: TermFile | None = Field(
        default=None,
        description="Which one: that in which so much time has passed; without it, the one in "
        "which the points become spendable.",
        examples=[{"months": 6}],
    )


class OnDayFile(Section):
    """Until a local day begins."""

    on: Annotated[str, Field(pattern=_ON_DAY)] = Field(
        description='The first day on which they are gone: `"09-01"` is the next one of that name, '
        '`"2027-09-01"` that day alone. Points that become spendable on or after a stated day last '
        "to the end of the day on which they do. 29 February is the 28th in other years.",
        examples=["09-01"],
    )


def _form(value: object) -> str:
    """Which form is meant; no name of it is a field, or errors would be said of that field."""
    if isinstance(value, EndOfFile) or (isinstance(value, dict) and "end_of" in value):
        return "an end"
    if isinstance(value, OnDayFile) or (isinstance(value, dict) and "on" in value):
        return "a day"
    return "a term"


ValidityFile = Annotated[
    Annotated[TermFile, Tag("a term")]
    | Annotated[EndOfFile, Tag("an end")]
    | Annotated[OnDayFile, Tag("a day")],
    Discriminator(_form),
]


Days = Annotated[int, Field(strict=True, ge=1, le=36_500)]
Who = Literal["beneficiary"] | DataPath


class ActiveFile(Section):
    """Somebody acted lately."""

    who: Who = Field(
        default="beneficiary",
        description="`beneficiary`, or the field of the award's event that names somebody.",
        examples=["data.guest"],
    )
    within_days: Days = Field(
        description="In so many days before the points mature, by an event of which they are the "
        "subject (what is stated of them is no act).",
        examples=[30],
    )


class HappenedFile(Section):
    """Something happened since."""

    type: EventType = Field(description="An event of this type …", examples=["course.completed"])
    who: Who = Field(
        default="beneficiary",
        description="… whose subject is the `beneficiary`, or whom this field of the award's event "
        "names,",
        examples=["data.guest"],
    )
    within_days: Days | None = Field(
        default=None,
        description="so many days after the award's event; without it, before the points mature.",
        examples=[30],
    )


class ConditionFile(Section):
    """What has to be so when the points mature: one of the two."""

    active: ActiveFile | None = Field(
        default=None, description="Somebody acted lately.", examples=[{"within_days": 30}]
    )
    happened: HappenedFile | None = Field(
        default=None,
        description="Something happened since.",
        examples=[{"type": "course.completed", "who": "data.guest"}],
    )


class VestingFile(Section):
    """How long points are pending, and what has to be so at the end."""

    months: Annotated[int, Field(strict=True, ge=0, le=1200)] = Field(
        default=0, description="Calendar months of the zone.", examples=[3]
    )
    days: Annotated[int, Field(strict=True, ge=0, le=36_500)] = Field(
        default=0, description="Days of the zone's calendar.", examples=[30]
    )
    condition: ConditionFile | None = Field(
        default=None,
        description="Checked once, when the points mature; if it does not hold they are taken back "
        "for good.",
        examples=[{"active": {"who": "data.guest", "within_days": 30}}],
    )
    days_max: Days | None = Field(
        default=None,
        description="Whoever grants points of this kind may set up to so many days instead.",
        examples=[90],
    )


def _name_or_section(value: object) -> str:
    return "a name" if isinstance(value, str) else "a section"


RuleVesting = Annotated[
    Annotated[Name, Tag("a name")] | Annotated[VestingFile, Tag("a section")],
    Discriminator(_name_or_section),
]


class InactivityStepFile(Section):
    """One step of decay."""

    days: Days = Field(
        description="From so many whole UTC days without an act of the member's own on …",
        examples=[90],
    )
    share: Annotated[ExactNumber, Field(le=100)] = Field(
        description="… this share of the available balance decays, in per cent, rounded down.",
        examples=[5],
    )


class InactivityFile(Section):
    """What of absent members' points decays."""

    check: Literal["quarter"] = Field(
        description="When it is looked: 1 January, April, July and October, 00:00 UTC.",
        examples=["quarter"],
    )
    steps: Annotated[list[InactivityStepFile], Field(min_length=1, max_length=20)] = Field(
        description="Steps, each of more days than the one before; the last that is reached "
        "counts.",
        examples=[[{"days": 90, "share": 5}, {"days": 180, "share": 10}]],
    )
    to: Literal["rewards", "revoked"] = Field(
        default="rewards",
        description="Where it goes: the rewards pool, or out of the world.",
        examples=["rewards"],
    )
    warning_days: Annotated[int, Field(strict=True, ge=1, le=80)] = Field(
        default=14,
        description="So many days before, at least, the member is warned; nobody decays unwarned.",
        examples=[14],
    )


Pool = Literal["rewards", "treasury", "startup", "team", "liquidity"]


class EmissionFile(Section):
    """Points that come into being each day."""

    start: Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$")] = Field(
        description="The first local day; years are counted from it.", examples=["2026-01-01"]
    )
    yearly: Annotated[int, Field(strict=True, ge=365, le=10**14)] = Field(
        description="Points of a year; each day one part in 365 of them, rounded down. 29 February "
        "has none.",
        examples=[1_000_000_000],
    )
    halve_every_years: Annotated[int, Field(strict=True, ge=1, le=100)] | None = Field(
        default=None, description="After so many years half of it, and again.", examples=[4]
    )
    pools: Annotated[dict[Pool, ExactNumber], Field(min_length=1)] = Field(
        description="Per cent of a day for each pool, rounded down, adding up to 100. Awards are "
        "paid out of `rewards`.",
        examples=[{"rewards": 80, "treasury": 20}],
    )
    remainder: Literal["last"] = Field(
        default="last",
        description="What rounding leaves is taken by the pool named last.",
        examples=["last"],
    )


class BudgetFile(Section):
    """At most so many points are paid to all members together."""

    id: Name = Field(
        description="Names the budget for good; what was paid counts by it across versions.",
        examples=["mentoring-month"],
    )
    of: ScopeField = Field(
        description="`programme`, `{rules: [...]}` or `{category: ...}`.",
        examples=[{"category": "mentoring"}],
    )
    points: Annotated[int, Field(strict=True, ge=1, le=10**15)] = Field(
        description="At most so many …", examples=[100_000]
    )
    per: Literal["month", "year", "lifetime"] = Field(
        description="… for what is earned in a calendar span of the programme's zone.",
        examples=["month"],
    )
