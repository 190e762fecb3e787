"""Collections of garbage in a serving process: rare, and never of what was there before."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from ledger.kernel.collector import (
    MIDDLE_COLLECTIONS,
    NEW_OBJECTS,
    YOUNG_COLLECTIONS,
    collect_rarely,
)


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    """Leave this process as it was."""
    before = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*before)


def test_what_is_there_is_set_apart_and_what_comes_is_still_collected() -> None:
    cycle: list[object] = ["of the application"]
    cycle.append(cycle)
    collect_rarely()
    assert gc.get_freeze_count() > 0
    assert gc.get_threshold() == (NEW_OBJECTS, YOUNG_COLLECTIONS, MIDDLE_COLLECTIONS)
    assert gc.isenabled()
    tracked = gc.get_objects()
    assert not any(one is cycle for one in tracked)
    del cycle[:], tracked
    later: list[object] = []
    later.append(later)
    del later
    assert gc.collect() > 0
