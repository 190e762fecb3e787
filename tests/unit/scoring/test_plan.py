"""Activations that can be scored together, and those that cannot."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ledger.kernel.clock import Instant
from ledger.programme.load import load_programme
from ledger.scoring.model import Activation, ActivationMode, ActivationRefused, Fact
from ledger.scoring.plan import Plan
from ledger.scoring.project import project, project_member, quarantined
from tests.scoring_cases import DAILY, WEEKLY, event, facts_of


@pytest.mark.parametrize("mode", [ActivationMode.TOP_UP, ActivationMode.RESTATEMENT])
def test_modes_that_are_not_executed_are_refused_by_name(mode: ActivationMode) -> None:
    with pytest.raises(ActivationRefused, match=f"{mode} is not executed") as caught:
        Plan([Activation(load_programme(DAILY), mode=mode)])
    assert caught.value.code == "activation_refused"


def test_a_change_of_zone_or_period_is_refused_by_name() -> None:
    daily = load_programme(DAILY)
    moved = replace(daily, zone="UTC")
    with pytest.raises(ActivationRefused, match="A change of zone"):
        Plan([Activation(daily), Activation(moved)])
    with pytest.raises(ActivationRefused, match="A change of period"):
        Plan([Activation(moved), Activation(load_programme(WEEKLY))])


def test_without_an_activation_nothing_is_earned() -> None:
    facts = facts_of([event("ai.chat", "ann", "2026-03-02T10:00:00Z")])
    assert project(facts, [], closed_until=None) == []
    assert project_member("ann", facts, [], closed_until=None) == []
    assert quarantined(facts, []) == []


def test_facts_no_calendar_reaches_are_left_out() -> None:
    facts = facts_of([event("ai.chat", "ann", "2026-03-02T10:00:00Z", id="fine")])
    plan = Plan([Activation(load_programme(DAILY))])
    for seconds in (-(10**11), 10**12):
        far = Fact("lms", str(seconds), "ai.chat", "ann", Instant(seconds), {})
        (one,) = project([*facts, far], plan, closed_until=None)
        assert one.cause == facts[0].cause


def test_projecting_from_any_iterable() -> None:
    facts = facts_of([event("ai.chat", "ann", "2026-03-02T10:00:00Z")])
    plan = Plan([Activation(load_programme(DAILY))])
    assert project(iter(facts), plan, closed_until=None) == project(facts, plan, closed_until=None)
