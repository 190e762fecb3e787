"""What scoring is told of new facts: from when on they are.

Accepting events says of each member the time of the earliest; everybody else who asks for scoring
says nothing, and then anything may have changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from ledger.events.settlement import NewFact
from ledger.kernel.canonical import Json
from ledger.kernel.clock import Instant
from ledger.kernel.outbox import OutboxRow
from ledger.members.model import IdentityKey

_SINCE = "since"


def told_of(
    facts: Iterable[NewFact],
    references: Mapping[IdentityKey, UUID],
    linked: Mapping[UUID, UUID],
) -> dict[UUID, Json]:
    """Every linked member who takes part in these facts, with what to tell of them."""
    earliest: dict[UUID, Instant] = {}
    for fact in facts:
        occurred = fact.event.occurred
        for key in fact.event.identity_keys():
            member_id = linked.get(references[key])
            if member_id is None:
                continue
            before = earliest.get(member_id)
            if before is None or occurred < before:
                earliest[member_id] = occurred
    return {member_id: {_SINCE: time.isoformat()} for member_id, time in earliest.items()}


def since_of(rows: Sequence[OutboxRow]) -> Instant | None:
    """From when on facts are new, by all that was told; ``None`` if somebody did not say."""
    stated = [row.payload.get(_SINCE) if isinstance(row.payload, dict) else None for row in rows]
    if any(not isinstance(each, str) for each in stated):
        return None
    return min((Instant.parse(str(each)) for each in stated), default=None)
