"""From facts as they are stored to entitlements keyed as awards are, of one member.

The one place where stored facts meet the pure fold: from nothing, or from a checkpoint on.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final
from uuid import UUID

from ledger.events import service as events
from ledger.events import store as events_store
from ledger.events.model import StoredFact
from ledger.kernel.clock import Instant
from ledger.kernel.ids import format_id
from ledger.kernel.transaction import Work
from ledger.programme import store as programmes_store
from ledger.readiness import service as readiness
from ledger.readiness.service import Watermarks
from ledger.scoring.checkpoints.model import Checkpoint, place_to_mark, written
from ledger.scoring.checkpoints.service import Resumed
from ledger.scoring.left import Left, left
from ledger.scoring.model import FROM_THE_BEGINNING, Entitlement, EventCause, Fact
from ledger.scoring.plan import Plan
from ledger.scoring.project import Start, entitled, history_of, run
from ledger.scoring.store import AwardKey

NOBODY_ELSE: Final[Mapping[UUID, UUID]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Projection:
    """What a member is entitled to now, keyed as awards are."""

    entitlements: Mapping[AwardKey, Entitlement]


@dataclass(frozen=True, slots=True)
class Advanced:
    """What a member is entitled to, as far as it may differ from what was awarded.

    ``checkpoint`` may be kept once awards are equal to it: ``frozen`` will then be left alone.
    """

    entitlements: Mapping[AwardKey, Entitlement]
    checkpoint: Checkpoint | None
    frozen: Sequence[AwardKey]


class _Known:
    """Facts of a member and whose the identities in them are."""

    def __init__(
        self,
        work: Work,
        member_id: UUID,
        facts: Sequence[StoredFact],
        as_if: Mapping[UUID, UUID] = NOBODY_ELSE,
    ) -> None:
        self.member = str(member_id)
        self.resolve = {
            format_id("idn", reference): str(member)
            for reference, member in {**events.members_of_facts(work, facts), **as_if}.items()
        }
        self.facts = scoring_facts(facts)
        self._ids = {(fact.source, fact.source_event_id): fact.event_id for fact in facts}

    def event_id(self, cause: EventCause) -> UUID:
        return self._ids[cause.source, cause.id]

    def key(self, entitlement: Entitlement) -> AwardKey:
        cause = entitlement.cause
        if isinstance(cause, EventCause):
            return AwardKey(entitlement.rule, self.event_id(cause), None)
        return AwardKey(entitlement.rule, None, cause.period)

    def by_key(self, entitlements: Iterable[Entitlement]) -> dict[AwardKey, Entitlement]:
        return {self.key(each): each for each in entitlements}


def projection(
    work: Work,
    plan: Plan,
    member_id: UUID,
    facts: Sequence[StoredFact],
    as_if: Mapping[UUID, UUID] = NOBODY_ELSE,
) -> Projection:
    """What these facts entitle a member to, those that their sources have released, from nothing.

    ``as_if`` names identities (by reference) to be taken for another member's than they are.
    """
    known = _Known(work, member_id, readiness.released_facts(work, facts), as_if)
    history = history_of(plan, known.member, known.facts, known.resolve)
    found = entitled(plan, known.member, history, closed_until(work), known.resolve)
    return Projection(known.by_key(found))


def what_is_left(work: Work, plan: Plan, member_id: UUID) -> Left:
    """What limits and caps leave a member now, from the facts that their sources have released."""
    known = _Known(
        work,
        member_id,
        readiness.released_facts(work, events_store.facts_of_member(work, member_id)),
    )
    history = history_of(plan, known.member, known.facts, known.resolve)
    return left(
        plan,
        known.member,
        history,
        Instant.of(work.now),
        closed_until=closed_until(work),
        resolve=known.resolve,
    )


def advanced(
    work: Work, plan: Plan, member_id: UUID, start: Resumed | None, released_until: Watermarks
) -> Advanced:
    """What a member is entitled to, from a checkpoint on or from nothing, and the next one."""
    if start is None:
        facts = readiness.released(events_store.facts_of_member(work, member_id), released_until)
        known = _Known(work, member_id, facts)
        kept, later, begin = [], known.facts, None
    else:
        known = _Known(work, member_id, [*start.kept, *start.after])
        kept, later = known.facts[: len(start.kept)], known.facts[len(start.kept) :]
        begin = Start(start.states, kept)
    history = history_of(plan, known.member, later, known.resolve)
    place = place_to_mark(plan, history, released_until.values())
    until = closed_until(work)
    done = run(plan, known.member, history, until, known.resolve, start=begin, mark_at=place)
    checkpoint, frozen = None, []
    if done.mark is not None:
        before = [*kept, *history[:place]]
        after = history[place:]
        checkpoint = written(
            plan, done.mark, before, after, event_id=known.event_id, closed_until=until
        )
        frozen = [known.key(each) for each in done.mark.done]
    return Advanced(known.by_key(done.entitlements), checkpoint, frozen)


def closed_until(work: Work) -> Instant:
    """Up to when periods are closed; before the first close, from the beginning."""
    moment = programmes_store.closed_until(work)
    return FROM_THE_BEGINNING if moment is None else Instant.of(moment)


def scoring_fact(fact: StoredFact) -> Fact:
    """A stored fact as scoring sees it; identities are ``idn_…`` texts, numbers exact."""
    return scoring_facts([fact])[0]


def scoring_facts(facts: Iterable[StoredFact]) -> list[Fact]:
    """As :func:`scoring_fact`, of many: most are by the same few identities."""
    texts: dict[int, str] = {}
    found = []
    for _, source, event_id, kind, reference, occurred, content in facts:
        subject = None
        if reference is not None:
            subject = texts.get(reference.int)
            if subject is None:
                subject = texts[reference.int] = format_id("idn", reference)
        found.append(Fact(source, event_id, kind, subject, occurred, content))
    return found
