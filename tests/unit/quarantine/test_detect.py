"""What each detector says, and keeps quiet about, at its bounds."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count, pairwise, permutations
from uuid import UUID

import pytest

from ledger.programme.model_detectors import USUAL, DetectorTerms
from ledger.quarantine.detect import Around, Finding, Seen, about, around, detect
from ledger.quarantine.model import Kind

T0 = datetime(2026, 3, 1, tzinfo=UTC)
A, B, C, D, E = (UUID(int=n) for n in range(1, 6))
IDS: Iterator[int] = count(100)
LIKE, REVIEW = "club.like.given", "peer.review.completed"


def seen(
    giver: UUID, to: UUID | None = None, type_: str = LIKE, *, at: float = 0, device: str = ""
) -> Seen:
    moment = T0 + timedelta(minutes=at)
    return Seen(UUID(int=next(IDS)), type_, giver, moment, to, device or None)


def found(facts: list[Seen], terms: DetectorTerms | None = None) -> list[Finding]:
    return detect(facts, terms or DetectorTerms())


def both(one: UUID, other: UUID, times: int, type_: str = LIKE) -> list[Seen]:
    pairs = ((one, other), (other, one))
    return [seen(*pair, type_, at=n) for pair in pairs for n in range(times)]


def test_two_who_mostly_like_each_other() -> None:
    (only,) = found(both(A, B, 6))
    assert (only.kind, only.members, len(only.events)) == (Kind.RECIPROCITY, frozenset({A, B}), 12)


@pytest.mark.parametrize(
    "facts",
    [
        both(A, B, 5),
        [*both(A, B, 6), *(seen(C, A) for _ in range(6))],
        [seen(A, B) for _ in range(50)],
        [seen(A, A) for _ in range(50)],
    ],
    ids=["too few", "half comes from others", "one way", "oneself"],
)
def test_what_two_friends_may_do(facts: list[Seen]) -> None:
    assert found(facts) == []


def test_one_who_is_too_quick_and_only_the_quick_facts() -> None:
    limits = DetectorTerms(velocity_events=3, velocity_minutes=10)
    slow = [seen(A, at=60 + 10 * n) for n in range(20)]
    assert found(slow, limits) == []
    three = [seen(A, at=n) for n in range(3)]
    assert found([*three, *slow], limits) == []
    fourth = seen(A, at=9.99)
    (only,) = found([fourth, *slow, *three], limits)
    assert (only.kind, only.members) == (Kind.VELOCITY, frozenset({A}))
    assert only.events == {one.event_id for one in (*three, fourth)}
    assert found([*three, seen(A, at=10)], limits) == [], "the end of the span is outside"
    assert found([*three, seen(A, type_="club.post.created", at=3)], limits) == []


def test_more_members_on_one_device_than_a_household() -> None:
    household = [seen(each, device="d1") for each in (A, B, C)]
    assert found([*household, seen(A, device="d1"), seen(D, device="d2"), seen(E)]) == []
    (only,) = found([*household, seen(D, device="d1")])
    assert (only.kind, only.members, len(only.events)) == (
        Kind.SHARED_DEVICE,
        frozenset({A, B, C, D}),
        4,
    )


@pytest.mark.parametrize("length", [2, 3, 4])
def test_rings_of_reviews(length: int) -> None:
    people = [A, B, C, D][:length]
    around = [*zip(people, [*people[1:], people[0]], strict=True)]
    once = [seen(*pair, REVIEW) for pair in around]
    assert found(once) == []
    (only,) = found([*once, *(seen(*pair, REVIEW) for pair in around)])
    assert (only.kind, only.members, len(only.events)) == (
        Kind.RING,
        frozenset(set(people)),
        2 * length,
    )


def test_a_ring_of_five_and_a_line_are_none() -> None:
    people = [A, B, C, D, E]
    around = [*zip(people, [*people[1:], A], strict=True)] * 2
    assert found([seen(*pair, REVIEW) for pair in around]) == []
    line = [*pairwise(people)] * 2
    assert found([seen(*pair, REVIEW) for pair in line]) == []


def test_rings_that_share_a_member_are_one_finding() -> None:
    pairs = [(A, B), (B, A), (B, C), (C, B), (D, E), (E, D), (C, D)] * 2
    first, second = found([seen(*pair, REVIEW) for pair in pairs])
    assert (first.members, len(first.events)) == (frozenset({A, B, C}), 8)
    assert (second.members, len(second.events)) == (frozenset({D, E}), 4)


def test_a_team_in_which_everybody_thanks_everybody_is_one_finding() -> None:
    people = [UUID(int=0x100 + number) for number in range(30)]
    (only,) = found([seen(*pair, REVIEW) for pair in permutations(people, 2)] * 2)
    assert (only.kind, only.members) == (Kind.RING, frozenset(people))
    assert len(only.events) == 30 * 29


def test_each_way_has_to_be_often_enough() -> None:
    assert found([*(seen(A, B) for _ in range(12)), seen(B, A)]) == []


def test_once_is_enough_if_the_terms_say_so() -> None:
    terms = DetectorTerms(reciprocity_least=1, ring_times=1)
    (likes,) = found([seen(A, B), seen(B, A)], terms)
    assert likes.kind is Kind.RECIPROCITY
    (ring,) = found([seen(*pair, REVIEW) for pair in ((A, B), (B, C), (C, A))], terms)
    assert (ring.kind, ring.members) == (Kind.RING, frozenset({A, B, C}))


def test_other_habits_are_looked_at_by_their_own_types() -> None:
    terms = DetectorTerms(
        reciprocity_least=1, reciprocity_types=("answer",), ring_times=1, ring_types=("vouch",)
    )
    assert found([seen(A, B), seen(B, A), seen(A, B, REVIEW), seen(B, A, REVIEW)], terms) == []
    (answers,) = found([seen(A, B, "answer"), seen(B, A, "answer")], terms)
    assert answers.kind is Kind.RECIPROCITY
    (ring,) = found([seen(A, B, "vouch"), seen(B, A, "vouch")], terms)
    assert ring.kind is Kind.RING
    assert around([seen(A, B, "vouch")], terms).types == {"vouch"}
    assert around([seen(A, B, REVIEW)], terms).types == frozenset()


def test_findings_are_in_the_order_of_their_kinds_and_members() -> None:
    quick = [seen(E, at=n / 100) for n in range(101)]
    ordered = found([*quick, *both(C, D, 6), *both(A, B, 6)])
    assert [(one.kind, one.members) for one in ordered] == [
        (Kind.RECIPROCITY, frozenset({A, B})),
        (Kind.RECIPROCITY, frozenset({C, D})),
        (Kind.VELOCITY, frozenset({E})),
    ]


def test_what_has_to_be_looked_at_again() -> None:
    likes = [seen(A, B, device="d"), seen(C)]
    assert around(likes, USUAL) == Around(frozenset({A, B, C}), frozenset({"d"}), frozenset())
    reviews = around([*likes, seen(D, E, REVIEW)], USUAL)
    assert reviews.members == {A, B, C, D, E}
    assert REVIEW in reviews.types


def test_only_findings_with_something_new_are_told() -> None:
    old, new = seen(A, B), seen(C, D)
    findings = [
        Finding(Kind.RECIPROCITY, frozenset({one.giver}), frozenset({one.event_id}))
        for one in (old, new)
    ]
    assert about(findings, [new]) == findings[1:]
