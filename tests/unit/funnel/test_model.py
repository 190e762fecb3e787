"""Figures of journeys that can be counted by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from fractions import Fraction

from ledger.funnel.model import STAGES, Attribution, Channel, Journey, Stage, figures

JANUARY = datetime(2026, 1, 31, 23, tzinfo=UTC)
HOUR = timedelta(hours=1)
POST = Channel("telegram", "social", "spring")
MAIL = Channel("digest", "email")


def journey(*stages: tuple[Stage, float], by: tuple[Channel, Channel] | None = None) -> Journey:
    reached = {stage: JANUARY + hours * HOUR for stage, hours in stages}
    return Journey(reached, *(by or (None, None)))


FAR = journey((Stage.FIRST_VISIT, 0), (Stage.SIGN_UP, 2), (Stage.ACTIVATION, 3), by=(POST, MAIL))
LATE = journey((Stage.FIRST_VISIT, 0.5), (Stage.SIGN_UP, 7.5), by=(POST, POST))
BACKWARDS = journey((Stage.SIGN_UP, 2), (Stage.ACTIVATION, 1), (Stage.VOTE, 9))
LOOKED = journey((Stage.FIRST_VISIT, 5), by=(MAIL, MAIL))
ALL = [FAR, LATE, BACKWARDS, LOOKED]


def test_a_cohort_is_the_month_of_the_visit_else_of_the_sign_up() -> None:
    assert [each.cohort for each in ALL] == ["2026-01", "2026-01", "2026-02", "2026-02"]
    assert [each.cohort for each in figures(ALL).cohorts] == ["2026-02", "2026-01"]


def test_a_conversion_asks_for_both_stages_in_any_order() -> None:
    found = figures(ALL).everybody
    counted = {step.stage: (step.reached, step.converted) for step in found.steps}
    assert counted == {
        Stage.FIRST_VISIT: (3, 0),
        Stage.SIGN_UP: (3, 2),
        Stage.ACTIVATION: (2, 2),
        Stage.FIRST_EARN: (0, 0),
        Stage.FIRST_REDEMPTION: (0, 0),
        Stage.PURCHASE: (0, 0),
        Stage.BRIDGE: (0, 0),
        Stage.VOTE: (1, 0),
    }
    assert found.conversion(0) is None
    assert found.conversion(1) == Fraction(2, 3)
    assert found.conversion(4) is None, "nobody was at the stage before"
    assert found.of_sign_ups(0) is None
    assert found.of_sign_ups(7) == Fraction(1, 3)


def test_a_time_is_taken_of_those_who_went_in_order() -> None:
    sign_up, activation = figures(ALL).everybody.steps[1:3]
    assert (sign_up.timed, sign_up.seconds_median) == (2, (2 + 7) * 3600 // 2)
    assert (activation.timed, activation.seconds_median) == (1, 3600), "one came the other way"


def test_of_two_in_the_middle_the_mean_goes_down() -> None:
    one = journey((Stage.FIRST_VISIT, 0), (Stage.SIGN_UP, 1 / 3600))
    two = journey((Stage.FIRST_VISIT, 0), (Stage.SIGN_UP, 2 / 3600))
    assert figures([one, two]).everybody.steps[1].seconds_median == 1


def test_channels_by_the_first_and_by_the_last_touch() -> None:
    channels = figures(ALL).channels
    assert [(row.channel, row.counts[:3]) for row in channels[Attribution.FIRST_TOUCH]] == [
        (POST, (2, 2, 1)),
        (MAIL, (1, 0, 0)),
        (None, (0, 1, 1)),
    ]
    assert [(row.channel, row.counts[:3]) for row in channels[Attribution.LAST_TOUCH]] == [
        (MAIL, (2, 1, 1)),
        (POST, (1, 1, 0)),
        (None, (0, 1, 1)),
    ]


def test_nobody_is_no_error() -> None:
    found = figures([])
    assert found.cohorts == ()
    assert [step.reached for step in found.everybody.steps] == [0] * len(STAGES)
    assert found.everybody.of_sign_ups(3) is None
