"""What a version promises guest passes, from its ``referral`` and ``redemption``. Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Final
from uuid import UUID

from ledger.kernel.canonical import Json
from ledger.kernel.units import Points
from ledger.lots.model import Cause
from ledger.programme.calendar import Calendar
from ledger.programme.model import Programme
from ledger.programme.model_referral import ReferralSection
from ledger.redemption.terms import parse_terms
from ledger.referral.model import Payment, ReferralTerms, Side, Velocity
from ledger.settlement.lifetime import after_term, expiry_of

REFERRAL_CAUSE: Final = "referral"
"""The cause kind of lots that a pass gave; the id is the pass and the side."""


def section_of(programme: Programme) -> ReferralSection:
    """The section of a version that has one."""
    assert programme.referral is not None, "passes are of versions that offer them"
    return programme.referral


def terms_of(programme: Programme, at: datetime) -> ReferralTerms:
    """The terms, with what a point is worth at best on the local day of ``at``."""
    section = section_of(programme)
    assert programme.redemption is not None, "checked with the programme"
    return ReferralTerms(
        inviter_points=Points(section.inviter.points),
        guest_points=Points(section.guest.points),
        open_invitations=section.open_invitations,
        lapse_after=timedelta(days=section.lapse_days),
        payment_age=timedelta(days=section.payment_days),
        rewards_per_year=section.rewards,
        margin_share=section.margin,
        point_value=_best_rates(programme, at),
        velocity=Velocity(section.review_activations, timedelta(minutes=section.review_minutes)),
    )


def terms_when_rewarded(
    programme: Programme, payment: Payment, then: Programme | None, rewarded_at: datetime
) -> ReferralTerms:
    """The terms of a payment, with a point worth what it is at best then or at the reward.

    ``then`` is the version in force at the reward: what points buy from that moment on is its.
    """
    terms = terms_of(programme, payment.paid_at)
    later = {} if then is None else _best_rates(then, rewarded_at)
    best = {code: max(value, later.get(code, value)) for code, value in terms.point_value.items()}
    return replace(terms, point_value=best)


def _best_rates(programme: Programme, at: datetime) -> dict[str, Fraction]:
    if programme.redemption is None:
        return {}
    day = at.astimezone(Calendar(programme.zone).rules).date()
    return parse_terms(programme.redemption).on(day).best_rates()


def life_of(programme: Programme, side: Side, at: datetime) -> tuple[datetime, datetime | None]:
    """From when and until when one side's points can be spent, given at ``at``."""
    section, calendar = section_of(programme), Calendar(programme.zone)
    pending = (section.inviter if side is Side.INVITER else section.guest).pending
    activates_at = at if pending is None else after_term(pending, at, calendar)
    validity = programme.validity
    return activates_at, None if validity is None else expiry_of(validity, activates_at, calendar)


def budget_since(programme: Programme, at: datetime) -> datetime | None:
    """When the budget's span that ``at`` lies in began; ``None``: it has no beginning."""
    per = section_of(programme).budget_per
    if per == "lifetime":
        return None
    local = at.astimezone(Calendar(programme.zone).rules)
    first = local.replace(day=1, hour=0, minute=0, second=0, microsecond=0, fold=0)
    return first.replace(month=1) if per == "year" else first


def cause_of(referral_id: UUID, side: Side) -> Cause:
    """What a side's lot exists for."""
    return Cause(REFERRAL_CAUSE, f"{referral_id}/{side}")


def why(programme: Programme, referral_id: UUID, side: Side) -> dict[str, Json]:
    """What the journal says an entry was for; nothing personal."""
    return {"referral": str(referral_id), "side": side.value, "programme": programme.hash_text}
