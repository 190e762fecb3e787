"""Declaring syncs, and which facts are released for scoring."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from ledger.events.catalogue import may_assert
from ledger.events.model import Source, StoredFact
from ledger.events.sources import service as sources
from ledger.events.sources import store as sources_store
from ledger.kernel import outbox
from ledger.kernel.clock import Instant
from ledger.kernel.transaction import Work
from ledger.members import store as members_store
from ledger.members.model import SCORE_TOPIC
from ledger.readiness import store
from ledger.readiness.model import (
    COUNT_MAX,
    FUTURE_MAX,
    DeclareSync,
    Readiness,
    Sync,
    SyncInvalid,
    readiness,
    releases,
    watermark,
)


def declare_sync(work: Work, command: DeclareSync) -> Readiness:
    """Take note of a source's sync; if it is complete, its facts up to there are scored.

    Raises:
        UnknownSource: there is none of this name.
        SourceHasNoDoor: it is one of this program, which is always complete.
        SyncInvalid: the watermark lies ahead of our clock, or the count is none.
    """
    source = sources.require_outside(work, command.name)
    if command.complete_until > work.now + FUTURE_MAX:
        raise SyncInvalid("A source cannot be complete beyond now.", field="complete_until")
    if command.count is not None and not 0 <= command.count <= COUNT_MAX:
        raise SyncInvalid("The count is a whole number of events.", field="count")
    members_store.lock_membership_shared(work)
    store.lock_source(work, source.uri)
    before = store.last_syncs(work).get(source.uri)
    until = command.complete_until
    stored = store.count_before(work, source.uri, until)
    is_released = releases(command.status, command.count, stored)
    sync = Sync(
        source=source.uri,
        number=1 if before is None else before.number + 1,
        status=command.status,
        complete_until=until,
        stated=command.count,
        stored=stored,
        is_released=is_released,
        released_until=watermark(
            before, complete_until=until, is_released=is_released, now=work.now
        ),
        declared_at=work.now,
        declared_by=command.declared_by,
    )
    store.insert(work, sync)
    if before is not None and before.released_until < sync.released_until:
        touched = store.members_touched(work, source.uri, before.released_until)
        outbox.put_many(work, SCORE_TOPIC, [(str(member_id), None) for member_id in touched])
    return readiness(source.uri, sync, work.now)


def all_readiness(work: Work) -> dict[str, Readiness]:
    """How every source stands, by address."""
    last = store.last_syncs(work)
    return {
        source.uri: readiness(source.uri, last.get(source.uri), work.now)
        for source in sources_store.list_sources(work)
    }


def known_until(work: Work, types: Collection[str] | None = None) -> datetime | None:
    """Up to when, exclusive, everything of these types was told; without types, every act was.

    It never goes back, and what is judged for good is judged no further. ``None``: nothing is
    waited for, as no source that may state them ever declared a sync. A suspended one is waited
    for; one that may not state them any more is not.
    """
    last = store.last_syncs(work)
    if not last:
        return None
    concerned = (
        last[source.uri].released_until
        for source in sources_store.list_sources(work)
        if source.uri in last and _may_state(source, types)
    )
    return min(concerned, default=None)


def _may_state(source: Source, types: Collection[str] | None) -> bool:
    if types is None:
        return bool(source.authority.types)
    return any(may_assert(each, source.authority) for each in types)


def released_facts(work: Work, facts: Sequence[StoredFact]) -> list[StoredFact]:
    """Those of ``facts`` that scoring may look at: of each source up to its watermark.

    What was retracted is gone already: taking back waits for nothing.
    """
    return released(facts, watermarks(work))


Watermarks = Mapping[str, Instant]
"""By source; one that never declared a sync has none."""


def watermarks(work: Work) -> dict[str, Instant]:
    """Up to when each source that ever declared a sync has released its facts, exclusive."""
    return {uri: Instant.of(sync.released_until) for uri, sync in store.last_syncs(work).items()}


def released(facts: Sequence[StoredFact], until: Mapping[str, Instant]) -> list[StoredFact]:
    """As :func:`released_facts`, with watermarks read before."""
    return [
        fact for fact in facts if fact.source not in until or fact.occurred < until[fact.source]
    ]
