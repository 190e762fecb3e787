"""Announcing, voting, changing, counting: what is taken, what is refused, what is kept."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from governance.polls import ballots_store, service, store, voting
from governance.polls import weighing as weighing_module
from governance.polls.counting import Method
from governance.polls.errors import (
    BadChoice,
    BadDeviceKey,
    BadPoll,
    BadPollSignature,
    CreditsExceeded,
    DeviceKeyTaken,
    NobodyEligible,
    NotEligible,
    PollBallotStale,
    PollNotForYou,
    PollNotOpen,
    PollOver,
    PollUnderWay,
    SignedBefore,
    TooManyChanges,
    TooManyDeviceKeys,
    TooManyPolls,
    UnknownDeviceKey,
    UnknownPoll,
)
from governance.polls.model import (
    KEYS_MAX,
    POLICY,
    VERSIONS_MAX,
    PollState,
    Weighing,
    device_message,
)
from governance.polls.service import WithdrawPoll
from governance.polls.verify import check_polls
from governance.polls.voting import ByDevice, RegisterKey, RevokeKey
from ledger.kernel.errors import VkladError
from ledger.kernel.transaction import execute
from ledger.members.model import MemberNotActive
from tests.support.merging import merge
from tests.support.polls import OPEN_FOR, Device, Electorate

PROGRAMME = """
programme: polls
version: "1"
zone: UTC
voice: {categories: [study], per_month: 1000, decay: 10}
rules:
  - {id: read, on: lms.section.read, to: actor, points: 40, category: study}
"""


def _findings(electorate: Electorate) -> list[Any]:
    with electorate.database.read() as work:
        return list(check_polls(work))


def test_a_poll_from_its_announcement_to_its_result(electorate: Electorate) -> None:
    later = electorate.clock.now() + timedelta(hours=1)
    poll = electorate.announce(opens_at=later, closes_at=later + OPEN_FOR)
    opening = poll.opening
    # Two admins and five members, one each.
    assert (opening.eligible, opening.weight) == (7, 7)
    assert poll.state(electorate.clock.now()) is PollState.ANNOUNCED
    with pytest.raises(PollNotOpen):
        electorate.vote(poll, ann=[0])
    electorate.clock.time = later
    electorate.vote(poll, ann=[0], bob=[1], cid=[1])
    electorate.cast(electorate.ballot(poll, "dan", 0))
    electorate.vote(poll, ann=[1])
    with electorate.database.read() as work:
        assert service.require_poll(work, poll.poll_id).closing is None
        assert [one for one, _, _ in ballots_store.commitments(work, poll.poll_id, 0, 9)] == [
            *range(1, 6)
        ]
    counted = electorate.close(poll)
    assert counted.closing is not None
    assert (counted.closing["register_size"], counted.closing["counted"]) == (5, 4)
    tallies: Any = counted.closing["tallies"]
    assert {name: each["totals"] for name, each in tallies.items()} == {
        "signed": ["0", "3", "0"],
        "unsigned": ["1", "0", "0"],
        "together": ["1", "3", "0"],
    }
    with pytest.raises(PollOver):
        electorate.vote(poll, eve=[2])
    assert service.count_due(electorate.database) == 0
    assert _findings(electorate) == []


def test_no_ballot_after_the_close_even_if_nobody_has_counted(electorate: Electorate) -> None:
    poll = electorate.announce()
    ballot = electorate.signed(poll, "ann", 0)
    electorate.clock.time = poll.definition.closes_at - timedelta(microseconds=1)
    electorate.cast(ballot)
    late = electorate.signed(poll, "bob", 0)
    electorate.clock.time = poll.definition.closes_at
    with pytest.raises(PollOver):
        electorate.cast(late)


def test_many_at_once_are_all_in_the_register(electorate: Electorate) -> None:
    poll = electorate.announce()
    names = ("ann", "bob", "cid", "dan", "eve")
    ballots = [electorate.signed(poll, name, 0) for name in names]
    twice = [ballots[0], *ballots]

    def cast(ballot: voting.CastPollBallot) -> bool:
        try:
            electorate.cast(ballot)
        except PollBallotStale:
            return False
        return True

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(cast, twice)) == len(names)
    counted = electorate.close(poll)
    assert counted.closing is not None
    assert counted.closing["register_size"] == len(names)
    assert _findings(electorate) == []


NO_POLLS: list[tuple[dict[str, Any], str]] = [
    ({"title": " "}, "title"),
    ({"title": "x" * 161}, "title"),
    ({"title": "two\nlines"}, "title"),
    ({"title": "zero \0"}, "title"),
    ({"body": "x" * 8_001}, "body"),
    ({"options": ["one"]}, "options"),
    ({"options": [str(number) for number in range(31)]}, "options"),
    ({"options": ["same", "Same "]}, "options"),
    ({"options": ["one", ""]}, "options"),
    ({"options": ["one", "x" * 201]}, "options"),
    ({"credits": 5}, "credits"),
    ({"method": Method.QUADRATIC}, "credits"),
    ({"method": Method.QUADRATIC, "credits": 0}, "credits"),
    ({"method": Method.QUADRATIC, "credits": 5, "weighing": Weighing.VOICE}, "credits"),
    ({"method": Method.QUADRATIC, "weighing": Weighing.TOKEN}, "weighing"),
    ({"weighing": Weighing.TOKEN}, "weighing"),
    ({"standing_min": -1}, "standing_min"),
    ({"opens_in": timedelta(seconds=-1)}, "opens_at"),
    ({"opens_in": timedelta(days=93)}, "opens_at"),
    ({"closes_in": timedelta(seconds=59)}, "closes_at"),
    ({"closes_in": timedelta(days=93)}, "closes_at"),
]


def test_what_is_no_poll(electorate: Electorate) -> None:
    now = electorate.clock.now()
    for stated, field in NO_POLLS:
        changes = dict(stated)
        opens_in = changes.pop("opens_in", None)
        opens_at = None if opens_in is None else now + opens_in
        closes_at = (opens_at or now) + changes.pop("closes_in", OPEN_FOR)
        with pytest.raises(BadPoll) as refused:
            electorate.announce(opens_at=opens_at, closes_at=closes_at, **changes)
        assert refused.value.operands["field"] == field, stated


def test_a_poll_has_so_many_voters(electorate: Electorate, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weighing_module, "VOTERS_MAX", 6)
    with pytest.raises(BadPoll):
        electorate.announce()
    monkeypatch.setattr(weighing_module, "VOTERS_MAX", 7)
    assert electorate.announce().opening.eligible == 7


def _earn(electorate: Electorate, **sections: int) -> None:
    world = electorate.world
    world.activate(PROGRAMME)
    moment = f"{electorate.clock.now() - timedelta(days=1):%Y-%m-%dT%H:%M:%SZ}"
    for name, count in sections.items():
        for number in range(count):
            world.state(f"{name}{number}", "lms.section.read", f"lms:{name}", moment)
    world.score()


def test_by_voice_and_with_standing(electorate: Electorate) -> None:
    with pytest.raises(NobodyEligible):
        electorate.announce(weighing=Weighing.VOICE)
    _earn(electorate, ann=3, bob=1)
    by_voice = electorate.announce(weighing=Weighing.VOICE)
    assert (by_voice.opening.eligible, by_voice.opening.weight) == (2, 160)
    assert electorate.named(by_voice, "ann").voter.weight == 120
    assert str(by_voice.opening.snapshot["programme"]).startswith("0x")
    with pytest.raises(NotEligible):
        electorate.cast(electorate.ballot(by_voice, "cid", 0, version=1))
    with_standing = electorate.announce(standing_min=100)
    assert (with_standing.opening.eligible, with_standing.opening.weight) == (1, 1)
    quadratic = electorate.announce(weighing=Weighing.VOICE, method=Method.QUADRATIC)
    electorate.vote(quadratic, bob=[6, 2, 0])
    with pytest.raises(CreditsExceeded):
        electorate.vote(quadratic, ann=[10, 4, 3])
    electorate.vote(quadratic, ann=[10, 4, 2])
    closing: Any = electorate.close(quadratic).closing
    assert closing["tallies"]["signed"]["totals"] == ["16", "6", "2"]
    assert closing["tallies"]["signed"]["spent"] == "160"


def test_who_are_one_person_vote_once(electorate: Electorate) -> None:
    _earn(electorate, ann=1, bob=1)
    linked = electorate.world.linked
    before = electorate.announce(weighing=Weighing.VOICE)
    merge(electorate.world, linked["ann"], linked["bob"])
    after = electorate.announce(weighing=Weighing.VOICE)
    assert (before.opening.eligible, before.opening.weight) == (2, 80)
    assert (after.opening.eligible, after.opening.weight) == (1, 80)
    assert electorate.announce().opening.eligible == 6
    with pytest.raises(MemberNotActive):
        electorate.vote(before, bob=[0])
    electorate.vote(after, ann=[0])


def test_who_announces(electorate: Electorate) -> None:
    world = electorate.world
    _earn(electorate, ann=3, bob=2)
    ann, bob = world.linked["ann"], world.linked["bob"]
    with pytest.raises(PollNotForYou) as refused:
        electorate.announce(author_id=bob)
    assert refused.value.operands["needed"] == POLICY.standing_min.amount
    mine = [electorate.announce(author_id=ann) for _ in range(POLICY.uncounted_max)]
    with pytest.raises(TooManyPolls):
        electorate.announce(author_id=ann)
    electorate.announce()
    electorate.close(mine[0])
    electorate.announce(author_id=ann)


def test_withdrawing(electorate: Electorate) -> None:
    later = electorate.clock.now() + timedelta(days=1)
    poll = electorate.announce(opens_at=later, closes_at=later + OPEN_FOR)
    ann, admin = electorate.world.linked["ann"], electorate.world.second_admin
    with pytest.raises(PollNotForYou):
        execute(electorate.database, service.withdraw, WithdrawPoll(poll.poll_id, ann))
    with pytest.raises(UnknownPoll):
        execute(electorate.database, service.withdraw, WithdrawPoll(UUID(int=0), admin))
    command = WithdrawPoll(poll.poll_id, admin)
    gone = execute(electorate.database, service.withdraw, command)
    assert gone.state(electorate.clock.now()) is PollState.WITHDRAWN
    with pytest.raises(PollOver):
        execute(electorate.database, service.withdraw, command)
    electorate.clock.time = later
    with pytest.raises(PollOver):
        electorate.cast(electorate.ballot(poll, "ann", 0))
    assert electorate.close(poll).closing is None
    under_way = electorate.announce()
    with pytest.raises(PollUnderWay):
        execute(electorate.database, service.withdraw, WithdrawPoll(under_way.poll_id, admin))


def test_ballots_that_are_not_taken(electorate: Electorate) -> None:
    poll = electorate.announce()
    good = electorate.signed(poll, "ann", 0)
    assert isinstance(good.signed, ByDevice)
    for wrong, error in (
        (replace(good, poll_id=UUID(int=0)), UnknownPoll),
        (replace(good, choice=(0, 1)), BadChoice),
        (replace(good, choice=(3,)), BadChoice),
        (replace(good, version=2), PollBallotStale),
        (replace(good, choice=(1,)), BadPollSignature),
        (replace(good, salt=bytes(32)), BadPollSignature),
        (replace(good, signed=replace(good.signed, signature=b"short")), BadPollSignature),
        (replace(good, signed=replace(good.signed, signature=bytes(64))), BadPollSignature),
        (replace(good, signed=replace(good.signed, public_key=Device().key)), UnknownDeviceKey),
    ):
        with pytest.raises(error):
            electorate.cast(wrong)
    other = electorate.announce()
    with pytest.raises(UnknownDeviceKey):
        electorate.cast(replace(good, poll_id=other.poll_id))
    electorate.register(other, "ann", electorate.device(poll, "ann"))
    with pytest.raises(BadPollSignature):
        electorate.cast(replace(good, poll_id=other.poll_id))
    electorate.cast(good)
    with pytest.raises(PollBallotStale) as refused:
        electorate.cast(good)
    assert refused.value.operands["expected"] == 2
    with pytest.raises(SignedBefore):
        electorate.cast(electorate.ballot(poll, "ann", 1))


def test_who_is_no_voter_of_a_poll(electorate: Electorate) -> None:
    poll = electorate.announce()
    ballot = electorate.ballot(poll, "ann", 0)
    newcomer = electorate.world.link("zoe")
    with pytest.raises(NotEligible):
        electorate.cast(replace(ballot, member_id=newcomer))
    merge(electorate.world, electorate.world.linked["bob"], newcomer)
    with electorate.database.read() as work:
        assert newcomer not in store.persons(work, 100)


def test_device_keys(electorate: Electorate) -> None:
    poll = electorate.announce()
    device = electorate.device(poll, "ann")
    ann, bob = electorate.world.linked["ann"], electorate.world.linked["bob"]
    first = electorate.register(poll, "ann", device)
    assert electorate.register(poll, "ann", device) == first
    with pytest.raises(DeviceKeyTaken):
        electorate.register(poll, "bob", device)
    stranger = Device()
    wish = RegisterKey(poll.poll_id, bob, stranger.key, stranger.sign(b"something else"))
    with pytest.raises(BadPollSignature):
        execute(electorate.database, voting.register_key, wish)
    for key in (stranger.key[:-1], b"\x04" + bytes(64), b"\x02" + stranger.key[1:]):
        with pytest.raises(BadDeviceKey):
            execute(
                electorate.database,
                voting.register_key,
                RegisterKey(poll.poll_id, bob, key, bytes(64)),
            )
    electorate.vote(poll, ann=[0])
    revoke = RevokeKey(poll.poll_id, ann, first)
    with pytest.raises(UnknownDeviceKey):
        execute(electorate.database, voting.revoke_key, replace(revoke, member_id=bob))
    execute(electorate.database, voting.revoke_key, revoke)
    with pytest.raises(UnknownDeviceKey):
        execute(electorate.database, voting.revoke_key, revoke)
    with pytest.raises(UnknownDeviceKey):
        electorate.vote(poll, ann=[1])
    with pytest.raises(UnknownDeviceKey):
        electorate.register(poll, "ann", device)
    # What a lost device signed is replaced by another one's ballot.
    another = Device()
    electorate.register(poll, "ann", another)
    electorate.cast(electorate.signed(poll, "ann", 2, by=another))
    for _ in range(KEYS_MAX - 2):
        electorate.register(poll, "ann", Device())
    with pytest.raises(TooManyDeviceKeys):
        electorate.register(poll, "ann", Device())
    closing: Any = electorate.close(poll).closing
    assert closing["tallies"]["signed"]["totals"] == ["0", "0", "1"]
    with pytest.raises(PollOver):
        electorate.register(poll, "bob", Device())


def test_a_ballot_is_changed_so_often(electorate: Electorate) -> None:
    poll = electorate.announce()
    device = electorate.device(poll, "ann")
    for version in range(1, VERSIONS_MAX + 2):
        plain = electorate.ballot(poll, "ann", version % 3, version=version)
        signature = device.sign(device_message(electorate.statement(poll, "ann", plain)))
        ballot = electorate.with_signature(plain, ByDevice(device.key, signature))
        if version <= VERSIONS_MAX:
            electorate.cast(ballot)
            continue
        with pytest.raises(TooManyChanges):
            electorate.cast(ballot)


def test_blank_ballots_count_as_having_come(electorate: Electorate) -> None:
    for method in Method:
        quadratic = method is Method.QUADRATIC
        poll = electorate.announce(method=method, credits=100 if quadratic else None)
        electorate.vote(poll, ann=[0, 0, 0] if quadratic else [])
        closing: Any = electorate.close(poll).closing
        signed = closing["tallies"]["signed"]
        assert (signed["ballots"], signed["winners"]) == (1, [])
        assert signed["blank"] == ("100" if quadratic else "1")


def test_refusals_are_told_with_their_operands(electorate: Electorate) -> None:
    poll = electorate.announce(method=Method.QUADRATIC, credits=9)
    with pytest.raises(VkladError) as refused:
        electorate.vote(poll, ann=[3, 1, 0])
    assert refused.value.operands == {"spent": "10", "credits": "9"}
