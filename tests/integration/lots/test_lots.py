from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from ledger.journal.model import EntryConflict
from ledger.kernel.transaction import Database, execute
from ledger.kernel.units import Points
from ledger.lots import service
from ledger.lots.errors import (
    CaptureTooLarge,
    DebtOpen,
    HoldAlreadyResolved,
    HoldConflict,
    HoldExpired,
    HoldNotFound,
    InsufficientPoints,
    NothingInEscrow,
    RefundTooLarge,
)
from ledger.lots.history import parts_of_lots
from ledger.lots.model import (
    CaptureHold,
    Cause,
    ClawBack,
    CreditRedeemed,
    HoldState,
    MoveToEscrow,
    Reach,
    ReleaseHold,
    ReturnFromEscrow,
    ReturnToLots,
    SettleAward,
)
from tests.support.lots import (
    ANNA,
    AT,
    BORIS,
    DAY,
    a_hold,
    a_lot,
    buckets,
    grant,
    summary,
)

HOLD = UUID(int=1)
MINUTE = timedelta(minutes=1)


def test_a_lot_is_granted_once(database: Database) -> None:
    first = grant(database, a_lot("a", 100), a_lot("b", 50, wait=30))
    again = grant(database, a_lot("b", 50, wait=30), a_lot("c", 1), a_lot("a", 100))
    assert [again[2], again[0]] == first
    assert buckets(database) == (50, 101, 0, 0)
    with pytest.raises(EntryConflict):
        grant(database, a_lot("a", 101))


def test_time_alone_activates_and_expires(database: Database) -> None:
    grant(database, a_lot("a", 100, days=10), a_lot("b", 50, wait=5, days=10))
    assert buckets(database, at=AT + 4 * DAY) == (50, 100, 0, 0)
    assert buckets(database, at=AT + 5 * DAY) == (0, 150, 0, 0)
    assert buckets(database, at=AT + 10 * DAY) == (0, 50, 0, 0)
    due = service.ApplyDue(ANNA, AT + 15 * DAY)
    assert execute(database, service.apply_due, due) == 3
    assert execute(database, service.apply_due, due) == 0
    assert buckets(database, at=AT + 15 * DAY) == (0, 0, 0, 0)


def test_a_hold_takes_the_nearest_expiry_first(database: Database) -> None:
    forever, soon, late = grant(
        database, a_lot("x", 10, days=None), a_lot("y", 10, days=5), a_lot("z", 10, days=9)
    )
    hold = execute(database, service.place_hold, a_hold(1, 25))
    assert [(part.lot_id, part.amount.amount) for part in hold.parts] == [
        (soon.lot_id, 10),
        (late.lot_id, 10),
        (forever.lot_id, 5),
    ]
    assert buckets(database) == (0, 5, 25, 0)
    assert execute(database, service.place_hold, a_hold(1, 25)) == hold
    with pytest.raises(HoldConflict):
        execute(database, service.place_hold, a_hold(1, 24))
    with pytest.raises(InsufficientPoints) as refused:
        execute(database, service.place_hold, a_hold(2, 6))
    assert refused.value.operands == {"required": 6, "available": 5, "shortfall": 1}


def test_a_capture_in_part_returns_the_rest_to_its_lots(database: Database) -> None:
    grant(database, a_lot("a", 10, days=5), a_lot("b", 10, days=9))
    execute(database, service.place_hold, a_hold(1, 20))
    hold = execute(
        database, service.capture_hold, CaptureHold(HOLD, Points(12), AT + MINUTE, {"order": "o"})
    )
    assert hold.state is HoldState.CAPTURED
    assert [(p.amount.amount, p.captured.amount) for p in hold.parts] == [(10, 10), (10, 2)]
    assert buckets(database) == (0, 8, 0, 0)
    with database.read() as work:
        assert service.hold(work, HOLD) == hold
    with pytest.raises(HoldAlreadyResolved):
        execute(database, service.capture_hold, CaptureHold(HOLD, Points(12), AT + MINUTE))
    with pytest.raises(HoldAlreadyResolved):
        execute(database, service.release_hold, ReleaseHold(HOLD, AT + MINUTE))


def test_a_hold_is_not_captured_beyond_its_amount_or_time(database: Database) -> None:
    grant(database, a_lot("a", 10))
    execute(database, service.place_hold, a_hold(1, 10))
    with pytest.raises(CaptureTooLarge):
        execute(database, service.capture_hold, CaptureHold(HOLD, Points(11), AT))
    limit = AT + timedelta(hours=1)
    assert execute(
        database, service.expire_hold, service.ExpireHold(HOLD, limit - MINUTE)
    ).state is (HoldState.HELD)
    with pytest.raises(HoldExpired):
        execute(database, service.capture_hold, CaptureHold(HOLD, Points(10), limit))
    lapsed = execute(database, service.expire_hold, service.ExpireHold(HOLD, limit))
    assert lapsed.state is HoldState.EXPIRED
    with pytest.raises(HoldExpired):
        execute(database, service.capture_hold, CaptureHold(HOLD, Points(10), limit))
    assert execute(database, service.release_hold, ReleaseHold(HOLD, limit)) == lapsed
    assert buckets(database) == (0, 10, 0, 0)
    with pytest.raises(HoldNotFound):
        execute(database, service.release_hold, ReleaseHold(UUID(int=99), limit))


def test_what_is_released_into_an_expired_lot_goes_on_to_expired(database: Database) -> None:
    grant(database, a_lot("a", 10, days=1), a_lot("b", 10, days=9))
    held_at = AT + DAY - MINUTE
    execute(database, service.place_hold, a_hold(1, 15, at=held_at))
    hold = execute(database, service.release_hold, ReleaseHold(HOLD, AT + DAY))
    assert hold.gone_on_to_expired == Points(10)
    assert execute(database, service.release_hold, ReleaseHold(HOLD, AT + 2 * DAY)) == hold
    assert buckets(database, at=AT + DAY) == (0, 10, 0, 0)


def test_a_refund_goes_to_the_same_lots_or_to_one_with_grace(database: Database) -> None:
    soon, late = grant(database, a_lot("a", 10, days=40), a_lot("b", 10, days=400))
    execute(database, service.place_hold, a_hold(1, 18))
    execute(database, service.capture_hold, CaptureHold(HOLD, Points(18), AT + MINUTE))
    first = ReturnToLots(HOLD, UUID(int=71), Points(9), AT + 5 * DAY)
    refunded = execute(database, service.return_to_lots, first)
    assert [(p.from_lot_id, p.to_lot_id, p.amount.amount) for p in refunded.parts] == [
        (late.lot_id, late.lot_id, 8),
        (soon.lot_id, soon.lot_id, 1),
    ]
    again = execute(database, service.return_to_lots, first)
    assert (again.entry_id, set(again.parts)) == (refunded.entry_id, set(refunded.parts))
    with pytest.raises(EntryConflict):
        execute(database, service.return_to_lots, replace(first, amount=Points(8)))
    with pytest.raises(RefundTooLarge):
        execute(
            database,
            service.return_to_lots,
            ReturnToLots(HOLD, UUID(int=72), Points(10), AT + 20 * DAY),
        )
    refund_at = AT + 20 * DAY
    rest = execute(
        database, service.return_to_lots, ReturnToLots(HOLD, UUID(int=73), Points(9), refund_at)
    )
    (part,) = rest.parts
    assert part.from_lot_id == soon.lot_id != part.to_lot_id
    assert part.expires_at == refund_at + 30 * DAY
    lots = {held.lot.lot_id: held.lot for held in summary(database, at=refund_at).lots}
    assert lots[part.to_lot_id].cites == soon.lot_id
    assert buckets(database, at=refund_at) == (0, 20, 0, 0)


def _settle(revision: int, difference: int, *, award: int = 5) -> SettleAward:
    return SettleAward(
        member_id=ANNA,
        award_id=UUID(int=award),
        revision=revision,
        difference=Points(difference),
        effective_at=AT,
        activates_at=AT,
        expires_at=AT + 365 * DAY,
    )


def test_awards_are_settled_up_and_down_once(database: Database) -> None:
    execute(database, service.settle_award, _settle(1, 100))
    up = execute(database, service.settle_award, _settle(2, 20))
    assert execute(database, service.settle_award, _settle(2, 20)) == up
    down = execute(database, service.settle_award, _settle(3, -110))
    assert down.taken_from_lots == Points(110)
    assert execute(database, service.settle_award, _settle(3, -110)) == down
    assert buckets(database) == (0, 10, 0, 0)
    (lot,) = [held.lot for held in summary(database).lots]
    assert lot.cause == Cause("award", str(UUID(int=5)))
    for other in (_settle(1, 99), _settle(3, -111), _settle(3, 1)):
        with pytest.raises(EntryConflict):
            execute(database, service.settle_award, other)


def test_an_upward_correction_cites_the_first_lot(database: Database) -> None:
    first = execute(database, service.settle_award, _settle(1, 100)).lot_id
    execute(database, service.settle_award, _settle(2, 20))
    third = execute(database, service.settle_award, _settle(3, 5)).lot_id
    lots = {held.lot.lot_id: held.lot for held in summary(database).lots}
    assert third is not None
    assert lots[third].cites == first


def test_many_awards_settle_in_one_call(database: Database) -> None:
    commands = [_settle(1, n, award=n) for n in range(1, 201)] + [_settle(2, -7, award=9)]
    settled = execute(database, lambda work, c: service.settle_awards(work, ANNA, c), commands)
    assert len({s.entry_id for s in settled}) == 201
    assert buckets(database) == (0, 20100 - 7, 0, 0)


def test_a_clawback_goes_as_far_as_it_may_and_then_is_owed(database: Database) -> None:
    execute(database, service.settle_award, _settle(1, 100))
    grant(database, a_lot("other", 30), a_lot("waiting", 5, wait=1))
    execute(database, service.place_hold, a_hold(1, 90))
    base = ClawBack(
        member_id=ANNA,
        amount=Points(100),
        cause=Cause("award", str(UUID(int=5))),
        key=("fraud", "1"),
        key_at=AT,
        at=AT,
        reach=Reach.OTHER_LOTS,
    )
    clawed = execute(database, service.claw_back, base)
    assert (clawed.from_lots, clawed.new_debt, clawed.out_of_reach) == (
        Points(40),
        Points(0),
        Points(60),
    )
    assert execute(database, service.claw_back, base) == clawed
    with pytest.raises(EntryConflict):
        execute(database, service.claw_back, replace(base, amount=Points(1)))
    owed = execute(
        database,
        service.claw_back,
        replace(base, key=("fraud", "2"), amount=Points(60), reach=Reach.DEBT),
    )
    assert owed.new_debt == Points(60)
    assert buckets(database) == (5, 0, 90, 60)
    execute(database, service.release_hold, ReleaseHold(HOLD, AT + MINUTE))
    assert buckets(database) == (5, 30, 0, 0)


def test_nothing_within_reach_posts_nothing(database: Database) -> None:
    clawed = execute(
        database,
        service.claw_back,
        ClawBack(ANNA, Points(5), Cause("award", "x"), ("k",), AT, AT, Reach.OTHER_LOTS),
    )
    assert (clawed.entry_id, clawed.out_of_reach) == (None, Points(5))


def test_new_points_pay_an_open_debt_first(database: Database) -> None:
    claw = ClawBack(ANNA, Points(50), Cause("award", "x"), ("k",), AT, AT)
    execute(database, service.claw_back, claw)
    with pytest.raises(DebtOpen):
        execute(database, service.move_to_escrow, MoveToEscrow(HOLD, ANNA, Points(1), AT))
    grant(database, a_lot("a", 30))
    assert buckets(database) == (0, 0, 0, 20)
    grant(database, a_lot("b", 30, wait=3))
    assert buckets(database) == (30, 0, 0, 20)
    assert buckets(database, at=AT + 3 * DAY) == (0, 10, 0, 0)
    execute(database, service.apply_due, service.ApplyDue(ANNA, AT + 3 * DAY))
    assert buckets(database, at=AT + 3 * DAY) == (0, 10, 0, 0)


CLAIM = UUID(int=0xC1A)


def test_a_claim_that_came_to_nothing_returns_to_its_lots(database: Database) -> None:
    soon, late = grant(database, a_lot("a", 10, days=5), a_lot("b", 10, days=50))
    move = MoveToEscrow(CLAIM, ANNA, Points(15), AT)
    claim = execute(database, service.move_to_escrow, move)
    assert execute(database, service.move_to_escrow, move) == claim
    with pytest.raises(HoldConflict):
        execute(database, service.move_to_escrow, replace(move, amount=Points(14)))
    assert buckets(database) == (0, 5, 0, 0)
    back_at = AT + 7 * DAY
    command = ReturnFromEscrow(CLAIM, UUID(int=81), back_at)
    returned = execute(database, service.return_from_escrow, command)
    successor, same = returned.parts
    assert (same.to_lot_id, same.amount) == (late.lot_id, Points(5))
    assert successor.expires_at == back_at + 5 * DAY
    lots = {held.lot.lot_id: held.lot for held in summary(database, at=back_at).lots}
    assert lots[successor.to_lot_id].continues == soon.lot_id
    assert execute(database, service.return_from_escrow, command).entry_id == returned.entry_id
    with pytest.raises(NothingInEscrow):
        execute(database, service.return_from_escrow, replace(command, return_id=UUID(int=82)))
    assert buckets(database, at=back_at) == (0, 20, 0, 0)


def test_a_hold_is_no_claim(database: Database) -> None:
    grant(database, a_lot("a", 10))
    execute(database, service.place_hold, a_hold(1, 5))
    with pytest.raises(HoldAlreadyResolved):
        execute(database, service.return_from_escrow, ReturnFromEscrow(HOLD, UUID(int=81), AT))


def test_young_points_do_not_leave(database: Database) -> None:
    grant(database, a_lot("a", 10))
    move = MoveToEscrow(CLAIM, ANNA, Points(1), AT + DAY, active_before=AT - MINUTE)
    with pytest.raises(InsufficientPoints):
        execute(database, service.move_to_escrow, move)
    execute(database, service.move_to_escrow, replace(move, active_before=AT))


def test_tokens_come_back_with_the_life_that_remained(database: Database) -> None:
    (lot,) = grant(database, a_lot("a", 10, days=5))
    execute(database, service.move_to_escrow, MoveToEscrow(CLAIM, ANNA, Points(10), AT + 2 * DAY))
    burnt_at = AT + 100 * DAY
    burn = CreditRedeemed(
        member_id=ANNA,
        key=("31337", "0xbridge", "1"),
        key_at=burnt_at,
        amount=Points(4),
        at=burnt_at + MINUTE,
        minted_claims=frozenset({CLAIM}),
        others_expire_at=burnt_at + 30 * DAY,
    )
    credited = execute(database, service.credit_redeemed, burn)
    assert execute(database, service.credit_redeemed, burn) == credited
    (part,) = credited.lots
    assert (part.from_lot_id, part.amount) == (lot.lot_id, Points(4))
    assert part.expires_at == burnt_at + MINUTE + 3 * DAY
    with pytest.raises(EntryConflict):
        execute(database, service.credit_redeemed, replace(burn, amount=Points(5)))
    second = replace(burn, key=("31337", "0xbridge", "2"), amount=Points(6))
    (rest,) = execute(database, service.credit_redeemed, second).lots
    assert (rest.from_lot_id, rest.amount) == (lot.lot_id, Points(6))
    assert buckets(database, at=burnt_at + MINUTE) == (0, 10, 0, 0)


def test_tokens_of_others_become_a_new_lot(database: Database) -> None:
    grant(database, a_lot("a", 10))
    execute(database, service.move_to_escrow, MoveToEscrow(CLAIM, ANNA, Points(10), AT))
    burn = CreditRedeemed(
        member_id=BORIS,
        key=("31337", "0xbridge", "1"),
        key_at=AT,
        amount=Points(7),
        at=AT,
        minted_claims=frozenset({CLAIM}),
        others_expire_at=AT + 30 * DAY,
    )
    (part,) = execute(database, service.credit_redeemed, burn).lots
    assert (part.from_lot_id, part.expires_at) == (None, AT + 30 * DAY)
    assert buckets(database, BORIS) == (0, 7, 0, 0)


def test_a_claim_is_no_purchase(database: Database) -> None:
    grant(database, a_lot("a", 10))
    execute(database, service.move_to_escrow, MoveToEscrow(CLAIM, ANNA, Points(5), AT))
    refund = ReturnToLots(CLAIM, UUID(int=81), Points(5), AT)
    with pytest.raises(HoldNotFound):
        execute(database, service.return_to_lots, refund)


def test_a_return_id_belongs_to_one_hold(database: Database) -> None:
    grant(database, a_lot("a", 10))
    for number in (1, 2):
        execute(database, service.place_hold, a_hold(number, 5))
        execute(database, service.capture_hold, CaptureHold(UUID(int=number), Points(5), AT))
    refund = ReturnToLots(HOLD, UUID(int=81), Points(5), AT)
    execute(database, service.return_to_lots, refund)
    with pytest.raises(EntryConflict):
        execute(database, service.return_to_lots, replace(refund, hold_id=UUID(int=2)))


def test_a_burn_of_own_and_others_tokens_answers_the_same_twice(database: Database) -> None:
    grant(database, a_lot("a", 10, days=5))
    execute(database, service.move_to_escrow, MoveToEscrow(CLAIM, ANNA, Points(10), AT))
    grant(database, a_lot("b", 10, member=BORIS))
    other = UUID(int=0xC1B)
    execute(database, service.move_to_escrow, MoveToEscrow(other, BORIS, Points(10), AT))
    burn = CreditRedeemed(
        member_id=ANNA,
        key=("31337", "0xbridge", "1"),
        key_at=AT,
        amount=Points(13),
        at=AT,
        minted_claims=frozenset({CLAIM, other}),
        others_expire_at=None,
    )
    credited = execute(database, service.credit_redeemed, burn)
    assert [(part.hold_id, part.amount.amount) for part in credited.lots] == [
        (CLAIM, 10),
        (None, 3),
    ]
    assert execute(database, service.credit_redeemed, burn) == credited


def test_what_expired_is_not_taken_a_second_time(database: Database) -> None:
    """The award turns out wrong after its points expired unspent: nobody owes anything."""
    short = replace(_settle(1, 100), effective_at=AT - 400 * DAY, activates_at=AT - 400 * DAY)
    execute(database, service.settle_award, replace(short, expires_at=AT - DAY))
    grant(database, a_lot("other", 30))
    down = replace(short, revision=2, difference=Points(-100))
    settled = execute(database, service.settle_award, down)
    assert (settled.taken_from_lots, settled.new_debt) == (Points(100), Points(0))
    assert execute(database, service.settle_award, down) == settled
    assert buckets(database) == (0, 30, 0, 0)
    with database.read() as work:
        parts = parts_of_lots(work, ANNA)
    assert [(p.expired.amount, p.revoked.amount, p.available.amount) for p in parts] == [
        (0, 0, 30),
        (0, 100, 0),
    ]
