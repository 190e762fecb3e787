"""The shape of what a programme settles for other rooms: life of points, redemption, bridge.

Validated here and handed on as they are; nothing of it touches what an event earns.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Annotated, Literal

from pydantic import Discriminator, Field, Tag

from ledger.programme.fields import Currency, ExactNumber, Section, Whole


def _list_or_mapping(value: object) -> str:
    """Which of two forms a value is meant in: errors then speak of that one alone."""
    return "list" if isinstance(value, list) else "mapping"


def _name_or_mapping(value: object) -> str:
    return "mapping" if isinstance(value, dict | Section) else "name"


class TermFile(Section):
    """A length of life in the calendar; months clamp (31 January + 1 month = end of February)."""

    years: Annotated[int, Field(strict=True, ge=0, le=100)] = Field(
        default=0, description="Calendar years.", examples=[1]
    )
    months: Annotated[int, Field(strict=True, ge=0, le=1200)] = Field(
        default=0, description="Calendar months.", examples=[12]
    )
    days: Annotated[int, Field(strict=True, ge=0, le=36_500)] = Field(
        default=0, description="Days.", examples=[30]
    )


class MemberLimitFile(Section):
    """How much one member may redeem."""

    points: Annotated[int, Field(strict=True, ge=1, le=10**12)] = Field(
        description="At most so many points …", examples=[5000]
    )
    per: Literal["day", "week", "month", "year"] = Field(
        description="… in a calendar period.", examples=["month"]
    )


PerCent = Annotated[ExactNumber, Field(le=100)]
Pattern = Annotated[str, Field(min_length=1, max_length=200)]


Rates = Annotated[dict[Currency, ExactNumber], Field(min_length=1)]
Day = Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$")]
Count = Annotated[int, Field(strict=True, ge=0, le=10**12)]


class RateRowFile(Section):
    """Rates from a day on."""

    since: Day = Field(
        alias="from",
        description="The first local day on which they hold; each row later than the one before.",
        examples=["2026-07-01"],
    )
    rates: Rates = Field(
        description="Minor units of a currency that one point is worth.", examples=[{"USD": 1}]
    )


DatedRates = Annotated[
    Annotated[Rates, Tag("mapping")]
    | Annotated[list[RateRowFile], Field(min_length=1, max_length=1000), Tag("list")],
    Discriminator(_list_or_mapping),
]


class ProductFile(Section):
    """What differs for some products."""

    product: Pattern = Field(
        description='An exact name, or a prefix and "*".', examples=["mentor:*"]
    )
    rates: DatedRates | None = Field(
        default=None,
        description="What a point is worth for them, in place of the common rate of a currency; "
        "or a list of dated rows, before the first of which the common rate holds.",
        examples=[{"USD": 2}, [{"from": "2026-07-01", "rates": {"USD": 3}}]],
    )
    max_share: PerCent | None = Field(
        default=None,
        description="Per cent of their net that points may cover.",
        examples=[25],
    )


class RedemptionFile(Section):
    """What points are worth at a checkout."""

    rates: DatedRates = Field(
        description="Minor units of a currency that one point is worth; or a list of dated rows, "
        "each `from` a local day on.",
        examples=[{"USD": 1, "RUB": "5/2"}, [{"from": "2026-07-01", "rates": {"USD": 2}}]],
    )
    max_share: PerCent = Field(
        default=Fraction(100),
        validate_default=False,
        description="Per cent of the eligible lines' net that points may cover.",
        examples=[25],
    )
    max_discount_share: PerCent = Field(
        default=Fraction(100),
        validate_default=False,
        description="Per cent of the gross that all discounts together may reach.",
        examples=[50],
    )
    min_cash: dict[Currency, Whole] = Field(
        default_factory=dict,
        description="Minor units that the member pays in money at least.",
        examples=[{"USD": 500}],
    )
    products: Annotated[
        list[
            Annotated[
                Annotated[Pattern, Tag("name")] | Annotated[ProductFile, Tag("mapping")],
                Discriminator(_name_or_mapping),
            ]
        ],
        Field(max_length=1000),
    ] = Field(
        default=["*"],
        description='Exact names, or a prefix and "*"; with terms of their own where they differ. '
        "The first that matches states the terms.",
        examples=[["course:*", {"product": "mentor:*", "max_share": 25}]],
    )
    excluded_products: Annotated[list[Pattern], Field(max_length=1000)] = Field(
        default_factory=list, description="Exceptions to these.", examples=[["course:gift"]]
    )
    refused_with: Annotated[list[Pattern], Field(max_length=1000)] = Field(
        default_factory=list,
        description="Discount codes that points do not combine with.",
        examples=[["student"]],
    )
    max_share_with: dict[Pattern, PerCent] | None = Field(
        default=None,
        description="By discount code: per cent of the eligible lines' net that points may cover "
        "beside it.",
        examples=[{"annual": 20}],
    )
    min_points: Count | None = Field(
        default=None, description="Fewer than these are not taken for an order.", examples=[100]
    )
    max_points: Count | None = Field(
        default=None, description="At most so many are taken for one order.", examples=[5000]
    )
    member_limit: (
        Annotated[
            Annotated[MemberLimitFile, Tag("mapping")]
            | Annotated[list[MemberLimitFile], Field(max_length=10), Tag("list")],
            Discriminator(_list_or_mapping),
        ]
        | None
    ) = Field(
        default=None,
        description="How much one member may redeem; several limits hold together.",
        examples=[{"points": 5000, "per": "month"}],
    )
    hold_minutes: Annotated[int, Field(strict=True, ge=1, le=10_080)] = Field(
        default=30, description="How long a hold waits for the payment.", examples=[30]
    )
    quote_minutes: Annotated[int, Field(strict=True, ge=1, le=1_440)] = Field(
        default=10, description="How long a quote stands.", examples=[10]
    )
    refund_grace_days: Annotated[int, Field(strict=True, ge=0, le=3_650)] = Field(
        default=30,
        description="The least life of points that come back from a refund.",
        examples=[30],
    )
    code_days: Annotated[int, Field(strict=True, ge=1, le=366)] | None = Field(
        default=None,
        description="The longest life of a single-use code; without it there are none.",
        examples=[14],
    )


class BridgeFile(Section):
    """Which points leave for tokens, and what becomes of others' tokens brought back."""

    returned_validity: TermFile | None = Field(
        default=None, description="How long such points last.", examples=[{"months": 6}]
    )
    returned_points_per_year: Annotated[int, Field(strict=True, ge=1, le=10**12)] | None = Field(
        default=None,
        description="At most so many of them a member and calendar year of the zone; more than "
        "these become spendable in the years after.",
        examples=[10000],
    )
    refund_window_days: Annotated[int, Field(strict=True, ge=0, le=3_650)] | None = Field(
        default=None,
        description="Only points that have been spendable for so many days leave for tokens.",
        examples=[14],
    )
    points_min: Annotated[int, Field(strict=True, ge=1, le=10**12)] | None = Field(
        default=None, description="Fewer are not carried at once.", examples=[10]
    )
    points_max: Annotated[int, Field(strict=True, ge=1, le=10**12)] | None = Field(
        default=None, description="More are not carried at once.", examples=[100000]
    )
