"""What a purchase earned goes back with its refunds, whatever the order they are known in."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.kernel.clock import Instant
from ledger.programme.faults import ProgrammeInvalid
from ledger.programme.load import load_programme
from ledger.scoring.explain import why_not
from ledger.scoring.model import Activation, Entitlement, EventCause, Fact, Quarantined
from ledger.scoring.pipeline import Step
from ledger.scoring.project import project, project_member, quarantined
from ledger.scoring.receipts import EventReceipt, ReductionUse

TEXT = """
programme: shop
version: "1"
zone: UTC
rules:
  - id: cash-back
    on: shop.order.paid
    to: actor
    points: floor(data.amount_minor / 10)
  - {id: read, on: lms.section.read, to: actor, points: 5}
cap: {per: day, points: 1000}
reductions:
  - rules: cash-back
    on: shop.order.refunded
    key: data.order
    whole: data.amount_minor
    part: data.amount_minor
    once_per: data.refund
"""
PLAN = [Activation(load_programme(TEXT))]
BUYER = "lms:1"


def fact(
    number: int, kind: str, data: Mapping[str, object], *, source: str = "s", subject: str = BUYER
) -> Fact:
    time = Instant(1_800_000_000 + number)
    return Fact(source, str(number), kind, subject, time, dict(data))  # type: ignore[arg-type]


def paid(number: int, order: str, amount: int) -> Fact:
    return fact(number, "shop.order.paid", {"order": order, "amount_minor": amount})


def refunded(number: int, order: str, amount: object, **more: object) -> Fact:
    data = {"order": order, "amount_minor": amount, "refund": str(number)}
    keywords = {name: more.pop(name) for name in ("source", "subject") if name in more}
    return fact(number, "shop.order.refunded", data | more, **keywords)  # type: ignore[arg-type]


def scored(*facts: Fact) -> list[Entitlement]:
    found = project(facts, PLAN, closed_until=None)
    members = {each.subject for each in facts if each.subject}
    alone = [
        one
        for member in sorted(members)
        for one in project_member(member, facts, PLAN, closed_until=None)
    ]
    assert found == alone
    return found


def points(*facts: Fact) -> int:
    return sum(each.points.amount for each in scored(*facts) if each.beneficiary == BUYER)


@pytest.mark.parametrize(
    ("amounts", "left"),
    [
        # 3333 minor units earned 333 points; floor(333 × refunded / 3333) goes back.
        ((), 333),
        ((1,), 333),
        ((11,), 332),
        ((1000,), 333 - 99),
        ((1000, 1000), 333 - 199),
        ((1000, 1000, 1333), 0),
        ((3333,), 0),
        ((3333, 5), 0),
        ((-5, 1000), 333 - 99),
    ],
)
def test_worked_by_hand(amounts: tuple[int, ...], left: int) -> None:
    refunds = [refunded(10 + place, "A", amount) for place, amount in enumerate(amounts)]
    assert points(paid(1, "A", 3333), *refunds) == left


def test_a_refund_is_of_its_own_order_source_and_buyer() -> None:
    purchase = paid(1, "A", 1000)
    for other in (
        refunded(2, "B", 1000),
        refunded(2, "A", 1000, source="t"),
        refunded(2, "A", 1000, subject="lms:2"),
        refunded(2, "A", "1000"),
        refunded(2, "A", None),
        fact(2, "shop.order.refunded", {"amount_minor": 1000}),
        fact(2, "shop.order.returned", {"order": "A", "amount_minor": 1000}),
    ):
        assert points(purchase, other) == 100
    # The number 1 and the text "1" are two orders.
    assert points(paid(1, "1", 1000), refunded(2, "1", 1000)) == 0
    assert points(paid(1, "1", 1000), fact(2, "shop.order.refunded", {"order": 1})) == 100
    # Both of the number 1, and of the smallest order there is.
    numbered = fact(1, "shop.order.paid", {"order": 1, "amount_minor": 1000})
    assert points(numbered, fact(2, "shop.order.refunded", {"order": 1, "amount_minor": 400})) == 60
    nameless = fact(1, "shop.order.paid", {"amount_minor": 1000})
    assert points(nameless, fact(2, "shop.order.refunded", {"amount_minor": 400})) == 100


def test_of_a_whole_that_is_nothing_or_not_stated_nothing_goes_back() -> None:
    fixed = TEXT.replace("floor(data.amount_minor / 10)", "100")
    plan = [Activation(load_programme(fixed))]

    def left(**content: object) -> int:
        purchase = fact(1, "shop.order.paid", {"order": "A", **content})
        (award,) = project([purchase, refunded(2, "A", 1)], plan, closed_until=None)
        return award.points.amount

    assert (left(), left(amount_minor="1"), left(amount_minor=0)) == (100, 100, 100)
    assert left(amount_minor=-1) == 100
    assert (left(amount_minor=1), left(amount_minor=2)) == (0, 50)


def test_one_refund_reported_twice_counts_once() -> None:
    purchase = paid(1, "A", 1000)
    twice = [refunded(2, "A", 300, refund="r1"), refunded(3, "A", 300, refund="r1")]
    assert points(purchase, *twice) == 70
    nameless = [fact(n, "shop.order.refunded", {"order": "A", "amount_minor": 300}) for n in (2, 3)]
    assert points(purchase, *nameless) == 40


@pytest.mark.parametrize("amount", [None, "300", True])
def test_a_refund_that_says_no_amount_does_not_use_up_its_name(amount: object) -> None:
    purchase = paid(1, "A", 1000)
    silent = refunded(2, "A", amount, refund="r1")
    said = refunded(3, "A", 300, refund="r1")
    assert [points(purchase, silent), points(purchase, silent, said)] == [100, 70]
    (award,) = scored(purchase, silent, said)
    receipt: dict[str, Any] = award.receipt.to_json()
    assert receipt["reduction"]["by"] == [{"source": "s", "id": "3"}]


def test_a_refund_that_says_no_amount_is_explained() -> None:
    purchase = paid(1, "A", 1000)
    silent = fact(2, "shop.order.refunded", {"order": "A", "amount": Decimal("3.00")})
    reason = "The points cannot be worked out: data.amount_minor is not there."
    (said,) = why_not(silent.cause, BUYER, [purchase, silent], PLAN, closed_until=None)
    assert said.to_json() == {"rule": "cash-back", "step": "quarantine", "reason": reason}
    assert quarantined([purchase, silent], PLAN) == [Quarantined(silent.cause, "cash-back", reason)]
    # One that can be read is no fault, nor is one that concerns nothing here.
    for other in (refunded(2, "A", 3), fact(2, "shop.order.refunded", {"amount": Decimal(3)})):
        assert quarantined([purchase, other], PLAN) == []
        (said,) = why_not(other.cause, BUYER, [purchase, other], PLAN, closed_until=None)
        assert said.to_json() == {"rule": None, "step": "on"}
    elsewhere = fact(2, "shop.order.refunded", {"order": "B"})
    (said,) = why_not(elsewhere.cause, BUYER, [purchase, elsewhere], PLAN, closed_until=None)
    assert said.step is Step.ON


def test_what_is_no_refund_need_not_say_what_went_back() -> None:
    facts = [paid(1, "A", 1000), fact(2, "shop.order.returned", {"order": "A"})]
    assert quarantined(facts, PLAN) == []


def test_other_awards_and_the_cap_are_as_they_were() -> None:
    facts = [
        paid(1, "A", 9000),
        paid(2, "B", 9000),
        fact(3, "lms.section.read", {}),
        refunded(4, "A", 9000),
    ]
    # 900 and 100 (800 above the cap), nothing is left for reading; the first 900 go back.
    found = scored(*facts)
    assert [(each.points.amount, each.excess.amount) for each in found] == [
        (0, 0),
        (100, 800),
        (0, 5),
    ]


def test_the_receipt_says_what_went_back_and_why() -> None:
    facts = [paid(1, "A", 1000), refunded(2, "A", 333)]
    (award,) = scored(*facts)
    receipt = award.receipt.to_json()
    assert receipt["reduction"] == {
        "whole": "1000",
        "refunded": "333",
        "points": 33,
        "by": [{"source": "s", "id": "2"}],
    }
    assert (receipt["rounded"], receipt["trimmed"], receipt["points"]) == (100, 0, 67)
    (said,) = why_not(EventCause("s", "1"), BUYER, facts, PLAN, closed_until=None)
    assert said.to_json()["points"] == 67
    assert "reduction" not in scored(facts[0])[0].receipt.to_json()


@given(
    st.lists(st.tuples(st.sampled_from("AB"), st.integers(-50, 900)), max_size=8),
    st.integers(1, 2000),
    st.integers(1, 2000),
    st.randoms(use_true_random=False),
)
def test_any_refunds_in_any_order_end_at_the_same(
    refunds: list[tuple[str, int]], first: int, second: int, random: Random
) -> None:
    facts = [paid(1, "A", first), paid(2, "B", second)]
    facts += [refunded(10 + place, *each) for place, each in enumerate(refunds)]
    expected = 0
    for order, whole in (("A", first), ("B", second)):
        earned = whole // 10
        back = sum(max(amount, 0) for name, amount in refunds if name == order)
        expected += earned - earned * min(back, whole) // whole
    assert points(*facts) == expected
    retracted = random.sample(facts[2:], random.randint(0, len(facts) - 2))
    gone = [
        fact(100 + place, "activity.retracted", {"id": each.id})
        for place, each in enumerate(retracted)
    ]
    shuffled = [*facts, *gone, *random.sample(facts, min(3, len(facts)))]
    random.shuffle(shuffled)
    kept = [each for each in facts if each not in retracted]
    assert points(*shuffled) == points(*kept)


@pytest.mark.parametrize(
    ("old", "new", "field", "said"),
    [
        ("rules: cash-back", "rules: [cashback]", "reductions[0].rules[0]", "no rule"),
        ("on: shop.order.refunded", "on: shop.order.paid", "reductions[0].rules[0]", "itself"),
        ("key: data.order", "key: order", "reductions[0].key", "a field of the event"),
        ("rules: cash-back", "rules: [read, read]", "reductions[0].rules[1]", "already"),
        (
            "to: actor\n    points: floor",
            "to: data.owner\n    points: floor",
            "reductions[0].rules[0]",
            "names the buyer",
        ),
        ("cap: {per: day, points: 1000}", "period: week", "reductions[0]", "at once"),
    ],
)
def test_reductions_that_cannot_be(old: str, new: str, field: str, said: str) -> None:
    with pytest.raises(ProgrammeInvalid) as caught:
        load_programme(TEXT.replace(old, new))
    assert any(fault.field == field and said in fault.wrong for fault in caught.value.found), (
        caught.value.found
    )


@pytest.mark.parametrize(
    ("old", "new", "field", "said"),
    [
        ("part: data.amount_minor", "part: data.sum", "part", "keeps no number data.sum"),
        ("part: data.amount_minor", "part: data.currency", "part", "keeps no number"),
        ("part: data.amount_minor", "part: data.amount", "part", "not in the unit of"),
        ("whole: data.amount_minor", "whole: data.refund", "whole", "shop.order.paid keeps no"),
        ("key: data.order", "key: data.refund", "key", "shop.order.paid keeps no field"),
        ("data.refund", "data.name", "once_per", "shop.order.refunded keeps no field"),
    ],
)
def test_a_new_programme_that_could_take_nothing_back(
    old: str, new: str, field: str, said: str
) -> None:
    text = TEXT.replace(old, new)
    load_programme(text)  # A version that was kept before is read as ever.
    with pytest.raises(ProgrammeInvalid) as caught:
        load_programme(text, is_new=True)
    (fault,) = caught.value.found
    assert fault.field == f"reductions[0].{field}"
    assert said in fault.wrong
    load_programme(text.replace("shop.order", "stall.order"), is_new=True)


def test_a_programme_without_reductions_is_what_it_was() -> None:
    without = TEXT.split("reductions:", maxsplit=1)[0]
    assert load_programme(without).programme_hash != load_programme(TEXT).programme_hash
    assert load_programme(without).reductions == ()


VOTES = """
programme: forum
version: "1"
zone: UTC
rules:
  - {id: post, on: forum.post.created, to: actor, points: 5, once_per: [data.post]}
reductions:
  - rules: post
    on: forum.post.downvoted
    key: data.post
    takes: 2
    to: data.author
"""


def voted(number: int, post: str = "p1", author: str = "ann", by: str = "bob") -> Fact:
    data = {"post": post, "author": author}
    return fact(number, "forum.post.downvoted", data, subject=by)


def test_each_vote_against_takes_down_to_nothing() -> None:
    plan = [Activation(load_programme(VOTES))]
    post = fact(1, "forum.post.created", {"post": "p1"}, subject="ann")
    worth = []
    for votes in range(5):
        facts = [post, *(voted(10 + number) for number in range(votes))]
        (only,) = project(facts, plan, closed_until=None)
        worth.append(only.points.amount)
    assert worth == [5, 3, 1, 0, 0]
    others = [voted(20, post="p2"), voted(21, author="bob"), fact(22, "forum.post.downvoted", {})]
    (only,) = project([post, *others], plan, closed_until=None)
    assert only.points.amount == 5
    assert "reduction" not in only.receipt.to_json()
    (only,) = project([post, voted(30), voted(31)], plan, closed_until=None)
    assert only.receipt.to_json()["reduction"] == {
        "takes": 2,
        "points": 4,
        "by": [{"source": "s", "id": "30"}, {"source": "s", "id": "31"}],
    }
    assert isinstance(only.receipt, EventReceipt)
    by = EventCause("s", "30"), EventCause("s", "31")
    assert only.receipt.reduction == ReductionUse(Fraction(5), Fraction(4), 4, by, takes=2)


def test_whoever_votes_takes_once_of_each_thing() -> None:
    plan = [Activation(load_programme(VOTES + "    once_per: actor\n"))]
    posts = [fact(n, "forum.post.created", {"post": f"p{n}"}, subject="ann") for n in (1, 2)]
    stuffed = [voted(10), voted(11), voted(12, post="p2"), voted(13, by="eve")]

    def worth(*facts: Fact) -> list[int]:
        return [each.points.amount for each in project(facts, plan, closed_until=None)]

    assert worth(*posts, *stuffed) == [1, 3]
    # The first is taken back, and the second stands for it; with both gone eve's is left
    undone = [fact(20 + n, "activity.retracted", {"id": str(10 + n)}) for n in (0, 1)]
    assert worth(*posts, *stuffed, undone[0]) == [1, 3]
    assert worth(*posts, *stuffed, *undone) == [3, 3]
    # One that named another author took nothing and uses up nothing
    assert worth(*posts, voted(9, author="eve"), *stuffed) == [1, 3]


def test_who_votes_against_a_thing_of_another_takes_nothing_of_ones_own() -> None:
    plan = [Activation(load_programme(VOTES))]
    post = fact(1, "forum.post.created", {"post": "p1"}, subject="ann")
    for facts in ([post, voted(2, author="eve", by="ann")], [post, voted(2, author="", by="ann")]):
        (only,) = project(facts, plan, closed_until=None)
        assert only.points.amount == 5


def test_a_vote_taken_back_gives_back() -> None:
    plan = [Activation(load_programme(VOTES))]
    post = fact(1, "forum.post.created", {"post": "p1"}, subject="ann")
    undone = fact(3, "activity.retracted", {"id": "2"})
    (only,) = project([post, voted(2), undone], plan, closed_until=None)
    assert only.points.amount == 5


@pytest.mark.parametrize(
    ("old", "new", "field", "said"),
    [
        (", once_per: [data.post]", "", "reductions[0].rules[0]", "more than once"),
        ("[data.post]", "[data.post, data.k]", "reductions[0].rules[0]", "more than once"),
        ("    takes: 2\n", "", "reductions[0].to", "whoever acted"),
        ("    to: data.author\n", "", "reductions[0]", "whose award"),
        ("takes: 2", "takes: 0", "reductions[0].takes", "1"),
        ("takes: 2", "takes: -2", "reductions[0].takes", "1"),
        ("takes: 2", "takes: 2\n    whole: data.n", "reductions[0].whole", "no whole"),
        ("forum.post.downvoted", "forum.post.created", "reductions[0].rules[0]", "itself"),
    ],
)
def test_votes_that_cannot_be(old: str, new: str, field: str, said: str) -> None:
    assert old in VOTES
    with pytest.raises(ProgrammeInvalid) as refused:
        load_programme(VOTES.replace(old, new))
    found = [each for each in refused.value.found if each.field.startswith(field)]
    assert any(said in each.wrong and each.example for each in found), refused.value.found


def test_a_refund_is_not_told_apart_by_the_buyer() -> None:
    with pytest.raises(ProgrammeInvalid) as refused:
        load_programme(TEXT.replace("once_per: data.refund", "once_per: actor"))
    (fault,) = refused.value.found
    assert (fault.field, fault.example) == ("reductions[0].once_per", "once_per: data.refund")


def test_a_refund_says_part_and_whole() -> None:
    with pytest.raises(ProgrammeInvalid) as refused:
        load_programme(TEXT.replace("    part: data.amount_minor\n", ""))
    (fault,) = refused.value.found
    assert (fault.field, "neither" in fault.wrong) == ("reductions[0]", True)
