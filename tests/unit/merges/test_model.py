"""What an approval of a merge is for: every part of the content, and nothing that can be erased."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from ledger.merges.model import (
    REASON_LENGTH_MAX,
    BadMergeReason,
    Merge,
    MergeState,
    check_reason,
    content_digest,
    reason_digest,
)

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)


ONE, TWO = UUID(int=1), UUID(int=2)


def a_merge(survivor: UUID = ONE, absorbed: UUID = TWO) -> Merge:
    return Merge(
        merge_id=UUID(int=7),
        survivor=survivor,
        absorbed=absorbed,
        undoes=None,
        proposed_by=UUID(int=3),
        proposed_at=AT,
        reason="one person",
        reason_digest=reason_digest(UUID(int=7), "one person"),
        content_digest=b"",
    )


@pytest.mark.parametrize(
    "change",
    [
        {"merge_id": UUID(int=8)},
        {"survivor": UUID(int=9)},
        {"absorbed": UUID(int=9)},
        {"undoes": UUID(int=9)},
        {"proposed_by": UUID(int=9)},
        {"proposed_at": AT + timedelta(microseconds=1)},
        {"reason_digest": bytes(32)},
    ],
    ids=lambda change: next(iter(change)),
)
def test_the_digest_covers_every_part(change: dict[str, object]) -> None:
    merge = a_merge()
    assert content_digest(replace(merge, **change)) != content_digest(merge)  # type: ignore[arg-type]


def test_what_comes_later_or_goes_is_not_in_it() -> None:
    merge = a_merge()
    later = replace(merge, reason=None, state=MergeState.APPROVED, decided_by=UUID(int=4))
    assert content_digest(later) == content_digest(merge)


def test_what_undoes_a_merge_is_a_split() -> None:
    assert not a_merge().is_split
    assert replace(a_merge(), undoes=UUID(int=9)).is_split


def test_the_digest_tells_of_which_merge_a_split_is() -> None:
    splits = [replace(a_merge(), undoes=UUID(int=number)) for number in (8, 9)]
    assert content_digest(splits[0]) != content_digest(splits[1])


@pytest.mark.parametrize("said", ["x", "x" * REASON_LENGTH_MAX, f"  {'x' * REASON_LENGTH_MAX} "])
def test_a_reason_is_kept_without_blanks_around_it(said: str) -> None:
    assert check_reason(said) == said.strip()


@pytest.mark.parametrize("reason", ["", "  ", "a\nb", "x" * (REASON_LENGTH_MAX + 1)])
def test_a_reason_that_nobody_could_read(reason: str) -> None:
    with pytest.raises(BadMergeReason):
        check_reason(reason)
