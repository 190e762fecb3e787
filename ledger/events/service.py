"""Accepting events: each stored once, for ever, and the members they touch scored again.

Set-based: a group of commands is a fixed number of statements in one transaction, whatever its
size. Says nothing of points: only that a member's facts changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from ledger.events.accepting import store
from ledger.events.listing import store as listing
from ledger.events.model import (
    REFERENCE_PREFIX,
    AcceptEvents,
    AdmittedEvent,
    FactlessDelivery,
    Outcome,
    StoredFact,
)
from ledger.events.settlement import Known, NewRetraction, Settlement, settle
from ledger.events.telling import told_of
from ledger.kernel import outbox
from ledger.kernel.errors import VkladError
from ledger.kernel.ids import parse_id
from ledger.kernel.pipeline import Prepared
from ledger.kernel.transaction import Work
from ledger.members import service as members
from ledger.members import store as members_store
from ledger.members.model import SCORE_TOPIC, IdentityKey

_REFERENCE_START: Final = f"{REFERENCE_PREFIX}_"


def accept_events(work: Work, command: AcceptEvents) -> list[Outcome]:
    """Store one sender's events.

    Raises:
        EventConflict, BudgetSpent: nothing is stored; the conflict is not recorded either, because
            the transaction is rolled back. Senders come through :func:`accept_many`.
    """
    (answer,) = accept_many(work, [command])
    if isinstance(answer, VkladError):
        raise answer
    return answer


def accept_many(work: Work, commands: Sequence[AcceptEvents]) -> list[list[Outcome] | VkladError]:
    """Store the events of several senders; for each, what became of them or why none is stored.

    A refused command leaves no trace but the conflict that admins see. The step of a
    ``MicroBatcher``.
    """
    takes_back = any(event.retracts() or event.step for one in commands for event in one.events)
    alone, shared = members_store.MEMBERSHIP_ALONE, members_store.MEMBERSHIP_SHARED
    looked_up = _look_up(work, commands, alone if takes_back else shared)
    settlement = settle(commands, looked_up.known, work.now, lambda: work.ids.new(work.now))
    references = dict(looked_up.known.references)
    if settlement.facts:
        references |= _write(work, settlement, looked_up)
    if settlement.conflicts:
        listing.insert_conflicts(work, settlement.conflicts, references)
    return settlement.answers


def note_delivery(work: Work, delivery: FactlessDelivery) -> None:
    """Show admins a delivery that left no fact, and why."""
    listing.insert_delivery(work, delivery)


def participants(fact: StoredFact) -> dict[str, UUID]:
    """Who takes part in a fact, by role: ``subject``, or the field of ``data`` that names them."""
    named = {
        name: parse_id(REFERENCE_PREFIX, value)
        for name, value in fact.data.items()
        if isinstance(value, str) and value.startswith(_REFERENCE_START)
    }
    return named if fact.subject_reference is None else {"subject": fact.subject_reference, **named}


def members_of_facts(work: Work, facts: Iterable[StoredFact]) -> dict[UUID, UUID]:
    """Reference → member id, for every linked identity in these facts."""
    named: dict[int, UUID] = {}  # Numbers are compared several times quicker than ids.
    for fact in facts:
        subject = fact.subject_reference
        if subject is not None:
            named[subject.int] = subject
        for value in fact.data.values():
            if isinstance(value, str) and value.startswith(_REFERENCE_START):
                reference = parse_id(REFERENCE_PREFIX, value)
                named[reference.int] = reference
    return members.members_of(work, named.values())


@dataclass(frozen=True, slots=True)
class _LookedUp:
    """What is stored of what the commands name; ``linked``: reference → member id.

    ``budgets``: events an hour of the sources whose every command counts against it.
    """

    known: Known
    linked: Mapping[UUID, UUID]
    budgets: Mapping[str, int]


def _look_up(work: Work, commands: Sequence[AcceptEvents], lock: Prepared) -> _LookedUp:
    stated = [(command.source.uri, event) for command in commands for event in command.events]
    objects = sorted({(uri, event.step.object_id) for uri, event in stated if event.step})
    asked = store.Asked(
        events=sorted({(uri, event.id) for uri, event in stated}),
        identities=_identity_keys(event for _, event in stated),
        sources=sorted({command.source.uri for command in commands if command.budgeted}),
    )
    found = store.look_up(work, lock, asked)
    identities = found.identities
    known = Known(
        events=found.events,
        objects=store.object_histories(work, objects) if objects else {},
        references={key: identity.reference for key, identity in identities.items()},
        accepted_this_hour=found.accepted_this_hour,
    )
    linked = {
        identity.reference: identity.member_id
        for identity in identities.values()
        if identity.member_id is not None
    }
    free = {command.source.uri for command in commands if not command.budgeted}
    budgets = {
        command.source.uri: command.source.hourly_budget
        for command in commands
        if command.source.uri not in free
    }
    return _LookedUp(known, linked, budgets)


def _write(work: Work, settlement: Settlement, looked_up: _LookedUp) -> dict[IdentityKey, UUID]:
    """Store the new facts in one order for everybody, so that two writers cannot deadlock."""
    facts = sorted(settlement.facts, key=lambda fact: (fact.source, fact.event.id))
    named = _identity_keys(fact.event for fact in facts)
    references = dict(looked_up.known.references)
    missing = [key for key in named if key not in references]
    if missing:
        references |= members.references_of(work, missing)
    # Whom a reference named here just now is nobody's: the membership's lock keeps links out.
    told = told_of(facts, references, looked_up.linked)
    if settlement.retractions:  # What they take back may be older than any of these facts.
        told = dict.fromkeys(told)
    written = store.write(work, facts, references, told)
    over = written.accepted_this_hour
    if written.stored < len(facts) or any(
        over.get(uri, 0) > budget for uri, budget in looked_up.budgets.items()
    ):
        store.start_again(
            work
        )  # Others stated meanwhile: the next look tells what, and who is over.
    with_body = [fact for fact in facts if fact.event.body is not None]
    if with_body:
        store.insert_bodies(work, with_body)
    if settlement.retractions:
        _take_back(work, settlement.retractions, told.keys())
    return references


def _take_back(work: Work, retractions: Sequence[NewRetraction], told: AbstractSet[UUID]) -> None:
    """Store retractions, and ask for the scoring of members who are not told yet."""
    store.insert_retractions(work, retractions)
    targets = sorted({(one.source, one.target) for one in retractions})
    others = set(store.members_taking_part(work, targets)) - told
    outbox.put_many(work, SCORE_TOPIC, [(str(member_id), None) for member_id in sorted(others)])


def _identity_keys(events: Iterable[AdmittedEvent]) -> list[IdentityKey]:
    return sorted({key for event in events for key in event.identity_keys()})
