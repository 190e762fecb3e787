"""What scoring is told of new facts: none of them is earlier than this, or has a lower id.

Accepting events says so of each member; everybody else who asks for scoring says nothing, and then
anything may have changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from ledger.events.settlement import NewFact
from ledger.kernel.canonical import Json
from ledger.kernel.clock import Instant
from ledger.kernel.outbox import OutboxRow
from ledger.members.model import IdentityKey

_SINCE = "since"
_FIRST = "first"


@dataclass(frozen=True, slots=True)
class News:
    """Facts new to scoring: when the earliest happened, and the lowest id among them."""

    since: Instant
    first: UUID

    def and_of(self, other: News) -> News:
        """Both together."""
        return News(min(self.since, other.since), min(self.first, other.first))


def told_of(
    facts: Iterable[NewFact],
    references: Mapping[IdentityKey, UUID],
    linked: Mapping[UUID, UUID],
) -> dict[UUID, Json]:
    """Every linked member who takes part in these facts, with what to tell of them."""
    found: dict[UUID, News] = {}
    for fact in facts:
        news = News(fact.event.occurred, fact.event_id)
        for key in fact.event.identity_keys():
            member_id = linked.get(references[key])
            if member_id is not None:
                before = found.get(member_id)
                found[member_id] = news if before is None else before.and_of(news)
    return {
        member_id: {_SINCE: news.since.isoformat(), _FIRST: str(news.first)}
        for member_id, news in found.items()
    }


def news_of(rows: Sequence[OutboxRow]) -> News | None:
    """All that was told together; ``None`` if somebody did not say."""
    found: News | None = None
    for row in rows:
        if not isinstance(row.payload, dict):
            return None
        since, first = row.payload.get(_SINCE), row.payload.get(_FIRST)
        if not (isinstance(since, str) and isinstance(first, str)):
            return None
        news = News(Instant.parse(since), UUID(first))
        found = news if found is None else found.and_of(news)
    return found
