"""What is withheld of an award: pending points first, then what expires last."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from ledger.kernel.units import Points
from ledger.lots.clawing import AWARD_CAUSE
from ledger.lots.errors import InsufficientPoints
from ledger.lots.holding import kept_back, place
from ledger.lots.model import Cause, HeldLot, Lot, MoveToEscrow, Position
from ledger.lots.returning import move_to_escrow
from ledger.lots.sheet import Sheet, open_sheet
from tests.support.lots import ANNA, AT, DAY, a_hold

AWARD, OTHER = UUID(int=7), UUID(int=8)
SOON, LATE, WAITING, CLEAN = (UUID(int=n) for n in range(1, 5))


def a_lot(lot_id: UUID, award: UUID, days: int, pending: int, available: int) -> HeldLot:
    starts = AT + DAY if pending else AT - DAY
    lot = Lot(
        lot_id=lot_id,
        member_id=ANNA,
        granted=Points(pending + available),
        activates_at=starts,
        expires_at=AT + timedelta(days=days),
        cause=Cause(AWARD_CAUSE, str(award)),
        continues=None,
        cites=None,
        entry_id=lot_id,
    )
    return HeldLot(lot, Points(pending), Points(available))


def sheet() -> Sheet:
    """Of the award under review 4 + 6 are available and 3 pending; of another 5 are available."""
    held = (
        a_lot(SOON, AWARD, 10, 0, 4),
        a_lot(LATE, AWARD, 20, 0, 6),
        a_lot(WAITING, AWARD, 30, 3, 0),
        a_lot(CLEAN, OTHER, 40, 0, 5),
    )
    return open_sheet(Position(member_id=ANNA, lots=held, debt=Points(0)))


@pytest.mark.parametrize(
    ("withheld", "soon", "late"),
    [(0, 0, 0), (3, 0, 0), (4, 0, 1), (9, 0, 6), (11, 2, 6), (13, 4, 6), (99, 4, 6)],
)
def test_pending_first_then_what_expires_last(withheld: int, soon: int, late: int) -> None:
    kept = kept_back(sheet(), {AWARD: Points(withheld)})
    assert (kept[SOON], kept[LATE], kept[WAITING]) == (Points(soon), Points(late), Points(0))
    assert CLEAN not in kept


def test_a_hold_takes_what_is_left_and_no_more() -> None:
    withheld = {AWARD: Points(11), UUID(int=9): Points(5)}
    hold = place(sheet(), a_hold(1, 7), withheld=withheld)
    assert [(part.lot_id, part.amount.amount) for part in hold.parts] == [(SOON, 2), (CLEAN, 5)]
    with pytest.raises(InsufficientPoints) as refused:
        place(sheet(), a_hold(1, 8), withheld=withheld)
    assert refused.value.operands["available"] == 7


def test_a_claim_for_tokens_leaves_it_too() -> None:
    claim = MoveToEscrow(
        claim_id=UUID(int=1), member_id=ANNA, amount=Points(8), at=AT, active_before=None, why={}
    )
    with pytest.raises(InsufficientPoints):
        move_to_escrow(sheet(), claim, withheld={AWARD: Points(11)})
    whole = move_to_escrow(sheet(), claim, withheld={AWARD: Points(10)})
    assert sum(part.amount.amount for part in whole.parts) == 8
