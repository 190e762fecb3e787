"""Guest passes: what a programme promises whoever brings somebody, as frozen values."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Final, Literal

from ledger.programme.model_life import Term

ORDER_PAID: Final = "shop.order.paid"
ORDER_REFUNDED: Final = "shop.order.refunded"
"""The facts that a guest's payment is read from."""


@dataclass(frozen=True, slots=True)
class SideTerms:
    """What one side gets, and how long it is pending."""

    points: int
    pending: Term | None


@dataclass(frozen=True, slots=True)
class ReferralSection:
    """The ``referral`` section of one version.

    ``margin`` is a fraction of one; ``subscribed`` are the values of the attribute that count as
    being subscribed; ``pool`` pays where there is an emission, else ``None``.
    """

    inviter: SideTerms
    guest: SideTerms
    open_invitations: int
    lapse_days: int
    payment_days: int
    rewards: int
    attribute: str
    subscribed: tuple[int | str, ...]
    margin: Fraction
    budget_points: int
    budget_per: Literal["month", "year", "lifetime"]
    pool: str | None
    review_activations: int
    review_minutes: int
