"""The community's and the staff's example programmes, worked by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ledger.programme.load import load_programme
from ledger.scoring.project import project
from tests.scoring_cases import Event, activations_of, event, facts_of

EXAMPLES = Path(__file__).parents[3] / "examples" / "programmes"
COMMUNITY = (EXAMPLES / "community.yaml").read_text("utf-8")
STAFF = (EXAMPLES / "staff.yaml").read_text("utf-8")
DAY = "2026-03-02"


def act(kind: str, who: str, time: str, **content: Any) -> Event:
    return event(kind, who, f"{DAY}T{time}Z", content)


def spent(minutes: int, end: str, started: str) -> Event:
    return act("lms.time.invested", "ann", end, started=f"{DAY}T{started}Z", minutes=minutes)


@pytest.mark.parametrize(
    ("text", "events", "expected"),
    [
        # 90 minutes that overlap for 30: 60 and 30, so 6 and 3
        (COMMUNITY, [spent(60, "10:00:00", "09:00:00"), spent(60, "10:30:00", "09:30:00")], 9),
        # 9 minutes are no point, and 59 are 5: rounded down, each event by itself
        (COMMUNITY, [spent(9, "10:00:00", "09:00:00"), spent(59, "12:00:00", "11:00:00")], 5),
        # 8 hours are 48; three exercises are 15: 60 a day of learning, 3 above
        (
            COMMUNITY,
            [
                *(spent(120, f"{hour + 2:02}:00:00", f"{hour:02}:00:00") for hour in (5, 7, 9, 11)),
                *(
                    act("lms.exercise.completed", "ann", f"15:0{number}:00", exercise=number)
                    for number in range(3)
                ),
            ],
            60,
        ),
        # A review is 20, one of one's own nothing, the same work again nothing
        (
            COMMUNITY,
            [
                act("peer.review.completed", "ann", "10:00:00", object="w1", owner="bob"),
                act("peer.review.completed", "ann", "11:00:00", object="w2", owner="ann"),
                act("peer.review.completed", "ann", "12:00:00", object="w1", owner="bob"),
            ],
            20,
        ),
        # 19 minutes are none; 50 minutes 16 (50/3); 120 count as 90: 30; a third is over the limit
        (
            COMMUNITY,
            [
                act("mentoring.session.held", "ann", "09:00:00", owner="bob", minutes=19),
                act("mentoring.session.held", "ann", "10:00:00", owner="bob", minutes=50),
                act("mentoring.session.held", "ann", "13:00:00", owner="cid", minutes=120),
                act("mentoring.session.held", "ann", "15:00:00", owner="dan", minutes=60),
            ],
            46,
        ),
        # Thanks that another source states earn nothing
        (COMMUNITY, [act("club.thanks.given", "bob", "10:00:00", to="ann", counted=9)], 0),
        # Two steps, one of them twice, and the checklist: 1 + 1 + 10
        (
            STAFF,
            [
                act("staff.step.completed", "ann", "10:00:00", checklist="c", step=1),
                act("staff.step.completed", "ann", "10:01:00", checklist="c", step=1),
                act("staff.step.completed", "ann", "10:02:00", checklist="c", step=2),
                act("staff.checklist.completed", "ann", "10:03:00", checklist="c"),
            ],
            12,
        ),
        # 11 colleagues' checklists: 30 of 33 a week; one's own is not checked by oneself
        (
            STAFF,
            [
                *(
                    act("staff.checklist.checked", "ann", f"10:{n:02}:00", checklist=n, owner="bob")
                    for n in range(11)
                ),
                act("staff.checklist.checked", "ann", "11:00:00", checklist="x", owner="ann"),
            ],
            30,
        ),
    ],
)
def test_worked_by_hand(text: str, events: list[Event], expected: int) -> None:
    for received in (events, events[::-1]):
        found = project(facts_of(received), activations_of([(text, None)]), closed_until=None)
        assert sum(each.points.amount for each in found if each.beneficiary == "ann") == expected


def test_what_others_vouch_for_is_pending_first() -> None:
    rules = {rule.rule_id: rule for rule in load_programme(COMMUNITY).rules}
    pending = {name for name, rule in rules.items() if rule.vesting is not None}
    assert pending == {"review-given", "mentoring-held"}
    assert load_programme(STAFF).unit == "credit"
