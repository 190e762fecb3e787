"""Taking points back, by figures worked out by hand."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

import pytest

from ledger.journal.model import EntryConflict, EntryKind, PostedEntry
from ledger.kernel.units import Points
from ledger.lots.clawing import claw_back, clawed_back_before, settle_all
from ledger.lots.due import apply_due, pay_debt
from ledger.lots.model import Cause, ClawBack, ClawedBack, Position, Reach, SettleAward, Stage
from ledger.lots.sheet import Sheet, grant, open_sheet
from tests.support.lots import ANNA, AT, DAY, a_lot

AWARD = UUID(int=0x77)


def a_sheet(debt: int = 0) -> Sheet:
    return open_sheet(Position(ANNA, (), Points(debt)))


def back(amount: int, reach: Reach = Reach.DEBT, *, gone: int = 0, cause: str = "x") -> ClawBack:
    return ClawBack(
        member_id=ANNA,
        amount=Points(amount),
        cause=Cause("test", cause),
        key=("claw", str(amount), cause),
        key_at=AT,
        at=AT + DAY,
        reach=reach,
        gone=Points(gone),
    )


def settling(revision: int, difference: int, reach: Reach = Reach.DEBT) -> SettleAward:
    return SettleAward(
        member_id=ANNA,
        award_id=AWARD,
        revision=revision,
        difference=Points(difference),
        effective_at=AT,
        activates_at=AT,
        expires_at=None,
        reach=reach,
    )


@pytest.mark.parametrize(
    ("reach", "taken", "debt", "out_of_reach"),
    [
        (Reach.PENDING, 3, 0, 17),
        (Reach.OWN_LOTS, 8, 0, 12),
        (Reach.OTHER_LOTS, 15, 0, 5),
        (Reach.DEBT, 15, 5, 0),
    ],
)
def test_each_reach_takes_so_much(reach: Reach, taken: int, debt: int, out_of_reach: int) -> None:
    sheet = a_sheet()
    grant(sheet, a_lot("x", 5))
    grant(sheet, a_lot("y", 7))
    grant(sheet, replace(a_lot("later", 3, wait=30), cause=Cause("test", "x")))
    done = claw_back(sheet, back(20, reach))
    assert (done.from_lots, done.new_debt) == (Points(taken), Points(debt))
    assert (done.out_of_reach, done.gone) == (Points(out_of_reach), Points(0))
    assert sheet.debt == Points(debt)


def test_what_is_gone_already_is_not_taken_of_other_lots() -> None:
    sheet = a_sheet()
    grant(sheet, a_lot("x", 5))
    grant(sheet, a_lot("y", 9))
    done = claw_back(sheet, back(12, gone=4))
    # 5 of its own, 4 gone before, 3 of the other lot.
    assert done.from_lots == Points(8)
    assert done.gone == Points(4)
    assert (done.new_debt, done.out_of_reach) == (Points(0), Points(0))
    assert sheet.total(Stage.AVAILABLE) == Points(6)


def test_what_had_expired_is_called_revoked_once() -> None:
    sheet = a_sheet()
    grant(sheet, a_lot("x", 5, days=1))
    apply_due(sheet, AT + DAY)
    (lot,) = sheet.lots()
    assert sheet.expired(lot.lot_id) == Points(5)
    assert claw_back(sheet, back(3)).from_lots == Points(3)
    assert sheet.expired(lot.lot_id) == Points(2)
    again = claw_back(sheet, back(4))
    assert (again.from_lots, again.new_debt) == (Points(2), Points(2))
    assert sheet.expired(lot.lot_id) == Points(0)


@pytest.mark.parametrize("reach", [Reach.OWN_LOTS, Reach.DEBT])
def test_the_answer_from_the_journal_is_the_answer_given(reach: Reach) -> None:
    sheet = a_sheet()
    grant(sheet, a_lot("x", 5))
    command = back(12, reach, gone=4)
    done = claw_back(sheet, command)
    before = clawed_back_before(PostedEntry(sheet.entries[-1], 1, AT), command)
    assert before == done
    assert (done.from_lots, done.gone) == (Points(5), Points(4))
    left = done.new_debt if reach is Reach.DEBT else done.out_of_reach
    assert left == Points(3)


def test_less_taken_than_was_gone_leaves_the_rest_of_what_was_gone() -> None:
    sheet = a_sheet()
    grant(sheet, a_lot("x", 5))
    command = back(6, gone=4)
    assert claw_back(sheet, command) == ClawedBack(
        sheet.entries[-1].entry_id, Points(5), Points(0), Points(0), Points(1)
    )
    found = clawed_back_before(PostedEntry(sheet.entries[-1], 1, AT), command)
    assert found.gone == Points(1)
    assert found.out_of_reach == Points(0)


def test_another_commands_entry_is_no_answer() -> None:
    sheet = a_sheet()
    grant(sheet, a_lot("x", 5))
    claw_back(sheet, back(2))
    with pytest.raises(EntryConflict):
        clawed_back_before(PostedEntry(sheet.entries[-1], 1, AT), back(3))


def test_revisions_of_an_award_cite_its_first_lot() -> None:
    sheet = a_sheet()
    first, second, third = (
        settle_all(sheet, [settling(number, difference)], AT)[0]
        for number, difference in ((1, 10), (2, 4), (3, -6))
    )
    lots = {lot.lot_id: lot for lot in sheet.new_lots}
    assert first.lot_id is not None
    assert second.lot_id is not None
    assert third.lot_id is None
    assert lots[first.lot_id].cites is None
    assert lots[second.lot_id].cites == first.lot_id
    kinds = [(entry.kind, entry.cites) for entry in sheet.entries]
    assert kinds == [
        (EntryKind.AWARD, None),
        (EntryKind.CORRECTION, first.entry_id),
        (EntryKind.CORRECTION, first.entry_id),
    ]
    assert third.taken_from_lots == Points(6)
    assert sheet.total(Stage.AVAILABLE) == Points(8)


def test_several_settled_at_once_each_name_their_own_lot() -> None:
    sheet = a_sheet()
    settled = settle_all(sheet, [settling(1, 10), settling(2, 4)], AT)
    assert [one.lot_id for one in settled] == [lot.lot_id for lot in sheet.new_lots]
    assert [lot.granted for lot in sheet.new_lots] == [Points(10), Points(4)]


def test_a_downward_first_revision_is_a_correction_and_may_leave_a_debt() -> None:
    sheet = a_sheet()
    (settled,) = settle_all(sheet, [settling(1, -6)], AT)
    assert sheet.entries[-1].kind is EntryKind.CORRECTION
    assert (settled.new_debt, settled.lot_id) == (Points(6), None)
    assert sheet.debt == Points(6)


def test_a_debt_is_paid_of_several_lots_as_far_as_it_goes() -> None:
    sheet = a_sheet()
    for key in ("x", "y", "z"):
        grant(sheet, a_lot(key, 10))
    sheet.debt = Points(15)
    assert pay_debt(sheet, AT, because_of=UUID(int=9)) == Points(15)
    assert [posting.amount for posting in sheet.entries[-1].postings] == [Points(10), Points(5)]
    assert (sheet.debt, sheet.total(Stage.AVAILABLE)) == (Points(0), Points(15))


def test_a_lot_continued_elsewhere_is_not_an_awards_first() -> None:
    sheet = a_sheet()
    settle_all(sheet, [settling(1, 10)], AT)
    (own,) = sheet.new_lots
    sheet.open_lot(
        replace(own, lot_id=UUID(int=5), continues=own.lot_id, expires_at=AT + DAY, entry_id=AWARD)
    )
    (settled,) = settle_all(sheet, [settling(2, 3)], AT)
    assert sheet.new_lots[-1].lot_id == settled.lot_id
    assert sheet.new_lots[-1].cites == own.lot_id


def test_a_debt_larger_than_what_there_is_stays_in_part() -> None:
    sheet = a_sheet()
    grant(sheet, a_lot("x", 10))
    sheet.debt = Points(15)
    assert pay_debt(sheet, AT, because_of=UUID(int=9)) == Points(10)
    assert sheet.debt == Points(5)
