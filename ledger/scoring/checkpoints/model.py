"""A checkpoint, where to make one and what it is made of. Pure."""

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

from ledger.events.model import StoredFact
from ledger.kernel.clock import Instant
from ledger.programme.model import Programme
from ledger.programme.model_commerce import Reduction
from ledger.scoring.model import Entitlement, EventCause, Fact, PeriodCause
from ledger.scoring.plan import Plan
from ledger.scoring.project import Mark
from ledger.scoring.reductions import order_of

FORMAT: Final = 2
"""Raised with any change in what the fold does or remembers: older checkpoints are then no use."""
TAIL: Final = 64
"""Facts that are folded again each time, so that one that comes a little late is none."""


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A fact's place in the order of facts."""

    time: Instant
    source: str
    id: str


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What the folds of a plan remembered after the fact at ``position``.

    ``kept`` are the facts of which they go on to speak; awards earned before ``horizon`` are no
    more theirs. No fact of the member that was scored, and comes after ``position``, has an id
    below ``first_after``. ``states`` is JSON, one state for each fold.
    """

    plan_digest: bytes
    position: Position
    horizon: datetime
    kept: Sequence[UUID]
    first_after: UUID
    states: str


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
    later: Sequence[Fact],
    *,
    event_id: Callable[[EventCause], UUID],
    closed_until: Instant,
) -> Checkpoint | None:
    """The checkpoint at a mark, or ``None`` where entitlements at both sides of it would mix.

    ``facts`` are those up to the mark, the ones that an earlier checkpoint kept among them, and
    ``later`` those after it, one at least.
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
        first_after=min(event_id(fact.cause) for fact in later),
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


def reaches_back(
    plan: Plan, kept: Sequence[Fact | StoredFact], after: Sequence[Fact | StoredFact]
) -> bool:
    """Whether facts after a checkpoint, or that wait at it, and awards before it are bound up.

    A refund takes back of earlier awards. And of an order that was refunded before, earlier awards
    say what is left of the refunds for later payments: ``kept`` has those refunds.
    """
    if any(fact.type in refund_types(plan) for fact in after):
        return True
    known = [*kept, *after]
    return any(
        _is_paid_again(one.programme, reduction, known)
        for each in (plan, *plan.top_ups)
        for one in each.versions
        for reduction in one.programme.reductions
    )


def _is_paid_again(
    programme: Programme, reduction: Reduction, known: Sequence[Fact | StoredFact]
) -> bool:
    orders = {order_of(fact, reduction.key) for fact in known if fact.type == reduction.on}
    orders.discard(None)
    paid = {on for rule in reduction.rules for on in programme.rule(rule).on}
    return bool(orders) and any(
        fact.type in paid and order_of(fact, reduction.key) in orders for fact in known
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
