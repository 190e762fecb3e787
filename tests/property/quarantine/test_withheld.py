"""What waits of each award is what voiding would take, and what stays is what facts earn without.

The judge scores the history twice by itself: as it is, and with the doubted facts retracted.
"""

from __future__ import annotations

from hypothesis import event as note
from hypothesis import given
from hypothesis import strategies as st

from ledger.kernel.units import Points
from ledger.quarantine.withholding import withheld
from ledger.scoring.history import settle
from ledger.scoring.plan import Plan
from ledger.scoring.project import project
from tests.property.scoring.histories import Case, cases
from tests.scoring_cases import activations_of, facts_of, retraction, score

RETRACTED = "activity.retracted"


@given(cases(), st.data())
def test_what_waits_is_what_voiding_takes(case: Case, data: st.DataObject) -> None:
    acts = [each for each in case.events if each["type"] != RETRACTED]
    doubted = data.draw(st.lists(st.sampled_from(acts), max_size=5)) if acts else []
    keys = {(each["source"], each["id"]) for each in doubted}
    plan = Plan(activations_of(case.versions))
    facts = settle(facts_of(case.events))
    undoubted = [fact for fact in facts if (fact.source, fact.id) not in keys]
    worth, without = (
        {
            each.key: each.points
            for each in project(of, plan, closed_until=None, resolve=case.resolve)
        }
        for of in (facts, undoubted)
    )
    voided = [
        *case.events,
        *(
            retraction(each, source=each["source"], id=f"void{number}")
            for number, each in enumerate(doubted)
        ),
    ]
    before = score("naive", case.versions, case.events, resolve=case.resolve)
    after = score("naive", case.versions, voided, resolve=case.resolve)
    expected = {}
    for key, (points, _) in before.items():
        lost = points - after.get(key, (0, 0))[0]
        if lost > 0:
            expected[key] = lost
    found = {
        (key[0], key[1], _named(key[2])): points.amount
        for key, points in withheld(worth, without).items()
    }
    note("something waits" if expected else "nothing waits")
    if any(isinstance(cause, str) for _, _, cause in expected):
        note("part of a period waits")
    assert found == expected


def _named(cause: object) -> object:
    period = getattr(cause, "period", None)
    return period if period is not None else (cause.source, cause.id)  # type: ignore[attr-defined]


def test_what_would_be_worth_as_much_or_more_does_not_wait() -> None:
    worth = {"same": Points(5), "less": Points(5), "gone": Points(5)}
    without = {"same": Points(5), "less": Points(7), "new": Points(9)}
    assert withheld(worth, without) == {"gone": Points(5)}
