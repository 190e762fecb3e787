"""Guest passes: each state, each reason, and at most once."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa

from ledger.kernel.transaction import Work, execute
from ledger.kernel.units import Points
from ledger.lots import service as lots
from ledger.lots.model import CaptureHold, HoldPurpose, PlaceHold, ReturnToLots
from ledger.members import store as members_store
from ledger.members.model import IdentityKey, MemberNotActive, MemberStatus, Role, UnknownMember
from ledger.promotion.service import rewards_of_year
from ledger.referral import service, store
from ledger.referral.errors import (
    GuestElsewhere,
    NoPlaceLeft,
    NotAReviewer,
    NothingToReview,
    PassLapsed,
    PassUnknown,
    PassUsed,
    ReferralNotOffered,
    ReviewUnreadable,
)
from ledger.referral.model import Reason, ReferralState, Waits
from ledger.referral.service import IssuePass, ReviewPass
from tests.integration.referral.conftest import PROGRAMME, START, Club
from tests.support.syncs import another_source, declare
from tests.world import lms

WALLET = "0x" + "ab" * 20
State = ReferralState


def ended(club: Club, referral: object) -> tuple[ReferralState, Reason | None]:
    found = club.again(referral)  # type: ignore[arg-type]
    return found.state, found.reason


def test_the_whole_way(club: Club) -> None:
    referral = club.invited("ann", "bob")
    assert (referral.state, referral.under_review) == (State.CLAIMED, False)
    club.pass_time(days=2)
    club.pays("bob")
    club.subscribes("bob")
    assert club.run() == 1
    assert club.again(referral).state is State.QUALIFYING
    club.pass_time(days=30, microseconds=-1)
    assert club.run() == 0
    club.pass_time(microseconds=1)
    assert club.run() == 1
    assert club.again(referral).state is State.REWARDED
    ann, bob = club.world.summary("ann"), club.world.summary("bob")
    assert (ann.pending.amount, ann.available.amount) == (500, 0)
    assert (bob.pending.amount, bob.available.amount) == (0, 200)
    with club.database.read() as work:
        promoted = {each.person: each.by_passes for each in rewards_of_year(work, 2026)}
    assert promoted == {club.world.linked["ann"]: 500, club.world.linked["bob"]: 200}
    club.pass_time(days=14)
    assert club.world.available("ann").amount == 500
    assert club.run() == 0
    assert club.verified() == []


def test_the_code_is_long_and_only_its_digest_is_kept(club: Club) -> None:
    issued = club.issue("ann")
    assert len(issued.code.replace("-", "")) * 5 == 80
    with club.database.read() as work:
        row = work.connection.execute(sa.text("SELECT * FROM referrals")).one()
    plain = issued.code.replace("-", "")
    assert bytes(row.digest) == hashlib.sha256(f"vklad-code:{plain}".encode()).digest()
    assert all(plain not in str(value) for value in row)


def test_five_places_and_a_lapse_that_frees_them(club: Club) -> None:
    passes = [club.issue("ann") for _ in range(5)]
    with pytest.raises(NoPlaceLeft) as refused:
        club.issue("ann")
    assert refused.value.operands["limit"] == 5
    club.world.link("bob")
    club.claim("bob", passes[0].code)
    sixth = club.issue("ann")
    club.pass_time(days=14, microseconds=-1)
    assert club.run() == 0
    club.pass_time(microseconds=1)
    club.world.link("cid")
    with pytest.raises(PassLapsed):
        club.claim("cid", passes[1].code)
    assert club.run() == 5
    assert club.again(sixth.referral).state is State.LAPSED
    with pytest.raises(PassLapsed):
        club.claim("cid", passes[1].code)
    for _ in range(5):
        club.issue("ann")


def test_only_five_are_issued_at_once(club: Club) -> None:
    def one(_: int) -> bool:
        try:
            club.issue("ann")
        except NoPlaceLeft:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(one, range(12))) == 5


def test_one_pass_has_one_guest_whoever_is_first(club: Club) -> None:
    code = club.issue("ann").code
    names = [f"g{number}" for number in range(6)]
    for name in names:
        club.world.link(name)

    def one(name: str) -> bool:
        try:
            return club.claim(name, code).state is State.CLAIMED
        except PassUsed:
            return False

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(one, names)) == 1


def test_a_guest_is_one_members_guest_whatever_is_claimed_at_once(club: Club) -> None:
    club.world.link("bob")
    codes = [club.issue("ann").code for _ in range(4)]

    def one(code: str) -> bool:
        try:
            return club.claim("bob", code).state is State.CLAIMED
        except GuestElsewhere:
            return False

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(one, codes)) == 1


def test_the_same_claim_again_changes_nothing(club: Club) -> None:
    club.world.link("bob")
    code = club.issue("ann").code
    first = club.claim("bob", code)
    club.pass_time(days=60)
    assert club.claim("bob", code.lower().replace("-", " ")) == first


def test_codes_that_are_none(club: Club) -> None:
    club.world.link("bob")
    for code in ("", "hello", "0000-0000-0000-0000"):
        with pytest.raises(PassUnknown):
            club.claim("bob", code)


def test_who_may_neither_invite_nor_be_invited(club: Club) -> None:
    code = club.issue("ann").code
    blocked = club.world.link("bob")

    def block(work: Work, member_id: object) -> None:
        members_store.set_status(work, member_id, MemberStatus.BLOCKED)  # type: ignore[arg-type]

    execute(club.database, block, blocked)
    with pytest.raises(MemberNotActive):
        club.claim("bob", code)
    with pytest.raises(MemberNotActive):
        club.issue("bob")
    with pytest.raises(UnknownMember):
        execute(club.database, service.issue, IssuePass(club.world.source.source_id))
    club.world.link("cid")
    execute(club.database, block, club.world.linked["ann"])
    with pytest.raises(PassUnknown):
        club.claim("cid", code)


def test_without_the_section_nobody_invites(club: Club) -> None:
    text = PROGRAMME.split("referral:", maxsplit=1)[0].replace('"1"', '"2"')
    club.world.activate(text, "2026-03-01T11:00:00Z")
    with pytest.raises(ReferralNotOffered):
        club.issue("ann")


def test_a_pass_keeps_its_own_versions_promise(club: Club) -> None:
    referral = club.invited("ann", "bob")
    dearer = PROGRAMME.replace('"1"', '"2"').replace("{points: 200}", "{points: 900}")
    club.world.activate(dearer, "2026-03-01T12:00:00Z")
    club.pays("bob")
    club.subscribes("bob")
    club.pass_time(days=30)
    club.run()
    assert club.again(referral).state is State.REWARDED
    assert club.has("bob") == 200


# Each reason.


def test_self_referral(club: Club) -> None:
    referral = club.claim("ann", club.issue("ann").code)
    assert ended(club, referral) == (State.REJECTED, Reason.SELF_REFERRAL)


PHONE = (
    IdentityKey("phone", "https://lms.example", "sha256:77"),
    IdentityKey("phone_hash", "https://shop.example", "sha256:77"),
)
TELEGRAM = (
    IdentityKey("telegram", "https://lms.example", "4711"),
    IdentityKey("telegram", "https://bot.example", "4711"),
)


@pytest.mark.parametrize(("his", "hers"), [PHONE, TELEGRAM])
def test_a_second_account_with_the_same_phone_or_telegram(
    club: Club, his: IdentityKey, hers: IdentityKey
) -> None:
    club.account("ann", his)
    club.world.link("again")
    club.account("again", hers)
    referral = club.claim("again", club.issue("ann").code)
    assert ended(club, referral) == (State.REJECTED, Reason.SHARED_IDENTIFIER)


def test_a_second_account_with_a_wallet_that_was_let_go(club: Club) -> None:
    club.wallet("ann", WALLET)
    club.drop_wallet("ann")
    club.world.link("again")
    club.wallet("again", WALLET)
    referral = club.claim("again", club.issue("ann").code)
    assert ended(club, referral) == (State.REJECTED, Reason.SHARED_IDENTIFIER)


def test_a_second_account_with_an_lms_account_that_was_unlinked(club: Club) -> None:
    club.unlink("ann", lms("ann"))
    club.member("again")
    club.account("again", lms("ann"))
    referral = club.claim("again", club.issue("ann").code)
    assert ended(club, referral) == (State.REJECTED, Reason.SHARED_IDENTIFIER)


def test_what_is_shared_only_later_is_seen_before_the_reward(club: Club) -> None:
    club.wallet("ann", WALLET)
    referral = club.invited("ann", "bob")
    club.drop_wallet("ann")
    club.wallet("bob", WALLET)
    club.pays("bob")
    club.subscribes("bob")
    club.pass_time(days=30)
    club.run()
    assert ended(club, referral) == (State.REJECTED, Reason.SHARED_IDENTIFIER)
    assert (club.has("ann"), club.has("bob")) == (0, 0)


def test_a_guest_who_paid_before(club: Club) -> None:
    club.world.link("bob")
    club.pays("bob")
    referral = club.claim("bob", club.issue("ann").code)
    assert ended(club, referral) == (State.REJECTED, Reason.GUEST_NOT_NEW)


def test_a_guest_who_claimed_before(club: Club) -> None:
    club.world.link("bob")
    club.world.link("cid")
    refused = club.claim("bob", club.issue("bob").code)
    assert refused.reason is Reason.SELF_REFERRAL
    referral = club.claim("bob", club.issue("ann").code)
    assert ended(club, referral) == (State.REJECTED, Reason.GUEST_NOT_NEW)


def test_a_guest_whose_other_account_claimed_before(club: Club) -> None:
    club.world.link("bob")
    club.wallet("bob", WALLET)
    club.claim("bob", club.issue("ann").code)
    club.drop_wallet("bob")
    club.world.link("bob2")
    club.wallet("bob2", WALLET)
    club.world.link("cid")
    referral = club.claim("bob2", club.issue("cid").code)
    assert ended(club, referral) == (State.REJECTED, Reason.GUEST_NOT_NEW)


@pytest.mark.parametrize("late", [False, True])
def test_an_earlier_payment_that_is_told_later(club: Club, *, late: bool) -> None:
    referral = club.rewarded("ann", "bob") if late else club.invited("ann", "bob")
    now, club.clock.at = club.clock.at, START - timedelta(days=1)
    club.pays("bob", order="earlier")
    club.clock.at = now
    club.run()
    state = State.REVERSED if late else State.REJECTED
    assert ended(club, referral) == (state, Reason.GUEST_NOT_NEW)
    assert (club.has("ann"), club.has("bob")) == (0, 0)
    assert club.verified() == []


def test_a_payment_refunded_before_the_reward(club: Club) -> None:
    referral = club.invited("ann", "bob")
    club.pays("bob")
    club.refunds("bob", 10_000)
    club.run()
    assert ended(club, referral) == (State.REJECTED, Reason.PAYMENT_REFUNDED)


def test_a_guest_who_left(club: Club) -> None:
    referral = club.invited("ann", "bob")
    club.pays("bob")
    club.subscribes("bob")
    club.pass_time(days=29)
    club.subscribes("bob", "ended")
    club.pass_time(days=1)
    club.run()
    assert ended(club, referral) == (State.REJECTED, Reason.NOT_SUBSCRIBED)


@pytest.mark.parametrize("stays", [True, False])
def test_nobody_is_judged_before_sources_have_told_everything(club: Club, *, stays: bool) -> None:
    """The guest's subscription is known only later, when the source has caught up."""
    referral = club.invited("ann", "bob")
    club.pays("bob")
    paid_at = club.clock.at
    club.pass_time(days=1)
    declare(club.world, club.clock.at.isoformat())
    club.pass_time(days=31)
    declare(club.world, (paid_at + timedelta(days=30)).isoformat())
    declare(club.world, club.clock.at.isoformat(), "failed")
    club.run()
    found = club.again(referral)
    assert (found.state, found.waits) == (State.QUALIFYING, Waits.SOURCE)
    assert club.run() == 0
    now, club.clock.at = club.clock.at, paid_at + timedelta(days=2)
    club.subscribes("bob", "active" if stays else "ended")
    club.clock.at = now
    declare(club.world, (paid_at + timedelta(days=30, microseconds=1)).isoformat())
    club.run()
    found = club.again(referral)
    end = State.REWARDED if stays else State.REJECTED
    assert (found.state, found.waits, club.has("ann")) == (end, None, 500 if stays else 0)
    assert club.verified() == []


def test_a_source_that_states_neither_payments_nor_subscriptions_is_not_asked(club: Club) -> None:
    forum = replace(club.world, source=another_source(club.world, "forum", ["club.*"]))
    declare(forum, club.clock.at.isoformat())
    assert club.rewarded("ann", "bob").state is State.REWARDED


def test_who_leaves_after_the_thirtieth_day_was_there(club: Club) -> None:
    referral = club.invited("ann", "bob")
    club.pays("bob")
    club.subscribes("bob")
    club.pass_time(days=31)
    club.subscribes("bob", "ended")
    club.run()
    assert club.again(referral).state is State.REWARDED


def test_erasure_ends_open_passes_and_forgets_what_tells_persons(club: Club) -> None:
    referral = club.invited("ann", "bob", "192.0.2.7")
    unused = club.issue("ann").referral
    execute(club.database, lambda work, _: store.forget(work, club.world.linked["ann"]), None)
    assert ended(club, referral) == (State.REJECTED, Reason.PERSON_ERASED)
    assert ended(club, unused) == (State.REJECTED, Reason.PERSON_ERASED)
    with club.database.read() as work:
        assert store.told_of(work, club.world.linked["ann"]) == frozenset()
        assert store.told_of(work, club.world.linked["bob"]) != frozenset()
        count = sa.text("SELECT count(*) FROM referral_networks")
        assert work.connection.execute(count).scalar_one() == 0


def test_somebody_erased_elsewhere_is_not_rewarded(club: Club) -> None:
    referral = club.invited("ann", "bob")

    def erase(work: Work, _: None) -> None:
        members_store.set_status(work, club.world.linked["bob"], MemberStatus.ERASED)

    execute(club.database, erase, None)
    club.run()
    assert ended(club, referral) == (State.REJECTED, Reason.PERSON_ERASED)


# Review.


def test_the_third_from_one_network_waits_for_a_moderator(club: Club) -> None:
    first = club.invited("ann", "g1", "192.0.2.1")
    second = club.invited("ann", "g2", "::ffff:192.0.2.77")
    third = club.invited("ann", "g3", "192.0.2.200")
    elsewhere = club.invited("ann", "g4", "192.0.3.1")
    assert [each.under_review for each in (first, second, third, elsewhere)] == [
        *(False, False),
        *(True, False),
    ]
    club.pays("g3")
    club.subscribes("g3")
    club.pass_time(days=30)
    club.run()
    assert club.again(third).state is State.CLAIMED
    execute(
        club.database,
        service.review,
        ReviewPass(third.referral_id, club.world.first_admin, accepted=True, reason="one class"),
    )
    club.run()
    assert club.again(third).state is State.REWARDED


def test_networks_of_ipv6_and_an_hour_that_passed(club: Club) -> None:
    flags = [
        club.invited("ann", f"g{number}", f"2001:db8:77:{number}::1").under_review
        for number in range(3)
    ]
    assert flags == [False, False, True]
    club.pass_time(hours=1)
    club.run()
    with club.database.read() as work:
        count = sa.text("SELECT count(*) FROM referral_networks")
        assert work.connection.execute(count).scalar_one() == 0
    assert not club.invited("ann", "later", "2001:db8:77::1").under_review


def test_a_pass_of_a_version_with_a_shorter_window_forgets_nobody_elses_network(
    club: Club,
) -> None:
    club.world.link("eve")
    short = PROGRAMME + "  review: {activations: 3, minutes: 1}\n"
    club.world.activate(short.replace('"1"', '"2"'), club.clock.at.isoformat())
    quick = club.issue("eve").code
    club.pass_time(minutes=1)
    club.world.activate(PROGRAMME.replace('"1"', '"3"'), club.clock.at.isoformat())
    for guest in ("g1", "g2"):
        club.invited("ann", guest, "192.0.2.1")
    club.pass_time(minutes=2)
    club.world.link("g3")
    assert not club.claim("g3", quick, "198.51.100.1").under_review
    assert club.invited("ann", "g4", "192.0.2.1").under_review


def _waiting(club: Club) -> object:
    for number in range(2):
        club.invited("ann", f"g{number}", "192.0.2.1")
    return club.invited("ann", "third", "192.0.2.1").referral_id


def test_a_moderator_refuses_with_a_reason(club: Club) -> None:
    referral_id = _waiting(club)
    admin = club.world.first_admin

    def decide(by: object, reason: str = "one device") -> None:
        command = ReviewPass(referral_id, by, accepted=False, reason=reason)  # type: ignore[arg-type]
        execute(club.database, service.review, command)

    with pytest.raises(NotAReviewer):
        decide(club.world.linked["g0"])
    with pytest.raises(ReviewUnreadable):
        decide(admin, "  ")
    decide(admin)
    with club.database.read() as work:
        found = store.find(work, referral_id)  # type: ignore[arg-type]
        assert store.to_review(work, None, 10) == []
    assert found is not None
    assert (found.state, found.reason) == (State.REJECTED, Reason.REVIEW_REFUSED)
    with pytest.raises(NothingToReview):
        decide(admin)


def test_nobody_decides_on_a_pass_of_their_own(club: Club) -> None:
    referral_id = _waiting(club)

    def promote(work: Work, _: None) -> None:
        member_id = club.world.linked["ann"]
        members_store.insert_role(work, member_id, Role.MODERATOR, None)
        members_store.grant_role(work, member_id, Role.MODERATOR, None)

    execute(club.database, promote, None)
    command = ReviewPass(referral_id, club.world.linked["ann"], accepted=True, reason="mine")  # type: ignore[arg-type]
    with pytest.raises(NotAReviewer):
        execute(club.database, service.review, command)


# Money.


def test_a_refund_that_says_no_amount_takes_all_back(club: Club) -> None:
    referral = club.rewarded("ann", "bob", minor=1_747)
    club.state("shop.order.refunded", "bob", {"order": "o-bob", "refund": "r1"})
    club.run()
    assert ended(club, referral) == (State.REVERSED, Reason.PAYMENT_REFUNDED)
    assert (club.has("ann"), club.has("bob")) == (0, 0)
    assert club.verified() == []


def test_never_above_the_margin_and_less_after_refunds(club: Club) -> None:
    referral = club.rewarded("ann", "bob", minor=1_747)
    assert (club.has("ann"), club.has("bob")) == (499, 199)
    club.refunds("bob", 747, "r1", order="o-bob")  # 1000 kept: 400 points, 114 of them the guest's
    club.run()
    assert (club.has("ann"), club.has("bob")) == (286, 114)
    club.refunds("bob", 747, "r1", order="o-bob")  # the same refund told again
    assert club.run() == 0
    assert club.again(referral).state is State.REWARDED
    club.refunds("bob", 1_000, "r2", order="o-bob")
    club.run()
    assert ended(club, referral) == (State.REVERSED, Reason.PAYMENT_REFUNDED)
    assert (club.has("ann"), club.has("bob")) == (0, 0)
    assert (club.owes("ann"), club.owes("bob")) == (0, 0)
    assert club.run() == 0
    assert club.verified() == []


def test_a_payment_that_is_taken_back_reverses_a_reward(club: Club) -> None:
    referral = club.invited("ann", "bob")
    paid = club.pays("bob")
    club.subscribes("bob")
    club.pass_time(days=30)
    club.run()
    club.state("activity.retracted", "bob", {"id": paid})
    club.run()
    assert ended(club, referral) == (State.REVERSED, Reason.PAYMENT_REFUNDED)
    assert (club.has("ann"), club.has("bob")) == (0, 0)


def test_a_payment_that_is_taken_back_before_is_none(club: Club) -> None:
    referral = club.invited("ann", "bob")
    paid = club.pays("bob")
    club.run()
    assert club.again(referral).state is State.QUALIFYING
    club.state("activity.retracted", "bob", {"id": paid})
    club.run()
    assert ended(club, referral) == (State.CLAIMED, None)


def test_another_payment_than_the_one_a_pass_qualified_by_has_to_be_as_old(club: Club) -> None:
    small = PROGRAMME.replace('"1"', '"2"').replace("points: 10000", "points: 700")
    club.world.activate(small, "2026-03-01T12:00:00Z")
    first, second = (club.invited("ann", guest) for guest in ("g1", "g2"))
    paid = {guest: club.pays(guest, order=guest) for guest in ("g1", "g2")}
    club.subscribes("g1")
    club.subscribes("g2")
    club.pass_time(days=30)
    club.run()
    assert club.again(second).waits is Waits.BUDGET
    club.pays("g2", 1_000_000, order="later")
    club.state("activity.retracted", "g2", {"id": paid["g2"]})
    club.refunds("g1", 10_000, order="g1")  # Now there would be budget enough.
    club.run()
    club.run()
    assert ended(club, first) == (State.REVERSED, Reason.PAYMENT_REFUNDED)
    assert (club.again(second).state, club.has("g2")) == (State.QUALIFYING, 0)
    club.pass_time(days=30)
    club.run()
    assert (club.again(second).state, club.has("g2")) == (State.REWARDED, 200)
    assert club.verified() == []


def test_a_payment_in_a_currency_without_a_rate_waits(club: Club) -> None:
    referral = club.invited("ann", "bob")
    club.pays("bob", currency="RUB")
    club.subscribes("bob")
    club.pass_time(days=30)
    club.run()
    found = club.again(referral)
    assert (found.state, found.waits) == (State.QUALIFIED, Waits.MARGIN)


def test_a_budget_that_is_used_up_says_so_and_nobody_else_pays(club: Club) -> None:
    small = PROGRAMME.replace('"1"', '"2"').replace("points: 10000", "points: 700")
    club.world.activate(small, "2026-03-01T12:00:00Z")
    first, second = (club.invited("ann", guest) for guest in ("g1", "g2"))
    for guest in ("g1", "g2"):
        club.pays(guest, order=guest)
        club.subscribes(guest)
    club.pass_time(days=30)
    club.run()
    rewarded, waiting = club.again(first), club.again(second)
    assert (rewarded.state, waiting.state) == (State.REWARDED, State.QUALIFIED)
    assert waiting.waits is Waits.BUDGET
    assert club.run() == 0
    # What is taken back is there again; so is the next year's.
    club.refunds("g1", 10_000, order="g1")
    club.run()
    club.run()
    assert club.again(second).state is State.REWARDED
    assert club.verified() == []


def test_a_new_year_has_a_new_budget(club: Club) -> None:
    small = PROGRAMME.replace('"1"', '"2"').replace("points: 10000", "points: 700")
    club.world.activate(small, "2026-03-01T12:00:00Z")
    passes = [club.invited("ann", guest) for guest in ("g1", "g2")]
    for guest in ("g1", "g2"):
        club.pays(guest, order=guest)
        club.subscribes(guest)
    club.pass_time(days=30)
    club.run()
    club.clock.at = START.replace(month=12, day=31, hour=20, minute=59)
    assert club.run() == 0
    club.pass_time(minutes=1)  # midnight in Moscow
    assert club.run() == 1
    assert {club.again(each).state for each in passes} == {State.REWARDED}
    assert club.verified() == []


def test_with_an_emission_another_pool_pays(club: Club) -> None:
    text = PROGRAMME.replace('"1"', '"2"') + "  pool: team\n"
    text += 'emission: {start: "2026-03-01", yearly: 36500, pools: {rewards: 80, team: 20}}\n'
    club.world.activate(text, "2026-03-01T12:00:00Z")
    referral = club.invited("ann", "bob")
    club.pays("bob")
    club.subscribes("bob")
    club.pass_time(days=30)
    club.run()
    found = club.again(referral)
    assert (found.state, found.waits) == (State.QUALIFIED, Waits.POOL)
    club.pass_time(days=6)
    club.run()
    assert club.again(referral).state is State.REWARDED
    with club.database.read() as work:
        rows = work.connection.execute(
            sa.text("SELECT kind, balance FROM accounts WHERE kind IN ('rewards', 'team')")
        )
        balances = {row.kind: row.balance for row in rows}
    assert balances["team"] == balances["rewards"] // 4 - 700
    assert club.verified() == []


def test_twelve_rewards_and_the_thirteenth_waits(club: Club) -> None:
    many = PROGRAMME.replace('"1"', '"2"').replace("open_invitations: 5", "open_invitations: 13")
    club.world.activate(many, "2026-03-01T12:00:00Z")
    passes = [club.invited("ann", f"g{number}") for number in range(13)]
    for number in range(13):
        club.pays(f"g{number}", order=f"o{number}")
        club.subscribes(f"g{number}")
    club.pass_time(days=30)
    club.run()
    states = [club.again(each) for each in passes]
    assert [each.state for each in states].count(State.REWARDED) == 12
    (waiting,) = [each for each in states if each.state is State.QUALIFIED]
    assert waiting.waits is Waits.LIMIT
    club.pass_time(days=364)
    assert club.run() == 0
    club.pass_time(days=1)
    club.run()
    assert club.again(waiting).state is State.REWARDED
    assert club.verified() == []


def test_somebody_blocked_waits(club: Club) -> None:
    referral = club.invited("ann", "bob")
    club.pays("bob")
    club.subscribes("bob")
    club.pass_time(days=30)

    def status(work: Work, wanted: MemberStatus) -> None:
        members_store.set_status(work, club.world.linked["ann"], wanted)

    execute(club.database, status, MemberStatus.BLOCKED)
    club.run()
    assert club.again(referral).waits is Waits.MEMBER
    execute(club.database, status, MemberStatus.ACTIVE)
    club.run()
    assert club.again(referral).state is State.REWARDED


def test_what_was_spent_becomes_a_debt(club: Club) -> None:
    club.rewarded("ann", "bob")

    def spend(work: Work, _: None) -> None:
        hold_id, until = work.new_id(), work.now + timedelta(minutes=1)
        bob, purpose = club.world.linked["bob"], HoldPurpose.REDEMPTION
        lots.place_hold(work, PlaceHold(hold_id, bob, Points(150), purpose, work.now, until))
        lots.capture_hold(work, CaptureHold(hold_id, Points(150), work.now))

    execute(club.database, spend, None)
    club.refunds("bob", 10_000, order="o-bob")
    club.run()
    assert (club.has("bob"), club.owes("bob"), club.owes("ann")) == (0, 150, 0)
    assert club.verified() == []


def test_a_reward_is_given_once_by_however_many(club: Club) -> None:
    referral = club.invited("ann", "bob")
    club.pays("bob")
    club.subscribes("bob")
    club.pass_time(days=30)
    with ThreadPoolExecutor(4) as pool:
        changed = list(pool.map(lambda _: club.move_on(referral), range(8)))
    assert sum(changed) == 1
    assert (club.has("ann"), club.has("bob")) == (500, 200)
    club.refunds("bob", 5_000, order="o1")
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: club.run(), range(4)))
    assert (club.has("ann"), club.has("bob")) == (500, 200)
    club.refunds("bob", 4_000, "r2", order="o1")
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: club.run(), range(4)))
    assert club.has("ann") + club.has("bob") == 400
    assert club.verified() == []


def test_a_reward_cut_short_leaves_nothing(club: Club, monkeypatch: pytest.MonkeyPatch) -> None:
    referral = club.invited("ann", "bob")
    club.pays("bob")
    club.subscribes("bob")
    club.pass_time(days=30)

    class Cut(Exception):
        pass

    def cut(*_: object) -> None:
        raise Cut

    with monkeypatch.context() as patched:
        patched.setattr(store, "update", cut)
        with pytest.raises(Cut):
            club.run()
    assert (club.has("ann"), club.has("bob")) == (0, 0)
    club.run()
    assert club.again(referral).state is State.REWARDED
    assert (club.has("ann"), club.has("bob")) == (500, 200)


# Verify.


@pytest.mark.parametrize(
    ("fault", "problem"),
    [
        ("UPDATE referral_rewards SET points = 501 WHERE side = 'inviter'", "another lot"),
        ("DELETE FROM referral_rewards WHERE side = 'guest'", "no reward names it"),
        ("DELETE FROM referral_rewards", "no reward names it"),
        ("UPDATE referrals SET state = 'qualified'", "was rewarded"),
        (
            "UPDATE referrals SET state = 'reversed', reason = 'payment_refunded'",
            "points of it were left",
        ),
    ],
)
def test_verify_finds_what_does_not_fit(club: Club, fault: str, problem: str) -> None:
    club.rewarded("ann", "bob")
    assert club.verified() == []
    with club.work() as work:
        work.connection.execute(sa.text(fault))
    assert problem in club.verified()[0].problem


def test_verify_finds_a_budget_and_a_limit_that_were_passed(club: Club) -> None:
    for number in range(3):
        club.rewarded("ann", f"g{number}")
    with club.work() as work:
        work.connection.execute(
            sa.text("UPDATE referral_rewards SET points = 9000 WHERE side = 'inviter'")
        )
    assert any("the budget is 10000" in found.problem for found in club.verified())


def test_points_of_a_reward_that_come_back_in_another_lot_are_nothing_wrong(club: Club) -> None:
    text = PROGRAMME.replace('version: "1"', 'version: "2"') + "validity: {days: 60}\n"
    club.pass_time(days=1)
    club.world.activate(text, club.clock.at.isoformat())
    club.rewarded("ann", "bob")
    club.pass_time(days=14)
    held = execute(
        club.database,
        lots.place_hold,
        PlaceHold(
            UUID(int=1),
            *(club.world.linked["ann"], Points(300), HoldPurpose.REDEMPTION),
            *(club.clock.at, club.clock.at + timedelta(hours=1)),
        ),
    )
    captured = CaptureHold(held.hold_id, Points(300), club.clock.at)
    execute(club.database, lots.capture_hold, captured)
    club.pass_time(days=61)
    back = ReturnToLots(held.hold_id, UUID(int=2), Points(300), club.clock.at)
    (part,) = execute(club.database, lots.return_to_lots, back).parts
    assert part.to_lot_id != part.from_lot_id
    assert club.has("ann") == 300
    assert club.verified() == []
