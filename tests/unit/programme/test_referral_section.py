"""The ``referral`` section: each published figure of the example, and each thing that is wrong."""

from __future__ import annotations

from fractions import Fraction

import pytest

from ledger.programme.faults import ProgrammeInvalid
from ledger.programme.load import load_programme
from ledger.programme.model_life import Term
from ledger.programme.model_referral import ReferralSection
from tests.scoring_cases import DAILY

SECTION = """\
referral:
  inviter: {points: 500}
  guest: {points: 200}
  open_invitations: 5
  lapse_days: 14
  payment_days: 30
  subscription: {attribute: subscription, values: [active]}
  rewards: 12
  margin: 40
  budget: {points: 1000, per: year}
"""
REST = """\
programme: p
version: "1"
zone: UTC
rules: [{id: a, on: a, to: actor, points: 1}]
attributes: {subscription: {field: value, values: [ended, active], default: ended}}
redemption: {rates: {USD: 1}}
"""
EMITTING = 'emission: {start: "2026-01-01", yearly: 36500, pools: {rewards: 80, team: 20}}\n'


def published() -> ReferralSection:
    found = load_programme(DAILY).referral
    assert found is not None
    return found


def test_five_open_invitations() -> None:
    assert published().open_invitations == 5


def test_one_lapses_after_fourteen_days() -> None:
    assert published().lapse_days == 14


def test_the_first_payment_has_to_be_thirty_days_old() -> None:
    assert published().payment_days == 30


def test_the_guest_still_has_to_be_subscribed() -> None:
    assert (published().attribute, published().subscribed) == ("subscription", ("active",))


def test_twelve_rewards_in_any_twelve_months() -> None:
    assert published().rewards == 12


def test_three_activations_within_an_hour_are_reviewed() -> None:
    assert (published().review_activations, published().review_minutes) == (3, 60)


def test_a_budget_of_its_own() -> None:
    programme = load_programme(DAILY)
    assert (published().budget_points, published().budget_per) == (100_000, "year")
    assert programme.budgets == ()


def test_both_sides_have_a_vesting_of_their_own() -> None:
    assert published().inviter.pending == Term(days=14)
    other = load_programme(
        REST + SECTION.replace("{points: 200}", "{points: 2, pending: {days: 3}}")
    )
    assert other.referral is not None
    assert (other.referral.inviter.pending, other.referral.guest.pending) == (None, Term(days=3))
    assert other.referral.margin == Fraction(2, 5)


def test_without_the_section_the_form_is_as_it_was() -> None:
    with_it = load_programme(REST + SECTION)
    assert load_programme(REST).referral is None
    assert load_programme(REST).programme_hash != with_it.programme_hash
    dearer = load_programme(REST + SECTION.replace("points: 1000", "points: 1001"))
    assert dearer.programme_hash != with_it.programme_hash


@pytest.mark.parametrize(
    ("text", "field", "wrong"),
    [
        (
            REST.replace("redemption: {rates: {USD: 1}}\n", "") + SECTION,
            "referral",
            "`redemption`",
        ),
        (
            REST + SECTION.replace("attribute: subscription", "attribute: plan"),
            "referral.subscription.attribute",
            "no attribute 'plan'",
        ),
        (
            REST + SECTION.replace("[active]", "[active, maybe]"),
            "referral.subscription.values[1]",
            "'maybe' is no value",
        ),
        (REST + EMITTING + SECTION, "referral.pool", "some pool has to pay"),
        (REST + SECTION + "  pool: team\n", "referral.pool", "no emission fills"),
        (
            REST + EMITTING + SECTION + "  pool: treasury\n",
            "referral.pool",
            "no emission fills",
        ),
        (REST + EMITTING + SECTION + "  pool: rewards\n", "referral.pool", "rewards"),
        (REST + SECTION.replace("margin: 40", "margin: 101"), "referral.margin", "100"),
    ],
)
def test_what_is_wrong(text: str, field: str, wrong: str) -> None:
    with pytest.raises(ProgrammeInvalid) as caught:
        load_programme(text)
    (fault,) = caught.value.found
    assert fault.field == field
    assert wrong in fault.wrong


def test_with_an_emission_another_pool_pays() -> None:
    found = load_programme(REST + EMITTING + SECTION + "  pool: team\n").referral
    assert found is not None
    assert found.pool == "team"
