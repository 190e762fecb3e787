"""Moments that lie exactly on a limit."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from ledger.kernel.transaction import Database, execute
from ledger.kernel.units import Points
from ledger.lots import service
from ledger.lots.model import CaptureHold, Cause, ClawBack, ReturnToLots
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
