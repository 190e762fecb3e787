"""The night: everybody's activations, then everybody's expiries, each once."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest

from ledger.kernel.transaction import Database, Work
from ledger.lots import jobs, service
from tests.support.life import SetClock
from tests.support.lots import ANNA, AT, BORIS, DAY, a_lot, buckets, grant


@pytest.fixture
def night(database: Database) -> Database:
    """Ten days on: both have a lot that came alive and one that did so and died since."""
    early = replace(database, clock=SetClock(AT))
    for member in (ANNA, BORIS):
        key = str(member.int)
        grant(early, a_lot(f"{key}alive", 10, member=member, days=30, wait=2))
        grant(early, a_lot(f"{key}dead", 7, member=member, days=3, wait=1))
    return replace(database, clock=SetClock(AT + 10 * DAY))


def stored(database: Database, member: object) -> tuple[int, ...]:
    """Buckets by what is in the journal, with nothing applied on the way."""
    assert member in (ANNA, BORIS)
    return buckets(database, ANNA if member == ANNA else BORIS, AT)


def test_a_night_activates_then_expires_and_does_nothing_twice(night: Database) -> None:
    assert jobs.apply_all_due(night) == 6
    assert [stored(night, member) for member in (ANNA, BORIS)] == [(0, 10, 0, 0)] * 2
    assert jobs.apply_all_due(night) == 0


def test_nobody_is_expired_before_everybody_is_activated(
    night: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[tuple[str, ...]] = []
    real = service.apply_due

    def watched(work: Work, command: service.ApplyDue) -> int:
        order.append(command.steps)
        return real(work, command)

    monkeypatch.setattr(service, "apply_due", watched)
    jobs.apply_all_due(night)
    assert order == [("activate",)] * 2 + [("expire",)] * 2


@pytest.mark.parametrize("calls", [0, 1, 2, 3])
def test_a_night_that_breaks_off_ends_where_a_whole_one_does(
    night: Database, monkeypatch: pytest.MonkeyPatch, calls: int
) -> None:
    real, seen = service.apply_due, []

    def breaks(work: Work, command: service.ApplyDue) -> int:
        if len(seen) == calls:
            raise RuntimeError("the machine is gone")
        seen.append(command)
        return real(work, command)

    monkeypatch.setattr(service, "apply_due", breaks)
    with pytest.raises(RuntimeError):
        jobs.apply_all_due(night)
    monkeypatch.setattr(service, "apply_due", real)
    jobs.apply_all_due(night)
    assert [stored(night, member) for member in (ANNA, BORIS)] == [(0, 10, 0, 0)] * 2
    assert jobs.apply_all_due(night) == 0


def test_the_moment_itself_is_due(database: Database) -> None:
    grant(replace(database, clock=SetClock(AT)), a_lot("a", 5, days=1, wait=1))
    moments: list[tuple[datetime, int]] = [(AT + DAY, 1), (AT + 2 * DAY, 1), (AT + 3 * DAY, 0)]
    for moment, entries in moments:
        assert jobs.apply_all_due(replace(database, clock=SetClock(moment))) == entries
