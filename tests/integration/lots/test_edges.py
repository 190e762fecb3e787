"""Moments that lie exactly on a limit."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from ledger.kernel.transaction import Database, execute
from ledger.kernel.units import Points
from ledger.lots import service
from ledger.lots.history import parts_of_lots
from ledger.lots.model import CaptureHold, Cause, ClawBack, ReleaseHold, ReturnToLots
from ledger.verify.service import JOURNAL_CHECKS, verify
from tests.support.lots import ANNA, AT, DAY, a_hold, a_lot, buckets, grant

GRACE = timedelta(days=30)
MICROSECOND = timedelta(microseconds=1)


@pytest.mark.parametrize(("late", "same"), [(timedelta(0), True), (MICROSECOND, False)])
def test_a_lot_with_exactly_the_grace_left_takes_its_points_back(
    database: Database, late: timedelta, *, same: bool
) -> None:
    (lot,) = grant(database, a_lot("a", 10, days=40))
    hold = a_hold(1, 10)
    execute(database, service.place_hold, hold)
    execute(database, service.capture_hold, CaptureHold(hold.hold_id, Points(10), AT))
    at = AT + 40 * DAY - GRACE + late
    command = ReturnToLots(hold.hold_id, UUID(int=71), Points(10), at)
    (part,) = execute(database, service.return_to_lots, command).parts
    assert (part.to_lot_id == lot.lot_id) is same
    assert part.expires_at == (AT + 40 * DAY if same else at + GRACE)


def test_a_refund_says_how_much_of_it_went_on_to_the_debt(database: Database) -> None:
    grant(database, a_lot("a", 10))
    hold = a_hold(1, 10)
    execute(database, service.place_hold, hold)
    execute(database, service.capture_hold, CaptureHold(hold.hold_id, Points(10), AT))
    owed = ClawBack(ANNA, Points(30), Cause("test", "gone"), ("owed",), AT, AT)
    execute(database, service.claw_back, owed)
    command = ReturnToLots(hold.hold_id, UUID(int=71), Points(8), AT)
    assert execute(database, service.return_to_lots, command).debt_paid == Points(8)
    assert buckets(database) == (0, 0, 0, 22)


def test_what_comes_back_after_its_lot_expired_expires_as_well(database: Database) -> None:
    """Who began a moment before the expiry may have their turn after who applied it."""
    (lot,) = grant(database, a_lot("a", 100, days=1))
    before, after = AT + DAY - MICROSECOND, AT + DAY
    holds = [a_hold(1, 30, at=before), a_hold(2, 30, at=before)]
    for hold in holds:
        execute(database, service.place_hold, hold)
    due = service.ApplyDue(ANNA, after)
    assert execute(database, service.apply_due, due) == 1
    for hold in holds:
        execute(database, service.release_hold, ReleaseHold(hold.hold_id, before))
        assert execute(database, service.apply_due, due) == 1
        assert execute(database, service.apply_due, due) == 0
    assert buckets(database, at=after) == (0, 0, 0, 0)
    with database.read() as work:
        (parts,) = parts_of_lots(work, ANNA)
    assert (parts.lot.lot_id, parts.expired) == (lot.lot_id, Points(100))
    assert verify(database, JOURNAL_CHECKS).findings == ()
