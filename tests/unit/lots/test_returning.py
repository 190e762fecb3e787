"""Points that come back, by figures worked out by hand."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from ledger.kernel.units import Points
from ledger.lots.errors import HoldAlreadyResolved, InsufficientPoints
from ledger.lots.holding import capture, place
from ledger.lots.model import (
    CaptureHold,
    Cause,
    CreditRedeemed,
    Hold,
    MoveToEscrow,
    Position,
    ReturnFromEscrow,
    ReturnToLots,
    Stage,
)
from ledger.lots.returning import credit_redeemed, move_to_escrow, refund, return_from_escrow
from ledger.lots.sheet import Sheet, grant, open_sheet
from ledger.lots.waiting import Room
from tests.support.lots import ANNA, AT, DAY, a_hold, a_lot

SECOND = timedelta(seconds=1)


def a_sheet(*granted: tuple[str, int, int | None]) -> Sheet:
    sheet = open_sheet(Position(ANNA))
    for key, points, days in granted:
        grant(sheet, a_lot(key, points, days=days))
    return sheet


def claim(amount: int, **more: object) -> MoveToEscrow:
    return MoveToEscrow(UUID(int=7), ANNA, Points(amount), AT + DAY, **more)  # type: ignore[arg-type]


def burn(amount: int, *room: Room) -> CreditRedeemed:
    return CreditRedeemed(
        member_id=ANNA,
        key=("chain", "bridge", "1"),
        key_at=AT,
        amount=Points(amount),
        at=AT + 2 * DAY,
        minted_claims=frozenset(),
        others_expire_at=AT + 90 * DAY,
        others_room=room,
    )


def spent(sheet: Sheet, amount: int) -> Hold:
    hold = place(sheet, a_hold(1, amount))
    return capture(sheet, hold, CaptureHold(hold.hold_id, Points(amount), AT + SECOND))


@pytest.mark.parametrize(("short_by", "same"), [(timedelta(0), True), (SECOND, False)])
def test_a_lot_with_exactly_the_grace_left_is_kept(short_by: timedelta, *, same: bool) -> None:
    sheet = a_sheet(("a", 10, 40))
    hold = spent(sheet, 10)
    at = AT + 10 * DAY + short_by
    back = refund(
        sheet, hold, ReturnToLots(hold.hold_id, UUID(int=3), Points(4), at, grace=30 * DAY)
    )
    (part,) = back.parts
    assert (part.to_lot_id == part.from_lot_id) is same
    assert part.expires_at == at + 30 * DAY - (short_by if same else timedelta(0))


def test_only_what_was_active_long_enough_and_is_not_withheld_leaves() -> None:
    sheet = a_sheet(("old", 5, 100))
    award = UUID(int=0x77)
    grant(sheet, a_lot("just", 6, days=200, wait=1))
    grant(sheet, replace(a_lot("award", 7, days=200), cause=Cause("award", str(award))))
    hold = move_to_escrow(sheet, claim(14, active_before=AT + DAY), withheld={award: Points(4)})
    # The award's lot dies a day before the other one; of its 7 points 4 stay.
    assert [part.amount for part in hold.parts] == [Points(5), Points(3), Points(6)]


def test_what_is_active_since_a_second_too_few_stays() -> None:
    sheet = a_sheet(("old", 5, 100))
    grant(sheet, a_lot("just", 6, days=200, wait=1))
    with pytest.raises(InsufficientPoints) as caught:
        move_to_escrow(sheet, claim(6, active_before=AT + DAY - SECOND))
    assert caught.value.operands["available"] == 5


def test_a_purchase_is_no_claim_whatever_became_of_it() -> None:
    sheet = a_sheet(("a", 10, None))
    hold = spent(sheet, 10)
    with pytest.raises(HoldAlreadyResolved):
        return_from_escrow(sheet, hold, ReturnFromEscrow(hold.hold_id, UUID(int=4), AT + DAY))


def test_others_points_come_as_there_is_room_for_them() -> None:
    sheet = a_sheet()
    done = credit_redeemed(
        sheet,
        [],
        burn(
            10,
            Room(Points(4), AT + 2 * DAY, AT + 30 * DAY),
            Room(Points(3), AT + 5 * DAY, AT + 33 * DAY),
        ),
    )
    assert [part.amount for part in done.lots] == [Points(4), Points(3), Points(3)]
    assert [part.expires_at for part in done.lots] == [
        AT + 30 * DAY,
        AT + 33 * DAY,
        AT + 90 * DAY,
    ]
    # What becomes active at this very moment is available; what is later waits.
    assert sheet.total(Stage.AVAILABLE) == Points(7)
    assert sheet.total(Stage.PENDING) == Points(3)


def test_room_that_is_not_needed_makes_no_lot() -> None:
    done = credit_redeemed(a_sheet(), [], burn(4, Room(Points(9), AT + 2 * DAY, None)))
    assert [part.amount for part in done.lots] == [Points(4)]


def test_the_entry_states_what_came_back_of_claims_and_not_what_was_others() -> None:
    sheet = a_sheet(("a", 6, 100))
    held = move_to_escrow(sheet, claim(6))
    done = credit_redeemed(sheet, [held], burn(10))
    own, others = done.lots
    assert (own.amount, others.amount) == (Points(6), Points(4))
    assert others.hold_id is None
    stated = json.loads(sheet.entries[-1].cause)["returned"]
    assert [(one["hold"], one["amount"]) for one in stated] == [(str(held.hold_id), 6)]
    # It stood still from the claim, a day after the grant, until the burn a day later.
    assert own.expires_at == AT + 101 * DAY
