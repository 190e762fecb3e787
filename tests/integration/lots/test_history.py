from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from ledger.journal.model import EntryKind
from ledger.kernel.transaction import Database, execute
from ledger.kernel.units import Points
from ledger.lots import jobs, service
from ledger.lots.history import HistoryEntry, LotParts, history, parts_of_lots
from ledger.lots.model import (
    CaptureHold,
    Cause,
    ClawBack,
    MoveToEscrow,
    ReturnFromEscrow,
    ReturnToLots,
)
from tests.support.lots import ANNA, AT, BORIS, DAY, a_hold, a_lot, buckets, grant

MINUTE = timedelta(minutes=1)


def _history(
    database: Database, *, before: int | None = None, limit: int = 50
) -> list[HistoryEntry]:
    with database.read() as work:
        return history(work, ANNA, before=before, limit=limit)


def _parts(database: Database) -> dict[str, tuple[int, ...]]:
    with database.read() as work:
        found = parts_of_lots(work, ANNA)
    for lot in found:
        assert sum(_seven(lot)) == lot.lot.granted.amount
    by_cause: dict[str, tuple[int, ...]] = {}
    for lot in found:
        cause = lot.lot.cause.cause_id
        before = by_cause.get(cause, (0,) * 7)
        by_cause[cause] = tuple(map(sum, zip(before, _seven(lot), strict=True)))
    return by_cause


def _seven(lot: LotParts) -> tuple[int, ...]:
    parts = (lot.pending, lot.available, lot.held, lot.spent, lot.expired, lot.revoked, lot.bridged)
    return tuple(part.amount for part in parts)


def test_history_is_newest_first_and_pages(database: Database) -> None:
    grant(database, a_lot("a", 100), a_lot("b", 50, wait=9))
    grant(database, a_lot("not mine", 7, member=BORIS))
    execute(database, service.place_hold, a_hold(1, 30))
    execute(database, service.capture_hold, CaptureHold(UUID(int=1), Points(20), AT + MINUTE))
    found = _history(database)
    changes = [(e.kind, e.pending.amount, e.available.amount, e.held.amount) for e in found]
    assert changes == [
        (EntryKind.CAPTURE, 0, 10, -30),
        (EntryKind.HOLD, 0, -30, 30),
        (EntryKind.GRANT, 50, 0, 0),
        (EntryKind.GRANT, 0, 100, 0),
    ]
    assert found[3].cause == found[3].cause | {"why": {"note": "a"}}
    first = _history(database, limit=2)
    second = _history(database, before=first[-1].sequence, limit=2)
    assert first + second == found
    assert _history(database, before=found[-1].sequence) == []


def test_the_seven_parts_of_a_lot_add_up(database: Database) -> None:
    grant(database, a_lot("a", 100), a_lot("b", 40, wait=9), a_lot("c", 60, days=2))
    assert _parts(database) == {
        "a": (0, 100, 0, 0, 0, 0, 0),
        "b": (40, 0, 0, 0, 0, 0, 0),
        "c": (0, 60, 0, 0, 0, 0, 0),
    }
    execute(database, service.place_hold, a_hold(1, 90))
    execute(database, service.capture_hold, CaptureHold(UUID(int=1), Points(80), AT))
    execute(database, service.move_to_escrow, MoveToEscrow(UUID(int=2), ANNA, Points(30), AT))
    execute(
        database,
        service.claw_back,
        ClawBack(ANNA, Points(95), Cause("test", "b"), ("k",), AT, AT),
    )
    assert _parts(database) == {
        "a": (0, 0, 0, 20, 0, 50, 30),
        "b": (0, 0, 0, 0, 0, 40, 0),
        "c": (0, 0, 0, 60, 0, 0, 0),
    }
    back = ReturnToLots(UUID(int=1), UUID(int=71), Points(70), AT)
    assert execute(database, service.return_to_lots, back).debt_paid == Points(5)
    execute(
        database,
        service.return_from_escrow,
        ReturnFromEscrow(UUID(int=2), UUID(int=72), AT, amount_max=Points(10)),
    )
    parts = _parts(database)
    assert parts["a"][6] == 20
    assert sum(p[5] for p in parts.values()) == 95
    assert buckets(database) == (0, 75, 0, 0)


def test_the_jobs_only_hurry(database: Database) -> None:
    grant(database, a_lot("a", 10, days=1), a_lot("b", 10, wait=1, member=BORIS))
    execute(database, service.place_hold, a_hold(1, 5, at=AT - 2 * MINUTE * 60))
    assert jobs.apply_recently_due(database) == 0
    assert jobs.apply_all_due(database) == 0
    assert jobs.expire_holds(database) == 1
    assert jobs.expire_holds(database) == 0
    assert buckets(database) == (0, 10, 0, 0)


def test_the_jobs_do_what_is_due_once(database: Database) -> None:
    old = a_lot("old", 10, days=1)
    long_ago = AT - 300 * DAY
    grant(
        database,
        replace(old, effective_at=long_ago, activates_at=long_ago + DAY, expires_at=AT - DAY),
        a_lot("recent", 5, member=BORIS),
    )
    # Granting applied what was due of the new lot already, so nothing is left for the jobs.
    assert jobs.apply_all_due(database) == 0
    assert buckets(database) == (0, 0, 0, 0)
    clock_later = replace(database, clock=_At(AT + 365 * DAY + MINUTE))
    assert jobs.apply_recently_due(clock_later) == 1
    assert jobs.apply_all_due(clock_later) == 0
    clock_much_later = replace(database, clock=_At(AT + 900 * DAY))
    assert jobs.apply_recently_due(clock_much_later) == 0
    assert buckets(database, BORIS, AT + 900 * DAY) == (0, 0, 0, 0)


class _At:
    def __init__(self, moment: object) -> None:
        self.moment = moment

    def now(self) -> object:
        return self.moment
