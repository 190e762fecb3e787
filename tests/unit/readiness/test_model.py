"""When a source's facts are released, and why not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.readiness.model import (
    FRESH_MAX,
    Obstacle,
    Status,
    Sync,
    differs,
    readiness,
    releases,
    watermark,
)

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


def sync(status: Status = "ok", *, released: bool = True, ago: timedelta = timedelta(0)) -> Sync:
    return Sync("s", 1, status, NOW, 100, 100, released, NOW, NOW - ago)


@pytest.mark.parametrize(
    ("stated", "stored", "apart"),
    [
        (100, 100, False),
        (103, 100, False),  # exactly 3 %
        (104, 100, True),
        (97, 100, False),
        (96, 100, True),
        (0, 0, False),
        (1, 0, True),
        (1030, 1000, False),
        (1031, 1000, True),
    ],
)
def test_three_per_cent(stated: int, stored: int, *, apart: bool) -> None:
    assert differs(stated, stored) is apart
    assert releases("ok", stated, stored) is not apart
    assert not releases("failed", stated, stored)


def test_without_a_count_the_word_is_taken() -> None:
    assert releases("ok", None, 0)


@pytest.mark.parametrize(
    ("last", "obstacle"),
    [
        (None, None),
        (sync(), None),
        (sync(ago=FRESH_MAX), None),
        (sync(ago=FRESH_MAX + timedelta(seconds=1)), Obstacle.OLD),
        (sync("failed", released=False), Obstacle.FAILED),
        (sync(released=False), Obstacle.COUNT),
    ],
)
def test_what_is_in_the_way(last: Sync | None, obstacle: Obstacle | None) -> None:
    found = readiness("s", last, NOW)
    assert found.obstacle is obstacle
    assert found.is_ready is (obstacle is None)
    assert found.released_until == (None if last is None else NOW)


@given(st.lists(st.tuples(st.integers(-50, 50), st.booleans()), min_size=1, max_size=10))
def test_a_watermark_never_goes_back(declared: list[tuple[int, bool]]) -> None:
    before: Sync | None = None
    for hours, released in declared:
        until = NOW + timedelta(hours=hours)
        mark = watermark(before, complete_until=until, is_released=released, now=NOW)
        if before is not None:
            assert mark >= before.released_until
            assert released or mark == before.released_until
        assert not released or mark >= until
        before = Sync("s", 1, "ok", until, None, 0, released, mark, NOW)
