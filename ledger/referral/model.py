"""A guest pass from invitation to reward, as values and decisions. Pure.

    issued ──claim──▶ claimed ──first payment──▶ qualifying ──old enough, still there──▶ qualified
       │                 │                           │                                     │
       └── lapsed        └── rejected(reason) ◀──────┘                          rewarded ◀─┘
                                                                                   │
                                                                    reversed ◀─ refunded

The inviter is thanked once the guest's first payment has stood for a stated time and the guest is
still subscribed. What both sides get together is never above the margin of that payment after
refunds, and comes from a budget that members' awards do not share.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from fractions import Fraction
from typing import Final
from uuid import UUID

from ledger.kernel.units import Money, Points

ZERO: Final = Points(0)
REWARDS_WINDOW_MONTHS: Final = 12


class ReferralState(StrEnum):
    """Where a guest pass is; the last four are ends, but for a reward that is taken back."""

    ISSUED = "issued"
    CLAIMED = "claimed"
    QUALIFYING = "qualifying"
    QUALIFIED = "qualified"
    REWARDED = "rewarded"
    REJECTED = "rejected"
    LAPSED = "lapsed"
    REVERSED = "reversed"


_ENDS_WITHOUT_PAYMENT: Final = {
    ReferralState.CLAIMED: ReferralState.REJECTED,
    ReferralState.QUALIFYING: ReferralState.REJECTED,
    ReferralState.QUALIFIED: ReferralState.REJECTED,
    ReferralState.REWARDED: ReferralState.REVERSED,
}


class Reason(StrEnum):
    """Why a guest pass was rejected or reversed: the whole list."""

    SELF_REFERRAL = "self_referral"
    SHARED_IDENTIFIER = "shared_identifier"
    GUEST_NOT_NEW = "guest_not_new"
    REVIEW_REFUSED = "review_refused"
    PAYMENT_REFUNDED = "payment_refunded"
    NOT_SUBSCRIBED = "not_subscribed"
    PERSON_ERASED = "person_erased"


class Waits(StrEnum):
    """Why a pass is not rewarded yet: the whole list.

    At ``source`` its payment is old enough, and a source has yet to tell what happened until then.
    """

    BUDGET = "budget"
    POOL = "pool"
    LIMIT = "limit"
    MARGIN = "margin"
    MEMBER = "member"
    SOURCE = "source"


class Side(StrEnum):
    """Who is thanked."""

    INVITER = "inviter"
    GUEST = "guest"


@dataclass(frozen=True, slots=True)
class Velocity:
    """So many activations within so long from one network go to a person for review."""

    activations: int = 3
    within: timedelta = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class ReferralTerms:
    """What the programme in force promises.

    ``margin_share`` is the part of a payment that the school keeps as margin; ``point_value`` maps
    a currency to the minor units that one point is worth (the best redemption rate).
    """

    inviter_points: Points
    guest_points: Points
    open_invitations: int
    lapse_after: timedelta
    payment_age: timedelta
    rewards_per_year: int
    margin_share: Fraction
    point_value: dict[str, Fraction]
    velocity: Velocity = Velocity()

    def __post_init__(self) -> None:
        assert Fraction(0) <= self.margin_share <= 1, "a share is between 0 and 1"
        assert all(value > 0 for value in self.point_value.values()), "a point is worth something"


@dataclass(frozen=True, slots=True)
class Payment:
    """A guest's first payment: what was paid, and what of it was given back so far.

    ``event_id`` is the fact that states it.
    """

    event_id: UUID
    paid: Money
    refunded: Money
    paid_at: datetime

    def __post_init__(self) -> None:
        assert self.paid.currency == self.refunded.currency, "a refund is in the order's currency"

    @property
    def kept_minor(self) -> int:
        """What the school kept, in minor units; never below zero."""
        return max(0, self.paid.amount_minor - self.refunded.amount_minor)


@dataclass(frozen=True, slots=True)
class Referral:
    """A guest pass as it stands."""

    referral_id: UUID
    inviter: UUID
    programme_hash: bytes
    state: ReferralState
    issued_at: datetime
    lapses_at: datetime
    guest: UUID | None = None
    claimed_at: datetime | None = None
    under_review: bool = False
    payment: Payment | None = None
    reason: Reason | None = None
    waits: Waits | None = None

    @property
    def is_open(self) -> bool:
        """Whether it takes one of the inviter's places: it is out and nobody has used it."""
        return self.state is ReferralState.ISSUED


@dataclass(frozen=True, slots=True)
class Claim:
    """Somebody uses a guest pass.

    ``shared`` are the kinds of identifiers that inviter and guest have in common; ``recent`` are
    the earlier activations from the guest's network, newest last.
    """

    guest: UUID
    guest_is_new: bool
    shared: frozenset[str]
    recent: tuple[datetime, ...]


@dataclass(frozen=True, slots=True)
class Claimed:
    """What a claim comes to; ``reason`` says why it was rejected."""

    state: ReferralState
    under_review: bool = False
    reason: Reason | None = None


@dataclass(frozen=True, slots=True)
class Shares:
    """What either side gets of a reward."""

    inviter: Points
    guest: Points

    @property
    def total(self) -> Points:
        """Both together."""
        return self.inviter + self.guest

    def of(self, side: Side) -> Points:
        """What one side gets."""
        return self.inviter if side is Side.INVITER else self.guest


def has_place(open_invitations: int, terms: ReferralTerms) -> bool:
    """Whether an inviter may have one more guest pass out."""
    return open_invitations < terms.open_invitations


def is_lapsed(referral: Referral, now: datetime) -> bool:
    """Whether an unused guest pass is over; the boundary itself is over."""
    return referral.is_open and now >= referral.lapses_at


def decide_claim(referral: Referral, claim: Claim, terms: ReferralTerms, now: datetime) -> Claimed:
    """Who may use a guest pass: somebody new, who shares nothing with the inviter."""
    if claim.guest == referral.inviter:
        return Claimed(ReferralState.REJECTED, reason=Reason.SELF_REFERRAL)
    if claim.shared:
        return Claimed(ReferralState.REJECTED, reason=Reason.SHARED_IDENTIFIER)
    if not claim.guest_is_new:
        return Claimed(ReferralState.REJECTED, reason=Reason.GUEST_NOT_NEW)
    velocity = terms.velocity
    recent = sum(moment > now - velocity.within for moment in claim.recent)
    return Claimed(ReferralState.CLAIMED, under_review=recent + 1 >= velocity.activations)


def advance(
    referral: Referral, terms: ReferralTerms, *, subscribed: bool | None, now: datetime
) -> tuple[ReferralState, Reason | None]:
    """The next state of a claimed pass by its payment; the same state if nothing is due yet.

    A pass under review waits for a person. A payment given back in full ends it, and so does a
    guest who has left by the time the payment is old enough. ``subscribed`` is ``None`` until that
    is known for good.
    """
    payment, state = referral.payment, referral.state
    if referral.under_review or payment is None:
        return state, None
    if not payment.kept_minor and state in _ENDS_WITHOUT_PAYMENT:
        return _ENDS_WITHOUT_PAYMENT[state], Reason.PAYMENT_REFUNDED
    if state not in {ReferralState.CLAIMED, ReferralState.QUALIFYING}:
        return state, None
    if subscribed is None or now < payment.paid_at + terms.payment_age:
        return ReferralState.QUALIFYING, None
    if not subscribed:
        return ReferralState.REJECTED, Reason.NOT_SUBSCRIBED
    return ReferralState.QUALIFIED, None


def may_reward(rewarded_at: tuple[datetime, ...], terms: ReferralTerms, now: datetime) -> bool:
    """Whether the inviter has a reward left: at most so many in any twelve months that end now."""
    since = _twelve_months_before(now)
    return sum(moment > since for moment in rewarded_at) < terms.rewards_per_year


def shares(payment: Payment, terms: ReferralTerms) -> Shares:
    """What a payment thanks both sides with.

    The stated points, unless they are worth more than the margin of what was kept: then that many
    points, ``floor(kept × margin_share ÷ point value)``, shared as the stated ones are, the guest's
    part rounded down. A currency without a value of a point thanks nobody.
    """
    stated = Shares(terms.inviter_points, terms.guest_points)
    value = terms.point_value.get(payment.paid.currency)
    if value is None or not stated.total:
        return Shares(ZERO, ZERO)
    most = (payment.kept_minor * terms.margin_share / value).__floor__()
    if stated.total.amount <= most:
        return stated
    guest = most * stated.guest.amount // stated.total.amount
    return Shares(Points(most - guest), Points(guest))


def _twelve_months_before(now: datetime) -> datetime:
    try:
        return now.replace(year=now.year - 1)
    except ValueError:  # 29 February: the year before ends that month a day earlier.
        return now.replace(year=now.year - 1, day=28)
