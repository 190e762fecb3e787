"""What becomes of each event, given what is stored."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.events.errors import BudgetSpent, EventConflict
from ledger.events.model import (
    AcceptEvents,
    AdmittedEvent,
    Authority,
    OnConflict,
    Outcome,
    Scalar,
    Source,
)
from ledger.events.settlement import (
    Known,
    KnownEvent,
    Settlement,
    canonical_content,
    content_digest,
    content_of,
    kept_data,
    settle,
)
from ledger.kernel.canonical import canonical_json
from ledger.kernel.clock import Instant
from ledger.members.model import IdentityKey

NOW = datetime(2026, 3, 2, 9, 59, 30, tzinfo=UTC)
ANNA, BORIS = IdentityKey("lms", "i", "anna"), IdentityKey("lms", "i", "boris")
REFERENCES = {ANNA: UUID(int=1), BORIS: UUID(int=2)}
SOURCE = Source(UUID(int=9), "https://lms", "lms", "bearer", "active", Authority(), 30, 5)


def event(event_id: str = "e1", **changes: Any) -> AdmittedEvent:
    whole = AdmittedEvent(event_id, "lms.section.read", True, Instant(5), False, ANNA, {}, {})
    return whole._replace(**changes)


def known(*events: AdmittedEvent, **changes: Any) -> Known:
    stored = {
        (SOURCE.uri, one.id): KnownEvent(UUID(int=100 + place), content_digest(one, REFERENCES))
        for place, one in enumerate(events)
    }
    return replace(Known(stored, {}, REFERENCES, {}), **changes)


def _ids() -> Iterator[UUID]:
    return (UUID(int=number) for number in itertools.count(1_000))


def settled(state: Known, *commands: AcceptEvents) -> Settlement:
    ids = _ids()
    return settle(commands, state, NOW, lambda: next(ids))


def statuses(answer: object) -> list[str]:
    assert isinstance(answer, list)
    assert all(isinstance(one, Outcome) for one in answer)
    return [one.status for one in answer]


def test_new_known_and_changed() -> None:
    events = [event("a"), event("b"), event("b", subject=BORIS), event("c")]
    command = AcceptEvents(SOURCE, events, OnConflict.REPORT)
    found = settled(known(event("a"), event("c", values={"x": 1})), command)
    assert statuses(found.answers[0]) == ["duplicate", "accepted", "conflict", "conflict"]
    assert [fact.event.id for fact in found.facts] == ["b"]
    assert len(found.conflicts) == 2


def test_an_identity_nobody_has_seen_is_other_content() -> None:
    stranger = event("a", subject=IdentityKey("lms", "i", "stranger"))
    found = settled(known(event("a")), AcceptEvents(SOURCE, [stranger]))
    assert isinstance(found.answers[0], EventConflict)


def test_a_refused_batch_leaves_its_ids_to_others() -> None:
    refused = AcceptEvents(SOURCE, [event("b"), event("a", subject=BORIS)])
    other = AcceptEvents(SOURCE, [event("b", subject=BORIS)])
    found = settled(known(event("a")), refused, other)
    assert isinstance(found.answers[0], EventConflict)
    assert found.answers[0].operands == {"id": "a", "index": 1}
    assert statuses(found.answers[1]) == ["accepted"]
    assert [fact.event.subject for fact in found.facts] == [BORIS]


def test_a_budget_counts_what_is_new_across_the_group() -> None:
    spent = known(event("a"), accepted_this_hour={SOURCE.uri: 3})
    two = AcceptEvents(SOURCE, [event("a"), event("b"), event("c")])
    one = AcceptEvents(SOURCE, [event("d")])
    again = AcceptEvents(SOURCE, [event("b")])
    free = AcceptEvents(SOURCE, [event("z")], budgeted=False)
    found = settled(spent, two, one, again, free)
    assert statuses(found.answers[0]) == ["duplicate", "accepted", "accepted"]
    assert isinstance(found.answers[1], BudgetSpent)
    assert found.answers[1].operands == {"limit_events": 5, "retry_after_s": 30}
    assert statuses(found.answers[2]) == ["duplicate"]
    assert statuses(found.answers[3]) == ["accepted"]


def test_plain_retractions_are_decided_for_their_target() -> None:
    taken = event("r", type="activity.retracted", subject=None, values={"id": "e9"})
    found = settled(known(), AcceptEvents(SOURCE, [taken]))
    assert [(one.target, one.retracted_by) for one in found.retractions] == [("e9", "r")]


@pytest.mark.parametrize(
    "changes",
    [
        {"type": "lms.section.seen"},
        {"occurred": Instant(5, "000000000000000000001")},
        {"subject": BORIS},
        {"subject": None},
        {"identities": {"owner": BORIS}},
        {"values": {"x": "4.5"}},
        {"values": {"x": True}},
        {"values": {"x": 1}},
    ],
)
def test_every_part_of_the_content_counts(changes: Mapping[str, Any]) -> None:
    whole = event(values={"x": Decimal("4.5")})
    changed = whole._replace(**changes)
    assert content_digest(whole, REFERENCES) != content_digest(changed, REFERENCES)
    assert not whole.says_the_same(changed)


def test_equal_decimals_are_the_same_content() -> None:
    one, other = (event(values={"x": Decimal(text)}) for text in ("4.50", "4.5"))
    assert content_digest(one, REFERENCES) == content_digest(other, REFERENCES)
    assert one.says_the_same(other)


def test_a_keyed_hash_is_no_content() -> None:
    """The same event with another key, or first sent before devices were kept, is the same."""
    bare = event("1", values={"section": 7})
    told = event("1", values={"section": 7, "device": f"keyed_{'0' * 64}"})
    assert content_digest(bare, REFERENCES) == content_digest(told, REFERENCES)


def test_no_subject_can_be_tried_against_what_is_kept() -> None:
    content = canonical_content(content_of(event(identities={"owner": BORIS}), REFERENCES))
    assert b"anna" not in content
    assert b"boris" not in content
    assert "boris" not in str(kept_data(event(identities={"owner": BORIS}), REFERENCES))


TEXTS = st.text(st.characters(min_codepoint=32, exclude_categories=["Cs"]), max_size=12)
VALUES: st.SearchStrategy[Scalar] = (
    TEXTS
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.booleans()
    | st.decimals(allow_nan=False, allow_infinity=False, places=3, min_value=-9, max_value=9)
)


@given(st.dictionaries(st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True), VALUES, max_size=6))
def test_the_quick_canonical_form_is_rfc_8785(values: dict[str, Scalar]) -> None:
    content = content_of(event(values=values, identities={"owner": BORIS}), REFERENCES)
    assert canonical_content(content) == canonical_json(content)
