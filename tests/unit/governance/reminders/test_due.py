"""When a reminder is due, and by what name it is known."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from governance.calendar.model import Moment, MomentKind, Subject
from governance.reminders.model import (
    NEWS_FOR,
    Cast,
    ReminderKind,
    lead,
    reminder_of_ballot,
    reminders_of,
)

T = datetime(2026, 3, 2, 9, tzinfo=UTC)
DAY = timedelta(days=1)


def moment(kind: MomentKind, days: float, **changes: object) -> Moment:
    plain: dict[str, object] = {
        "subject": Subject.PROPOSAL,
        "scope": "c0ffee00",
        "subject_id": "77",
        "kind": kind,
        "at": T + days * DAY,
        "title": "A garden",
        "said_at": T,
    }
    return Moment(**(plain | changes))  # type: ignore[arg-type]


OPENS, CLOSES = moment(MomentKind.OPENS, 0), moment(MomentKind.CLOSES, 7)


def test_a_vote_of_a_week() -> None:
    opens, closes = reminders_of([OPENS, CLOSES])
    assert (opens.kind, opens.at, opens.due_at, opens.until) == ("opens", T, T, T + 7 * DAY)
    assert closes.key == ("proposal:c0ffee00:77:closes", "closes")
    assert (closes.at, closes.due_at, closes.until) == (T + 7 * DAY, T + 6 * DAY, T + 7 * DAY)


@pytest.mark.parametrize(
    ("lasts", "expected"),
    [(2 * DAY, DAY), (2 * DAY - timedelta(seconds=2), DAY - timedelta(seconds=1)), (DAY, DAY / 2)],
)
def test_a_day_before_or_half_way(lasts: timedelta, expected: timedelta) -> None:
    assert lead(OPENS, moment(MomentKind.CLOSES, lasts / DAY)) == expected


def test_a_close_that_moved_is_the_same_reminder_at_another_time() -> None:
    moved = moment(MomentKind.CLOSES, 9, changes=1)
    (_, before), (_, after) = reminders_of([OPENS, CLOSES]), reminders_of([OPENS, moved])
    assert (after.key, after.due_at) == (before.key, before.due_at + 2 * DAY)


def test_what_is_off_gives_none() -> None:
    off = moment(MomentKind.CLOSES, 7, is_off=True)
    assert reminders_of([OPENS, off, moment(MomentKind.CANCELED, 1)]) == []


@pytest.mark.parametrize("kind", [MomentKind.EXECUTED, MomentKind.COUNTED])
def test_an_outcome_is_news_for_a_week(kind: MomentKind) -> None:
    *_, outcome = reminders_of([OPENS, CLOSES, moment(kind, 8)])
    assert (outcome.kind, outcome.due_at) == (ReminderKind.OUTCOME, T + 8 * DAY)
    assert outcome.until == outcome.due_at + NEWS_FOR


def test_due_from_its_moment_until_it_is_of_no_use() -> None:
    _, closes = reminders_of([OPENS, CLOSES])
    second = timedelta(seconds=1)
    times = (closes.due_at - second, closes.due_at, closes.until - second, closes.until)
    assert [closes.is_due(each) for each in times] == [False, True, True, False]


def test_a_delegates_ballot_is_told_once_for_each_delegate_and_proposal() -> None:
    one, other = "0x" + "aa" * 20, "0x" + "bb" * 20
    first = reminder_of_ballot("c0ffee00", Cast(77, one, 1, T))
    again = reminder_of_ballot("c0ffee00", Cast(77, one, 0, T + DAY))
    assert first.key == again.key
    keys = {
        reminder_of_ballot(scope, Cast(number, voter, 1, T)).key
        for scope in ("c0ffee00", "")
        for number in (77, 78)
        for voter in (one, other)
    }
    assert len(keys) == 8
    assert one[2:] not in first.moment
    assert (first.due_at, first.until) == (T, T + NEWS_FOR)
