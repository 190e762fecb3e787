"""Guest passes of two who turn out to be one person: nobody is thanked for bringing themselves."""

from __future__ import annotations

import pytest

from ledger.members.model import IdentityKey
from ledger.referral.model import Reason, Waits
from ledger.referral.model import ReferralState as State
from tests.integration.referral.conftest import PROGRAMME, Club
from tests.support.merging import merge, split


def test_a_reward_for_bringing_oneself_is_taken_back(club: Club) -> None:
    referral = club.rewarded("ann", "bob")
    assert (referral.state, club.has("ann"), club.has("bob")) == (State.REWARDED, 500, 200)
    merged = merge(club.world, club.world.linked["ann"], club.world.linked["bob"])
    assert club.has("ann") == 700
    assert club.run() == 1
    ended = club.again(referral)
    assert (ended.state, ended.reason) == (State.REVERSED, Reason.SELF_REFERRAL)
    assert (club.has("ann"), club.owes("ann")) == (0, 0)
    assert club.verified() == []
    split(club.world, merged.merge_id)
    assert club.run() == 0
    assert (club.has("ann"), club.has("bob")) == (0, 0)
    assert club.verified() == []


def test_an_open_pass_to_oneself_comes_to_nothing(club: Club) -> None:
    referral = club.invited("ann", "bob")
    merge(club.world, club.world.linked["bob"], club.world.linked["ann"])
    assert club.run() == 1
    ended = club.again(referral)
    assert (ended.state, ended.reason) == (State.REJECTED, Reason.SELF_REFERRAL)


def test_a_guest_of_two_is_thanked_for_once(club: Club) -> None:
    """Who paid as the first guest was nobody new when they used the second pass."""
    club.world.link("eve")
    first = club.rewarded("ann", "bob")
    second = club.rewarded("eve", "bobby")
    assert (first.state, second.state) == (State.REWARDED, State.REWARDED)
    merge(club.world, club.world.linked["bob"], club.world.linked["bobby"])
    club.run()
    ended = club.again(second)
    assert (ended.state, ended.reason) == (State.REVERSED, Reason.GUEST_NOT_NEW)
    assert club.again(first).state is State.REWARDED
    assert (club.has("bob"), club.has("eve")) == (200, 0)
    assert club.verified() == []


@pytest.mark.parametrize("paid", [False, True])
def test_a_guest_of_two_before_any_payment_is_thanked_for_once(club: Club, *, paid: bool) -> None:
    """Else one payment would bound two rewards, and each alone."""
    club.world.link("eve")
    first = club.invited("ann", "bob")
    club.pass_time(minutes=1)
    second = club.invited("eve", "bobby")
    for guest in ("bob", "bobby"):
        club.pays(guest, 1747, order=guest)
        club.subscribes(guest)
    one, other = (club.world.linked[name] for name in ("bobby", "bob"))
    if not paid:
        merge(club.world, one, other)
    club.pass_time(days=30)
    club.run()
    if paid:
        merge(club.world, one, other)
        club.run()
    ended = club.again(second)
    state = State.REVERSED if paid else State.REJECTED
    assert (ended.state, ended.reason) == (state, Reason.GUEST_NOT_NEW)
    assert club.again(first).state is State.REWARDED
    assert (club.has("ann"), club.has("bobby"), club.has("eve")) == (499, 199, 0)
    assert club.verified() == []


def test_a_reward_finds_the_one_who_stands_for_the_guest(club: Club) -> None:
    """A guest who is merged on the way qualifies, and the survivor has the points."""
    referral = club.invited("ann", "bob")
    club.world.link("bobby")
    club.pays("bob")
    club.subscribes("bob")
    merge(club.world, club.world.linked["bobby"], club.world.linked["bob"])
    club.pass_time(days=30)
    club.run()
    assert club.again(referral).state is State.REWARDED
    assert (club.has("ann"), club.has("bobby")) == (500, 200)
    assert club.verified() == []


@pytest.mark.parametrize("side", ["inviter", "guest"])
def test_what_any_half_of_a_person_shared_counts(club: Club, side: str) -> None:
    """Eve once had Bob's account; whoever she is merged with does not invite Bob, nor he her."""
    account = IdentityKey("telegram", "https://t.example", "555")
    club.world.link("eve")
    club.account("eve", account)
    club.unlink("eve", account)
    referral = club.invited("ann", "bob")
    club.account("bob" if side == "inviter" else "ann", account)
    half = "ann" if side == "inviter" else "bob"
    merge(club.world, club.world.linked["eve"], club.world.linked[half])
    club.pays("bob")
    club.subscribes("bob")
    club.pass_time(days=30)
    club.run()
    ended = club.again(referral)
    assert (ended.state, ended.reason) == (State.REJECTED, Reason.SHARED_IDENTIFIER)


def test_the_rewards_of_a_year_are_a_persons(club: Club) -> None:
    club.world.activate(PROGRAMME.replace("rewards: 12", "rewards: 1").replace('"1"', '"2"'))
    club.world.link("eve")
    first, second = club.invited("eve", "bob"), club.invited("ann", "carl")
    merge(club.world, club.world.linked["eve"], club.world.linked["ann"])
    for guest in ("bob", "carl"):
        club.pays(guest, order=f"o-{guest}")
        club.subscribes(guest)
    club.pass_time(days=30)
    club.run()
    states = [club.again(each) for each in (first, second)]
    assert [(each.state, each.waits) for each in states] == [
        (State.REWARDED, None),
        (State.QUALIFIED, Waits.LIMIT),
    ]


def test_a_pass_of_a_merged_inviter_is_used_but_not_by_them(club: Club) -> None:
    for name in ("eve", "bob"):
        club.world.link(name)
    own, given = club.issue("ann").code, club.issue("ann").code
    merge(club.world, club.world.linked["eve"], club.world.linked["ann"])
    mine = club.claim("eve", own)
    assert (mine.state, mine.reason) == (State.REJECTED, Reason.SELF_REFERRAL)
    assert club.claim("bob", given).state is State.CLAIMED


def test_a_guest_who_was_merged_meanwhile_may_ask_again(club: Club) -> None:
    for name in ("bob", "twin"):
        club.world.link(name)
    code = club.issue("ann").code
    first = club.claim("bob", code)
    merge(club.world, club.world.linked["twin"], club.world.linked["bob"])
    assert club.claim("twin", code).referral_id == first.referral_id
