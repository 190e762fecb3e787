"""What stands of an object in the end does not depend on the order in which its steps arrive."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.events.model import RETRACTED, AdmittedEvent, ObjectStep, Scalar
from ledger.events.objects import (
    ObjectHistory,
    is_repeated,
    removed_id,
    stated_id,
    stated_number,
    taken_back,
)
from ledger.kernel.clock import Instant


def step(kind: str, number: int) -> AdmittedEvent:
    values: dict[str, Scalar] = {} if kind == "stated" else {"id": "post:1", "step": number}
    event_id = stated_id("post:1", number) if kind == "stated" else removed_id("post:1", number)
    return AdmittedEvent(
        id=event_id,
        type="club.post.created" if kind == "stated" else RETRACTED,
        recognised=True,
        occurred=Instant(0),
        time_is_ours=True,
        subject=None,
        identities={},
        values=values,
        step=ObjectStep("post:1", number),
    )


def standing(arrivals: Sequence[AdmittedEvent]) -> set[str]:
    """What counts after these arrived in this order, beginning with the creation."""
    history = ObjectHistory()
    stored, gone = {"post:1"}, set()
    for event in arrivals:
        if event.id in stored or is_repeated(event, history):
            continue
        stored.add(event.id)
        gone |= {target for target, _ in taken_back(event, history)}
        history = history.after(event)
    return {one for one in stored - gone if ":removed:" not in one}


LIFE = [step("removed", 1), step("stated", 2), step("removed", 3), step("stated", 4)]


@given(st.integers(0, 4), st.integers(0, 3))
def test_told_in_order_and_again_the_last_step_decides(length: int, again: int) -> None:
    life = LIFE[:length]
    expected = {0: {"post:1"}, 2: {"post:1:stated:2"}, 4: {"post:1:stated:4"}}
    assert standing([*life, *(life[:again])]) == expected.get(length, set())


@pytest.mark.parametrize("length", [1, 2, 3])
def test_the_order_of_arrival_does_not_matter(length: int) -> None:
    life = LIFE[:length]
    for order in itertools.permutations([*life, *life]):
        assert standing(order) == standing(life)


def test_two_restorations_before_what_lay_between_them_need_to_be_told_again() -> None:
    """The price of knowing a retry under a new number: told apart from it by the removal only."""
    too_early = [LIFE[0], LIFE[1], LIFE[3], LIFE[2]]
    assert standing(too_early) == set()
    assert standing([*too_early, LIFE[3]]) == {"post:1:stated:4"}


def test_created_removed_restored_removed() -> None:
    life = [step("removed", 1), step("stated", 2), step("removed", 3)]
    assert standing([]) == {"post:1"}
    assert standing(life[:1]) == set()
    assert standing(life[:2]) == {"post:1:stated:2"}
    assert standing(life) == set()
    assert standing(life[::-1]) == set()
    assert standing([life[1], life[0]]) == {"post:1:stated:2"}


def test_a_restoration_said_again_under_a_new_number_is_no_second_one() -> None:
    history = ObjectHistory().after(step("removed", 1)).after(step("stated", 2))
    assert is_repeated(step("stated", 3), history)
    assert not is_repeated(step("stated", 5), history.after(step("removed", 4)))
    assert not is_repeated(step("removed", 3), history)


def test_numbers_of_steps_are_read_back_from_their_ids() -> None:
    assert stated_number(stated_id("post:1", 12)) == 12
    for other in (
        "post:1",
        removed_id("post:1", 12),
        "post:1:stated:",
        "post:1:stated:x",
        ":stated:1",
    ):
        assert stated_number(other) is None


def test_a_plain_retraction_takes_back_its_one_event() -> None:
    plain = AdmittedEvent("r", RETRACTED, True, Instant(0), False, None, {}, {"id": "e"})
    assert taken_back(plain, None) == [("e", "r")]
