"""Where a fold is written down, when it is not, and when it is doubted: each bound by hand."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from ledger.kernel.clock import Instant
from ledger.kernel.units import Points
from ledger.scoring.checkpoints.model import (
    TAIL,
    Checkpoint,
    Position,
    place_to_mark,
    plan_digest,
    reaches_back,
    written,
)
from ledger.scoring.model import Entitlement, EventCause, Fact, PeriodCause
from ledger.scoring.plan import Plan
from ledger.scoring.project import Mark
from tests.scoring_cases import DAILY, activations_of
from tests.unit.scoring.test_reductions import PLAN, fact, paid, refunded

REDUCING = Plan(PLAN)
PLAIN = Plan(activations_of([(DAILY, None)]))
READ = "lms.section.read"


def lived(count: int, *refunds: int) -> list[Fact]:
    """So many facts, a second apart, those at these places refunds."""
    return [refunded(n, "A", 1) if n in refunds else fact(n, READ, {}) for n in range(count)]


def at(number: int, half: int = 0) -> Instant:
    """When the fact of this number was."""
    return Instant.of(fact(number, READ, {}).time.floor_datetime() + timedelta(seconds=half / 2))


@pytest.mark.parametrize(
    ("count", "place"), [(0, None), (127, None), (128, 64), (129, 65), (200, 136)]
)
def test_the_last_facts_are_folded_again_and_a_short_life_is_not_written(
    count: int, place: int | None
) -> None:
    assert TAIL == 64
    assert place_to_mark(PLAIN, lived(count), ()) == place


@pytest.mark.parametrize(
    ("refunds", "place"),
    [((), 136), ((10,), 136), ((10, 150), 151), ((150, 160), 161), ((198,), 199), ((199,), None)],
)
def test_no_refund_comes_after_the_place(refunds: tuple[int, ...], place: int | None) -> None:
    assert place_to_mark(REDUCING, lived(200, *refunds), ()) == place


def test_what_is_no_refund_by_the_plan_does_not_move_the_place() -> None:
    assert place_to_mark(PLAIN, lived(200, 150), ()) == 136


@pytest.mark.parametrize(
    ("until", "place"),
    [
        ([at(300)], 136),
        ([at(136)], 136),
        ([at(135)], 135),
        ([at(101), at(140)], 101),
        ([at(140), at(101, half=1)], 102),
        ([at(64)], 64),
        ([at(63)], None),
        ([at(-5)], None),
    ],
)
def test_all_before_the_place_is_known_at_every_source(
    until: list[Instant], place: int | None
) -> None:
    assert place_to_mark(PLAIN, lived(200), until) == place


BEFORE, AFTER = [fact(n, READ, {}) for n in (1, 2, 10)], [fact(n, READ, {}) for n in (11, 13, 12)]
CLOSED = at(8)


def earned(time: Instant, cause: EventCause | PeriodCause) -> Entitlement:
    return Entitlement("ann", "read", cause, Points(5), Points(0), time, None)  # type: ignore[arg-type]


def event(number: int, half: int = 0) -> Entitlement:
    return earned(at(number, half), EventCause("s", str(number)))


def period(number: int) -> Entitlement:
    return earned(at(number), PeriodCause(f"2026-W{number}"))


def number_of(cause: EventCause) -> UUID:
    return UUID(int=int(cause.id))


def put_down(mark: Mark) -> Checkpoint | None:
    return written(PLAIN, mark, BEFORE, AFTER, event_id=number_of, closed_until=CLOSED)


def test_a_checkpoint_is_of_the_last_fact_before_it_and_the_least_after() -> None:
    mark = Mark(states=[{"ученик": 1}], done=[event(1)])
    assert put_down(mark) == Checkpoint(
        plan_digest=plan_digest(PLAIN),
        position=Position(at(10), "s", "10"),
        horizon=at(10).floor_datetime(),
        kept=[],
        first_after=UUID(int=11),
        states='[{"ученик":1}]',
    )
    later = [*reversed(AFTER)]
    made = written(PLAIN, mark, BEFORE, later, event_id=number_of, closed_until=CLOSED)
    assert made is not None
    assert made.first_after == UUID(int=11)


def test_a_fact_that_waits_for_its_award_is_the_horizon() -> None:
    mark = Mark()
    mark.book.fact(BEFORE[1])
    made = put_down(mark)
    assert made is not None
    assert (made.horizon, made.kept) == (at(2).floor_datetime(), [UUID(int=2)])


QUALIFIED = fact(2, "member.qualification.changed", {"level": 3})


@pytest.mark.parametrize(
    ("plan", "kept"), [(PLAIN, QUALIFIED), (REDUCING, refunded(2, "A", 1))], ids=["level", "refund"]
)
def test_what_later_facts_are_measured_by_is_kept(plan: Plan, kept: Fact) -> None:
    facts = [fact(1, READ, {}), kept, fact(3, READ, {})]
    made = written(plan, Mark(), facts, AFTER, event_id=number_of, closed_until=CLOSED)
    assert made is not None
    assert made.kept == [UUID(int=2)]


@pytest.mark.parametrize(
    ("done", "is_written"),
    [
        ([], True),
        ([event(1), event(9, half=1)], True),
        ([event(10)], False),
        ([event(1), event(10)], False),
        ([event(12)], False),
        ([period(8)], True),
        ([period(9)], False),
    ],
    ids=[
        "nothing was awarded",
        "all lies before",
        "at the very time of the last fact",
        "one of two",
        "after it",
        "a period that is closed",
        "a period that is not",
    ],
)
def test_awards_on_both_sides_do_not_mix(done: list[Entitlement], *, is_written: bool) -> None:
    assert (put_down(Mark(done=done)) is not None) is is_written


def test_what_is_awarded_again_afterwards_is_not_frozen() -> None:
    one, other = event(1), event(2)
    assert put_down(Mark(done=[one, other], later={event(3).key})) is not None
    assert put_down(Mark(done=[one, other], later={other.key})) is None


A_READ = fact(9, READ, {})


@pytest.mark.parametrize(
    ("kept", "after", "reaches"),
    [
        ([], [], False),
        ([], [A_READ], False),
        ([], [A_READ, refunded(9, "A", 100)], True),
        ([], [paid(9, "A", 100)], False),
        ([refunded(1, "A", 100)], [], False),
        ([refunded(1, "A", 100)], [A_READ], False),
        ([refunded(1, "A", 100)], [paid(9, "B", 100)], False),
        ([refunded(1, "A", 100)], [A_READ, paid(9, "A", 100)], True),
        ([refunded(1, "A", 100, source="t")], [paid(9, "A", 100)], False),
    ],
    ids=[
        "nothing",
        "an act",
        "a refund",
        "a payment",
        "a refund that is known",
        "an act after it",
        "another order is paid",
        "the order is paid again",
        "the order of another shop",
    ],
)
def test_refunds_and_what_was_refunded_reach_back(
    kept: list[Fact], after: list[Fact], *, reaches: bool
) -> None:
    assert reaches_back(REDUCING, kept, after) is reaches
