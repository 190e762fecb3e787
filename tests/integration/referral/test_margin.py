"""What both sides get is worth no more than the margin, wherever a point is worth most meanwhile.

The margin is 40 % of 1747, 698.8 minor units; 700 points are stated, 200 of them the guest's.
"""

from __future__ import annotations

from datetime import datetime

import pytest
import sqlalchemy as sa

from ledger.kernel.transaction import execute
from ledger.programme import service as programmes
from ledger.programme.service import Activate, StoreProgramme
from ledger.referral.model import Referral, ReferralState
from tests.integration.referral.conftest import PROGRAMME, Club

PAID = 1747
ONE = "redemption: {rates: {USD: 1}}"


def version(number: int, redemption: str) -> str:
    return PROGRAMME.replace('version: "1"', f'version: "{number}"').replace(ONE, redemption)


def restate(club: Club, text: str, since: datetime) -> None:
    stored = execute(club.database, programmes.store_programme, StoreProgramme(text, "test"))
    command = Activate(stored.programme_hash, since, {"kind": "test"}, "restatement")
    execute(club.database, programmes.activate, command)


def paid(club: Club) -> Referral:
    """Bob used Ann's pass and paid, ten days ago."""
    referral = club.invited("ann", "bob")
    club.pays("bob", PAID)
    club.subscribes("bob")
    club.run()
    club.pass_time(days=10)
    return referral


def rewarded(club: Club, referral: Referral) -> tuple[int, int]:
    club.pass_time(days=20)
    club.run()
    assert club.again(referral).state is ReferralState.REWARDED
    assert club.verified() == []
    return club.has("ann"), club.has("bob")


@pytest.mark.parametrize(
    ("redemption", "parts"),
    [
        (ONE, (499, 199)),
        ("redemption: {rates: {USD: 2}}", (250, 99)),
        ("redemption: {rates: {USD: 1/2}}", (499, 199)),
        (
            "redemption: {rates: {USD: 1}, products: [{product: 'book:*', rates: {USD: 5}}, '*']}",
            (100, 39),
        ),
        ("redemption: {rates: {EUR: 9}}", (499, 199)),
    ],
)
def test_a_newer_version_may_make_points_worth_more(
    club: Club, redemption: str, parts: tuple[int, int]
) -> None:
    referral = paid(club)
    club.world.activate(version(2, redemption), club.clock.at.isoformat())
    assert rewarded(club, referral) == parts


@pytest.mark.parametrize(("day", "parts"), [("2026-03-31", (250, 99)), ("2026-04-01", (499, 199))])
def test_a_dated_rate_may_rise_before_the_reward(
    club: Club, day: str, parts: tuple[int, int]
) -> None:
    dated = f"{{from: 2026-01-01, rates: {{USD: 1}}}}, {{from: {day}, rates: {{USD: 2}}}}"
    text = version(2, f"redemption: {{rates: [{dated}]}}")
    club.pass_time(microseconds=1)
    club.world.activate(text, club.clock.at.isoformat())
    assert rewarded(club, paid(club)) == parts


def test_what_is_decided_after_the_reward_takes_nothing_of_it(club: Club) -> None:
    referral = paid(club)
    before = club.clock.at
    assert rewarded(club, referral) == (499, 199)
    club.pass_time(days=1)
    restate(club, version(2, "redemption: {rates: {USD: 2}}"), before)
    club.refunds("bob", 1)
    club.run()
    # Of 1746 the margin is 698.4 minor units: as many points as before.
    assert (club.has("ann"), club.has("bob")) == (499, 199)
    assert club.verified() == []


def test_a_refund_is_counted_at_the_rate_of_the_reward(club: Club) -> None:
    referral = paid(club)
    club.world.activate(version(2, "redemption: {rates: {USD: 2}}"), club.clock.at.isoformat())
    assert rewarded(club, referral) == (250, 99)
    club.refunds("bob", 873)
    club.run()
    # Kept are 874, the margin is 349.6: 174 points.
    assert (club.has("ann"), club.has("bob")) == (125, 49)
    assert club.verified() == []


def test_verify_names_a_reward_above_the_margin(club: Club) -> None:
    rewarded(club, paid(club))
    with club.work() as work:
        work.connection.execute(sa.text("UPDATE referrals SET refunded_minor = 10"))
    # Of 1737 the margin is 694.8: 694 points, 496 of them Ann's.
    told = {each.row: each.problem for each in club.verified()}
    assert {row.rpartition("/")[2]: problem for row, problem in told.items()} == {
        "inviter": "left 499 points; the margin of its payment gives 496",
        "guest": "left 199 points; the margin of its payment gives 198",
    }


def test_verify_names_a_payment_that_was_thanked_for_twice(club: Club) -> None:
    first, second = (club.rewarded("ann", guest, PAID) for guest in ("bob", "eve"))
    assert club.verified() == []
    with club.work() as work:
        query = "UPDATE referrals SET payment_event = (SELECT payment_event FROM referrals "
        work.connection.execute(
            sa.text(query + "WHERE referral_id = :first) WHERE referral_id = :second"),
            {"first": first.referral_id, "second": second.referral_id},
        )
    problem = f"is of the payment that the pass {first.referral_id} was rewarded for"
    assert {(each.row, each.problem) for each in club.verified()} == {
        (f"{second.referral_id}/{side}", problem) for side in ("inviter", "guest")
    }
