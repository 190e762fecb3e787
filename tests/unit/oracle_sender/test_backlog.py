"""What the sender has not brought to its end."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from oracle.sender.backlog import Backlog, OpenIntents, Waiting, backlogs, waits_for
from oracle.sender.model import SETTLED, IntentState

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def _since(state: IntentState, count: int, seconds: int) -> OpenIntents:
    return OpenIntents(state, count, NOW - timedelta(seconds=seconds))


def test_every_open_state_waits_for_one_thing() -> None:
    assert {state: waits_for(state) for state in IntentState if state not in SETTLED} == {
        IntentState.QUEUED: Waiting.UNSENT,
        IntentState.RESERVED: Waiting.UNSENT,
        IntentState.SIGNED: Waiting.UNSENT,
        IntentState.BROADCAST: Waiting.UNMINED,
        IntentState.MINED: Waiting.UNFINALIZED,
    }
    assert {waits_for(state) for state in SETTLED} == {None}


def test_the_oldest_of_each_is_told_and_all_are_counted() -> None:
    found = [
        _since(IntentState.QUEUED, 2, 5),
        _since(IntentState.SIGNED, 1, 70),
        _since(IntentState.RESERVED, 1, 7),
        _since(IntentState.MINED, 4, 9),
        _since(IntentState.FAILED, 9, 999),
    ]
    assert backlogs(found, NOW) == {
        Waiting.UNSENT: Backlog(4, timedelta(seconds=70)),
        Waiting.UNMINED: Backlog(),
        Waiting.UNFINALIZED: Backlog(4, timedelta(seconds=9)),
    }
