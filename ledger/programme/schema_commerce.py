"""The shape of what purchases do: clawing back what they earned, and sharing points by a rule."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import BeforeValidator, Field, JsonValue

from ledger.programme.fields import (
    Beneficiary,
    DataPath,
    EventType,
    ExactNumber,
    Name,
    Section,
    as_list,
)
from ledger.programme.schema_terms import TermFile

Limited = Literal["day", "week", "month", "year"]


SPLITS_EXAMPLE: Final[dict[str, JsonValue]] = {
    "rules": {
        "course": {
            "shares": [
                {"to": "author", "per_cent": 70},
                {"to": "school", "per_cent": 30, "pool": "treasury"},
            ]
        }
    }
}


class ReductionFile(Section):
    """An award that goes back: with the purchase that earned it, or by votes against the thing.

    A refund states `whole` and `part`; a vote `takes` and `to`.
    """

    rules: Annotated[list[Name], BeforeValidator(as_list), Field(min_length=1, max_length=50)] = (
        Field(
            description="The rules whose awards it takes back (awards at once only).",
            examples=[["cash-back"]],
        )
    )
    on: EventType = Field(
        description="The event that says money went back, or that somebody voted against the "
        "thing; of the same source as the purchase or the thing.",
        examples=["shop.order.refunded"],
    )
    key: DataPath = Field(
        description="The field that names the order or the thing, in both events.",
        examples=["data.order"],
    )
    whole: DataPath | None = Field(
        default=None,
        description="The field of the purchase that says what was paid.",
        examples=["data.amount_minor"],
    )
    part: DataPath | None = Field(
        default=None,
        description="The field of the refund that says what went back, in the same unit.",
        examples=["data.amount_minor"],
    )
    once_per: Beneficiary | None = Field(
        default=None,
        description="The field that names a refund or vote: one reported twice counts once. With "
        "`takes` also `actor`: whoever votes takes once of each thing.",
        examples=["data.refund"],
    )
    takes: Annotated[int, Field(strict=True, ge=1, le=10**9)] | None = Field(
        default=None,
        description="So many points of the thing's award go with each event, down to nothing.",
        examples=[2],
    )
    to: DataPath | None = Field(
        default=None,
        description="With `takes`: the field of the event that names the member whose award it is.",
        examples=["data.author"],
    )


class ShareFile(Section):
    """Who gets how much of a price."""

    to: Name = Field(description="The recipient, as offers name them.", examples=["author"])
    per_cent: ExactNumber = Field(
        description="Of the price, rounded down; the last recipient gets the remainder.",
        examples=[70],
    )
    pool: Literal["treasury", "startup", "team", "liquidity", "rewards"] | None = Field(
        default=None,
        description="A pool of the school, in place of a member whom the offer names.",
        examples=["treasury"],
    )


class SplitFile(Section):
    """How a price in points is shared."""

    shares: Annotated[list[ShareFile], Field(min_length=1, max_length=20)] = Field(
        description="The recipients in order; together 100 per cent.",
        examples=[
            [
                {"to": "author", "per_cent": 70},
                {"to": "school", "per_cent": 30, "pool": "treasury"},
            ]
        ],
    )


class PurchaseLimitFile(Section):
    """How much one member may buy, or how often."""

    per: Limited = Field(description="In a calendar period.", examples=["day"])
    points: Annotated[int, Field(strict=True, ge=1, le=10**12)] | None = Field(
        default=None, description="At most so many points …", examples=[5000]
    )
    count: Annotated[int, Field(strict=True, ge=1, le=1_000_000)] | None = Field(
        default=None, description="… or so many purchases.", examples=[20]
    )


class SplitsFile(Section):
    """Purchases between members for points."""

    rules: Annotated[dict[Name, SplitFile], Field(min_length=1, max_length=100)] = Field(
        description="How prices are shared, by the name that an offer states.",
        examples=[
            {
                "course": {
                    "shares": [
                        {"to": "author", "per_cent": 70},
                        {"to": "school", "per_cent": 30, "pool": "treasury"},
                    ]
                }
            }
        ],
    )
    limits: Annotated[list[PurchaseLimitFile], Field(max_length=10)] = Field(
        default_factory=list,
        description="How much one member may buy; several limits hold together.",
        examples=[[{"per": "day", "count": 20}, {"per": "month", "points": 50000}]],
    )
    pending_days: Annotated[int, Field(strict=True, ge=0, le=366)] = Field(
        default=0,
        description="How long a recipient waits before the points can be spent.",
        examples=[14],
    )
    validity: TermFile | None = Field(
        default=None,
        description=(
            "How long a recipient's points last from then on, however old they were; without it, "
            "as long as they still had with the buyer."
        ),
        examples=[{"months": 12}],
    )
    refund_days: Annotated[int, Field(strict=True, ge=0, le=366)] = Field(
        default=30, description="How long a purchase can be taken back.", examples=[30]
    )
