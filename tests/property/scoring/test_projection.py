"""The projection against the judge, and against itself in every order of arrival."""

from __future__ import annotations

import json
from fractions import Fraction
from typing import Any

from hypothesis import event as note
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.kernel.clock import Instant
from ledger.programme.model import Rounding
from ledger.scoring.explain import why_not
from ledger.scoring.history import settle
from ledger.scoring.model import Entitlement, EventCause, PeriodCause
from ledger.scoring.pipeline import Step
from ledger.scoring.plan import Plan
from ledger.scoring.project import participants, project, project_member, quarantined
from ledger.scoring.receipts import EventReceipt
from tests.property.scoring.histories import Case, cases
from tests.scoring_cases import Event, activations_of, awards_of, facts_of, score

SOME_LATER_TIME = Instant.parse("2030-01-01T00:00:00Z")


@settings(max_examples=2 * settings.default.max_examples)
@given(cases())
def test_real_is_naive(case: Case) -> None:
    expected = score("naive", case.versions, case.events, until=case.until, resolve=case.resolve)
    found = score("real", case.versions, case.events, until=case.until, resolve=case.resolve)
    note("awards" if expected else "nothing earned")
    assert found == expected


def distinct(events: list[Event]) -> list[Event]:
    """Without conflicts: of each (source, id) only the first content."""
    first: dict[tuple[str, str], Event] = {}
    for each in events:
        first.setdefault((each["source"], each["id"]), each)
    return list(first.values())


@given(cases(), st.data())
def test_order_of_arrival_and_repetition_change_nothing(case: Case, data: st.DataObject) -> None:
    events = distinct(case.events)
    again = data.draw(st.lists(st.sampled_from(events), max_size=6))
    shuffled = data.draw(st.permutations([*events, *again]))
    plan = Plan(activations_of(case.versions))
    one = project(facts_of(events), plan, closed_until=None, resolve=case.resolve)
    other = project(facts_of(shuffled), plan, closed_until=None, resolve=case.resolve)
    assert one == other
    assert [each.receipt.to_json() for each in one] == [each.receipt.to_json() for each in other]


@given(cases(size_max=12), st.data())
def test_posting_differences_after_each_arrival_ends_where_one_go_does(
    case: Case, data: st.DataObject
) -> None:
    facts = facts_of(data.draw(st.permutations(distinct(case.events))))
    plan = Plan(activations_of(case.versions))
    journal: dict[object, int] = {}
    for count in range(1, len(facts) + 1):
        now = project(facts[:count], plan, closed_until=None, resolve=case.resolve)
        worth = {each.key: each.points.amount for each in now}
        for key in worth.keys() | journal.keys():
            difference = worth.get(key, 0) - journal.get(key, 0)
            if difference:
                journal[key] = journal.get(key, 0) + difference
    whole = project(facts, plan, closed_until=None, resolve=case.resolve)
    expected = {each.key: each.points.amount for each in whole if each.points}
    assert {key: points for key, points in journal.items() if points} == expected


@given(cases())
def test_a_member_is_scored_from_the_members_own_facts(case: Case) -> None:
    facts = facts_of(case.events)
    plan = Plan(activations_of(case.versions))
    whole = project(facts, plan, closed_until=None, resolve=case.resolve)
    history = settle(facts)
    members = {member for fact in history for member in participants(fact, plan, case.resolve)}
    sliced: list[Entitlement] = []
    for member in sorted(members):
        own = [fact for fact in history if member in participants(fact, plan, case.resolve)]
        sliced += project_member(member, own, plan, closed_until=None, resolve=case.resolve)
    assert sliced == whole


def kept(amount: Fraction, caps: list[dict[str, Any]]) -> Fraction:
    """What the caps of a receipt make of an amount, in their order."""
    for cap in caps:
        assert Fraction(cap["amount"]) == amount
        left = max(Fraction(0), cap["points"] - Fraction(cap["awarded_before"]))
        assert Fraction(cap["left"]) == left
        if amount > left:
            amount = left if cap["over"] == "trim" else Fraction(0)
        assert Fraction(cap["kept"]) == amount
    return amount


@given(cases())
def test_receipts_can_be_worked_out_again(case: Case) -> None:
    for each in project(facts_of(case.events), activations_of(case.versions), closed_until=None):
        said = json.loads(json.dumps(each.receipt.to_json()))
        exact = Fraction(said["base"])
        for multiplier in said["multipliers"]:
            exact *= Fraction(multiplier["factor"])
        assert exact == Fraction(said["exact"])
        half = Fraction(1, 2) if said["rounding"] == Rounding.HALF_UP else 0
        points = (exact + half) // 1
        if isinstance(each.receipt, EventReceipt):
            assert said["rounded"] == points
            assert said["event"]["id"] == each.cause.id  # type: ignore[union-attr]
            assert said["trimmed"] == each.excess.amount
        else:
            for part in said["contributions"]:
                stated = Fraction(part.get("stated", part["weight"]))
                assert kept(stated, part.get("caps", [])) == Fraction(part["weight"])
            weights = (Fraction(part["weight"]) for part in said["contributions"])
            assert sum(weights) == Fraction(said["base"])
            assert said.get("trimmed", 0) == each.excess.amount
        points = kept(Fraction(points), said.get("caps", []))
        if said.get("cap") is not None and "caps" not in said:
            left = max(0, said["cap"]["points"] - said["cap"]["awarded_before"])
            points = min(points, left)
        assert said["points"] == points == each.points.amount


@given(cases(), st.data())
def test_why_not_says_what_the_projection_does(case: Case, data: st.DataObject) -> None:
    facts = facts_of(case.events)
    plan = Plan(activations_of(case.versions))
    until = None if case.until is None else Instant.parse(case.until)
    awards = project(facts, plan, closed_until=until, resolve=case.resolve)
    one = data.draw(st.sampled_from(facts)).cause
    quarantine = {each.cause for each in quarantined(facts, plan)}
    for member in {"ann", "A", "nobody", *(each.beneficiary for each in awards)}:
        outcomes = why_not(one, member, facts, plan, closed_until=until, resolve=case.resolve)
        assert outcomes
        own = [each for each in awards if each.beneficiary == member]
        paid = {each.rule: each.points for each in own if each.cause == one}
        for outcome in outcomes:
            note(f"step {outcome.step}")
            assert outcome.to_json()["step"] == outcome.step
            if outcome.entitlement is None:
                assert outcome.step not in {Step.AWARDED, Step.CAP}
                assert outcome.rule not in paid
            elif isinstance(outcome.entitlement.cause, EventCause):
                assert outcome.entitlement.points == paid.pop(outcome.rule or "")
            else:
                assert isinstance(outcome.entitlement.cause, PeriodCause)
                assert outcome.entitlement in own
            if outcome.step is Step.QUARANTINE:
                assert one in quarantine
        assert not paid


@given(cases())
def test_awards_at_once_do_not_wait_for_periods(case: Case) -> None:
    facts = facts_of(case.events)
    plan = Plan(activations_of(case.versions))
    early = project(facts, plan, closed_until=Instant(0), resolve=case.resolve)
    late = project(facts, plan, closed_until=SOME_LATER_TIME, resolve=case.resolve)
    whole = project(facts, plan, closed_until=None, resolve=case.resolve)
    assert late == whole
    at_once = [each for each in whole if isinstance(each.cause, EventCause)]
    assert early == at_once
    assert awards_of(whole) == score("naive", case.versions, case.events, resolve=case.resolve)
