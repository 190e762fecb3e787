"""The shape of ``referral``, and what it must be to the rest of a programme file."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Final, Literal

from pydantic import Field, JsonValue

from ledger.kernel.canonical import Json
from ledger.programme.fields import AttributeName, ExactNumber, Section, Value
from ledger.programme.model_life import Term
from ledger.programme.model_referral import ReferralSection, SideTerms
from ledger.programme.numbers import exact_text
from ledger.programme.schema_terms import TermFile
from ledger.programme.source import Path

if TYPE_CHECKING:
    from ledger.programme.schema import ProgrammeFile

_Points = Annotated[int, Field(strict=True, ge=0, le=10**9)]
_Count = Annotated[int, Field(strict=True, ge=1, le=1_000)]
_Days = Annotated[int, Field(strict=True, ge=1, le=3_650)]


REFERRAL_EXAMPLE: Final[dict[str, JsonValue]] = {
    "inviter": {"points": 500},
    "guest": {"points": 200},
    "open_invitations": 5,
    "lapse_days": 14,
    "payment_days": 30,
    "rewards": 12,
    "subscription": {"attribute": "subscription", "values": ["active"]},
    "margin": 40,
    "budget": {"points": 100_000, "per": "year"},
}


class SideFile(Section):
    """What one side is thanked with."""

    points: _Points = Field(description="Points, at most; 0 for nothing.", examples=[500])
    pending: TermFile | None = Field(
        default=None,
        description="How long they are pending; each side has its own.",
        examples=[{"days": 14}],
    )


class SubscriptionFile(Section):
    """When a guest counts as subscribed."""

    attribute: AttributeName = Field(
        description="An attribute of members that this file states.", examples=["subscription"]
    )
    values: Annotated[list[Value], Field(min_length=1, max_length=20)] = Field(
        description="The values of it that count.", examples=[["active"]]
    )


class ReferralBudgetFile(Section):
    """What guest passes may cost, apart from what members are awarded."""

    points: Annotated[int, Field(strict=True, ge=1, le=10**15)] = Field(
        description="At most so many points, both sides together …", examples=[100_000]
    )
    per: Literal["month", "year", "lifetime"] = Field(
        description="… in a calendar span of the programme's zone.", examples=["year"]
    )


class ReviewFile(Section):
    """When a person looks at guest passes before they go on."""

    activations: _Count = Field(
        description="The so-manyth activation from one network (IPv4 /24, IPv6 /48) …",
        examples=[3],
    )
    minutes: Annotated[int, Field(strict=True, ge=1, le=10_080)] = Field(
        description="… within so many minutes waits for a moderator.", examples=[60]
    )


class ReferralFile(Section):
    """Guest passes: who may bring whom, and what both are thanked with."""

    inviter: SideFile = Field(
        description="What whoever invites is thanked with.", examples=[{"points": 500}]
    )
    guest: SideFile = Field(
        description="What the guest is thanked with.", examples=[{"points": 200}]
    )
    open_invitations: _Count = Field(
        description="So many unused guest passes of one member at a time.", examples=[5]
    )
    lapse_days: _Days = Field(
        description="One that nobody used lapses after so many days and frees its place.",
        examples=[14],
    )
    payment_days: _Days = Field(
        description="The guest's first payment has to be so many days old.", examples=[30]
    )
    rewards: _Count = Field(
        description="One inviter is thanked so often in any twelve months.", examples=[12]
    )
    subscription: SubscriptionFile = Field(
        description="The guest still has to be subscribed then.",
        examples=[{"attribute": "subscription", "values": ["active"]}],
    )
    margin: Annotated[ExactNumber, Field(le=100)] = Field(
        description="Per cent of a payment that the school keeps. Both sides together never get "
        "more than that of the first payment after refunds, a point being worth its best rate in "
        "`redemption` on the day of the payment or, where that is more, on the day of the reward "
        "in the version then in force.",
        examples=[40],
    )
    budget: ReferralBudgetFile = Field(
        description="A budget of its own.", examples=[{"points": 100_000, "per": "year"}]
    )
    pool: Literal["treasury", "startup", "team", "liquidity"] | None = Field(
        default=None,
        description="With an `emission`, the pool that pays: any but `rewards`, which is for "
        "awards.",
        examples=["team"],
    )
    review: ReviewFile = Field(
        default=ReviewFile(activations=3, minutes=60),
        description="When a moderator decides first.",
        examples=[{"activations": 3, "minutes": 60}],
    )


def check_referral(file: ProgrammeFile) -> Iterator[tuple[Path, str, str]]:
    """A known attribute and values, a value of a point, and a pool that is not the rewards'."""
    referral = file.referral
    if referral is None:
        return
    path: Path = ("referral",)
    if file.redemption is None:
        wrong = "what a point is worth is stated by `redemption`, which is not there"
        yield path, wrong, "redemption: {rates: {USD: 1}}"
    attribute = file.attributes.get(referral.subscription.attribute)
    where = (*path, "subscription")
    if attribute is None:
        known = ", ".join(file.attributes) or "none is stated"
        wrong = f"there is no attribute {referral.subscription.attribute!r} (known: {known})"
        example = "attributes: {subscription: {field: value, values: [ended, active], …}}"
        yield (*where, "attribute"), wrong, example
    else:
        for index, value in enumerate(referral.subscription.values):
            if value not in attribute.values:
                wrong = f"{value!r} is no value of {referral.subscription.attribute}"
                yield (*where, "values", index), wrong, f"values: [{attribute.values[0]}]"
    pools = frozenset() if file.emission is None else frozenset(file.emission.pools)
    if file.emission is not None and referral.pool is None:
        wrong = "with an emission, some pool has to pay"
        yield (*path, "pool"), wrong, "pool: team"
    elif referral.pool is not None and referral.pool not in pools:
        wrong = f"no emission fills the pool {referral.pool}"
        yield (*path, "pool"), wrong, "leave `pool` out, or name it in `emission`"


def referral_terms(file: ReferralFile | None) -> ReferralSection | None:
    """The section as frozen values."""
    if file is None:
        return None
    return ReferralSection(
        inviter=_side(file.inviter),
        guest=_side(file.guest),
        open_invitations=file.open_invitations,
        lapse_days=file.lapse_days,
        payment_days=file.payment_days,
        rewards=file.rewards,
        attribute=file.subscription.attribute,
        subscribed=tuple(file.subscription.values),
        margin=file.margin / 100,
        budget_points=file.budget.points,
        budget_per=file.budget.per,
        pool=file.pool,
        review_activations=file.review.activations,
        review_minutes=file.review.minutes,
    )


def referral_form(section: ReferralSection | None) -> dict[str, Json]:
    """The canonical form; nothing where a file does not state the section."""
    if section is None:
        return {}
    return {
        "referral": {
            "inviter": _side_form(section.inviter),
            "guest": _side_form(section.guest),
            "open_invitations": section.open_invitations,
            "lapse_days": section.lapse_days,
            "payment_days": section.payment_days,
            "rewards": section.rewards,
            "subscription": {
                "attribute": section.attribute,
                "values": sorted(section.subscribed, key=str),
            },
            "margin": exact_text(section.margin),
            "budget": {"points": section.budget_points, "per": section.budget_per},
            "pool": section.pool,
            "review": {
                "activations": section.review_activations,
                "minutes": section.review_minutes,
            },
        }
    }


def _side(file: SideFile) -> SideTerms:
    term = file.pending
    return SideTerms(
        file.points, None if term is None else Term(term.years, term.months, term.days)
    )


def _side_form(side: SideTerms) -> Json:
    term = side.pending
    return {
        "points": side.points,
        "pending": None
        if term is None
        else {"years": term.years, "months": term.months, "days": term.days},
    }
