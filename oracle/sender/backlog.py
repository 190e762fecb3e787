"""What the sender has not brought to its end, by what it waits for, and since when. Pure.

unsent      queued, reserved, signed      no node has it
unmined     broadcast                     no block has it
unfinalized mined                         a reorg could still undo it
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from oracle.sender.model import IntentState


class Waiting(StrEnum):
    """For what an open intent waits."""

    UNSENT = "unsent"
    UNMINED = "unmined"
    UNFINALIZED = "unfinalized"


@dataclass(frozen=True, slots=True)
class OpenIntents:
    """Intents in one state, and when the oldest of them was asked for."""

    state: IntentState
    count: int
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Backlog:
    """How many wait, and how long the oldest has; none: zero for both."""

    count: int = 0
    oldest: timedelta = timedelta(0)


def waits_for(state: IntentState) -> Waiting | None:
    """For what an intent in this state waits; ``None`` once it is settled."""
    match state:
        case IntentState.QUEUED | IntentState.RESERVED | IntentState.SIGNED:
            return Waiting.UNSENT
        case IntentState.BROADCAST:
            return Waiting.UNMINED
        case IntentState.MINED:
            return Waiting.UNFINALIZED
        case IntentState.FINALIZED | IntentState.FAILED:
            return None


def backlogs(found: Iterable[OpenIntents], now: datetime) -> dict[Waiting, Backlog]:
    """Every kind of waiting, also those that nothing is in."""
    told = dict.fromkeys(Waiting, Backlog())
    for each in found:
        waiting = waits_for(each.state)
        if waiting is not None:
            before = told[waiting]
            oldest = max(before.oldest, now - each.created_at)
            told[waiting] = Backlog(before.count + each.count, oldest)
    return told
