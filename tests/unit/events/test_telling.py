"""What scoring is told of new facts, and what it makes of it."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import pytest

from ledger.events.model import AdmittedEvent
from ledger.events.settlement import NewFact
from ledger.events.telling import News, news_of, told_of
from ledger.kernel.canonical import Json
from ledger.kernel.clock import Instant
from ledger.kernel.outbox import OutboxRow
from ledger.members.model import IdentityKey

ANN, BOB, NOBODY = (IdentityKey("lms", "https://lms.example", name) for name in "abn")
REFERENCES = {ANN: UUID(int=1), BOB: UUID(int=2), NOBODY: UUID(int=3)}
LINKED = {UUID(int=1): UUID(int=11), UUID(int=2): UUID(int=12)}
EARLY, LATE = Instant.parse("2026-03-02T09:00:00Z"), Instant.parse("2026-03-02T09:00:00.5Z")


def fact(number: int, occurred: Instant, subject: IdentityKey, **named: IdentityKey) -> NewFact:
    event = AdmittedEvent(
        id=str(number),
        type="a.done",
        occurred=occurred,
        subject=subject,
        identities=named,
        values={},
        recognised=True,
        time_is_ours=False,
    )
    return NewFact(UUID(int=number), "lms", event)


def row(payload: Json) -> OutboxRow:
    return OutboxRow(1, "score", "ann", payload, datetime(2026, 3, 2, tzinfo=UTC))


def test_each_member_is_told_of_the_earliest_and_the_lowest() -> None:
    facts = [fact(8, EARLY, ANN, owner=BOB), fact(7, LATE, ANN), fact(9, LATE, NOBODY)]
    told = told_of(facts, REFERENCES, LINKED)
    assert told.keys() == {UUID(int=11), UUID(int=12)}
    assert news_of([row(told[UUID(int=11)])]) == News(EARLY, UUID(int=7))
    assert news_of([row(told[UUID(int=12)])]) == News(EARLY, UUID(int=8))
    both = [row(told[UUID(int=12)]), row(told[UUID(int=11)])]
    assert news_of(both) == News(EARLY, UUID(int=7))


@pytest.mark.parametrize(
    "other", [None, {}, {"since": "2026-03-02T09:00:00Z"}, {"since": 1, "first": 2}, "all"]
)
def test_who_does_not_say_makes_everything_doubtful(other: Json) -> None:
    said = told_of([fact(1, EARLY, ANN)], REFERENCES, LINKED)[UUID(int=11)]
    assert news_of([row(said), row(other)]) is None


def test_nothing_told_is_no_news() -> None:
    assert news_of([]) is None
