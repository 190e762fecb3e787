"""Guest passes: each step, each refusal, and the bound on what a payment thanks with."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.kernel.units import Money, Points
from ledger.referral.model import (
    Claim,
    Payment,
    Reason,
    Referral,
    ReferralState,
    ReferralTerms,
    advance,
    decide_claim,
    has_place,
    is_lapsed,
    may_reward,
    shares,
)

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
TERMS = ReferralTerms(
    inviter_points=Points(500),
    guest_points=Points(200),
    open_invitations=5,
    lapse_after=timedelta(days=14),
    payment_age=timedelta(days=30),
    rewards_per_year=12,
    margin_share=Fraction(2, 5),
    point_value={"USD": Fraction(1)},
)
INVITER, GUEST = UUID(int=1), UUID(int=2)
ISSUED = Referral(
    UUID(int=9), INVITER, bytes(32), ReferralState.ISSUED, START, START + TERMS.lapse_after
)
NEWCOMER = Claim(GUEST, guest_is_new=True, shared=frozenset(), recent=())


def _paid(minor: int, refunded: int = 0) -> Payment:
    return Payment(UUID(int=7), Money(minor, "USD"), Money(refunded, "USD"), START)


def _claimed(payment: Payment | None, state: ReferralState = ReferralState.CLAIMED) -> Referral:
    return replace(ISSUED, state=state, guest=GUEST, claimed_at=START, payment=payment)


def test_five_places() -> None:
    assert has_place(4, TERMS)
    assert not has_place(5, TERMS)


def test_an_unused_pass_lapses_at_fourteen_days_and_a_used_one_does_not() -> None:
    due = START + timedelta(days=14)
    assert not is_lapsed(ISSUED, due - timedelta(microseconds=1))
    assert is_lapsed(ISSUED, due)
    assert not is_lapsed(_claimed(None), due)


@pytest.mark.parametrize(
    ("claim", "reason"),
    [
        (replace(NEWCOMER, guest=INVITER), Reason.SELF_REFERRAL),
        (replace(NEWCOMER, shared=frozenset({"wallet"})), Reason.SHARED_IDENTIFIER),
        (replace(NEWCOMER, guest_is_new=False), Reason.GUEST_NOT_NEW),
    ],
)
def test_who_may_not_claim(claim: Claim, reason: Reason) -> None:
    decided = decide_claim(ISSUED, claim, TERMS, START)
    assert (decided.state, decided.reason) == (ReferralState.REJECTED, reason)


def test_the_third_activation_within_an_hour_is_reviewed() -> None:
    hour_ago = START - timedelta(hours=1)
    two = replace(NEWCOMER, recent=(START - timedelta(minutes=59), START - timedelta(minutes=1)))
    assert decide_claim(ISSUED, two, TERMS, START).under_review
    one_old = replace(NEWCOMER, recent=(hour_ago, START - timedelta(minutes=1)))
    assert not decide_claim(ISSUED, one_old, TERMS, START).under_review


def test_a_payment_qualifies_when_it_is_thirty_days_old() -> None:
    referral = _claimed(_paid(10_000))
    due = START + timedelta(days=30)
    before = due - timedelta(microseconds=1)
    assert advance(referral, TERMS, subscribed=True, now=before) == (ReferralState.QUALIFYING, None)
    assert advance(referral, TERMS, subscribed=True, now=due) == (ReferralState.QUALIFIED, None)
    unknown = advance(referral, TERMS, subscribed=None, now=due)
    assert unknown == (ReferralState.QUALIFYING, None)
    left = advance(referral, TERMS, subscribed=False, now=due)
    assert left == (ReferralState.REJECTED, Reason.NOT_SUBSCRIBED)


def test_a_pass_under_review_and_one_without_payment_wait() -> None:
    later = START + timedelta(days=300)
    waiting = replace(_claimed(_paid(10_000)), under_review=True)
    assert advance(waiting, TERMS, subscribed=True, now=later) == (ReferralState.CLAIMED, None)
    assert advance(_claimed(None), TERMS, subscribed=True, now=later) == (
        ReferralState.CLAIMED,
        None,
    )


@pytest.mark.parametrize(
    "state", [ReferralState.CLAIMED, ReferralState.QUALIFYING, ReferralState.QUALIFIED]
)
def test_a_payment_given_back_ends_it(state: ReferralState) -> None:
    referral = _claimed(_paid(10_000, 10_000), state)
    found = advance(referral, TERMS, subscribed=True, now=START)
    assert found == (ReferralState.REJECTED, Reason.PAYMENT_REFUNDED)


def test_a_reward_is_reversed_only_by_a_full_refund() -> None:
    partly = _claimed(_paid(10_000, 9_999), ReferralState.REWARDED)
    assert advance(partly, TERMS, subscribed=True, now=START) == (ReferralState.REWARDED, None)
    whole = _claimed(_paid(10_000, 10_000), ReferralState.REWARDED)
    assert advance(whole, TERMS, subscribed=True, now=START) == (
        ReferralState.REVERSED,
        Reason.PAYMENT_REFUNDED,
    )


@pytest.mark.parametrize(
    ("day", "a_year_ago"), [("2028-02-29", "2027-02-28"), ("2028-03-01", "2027-03-01")]
)
def test_twelve_rewards_in_any_twelve_months(day: str, a_year_ago: str) -> None:
    now, then = (datetime.fromisoformat(f"{each}T12:00Z") for each in (day, a_year_ago))
    within = (then + timedelta(microseconds=1),) * 12
    assert not may_reward(within, TERMS, now)
    assert may_reward((then, *within[1:]), TERMS, now)


@pytest.mark.parametrize(
    ("paid", "refunded", "inviter", "guest"),
    [
        (10_000, 0, 500, 200),  # 40 % of 100.00 is 4 000 points: the stated ones
        (1_750, 0, 500, 200),  # 40 % of 17.50 is exactly 700
        (1_747, 0, 499, 199),  # 698.8 → 698; of it floor(698 × 200 / 700) = 199
        (10_000, 8_253, 499, 199),  # the same was kept
        (2, 0, 0, 0),
    ],
)
def test_worked_shares(paid: int, refunded: int, inviter: int, guest: int) -> None:
    found = shares(_paid(paid, refunded), TERMS)
    assert (found.inviter.amount, found.guest.amount) == (inviter, guest)


def test_a_currency_without_a_rate_thanks_nobody() -> None:
    payment = Payment(UUID(int=7), Money(10_000, "RUB"), Money(0, "RUB"), START)
    assert not shares(payment, TERMS).total


@given(
    paid=st.integers(0, 10**9),
    refunded=st.integers(0, 10**9),
    share=st.fractions(0, 1),
    value=st.fractions(Fraction(1, 1000), 1000),
    inviter=st.integers(0, 10**6),
    guest=st.integers(0, 10**6),
)
def test_never_above_the_margin(
    paid: int, refunded: int, share: Fraction, value: Fraction, inviter: int, guest: int
) -> None:
    terms = replace(
        TERMS,
        margin_share=share,
        point_value={"USD": value},
        inviter_points=Points(inviter),
        guest_points=Points(guest),
    )
    found = shares(_paid(paid, refunded), terms)
    assert found.total.amount * value <= max(0, paid - refunded) * share or not found.total
    assert Points(0) <= found.guest <= terms.guest_points
    assert Points(0) <= found.inviter <= terms.inviter_points
