"""Time invested against the judge that goes minute by minute, in every order of arrival."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ledger.kernel.clock import Instant
from ledger.scoring.model import EventCause, Fact
from ledger.scoring.project import project, project_member, quarantined
from tests.naive_time import Stated, naive_minutes
from tests.scoring_cases import activations_of

PROGRAMME = """\
programme: time
version: "1"
zone: {zone}
rules:
  - {{id: time, on: lms.time.invested, to: actor, points: data.counted}}
time: {{on: lms.time.invested, session_max: {session}, day_max: {day}}}
"""
# Round midnights whose days have 23, 24 or 25 hours.
ANCHORS = {"UTC": [1_772_409_600], "Europe/Berlin": [1_774_738_800, 1_793_055_600]}


@st.composite
def histories(draw: st.DrawFn) -> tuple[str, list[Stated]]:
    zone = draw(st.sampled_from(sorted(ANCHORS)))
    anchor = draw(st.sampled_from(ANCHORS[zone]))
    found: list[Stated] = []
    for number in range(draw(st.integers(1, 8))):
        started = anchor + 60 * draw(st.integers(-40, 40)) + draw(st.sampled_from([0, 0, 30]))
        minutes = draw(st.integers(0, 45))
        late = draw(st.sampled_from([0, 0, 0, 60, 1800, -60, 86_400, 3 * 86_400]))
        time = started + 60 * minutes + late
        found.append((time, draw(st.sampled_from(["lms", "bot"])), str(number), started, minutes))
    return zone, found


def fact_of(stated: Stated) -> Fact:
    time, source, event_id, started, minutes = stated
    content = {"started": Instant(started).isoformat(), "minutes": minutes}
    return Fact(source, event_id, "lms.time.invested", "ann", Instant(time), content)


@given(histories(), st.sampled_from([20, 30, 1440]), st.sampled_from([25, 50, 1440]), st.data())
def test_real_is_naive(
    case: tuple[str, list[Stated]], session: int, day: int, data: st.DataObject
) -> None:
    zone, stated = case
    text = PROGRAMME.format(zone=zone, session=session, day=day)
    activations = activations_of([(text, None)])
    facts = data.draw(st.permutations([fact_of(each) for each in stated]))
    found = {
        (each.cause.source, each.cause.id): each.points.amount
        for each in project(facts, activations, closed_until=None)
        if isinstance(each.cause, EventCause)
    }
    expected = naive_minutes(stated, zone, session, day)
    assert found == {key: minutes for key, minutes in expected.items() if minutes}
    alone = project_member("ann", facts, activations, closed_until=None)
    assert sum(each.points.amount for each in alone) == sum(expected.values())
    assert quarantined(facts, activations) == []
