"""Who guards, and what was stopped by whom, from the events that were read: no node is asked.

A cancellation's event does not say who did it. After the snapshot only the guardian can; before,
the proposer can as well, and then it is told as either's.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from ledger.kernel.transaction import Work
from oracle.bindings import points_bridge, vkl_governor
from oracle.contracts.abi import Address
from oracle.guardian import store
from oracle.guardian.model import BRIDGE, GOVERNOR, Office, moment_of
from oracle.indexer import store as indexer_store
from oracle.indexer.model import ChainEvent

APPOINTMENTS_MAX: Final = 1_000
"""Appointments of one contract's guardian that are read; a term lasts weeks at least."""
VETOES_MAX: Final = 1_000
"""Newest vetoes among which a batch's is looked for."""
DEEDS_MAX: Final = 1_000
"""Newest deeds among which those of one transaction are looked for."""
_APPOINTED: Final = {BRIDGE: "GuardianSet", GOVERNOR: "ProposalGuardianTermSet"}
_KINDS: Final = (
    (BRIDGE, "Paused"),
    (BRIDGE, "Unpaused"),
    (BRIDGE, "BatchVetoed"),
    (BRIDGE, "GuardianSet"),
    (GOVERNOR, "ProposalCanceled"),
    (GOVERNOR, "ProposalGuardianTermSet"),
)
_SNAPSHOT_WORD: Final = 6
"""Place of ``voteStart`` among the words at the head of ``ProposalCreated``."""


class DeedKind(StrEnum):
    """What was done."""

    PAUSED = "paused"
    UNPAUSED = "unpaused"
    VETOED = "vetoed"
    CANCELLED = "cancelled"
    APPOINTED = "appointed"


class Actor(StrEnum):
    """Who did it."""

    GUARDIAN = "guardian"
    WATCHER = "watcher"
    PROPOSER_OR_GUARDIAN = "proposer_or_guardian"
    VOTE = "vote"
    """The members' timelock; the first guardian was named when the contracts were made."""


@dataclass(frozen=True, slots=True)
class Deed:
    """One thing that was stopped or started, or a guardian's term that began.

    ``account``: of whoever did it, or of the guardian who was appointed; ``None`` of a vote.
    """

    kind: DeedKind
    actor: Actor
    account: Address | None
    contract: str
    block_number: int
    at: datetime
    transaction_hash: bytes
    is_final: bool
    batch: int | None = None
    points: int | None = None
    proposal_id: int | None = None
    term_ends_at: datetime | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Guard:
    """Who guards which contract, and since which deed the bridge is paused, if it is."""

    offices: tuple[Office, ...]
    paused: Deed | None


def guard(work: Work) -> Guard:
    """As the chain has it as far as it was read."""
    known = indexer_store.chain_in_use(work)
    if known is None:
        return Guard((), None)
    offices = []
    for contract, name in _APPOINTED.items():
        newest = indexer_store.newest_events(work, known.chain_key, [(contract, name)], 1)
        offices += [_office(event) for event in newest]
    switched = indexer_store.newest_events(
        work, known.chain_key, [(BRIDGE, "Paused"), (BRIDGE, "Unpaused")], 1
    )
    paused = [event for event in switched if event.name == "Paused"]
    told = _told(work, known.chain_key, paused)
    return Guard(tuple(offices), told[0] if told else None)


def deeds(work: Work, limit: int) -> list[Deed]:
    """What was done, newest first."""
    known = indexer_store.chain_in_use(work)
    if known is None:
        return []
    return _told(
        work, known.chain_key, indexer_store.newest_events(work, known.chain_key, _KINDS, limit)
    )


def vetoes(work: Work, sequences: Collection[int]) -> Mapping[int, Deed]:
    """The vetoes of these batches, by batch."""
    known = indexer_store.chain_in_use(work)
    if known is None or not sequences:
        return {}
    kinds = [(BRIDGE, "BatchVetoed")]
    events = [
        event
        for event in indexer_store.newest_events(work, known.chain_key, kinds, VETOES_MAX)
        if points_bridge.BatchVetoed.of(event).sequence in sequences
    ]
    return {deed.batch: deed for deed in _told(work, known.chain_key, events) if deed.batch}


def cancellation(work: Work, proposal_id: int) -> Deed | None:
    """Who cancelled a proposal, if somebody did."""
    known = indexer_store.chain_in_use(work)
    if known is None:
        return None
    name = "ProposalCanceled"
    events = indexer_store.events_about(work, known.chain_key, GOVERNOR, name, [proposal_id])
    told = _told(work, known.chain_key, events)
    return told[0] if told else None


def deeds_in(work: Work, transaction_hash: bytes) -> list[Deed]:
    """What was done in one transaction; nothing of one that is older than the newest thousand."""
    known = indexer_store.chain_in_use(work)
    if known is None:
        return []
    newest = indexer_store.newest_events(work, known.chain_key, _KINDS, DEEDS_MAX)
    wanted = [event for event in newest if event.transaction_hash == transaction_hash]
    return _told(work, known.chain_key, wanted)


@dataclass(frozen=True, slots=True)
class _Context:
    """What telling deeds takes beside their events."""

    final: int
    appointments: Mapping[str, Sequence[ChainEvent]]
    snapshots: Mapping[int, int]
    reasons: Mapping[bytes, store.GivenReason]

    def guardian_at(self, event: ChainEvent) -> Address | None:
        """Who guarded the event's contract when it happened."""
        place = (event.block_number, event.log_index)
        before = (
            each
            for each in self.appointments[event.contract]
            if (each.block_number, each.log_index) < place
        )
        newest = next(before, None)
        return None if newest is None else _office(newest).guardian


def _told(work: Work, chain_key: int, events: Sequence[ChainEvent]) -> list[Deed]:
    if not events:
        return []
    at = indexer_store.checkpoint(work, chain_key)
    context = _Context(
        final=-1 if at is None else at.block_number_final,
        appointments={
            contract: indexer_store.newest_events(
                work, chain_key, [(contract, name)], APPOINTMENTS_MAX
            )
            for contract, name in _APPOINTED.items()
        },
        snapshots=_snapshots(work, chain_key, events),
        reasons=store.reasons(work, chain_key, {event.transaction_hash for event in events}),
    )
    return [_deed(event, context) for event in events]


def _deed(event: ChainEvent, context: _Context) -> Deed:
    given = context.reasons.get(event.transaction_hash)
    unpaused = Deed(
        kind=DeedKind.UNPAUSED,
        actor=Actor.VOTE,
        account=None,
        contract=event.contract,
        block_number=event.block_number,
        at=event.block_time,
        transaction_hash=event.transaction_hash,
        is_final=event.block_number <= context.final,
    )
    match event.name:
        case "Paused":
            by = points_bridge.Paused.of(event).by
            deed = replace(unpaused, kind=DeedKind.PAUSED, actor=Actor.GUARDIAN, account=by)
        case "BatchVetoed":
            deed = _vetoed(unpaused, event, context.guardian_at(event))
        case "ProposalCanceled":
            deed = _cancelled(unpaused, event, context)
        case "GuardianSet" | "ProposalGuardianTermSet":
            office = _office(event)
            return replace(
                unpaused,
                kind=DeedKind.APPOINTED,
                account=office.guardian,
                term_ends_at=office.term_ends_at,
            )
        case _:
            return unpaused
    return replace(deed, reason=None if given is None else given.reason)


def _vetoed(deed: Deed, event: ChainEvent, guardian: Address | None) -> Deed:
    said = points_bridge.BatchVetoed.of(event)
    return replace(
        deed,
        kind=DeedKind.VETOED,
        actor=Actor.GUARDIAN if said.by == guardian else Actor.WATCHER,
        account=said.by,
        batch=said.sequence,
        points=said.points,
    )


def _cancelled(deed: Deed, event: ChainEvent, context: _Context) -> Deed:
    proposal_id = vkl_governor.ProposalCanceled.of(event).proposal_id
    snapshot_s = context.snapshots.get(proposal_id)
    surely = snapshot_s is not None and event.block_time > moment_of(snapshot_s)
    explained = event.transaction_hash in context.reasons
    return replace(
        deed,
        kind=DeedKind.CANCELLED,
        actor=Actor.GUARDIAN if surely or explained else Actor.PROPOSER_OR_GUARDIAN,
        account=context.guardian_at(event),
        proposal_id=proposal_id,
    )


def _snapshots(work: Work, chain_key: int, events: Sequence[ChainEvent]) -> dict[int, int]:
    """When voting began on the proposals that were cancelled."""
    wanted = [
        vkl_governor.ProposalCanceled.of(event).proposal_id
        for event in events
        if event.name == "ProposalCanceled"
    ]
    if not wanted:
        return {}
    created = indexer_store.events_about(work, chain_key, GOVERNOR, "ProposalCreated", wanted)
    return {_word(event, 0): _word(event, _SNAPSHOT_WORD) for event in created}


def _word(event: ChainEvent, place: int) -> int:
    return int.from_bytes(event.payload[32 * place : 32 * place + 32], "big")


def _office(event: ChainEvent) -> Office:
    if event.contract == BRIDGE:
        there = points_bridge.GuardianSet.of(event)
        return Office(BRIDGE, there.present, moment_of(there.term_ends_at))
    here = vkl_governor.ProposalGuardianTermSet.of(event)
    return Office(GOVERNOR, here.guardian, moment_of(here.term_ends_at))
