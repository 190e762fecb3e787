"""A fold gone on from any place in a history comes to what it comes to from nothing."""

from __future__ import annotations

import json
from collections.abc import Sequence
from uuid import NAMESPACE_URL, UUID, uuid5

from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.kernel.clock import Instant
from ledger.scoring.checkpoints import model as checkpoints
from ledger.scoring.model import (
    Entitlement,
    EventCause,
    Fact,
)
from ledger.scoring.plan import Plan
from ledger.scoring.project import Mark, Run, Start, history_of, run
from tests.property.scoring.histories import Case, cases
from tests.scoring_cases import DAILY, activations_of, facts_of

FAR = Instant(10**11)


def event_id(cause: EventCause) -> UUID:
    return uuid5(NAMESPACE_URL, json.dumps([cause.source, cause.id]))


def kept_at(plan: Plan, mark: Mark, before: Sequence[Fact]) -> Start:
    """What a checkpoint hands on, through its text and its facts' ids."""
    written = checkpoints.written(plan, mark, before, before, event_id=event_id, closed_until=FAR)
    by_id = {event_id(fact.cause): fact for fact in before}
    if written is None:  # Kept for the sake of the comparison alone.
        kept = [by_id[event_id(cause)] for cause in mark.book.kept]
        told = {fact.cause for fact in kept}
        kept += [fact for fact in before if fact.cause not in told]
        return Start(json.loads(json.dumps(mark.states)), kept)
    return Start(json.loads(written.states), [by_id[each] for each in written.kept])


def told(entitlements: Sequence[Entitlement]) -> dict[object, object]:
    return {
        each.key: (each.points, each.excess, each.earned_at, each.receipt.to_json())
        for each in entitlements
    }


def check(
    plan: Plan, member: str, history: Sequence[Fact], resolve: dict[str, str] | None, split: int
) -> None:
    def go(facts: Sequence[Fact], start: Start | None, mark_at: int | None) -> Run:
        return run(plan, member, facts, None, resolve, start=start, mark_at=mark_at)

    first = go(history, None, split)
    assert first.mark is not None
    whole = told(first.entitlements)
    assert whole == told(go(history, None, None).entitlements)
    start = kept_at(plan, first.mark, history[:split])
    later = history[split:]
    if checkpoints.reaches_back(plan, start.kept, later):
        return  # Doubted: a refund reaches back, or its order is paid for again.
    again = told(go(later, start, None).entitlements)
    frozen = {each.key for each in first.mark.done}
    if not frozen & first.mark.later:
        assert again == {key: worth for key, worth in whole.items() if key not in frozen}
    horizon = checkpoints.written(
        plan, first.mark, history[:split], later, event_id=event_id, closed_until=FAR
    )
    if horizon is not None:
        for each in first.entitlements:
            is_before = each.earned_at.floor_datetime() < horizon.horizon
            assert is_before == (each.key in frozen)
    if len(later) > 1:
        middle = len(later) // 2
        there, here = go(later, start, middle).mark, go(history, None, split + middle).mark
        assert there is not None
        assert here is not None
        assert json.dumps(there.states) == json.dumps(here.states), "one state, however reached"
        assert list(there.book.kept) == list(here.book.kept)


@settings(deadline=None)
@given(cases(), st.data())
def test_any_place_of_any_history_will_do(case: Case, data: st.DataObject) -> None:
    plan = Plan(activations_of(case.versions))
    facts = facts_of(case.events)
    members = sorted({*(case.resolve or {}).values()} or {f.subject for f in facts if f.subject})
    member = data.draw(st.sampled_from(members)) if members else "ann"
    history = history_of(plan, member, facts, case.resolve)
    if history:
        split = data.draw(st.integers(0, len(history) - 1))
        if split:
            check(plan, member, history, case.resolve, split)


def test_a_digest_is_of_rules_and_of_when_they_are_in_force() -> None:
    times = ("2025-03-05T00:00:00Z", "2025-03-05T00:00:00.5Z", "2025-03-06T00:00:00Z")
    versions = [(DAILY.replace("4.6", factor), time) for factor in ("4.6", "9.2") for time in times]
    digests = [
        checkpoints.plan_digest(Plan(activations_of([version])))
        for version in (*versions, *versions)
    ]
    assert len(set(digests)) == len(versions)
    assert digests[: len(versions)] == digests[len(versions) :]
