"""Checkpoints: a fold written down some way back in a member's history, to go on from.

          frozen: as awarded          │      folded again each time
     ─────────────────────────────────┼──────────────────────────────────▶ facts
      f f f f f f f f f f f f f f f f P w w      TAIL facts and new ones
                                    H = time of the first fact that waits at P

A checkpoint is used only where nothing before it can have changed: who accepts events says from
when on facts are new, and whoever asks for scoring and does not say so (links, merges, retractions,
releases, activations) makes it doubted. A doubted one is not looked at: the fold begins from
nothing, and what it leaves takes the place of the old checkpoint. So they may be dropped at any
time, and ``ledger verify`` never looks at one.

What was awarded for less than H is left alone: awards are compared from H on. Nothing is written
down where an award on one side of H could belong to the other.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from ledger.events import store as events_store
from ledger.events.model import StoredFact
from ledger.events.telling import News
from ledger.kernel.transaction import Work
from ledger.readiness import service as readiness
from ledger.readiness.service import Watermarks
from ledger.scoring.checkpoints import store
from ledger.scoring.checkpoints.model import Checkpoint, Position, plan_digest, reaches_back
from ledger.scoring.plan import Plan
from ledger.scoring.state import State


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


def resumed(
    work: Work, plan: Plan, member_id: UUID, news: News | None, released_until: Watermarks
) -> Resumed | None:
    """The member's checkpoint, if nothing before it changed. One that is in doubt is dropped.

    Nothing but ``news`` changed of the member's facts; ``None``: nobody knows.
    """
    if news is None:
        store.drop(work, member_id)
        return None
    checkpoint = store.read(work, member_id)
    if checkpoint is None:
        return None
    start = _resumed(work, plan, member_id, checkpoint, _Now(news, released_until))
    if start is None:
        store.drop(work, member_id)
    return start


@dataclass(frozen=True, slots=True)
class _Now:
    """What may have changed of a member's facts, and up to when facts are released."""

    news: News
    released_until: Watermarks


def _resumed(
    work: Work, plan: Plan, member_id: UUID, checkpoint: Checkpoint, now: _Now
) -> Resumed | None:
    if checkpoint.plan_digest != plan_digest(plan):
        return None
    position = checkpoint.position
    if any(each <= position.time for each in (now.news.since, *now.released_until.values())):
        return None
    kept = {fact.event_id: fact for fact in events_store.facts_by_id(work, checkpoint.kept)}
    if len(kept) < len(checkpoint.kept):
        return None
    first = min(now.news.first, checkpoint.first_after)
    facts = events_store.facts_of_member(work, member_id, first)
    after = [
        fact
        for fact in readiness.released(facts, now.released_until)
        if Position(fact.occurred, fact.source, fact.source_event_id) > position
    ]
    kept_in_order = [kept[event_id] for event_id in checkpoint.kept]
    if reaches_back(plan, kept_in_order, after):
        return None
    if first < checkpoint.first_after:
        store.set_first_after(work, member_id, first)
    return Resumed(checkpoint, kept_in_order, after)
