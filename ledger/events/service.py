"""Accepting events: each stored once, for ever, and the members they touch scored again.

Set-based: a group of commands is a fixed number of statements in one transaction, whatever its
size. Says nothing of points: only that a member's facts changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
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
from ledger.events.settlement import Known, Settlement, settle
from ledger.kernel import outbox
from ledger.kernel.errors import VkladError
from ledger.kernel.ids import parse_id
from ledger.kernel.transaction import Work
from ledger.members import service as members
from ledger.members import store as members_store
from ledger.members.model import SCORE_TOPIC, IdentityKey


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
    if takes_back:
        members_store.lock_membership(work)
    else:
        members_store.lock_membership_shared(work)
    looked_up = _look_up(work, commands)
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
        if isinstance(value, str) and value.startswith(f"{REFERENCE_PREFIX}_")
    }
    return named if fact.subject_reference is None else {"subject": fact.subject_reference, **named}


def members_of_facts(work: Work, facts: Iterable[StoredFact]) -> dict[UUID, UUID]:
    """Reference → member id, for every linked identity in these facts."""
    return members.members_of(work, {ref for fact in facts for ref in participants(fact).values()})


@dataclass(frozen=True, slots=True)
class _LookedUp:
    """What is stored of what the commands name; ``linked``: reference → member id.

    ``budgets``: events an hour of the sources whose every command counts against it.
    """

    known: Known
    linked: Mapping[UUID, UUID]
    budgets: Mapping[str, int]


def _look_up(work: Work, commands: Sequence[AcceptEvents]) -> _LookedUp:
    stated = [(command.source.uri, event) for command in commands for event in command.events]
    keys = sorted({(uri, event.id) for uri, event in stated})
    objects = sorted({(uri, event.step.object_id) for uri, event in stated if event.step})
    named = _identity_keys(event for _, event in stated)
    budgeted = {command.source.uri for command in commands if command.budgeted}
    # Events before identities: of an event seen here, every identity is seen then.
    events = store.known_events(work, keys)
    identities = store.known_identities(work, named) if named else {}
    known = Known(
        events=events,
        objects=store.object_histories(work, objects) if objects else {},
        references={key: identity.reference for key, identity in identities.items()},
        accepted_this_hour=store.accepted_this_hour(work, budgeted) if budgeted else {},
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
    if store.insert_facts(work, facts, references) < len(facts):
        store.start_again(work)
    store.insert_participants(work, facts, references)
    if settlement.retractions:
        store.insert_retractions(work, settlement.retractions)
    with_body = [fact for fact in facts if fact.event.body is not None]
    if with_body:
        store.insert_bodies(work, with_body)
    counted = store.count_accepted(work, facts)
    if any(counted.get(uri, 0) > budget for uri, budget in looked_up.budgets.items()):
        store.start_again(work)  # Others stated meanwhile: the next look tells who is over.
    # Whom a reference named here just now is nobody's: the membership's lock keeps links out.
    touched = {looked_up.linked.get(references[key]) for key in named}
    if settlement.retractions:
        targets = {(one.source, one.target) for one in settlement.retractions}
        touched |= set(store.members_taking_part(work, sorted(targets)))
    told = sorted(member_id for member_id in touched if member_id is not None)
    outbox.put_many(work, SCORE_TOPIC, [(str(member_id), None) for member_id in told])
    return references


def _identity_keys(events: Iterable[AdmittedEvent]) -> list[IdentityKey]:
    return sorted({key for event in events for key in event.identity_keys()})
