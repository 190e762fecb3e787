"""What setting a fact aside would do to its members: done for true, looked at, and rolled back.

So there is no second way to reckon it. Run by ``ledger.kernel.transaction.rehearse`` only.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from ledger.events.accepting import store as events
from ledger.events.model import EventSummary
from ledger.events.settlement import NewRetraction
from ledger.kernel.transaction import Work
from ledger.lots import service as lots
from ledger.lots.model import Summary
from ledger.members import store as members_store
from ledger.quarantine.service import require_undoable, taking_part
from ledger.scoring import service as scoring

_BY = "rehearsal"


@dataclass(frozen=True, slots=True)
class Effect:
    """What a person has, and would have; ``awards``: how many of theirs would change."""

    member_id: UUID
    before: Summary
    after: Summary
    awards: int


@dataclass(frozen=True, slots=True)
class Foreseen:
    """A fact, and what would become of those who take part in it, by their ids."""

    fact: EventSummary
    effects: tuple[Effect, ...]


def foresee_undoing(work: Work, event_id: UUID) -> Foreseen:
    """What would be if this fact counted no longer. Changes everything that it tells of.

    Raises:
        NothingToUndo: no such fact counts, or persons look at it already.
    """
    found = require_undoable(work, event_id)
    whose = sorted(taking_part(work, found))
    for each in whose:
        members_store.lock_member(work, each)
        scoring.score_locked(work, each)
    before = {each: lots.summary(work, each, work.now) for each in whose}
    fact = found.fact
    events.insert_retractions(work, [NewRetraction(fact.source, fact.source_event_id, _BY)])
    effects = []
    for each in whose:
        scored = scoring.score_locked(work, each)
        after = lots.summary(work, each, work.now)
        effects.append(Effect(each, before[each], after, scored.revised))
    return Foreseen(found, tuple(effects))
