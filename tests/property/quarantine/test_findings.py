"""Whatever the facts: order does not matter, and every finding can be read off its own facts."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import permutations
from random import Random
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from ledger.programme.model_detectors import DetectorTerms
from ledger.quarantine.detect import Seen, about, around, detect
from ledger.quarantine.model import Kind

PEOPLE = [UUID(int=n) for n in range(1, 6)]
TYPES = ("club.like.given", "peer.review.completed", "club.thanks.given", "lms.course.passed")
SMALL = DetectorTerms(
    reciprocity_least=2, velocity_events=3, velocity_minutes=5, device_members=2, ring_times=1
)
_ROWS = st.tuples(
    st.sampled_from(TYPES),
    st.sampled_from(PEOPLE),
    st.integers(0, 30),
    st.none() | st.sampled_from(PEOPLE),
    st.none() | st.sampled_from(("d1", "d2")),
)


@st.composite
def facts(draw: st.DrawFn) -> list[Seen]:
    start = datetime(2026, 3, 1, tzinfo=UTC)
    return [
        Seen(UUID(int=100 + n), type_, giver, start + timedelta(minutes=at), to, device)
        for n, (type_, giver, at, to, device) in enumerate(draw(st.lists(_ROWS, max_size=30)))
    ]


@given(facts(), st.randoms(use_true_random=False))
def test_order_does_not_matter(seen: list[Seen], random: Random) -> None:
    shuffled = list(seen)
    random.shuffle(shuffled)
    assert detect(seen, SMALL) == detect(shuffled, SMALL)


@given(facts())
def test_a_finding_is_about_its_own_members_facts(seen: list[Seen]) -> None:
    by_id = {one.event_id: one for one in seen}
    for finding in detect(seen, SMALL):
        acts = [by_id[event_id] for event_id in finding.events]
        assert {one.giver for one in acts} == finding.members
        if finding.kind in {Kind.RING, Kind.RECIPROCITY}:
            assert {one.receiver for one in acts} == finding.members
        if finding.kind is Kind.RING:
            assert len(finding.members) >= 2
        if finding.kind is Kind.VELOCITY:
            assert len(acts) > SMALL.velocity_events


@given(facts(), st.integers(2, 5), st.integers(1, 2))
def test_rings_hold_what_lies_on_a_way_around_and_share_nobody(
    seen: list[Seen], length: int, times: int
) -> None:
    terms = replace(SMALL, ring_length=length, ring_times=times)
    given_ = Counter((one.giver, one.receiver) for one in seen if one.type in terms.ring_types)
    around_: set[tuple[UUID, UUID | None]] = set()
    for size in range(2, length + 1):
        for people in permutations(PEOPLE, size):
            steps = [*zip(people, (*people[1:], people[0]), strict=True)]
            if all(given_[step] >= times for step in steps):
                around_.update(steps)
    rings = [finding for finding in detect(seen, terms) if finding.kind is Kind.RING]
    wanted = {
        one.event_id
        for one in seen
        if one.type in terms.ring_types and (one.giver, one.receiver) in around_
    }
    assert {event for ring in rings for event in ring.events} == wanted
    assert sum(len(ring.members) for ring in rings) == len({who for who, _ in around_})


@given(facts(), st.lists(st.integers(1, 8), max_size=8))
def test_looking_at_what_is_new_finds_all_that_looking_at_everything_does(
    seen: list[Seen], batches: list[int]
) -> None:
    """In whatever batches facts arrive, every group comes to the same facts under review."""
    known: list[Seen] = []
    by_parts: dict[object, set[UUID]] = {}
    by_whole: dict[object, set[UUID]] = {}
    for size in (*batches, len(seen)):
        new, seen = seen[:size], seen[size:]
        known += new
        where = around(new, SMALL)
        beside = [
            one
            for one in known
            if one.giver in where.members
            or one.receiver in where.members
            or one.device in where.devices
            or one.type in where.types
        ]
        for finding in about(detect(beside, SMALL), new):
            by_parts.setdefault((finding.kind, finding.members), set()).update(finding.events)
        for finding in detect(known, SMALL):
            by_whole.setdefault((finding.kind, finding.members), set()).update(finding.events)
    assert by_parts == by_whole


@given(facts(), facts())
def test_a_pair_is_never_found_by_facts_of_others_alone(seen: list[Seen], more: list[Seen]) -> None:
    """Likes among others can only lower what two have of each other."""
    pairs = {f.members for f in detect(seen, SMALL) if f.kind is Kind.RECIPROCITY}
    moved = [
        Seen(
            UUID(int=one.event_id.int + 1000),
            one.type,
            UUID(int=one.giver.int + 50),
            one.at,
            one.receiver,
        )
        for one in more
    ]
    after = {f.members for f in detect([*seen, *moved], SMALL) if f.kind is Kind.RECIPROCITY}
    strangers = {UUID(int=each.int + 50) for each in PEOPLE}
    assert {each for each in after if not each & strangers} <= pairs
