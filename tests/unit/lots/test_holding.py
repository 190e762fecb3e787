"""Setting points aside, and their way back, by figures worked out by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from ledger.kernel.units import Points
from ledger.lots.decaying import decay, decayable
from ledger.lots.errors import HoldAlreadyResolved, HoldExpired, InsufficientPoints
from ledger.lots.holding import capture, lapse, place, take
from ledger.lots.model import (
    REVOKED,
    REWARDS,
    CaptureHold,
    HeldLot,
    Hold,
    HoldState,
    Lot,
    Position,
    Reach,
    Stage,
)
from ledger.lots.sheet import Sheet, grant, lot_id_of, lot_terms, open_sheet
from ledger.lots.vesting import DecideVesting, decide
from ledger.lots.waiting import Vesting
from tests.support.lots import ANNA, AT, DAY, a_hold, a_lot

SECOND = timedelta(seconds=1)


def a_sheet(*granted: tuple[str, int, int | None]) -> Sheet:
    """Each lot by its key, points, and days to live."""
    sheet = open_sheet(Position(ANNA, (), Points(0)))
    for key, points, days in granted:
        grant(sheet, a_lot(key, points, days=days))
    return sheet


def captured(hold: Hold, amount: int, at: timedelta) -> CaptureHold:
    return CaptureHold(hold.hold_id, Points(amount), AT + at)


def test_too_few_points_say_how_many_there_are() -> None:
    sheet = a_sheet(("a", 10, 5), ("b", 7, 9))
    with pytest.raises(InsufficientPoints) as caught:
        take(sheet, sheet.lots(), Points(20))
    assert caught.value.operands == {"required": 20, "available": 17, "shortfall": 3}


def test_a_hold_is_captured_until_its_time_limit_and_not_at_it() -> None:
    for late in (False, True):
        sheet = a_sheet(("a", 10, None))
        hold = place(sheet, a_hold(1, 6))
        limit = hold.expires_at - AT
        if late:
            with pytest.raises(HoldExpired):
                capture(sheet, hold, captured(hold, 6, limit))
        else:
            assert capture(sheet, hold, captured(hold, 6, limit - SECOND)).captured == Points(6)


def test_of_a_resolved_hold_a_captured_one_says_so_and_a_lapsed_one_that_it_is_late() -> None:
    sheet = a_sheet(("a", 10, None))
    hold = place(sheet, a_hold(1, 6))
    done = capture(sheet, hold, captured(hold, 6, SECOND))
    with pytest.raises(HoldAlreadyResolved):
        capture(sheet, done, captured(hold, 6, 2 * SECOND))
    other = place(sheet, a_hold(2, 4))
    gone = lapse(sheet, other, other.expires_at)
    assert gone.state is HoldState.EXPIRED
    with pytest.raises(HoldExpired):
        capture(sheet, gone, captured(other, 4, 3 * timedelta(hours=1)))


def test_what_is_usable_has_points_and_has_not_expired() -> None:
    sheet = a_sheet(("dies", 5, 1), ("empty", 6, 8), ("lives", 7, 9))
    dies, empty, lives = sheet.lots()
    place(sheet, a_hold(1, 11))
    assert sheet.points(empty.lot_id, Stage.HELD) == Points(6)
    assert sheet.usable(AT) == [lives]
    again = a_sheet(("dies", 5, 1), ("lives", 7, 9))
    assert again.usable(AT + DAY) == [again.lots()[1]]
    assert again.points(dies.lot_id, Stage.AVAILABLE) == Points(5)


def test_the_terms_of_a_lot_name_what_it_cites_and_continues() -> None:
    lot = Lot(
        lot_id=UUID(int=1),
        member_id=ANNA,
        granted=Points(3),
        activates_at=AT,
        expires_at=None,
        cause=a_lot("a", 3).cause,
        entry_id=UUID(int=2),
    )
    assert (lot_terms(lot)["cites"], lot_terms(lot)["continues"]) == (None, None)
    other = replace(lot, cites=UUID(int=3), continues=UUID(int=4))
    assert lot_terms(other)["cites"] == str(UUID(int=3))
    assert lot_terms(other)["continues"] == str(UUID(int=4))


def test_a_granted_lot_is_the_first_of_its_entry() -> None:
    sheet = a_sheet(("a", 3, None))
    (lot,) = sheet.new_lots
    assert lot.lot_id == lot_id_of(lot.entry_id, AT, 0)


def test_a_clawback_reaches_in_this_order() -> None:
    assert Reach.PENDING < Reach.OWN_LOTS < Reach.OTHER_LOTS < Reach.DEBT
    assert len(Reach) == 4


@pytest.mark.parametrize(("to_rewards", "to"), [(True, REWARDS), (False, REVOKED)])
def test_what_does_not_vest_goes_where_it_was_said(*, to_rewards: bool, to: object) -> None:
    sheet = open_sheet(Position(ANNA, (), Points(0)))
    vesting = Vesting({"has": "passed"}, to_rewards=to_rewards)
    grant(sheet, replace(a_lot("a", 8, wait=2), vesting=vesting))
    (lot,) = sheet.lots()
    assert sheet.waits(lot.lot_id)
    at = AT + 2 * DAY
    decided = decide(sheet, DecideVesting(lot.lot_id, ANNA, vesting, False, None, at))
    assert decided.cancelled == Points(8)
    (posting,) = sheet.entries[-1].postings
    assert (posting.credit, posting.amount) == (to, Points(8))


def test_what_vests_waits_no_longer() -> None:
    lot = grant_in_waiting()
    sheet = open_sheet(Position(ANNA, (HeldLot(lot, pending=Points(8), waits=True),)))
    at = lot.activates_at
    decided = decide(sheet, DecideVesting(lot.lot_id, ANNA, Vesting(None), True, None, at))
    assert (decided.cancelled, decided.entry_id) == (Points(0), None)
    assert not sheet.waits(lot.lot_id)
    assert sheet.points(lot.lot_id, Stage.AVAILABLE) == Points(8)


def grant_in_waiting() -> Lot:
    sheet = open_sheet(Position(ANNA))
    grant(sheet, replace(a_lot("a", 8, wait=2), vesting=Vesting(None)))
    return sheet.new_lots[0]


def test_what_was_spendable_at_the_check_decays() -> None:
    sheet = a_sheet(("now", 5, 30))
    grant(sheet, a_lot("at the check", 6, days=30, wait=2))
    grant(sheet, a_lot("after it", 7, days=30, wait=3))
    moved = open_sheet(
        Position(ANNA, tuple(HeldLot(lot, available=lot.granted) for lot in sheet.new_lots))
    )
    found = decayable(moved, AT + 2 * DAY, AT + 5 * DAY)
    assert [lot.granted for lot in found] == [Points(5), Points(6)]


@pytest.mark.parametrize(("rewards", "to"), [(True, REWARDS), (False, REVOKED)])
def test_decay_takes_lots_in_their_order_and_no_more_than_asked(
    *, rewards: bool, to: object
) -> None:
    sheet = a_sheet(("first", 5, 10), ("second", 6, 20), ("third", 7, 30))
    lots = sheet.lots()
    taken = decay(sheet, lots, Points(8), AT, {"days": 90}, rewards=rewards)
    assert [(one.lot_id, one.points) for one in taken] == [
        (lots[0].lot_id, Points(5)),
        (lots[1].lot_id, Points(3)),
    ]
    assert [posting.credit for entry in sheet.entries[-2:] for posting in entry.postings] == [
        to
    ] * 2
