"""Checkpoints: a fold written down some way back in a member's history, to go on from.

          frozen: as awarded          │      folded again each time
     ─────────────────────────────────┼──────────────────────────────────▶ facts
      f f f f f f f f f f f f f f f f P w w      TAIL facts and new ones
                                    H = time of the first fact that waits at P

A checkpoint is used only where nothing before it can have changed: whoever asks for scoring says
from when on facts are new, and who does not say so (links, merges, retractions, releases,
activations) makes it doubted. A doubted one is not looked at: the fold begins from nothing, and
what it leaves takes the place of the old checkpoint. So they may be dropped at any time, and
``ledger verify`` never looks at one.

What was awarded for less than H is left alone: awards are compared from H on. Nothing is written
down where an award on one side of H could belong to the other.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from importlib.metadata import version
from typing import Final
from uuid import UUID

from ledger.events import store as events_store
from ledger.events.model import StoredFact
from ledger.kernel.clock import Instant
from ledger.kernel.transaction import Work
from ledger.readiness import service as readiness
from ledger.scoring import checkpoint_store as store
from ledger.scoring.checkpoint_store import Checkpoint, Position
from ledger.scoring.model import Entitlement, EventCause, Fact, PeriodCause
from ledger.scoring.plan import Plan
from ledger.scoring.project import Mark
from ledger.scoring.state import State

FORMAT: Final = 1
"""Raised with any change in what the fold does or remembers: older checkpoints are then no use."""
TAIL: Final = 64
"""Facts that are folded again each time, so that one that comes a little late is none."""


@dataclass(frozen=True, slots=True)
class Resumed:
    """A checkpoint that holds: facts it kept, in its order, and every fact after it, in order."""

    checkpoint: Checkpoint
    kept: Sequence[StoredFact]
    after: Sequence[StoredFact]

    @property
    def states(self) -> Sequence[State]:
        """What each fold remembered."""
        states: Sequence[State] = json.loads(self.checkpoint.states)
        return states


def resumed(work: Work, plan: Plan, member_id: UUID, since: Instant | None) -> Resumed | None:
    """The member's checkpoint, if nothing before it changed: ``None`` is doubt.

    Facts of the member changed at or after ``since`` only; ``None``: nobody knows.
    """
    if since is None:
        return None
    checkpoint = store.read(work, member_id)
    if checkpoint is None or checkpoint.plan_digest != plan_digest(plan):
        return None
    position = checkpoint.position
    released_until = readiness.watermarks(work)
    if since <= position.time or any(each <= position.time for each in released_until.values()):
        return None
    kept = {fact.event_id: fact for fact in events_store.facts_by_id(work, checkpoint.kept)}
    if len(kept) < len(checkpoint.kept):
        return None
    facts = events_store.facts_of_member(work, member_id, position.time)
    after = [
        fact
        for fact in readiness.released(facts, released_until)
        if Position(fact.occurred, fact.source, fact.source_event_id) > position
    ]
    if any(fact.type in refund_types(plan) for fact in after):
        return None  # A refund reaches back to what was awarded for its purchase.
    return Resumed(checkpoint, [kept[event_id] for event_id in checkpoint.kept], after)


def place_to_mark(plan: Plan, history: Sequence[Fact], until: Iterable[Instant]) -> int | None:
    """Where in a history to write the fold down; ``None``: not worth it, or nowhere.

    ``until`` are the watermarks of sources: before the least of them all is known.
    """
    place = len(history) - TAIL
    if place < TAIL:
        return None
    refunds = refund_types(plan)
    if refunds:
        last = max((n for n, fact in enumerate(history) if fact.type in refunds), default=-1)
        place = max(place, last + 1)
    released_until = min(until, default=None)
    if released_until is not None:
        while place and history[place - 1].time >= released_until:
            place -= 1
    return place if TAIL <= place < len(history) else None


def written(
    plan: Plan,
    mark: Mark,
    facts: Sequence[Fact],
    event_id: Callable[[EventCause], UUID],
    closed_until: Instant,
) -> Checkpoint | None:
    """The checkpoint at a mark, or ``None`` where entitlements at both sides of it would mix.

    ``facts`` are those up to the mark, the ones that an earlier checkpoint kept among them.
    """
    position = Position(facts[-1].time, facts[-1].source, facts[-1].id)
    earliest = mark.book.earliest
    horizon = position.time if earliest is None else min(earliest, position.time)
    first = horizon.floor_datetime()
    if any(not _is_settled(each, first, closed_until) for each in mark.done):
        return None
    if any(each.key in mark.later for each in mark.done):
        return None
    remembered = _attribute_types(plan) | refund_types(plan)
    numbers = mark.book.kept
    for fact in facts:
        if fact.type in remembered:
            numbers.setdefault(fact.cause, len(numbers))
    return Checkpoint(
        plan_digest=plan_digest(plan),
        position=position,
        horizon=first,
        kept=[event_id(cause) for cause in numbers],
        states=json.dumps(mark.states, separators=(",", ":"), ensure_ascii=False),
    )


@lru_cache(maxsize=8)
def plan_digest(plan: Plan) -> bytes:
    """SHA-256 over all that the fold does depends on, facts aside; calendars of zones among it."""
    stated = json.dumps([FORMAT, version("tzdata"), _versions(plan)], separators=(",", ":"))
    return hashlib.sha256(stated.encode()).digest()


@lru_cache(maxsize=8)
def refund_types(plan: Plan) -> frozenset[str]:
    """Types of events that take back of earlier awards."""
    return frozenset(
        reduction.on
        for each in (plan, *plan.top_ups)
        for one in each.versions
        for reduction in one.programme.reductions
    )


@lru_cache(maxsize=8)
def _attribute_types(plan: Plan) -> frozenset[str]:
    return frozenset().union(*(each.attribute_types for each in (plan, *plan.top_ups)))


def _versions(plan: Plan) -> list[object]:
    stated = [
        [each.programme.hash_text, each.effective_at.seconds, each.effective_at.fraction]
        for each in plan.versions
    ]
    return [stated, [_versions(each) for each in plan.top_ups]]


def _is_settled(each: Entitlement, first: datetime, closed_until: Instant) -> bool:
    """Whether it was awarded and lies before all that comes."""
    if isinstance(each.cause, PeriodCause) and each.earned_at > closed_until:
        return False
    return each.earned_at.floor_datetime() < first
