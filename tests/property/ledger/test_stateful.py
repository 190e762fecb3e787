"""Any history of commands: the ledger and the judge agree on where every point lies."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import event, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    rule,
)

from ledger.journal.model import AccountKey, AccountKind, EntryKind
from ledger.kernel.units import Points
from ledger.lots import clawing, holding, returning
from ledger.lots.clawing import settle_new
from ledger.lots.due import apply_due, summarise
from ledger.lots.errors import (
    CaptureTooLarge,
    DebtOpen,
    HoldExpired,
    InsufficientPoints,
    NothingInEscrow,
    RefundTooLarge,
)
from ledger.lots.model import (
    CaptureHold,
    Cause,
    ClawBack,
    CreditRedeemed,
    GrantLot,
    HoldPurpose,
    MoveToEscrow,
    PlaceHold,
    Reach,
    ReleaseHold,
    ReturnFromEscrow,
    ReturnToLots,
    Stage,
)
from ledger.lots.sheet import grant
from ledger.lots.vesting import DecideVesting, decide
from ledger.lots.waiting import Vesting
from ledger.verify.chain import AccountRow, check_chain
from tests.property.ledger.coins import Coin, Coins
from tests.property.ledger.desk import Desk

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
DAY = timedelta(days=1)
GRACE = timedelta(days=30)
HOLD_LIFE = timedelta(days=30)
MEMBERS = (UUID(int=1), UUID(int=2))

member = st.sampled_from(MEMBERS)
amount = st.integers(1, 12)
large = st.integers(5, 25)
cause = st.sampled_from(["x", "y", "z"])


class Ledger(RuleBasedStateMachine):
    """Two members, three causes, and time that only goes forward."""

    open_holds = Bundle("open_holds")
    purchases = Bundle("purchases")
    claims = Bundle("claims")

    def __init__(self) -> None:
        super().__init__()
        self.now = START
        self.desk = Desk(START)
        self.coins = Coins()
        self.count = 0

    def _next(self) -> UUID:
        self.count += 1
        return UUID(int=1000 + self.count)

    def _tick(self, who: UUID) -> None:
        """Two commands are never at the same moment; what is due is due for the judge too."""
        self.now += timedelta(seconds=1)
        self.coins.time_passes(who, self.now)

    @initialize()
    def begin(self) -> None:
        for who in MEMBERS:
            for points, why, life in ((10, "x", 50), (7, "y", 20), (9, "z", None)):
                self.grant(who, points, why, 0, life)

    @rule(days=st.sampled_from([0, 0, 0, 1, 4, 20]), hours=st.integers(1, 23))
    def wait(self, days: int, hours: int) -> None:
        self.now += timedelta(days=days, hours=hours)

    @rule()
    def wait_for_the_next_moment(self) -> None:
        """So that the next command is at the very moment at which something is due."""
        moments = [m for c in self.coins.coins for m in (c.active, c.dies) if m and m > self.now]
        moments += [hold.expires_at for hold in self.desk.holds.values()]
        ahead = [moment for moment in moments if moment > self.now + timedelta(seconds=1)]
        if ahead:
            self.now = min(ahead) - timedelta(seconds=1)

    @rule(who=member)
    def nightly(self, who: UUID) -> None:
        self._tick(who)
        sheet = self.desk.sheet(who)
        apply_due(sheet, self.now)
        self.desk.save(sheet)
        again = self.desk.sheet(who)
        apply_due(again, self.now)
        assert again.entries == []

    @rule(
        who=member,
        points=amount,
        why=cause,
        wait_days=st.integers(0, 9),
        life=st.one_of(st.none(), st.integers(1, 60)),
    )
    def grant(self, who: UUID, points: int, why: str, wait_days: int, life: int | None) -> None:
        self._tick(who)
        active = self.now + wait_days * DAY
        dies = None if life is None else active + life * DAY
        sheet = self.desk.sheet(who)
        grant(
            sheet,
            GrantLot(
                member_id=who,
                amount=Points(points),
                kind=EntryKind.GRANT,
                key=(str(self._next()),),
                effective_at=self.now,
                activates_at=active,
                expires_at=dies,
                cause=Cause("test", why),
            ),
        )
        lot = sheet.new_lots[-1].lot_id
        settle_new(sheet, self.now)
        self.desk.save(sheet)
        place = "pending" if wait_days else "available"
        self.coins.grant(lambda: Coin(who, lot, active, dies, why, place), points, self.now)

    @rule(who=member, points=amount, why=cause, wait_days=st.sampled_from([0, 1, 4]))
    def grant_on_a_condition(self, who: UUID, points: int, why: str, wait_days: int) -> None:
        self._tick(who)
        active = self.now + wait_days * DAY
        dies = active + 20 * DAY
        sheet = self.desk.sheet(who)
        command = GrantLot(
            member_id=who,
            amount=Points(points),
            kind=EntryKind.GRANT,
            key=(str(self._next()),),
            effective_at=self.now,
            activates_at=active,
            expires_at=dies,
            cause=Cause("test", why),
            vesting=Vesting({"happened": {}}),
        )
        lot = (grant(sheet, command), sheet.new_lots[-1].lot_id)[1]
        settle_new(sheet, self.now)
        self.desk.save(sheet)
        self.coins.grant(
            lambda: Coin(who, lot, active, dies, why, "pending", waits=True), points, self.now
        )

    @rule(which=st.integers(0, 5), holds=st.booleans())
    def look_at_a_condition(self, which: int, *, holds: bool) -> None:
        matured = [lot for lot in self.desk.waiting if self.desk.lots[lot].activates_at <= self.now]
        if which >= len(matured):
            return
        lot = self.desk.lots[matured[which]]
        self._tick(lot.member_id)
        sheet = self.desk.sheet(lot.member_id)
        vesting = self.desk.waiting.pop(lot.lot_id)
        decided = decide(
            sheet, DecideVesting(lot.lot_id, lot.member_id, vesting, holds, None, self.now)
        )
        self.desk.save(sheet)
        before = len(self.coins.taken_for_good(lot.member_id, lot.cause.cause_id))
        self.coins.decide(lot.lot_id, self.now, holds=holds)
        taken = self.coins.taken_for_good(lot.member_id, lot.cause.cause_id)
        assert decided.cancelled == Points(len(taken) - before)

    @rule(target=purchases, who=member, points=large, spent=large)
    def buy(self, who: UUID, points: int, spent: int) -> object:
        hold_id = self.hold(who, points)
        return self.capture(hold_id, spent) if isinstance(hold_id, UUID) else hold_id

    @rule(target=open_holds, who=member, points=large)
    def hold(self, who: UUID, points: int) -> object:
        self._tick(who)
        hold_id = self._next()
        sheet = self.desk.sheet(who)
        command = PlaceHold(
            hold_id, who, Points(points), HoldPurpose.REDEMPTION, self.now, self.now + HOLD_LIFE
        )
        possible = self.coins.hold(who, points, hold_id)
        try:
            placed = holding.place(sheet, command)
        except InsufficientPoints as refused:
            shortfall = points - len(self.coins.at(who, "available"))
            assert (possible, refused.shortfall) == (False, shortfall)  # noqa: PT017 - both ways
            return multiple()
        assert possible
        self.desk.save(sheet)
        self.desk.holds[hold_id] = placed
        return hold_id

    @rule(target=purchases, hold_id=consumes(open_holds), points=amount)
    def capture(self, hold_id: UUID, points: int) -> object:
        hold = self.desk.holds[hold_id]
        self._tick(hold.member_id)
        sheet = self.desk.sheet(hold.member_id)
        try:
            resolved = holding.capture(sheet, hold, CaptureHold(hold_id, Points(points), self.now))
        except CaptureTooLarge:
            assert points > hold.amount.amount
            points = hold.amount.amount
            resolved = holding.capture(sheet, hold, CaptureHold(hold_id, Points(points), self.now))
        except HoldExpired:
            assert self.now >= hold.expires_at
            resolved = holding.lapse(sheet, hold, self.now)
            points = 0
        self.desk.save(sheet)
        self.desk.holds[hold_id] = resolved
        self.coins.resolve(hold.member_id, hold_id, points, self.now)
        return hold_id

    @rule(hold_id=consumes(open_holds))
    def release(self, hold_id: UUID) -> None:
        hold = self.desk.holds[hold_id]
        self._tick(hold.member_id)
        sheet = self.desk.sheet(hold.member_id)
        resolved = holding.release(sheet, hold, ReleaseHold(hold_id, self.now))
        self.desk.save(sheet)
        self.desk.holds[hold_id] = resolved
        dead = [
            coin
            for coin in self.coins.at(hold.member_id, "held", hold_id)
            if coin.dies is not None and coin.dies <= self.now
        ]
        assert resolved.gone_on_to_expired == Points(len(dead))
        self.coins.resolve(hold.member_id, hold_id, 0, self.now)

    @rule(hold_id=purchases, points=amount)
    def refund(self, hold_id: UUID, points: int) -> None:
        hold = self.desk.holds[hold_id]
        self._tick(hold.member_id)
        sheet = self.desk.sheet(hold.member_id)
        command = ReturnToLots(hold_id, self._next(), Points(points), self.now, GRACE)
        try:
            refunded = returning.refund(sheet, hold, command)
        except RefundTooLarge:
            spent = len(self.coins.at(hold.member_id, "spent", hold_id))
            assert points > spent
            return
        self.desk.save(sheet)
        self.desk.remember_returns(refunded.parts)
        event(f"refund over {len(hold.parts)} lots")
        new = {p.from_lot_id: p.to_lot_id for p in refunded.parts if p.to_lot_id != p.from_lot_id}
        assert self.coins.refund(
            hold.member_id, hold_id, points, self.now, GRACE, lambda lot: new[lot]
        )

    @rule(who=member, why=cause, points=amount, reach=st.sampled_from(Reach))
    def claw_back(self, who: UUID, why: str, points: int, reach: Reach) -> None:
        self._tick(who)
        sheet = self.desk.sheet(who)
        owed = self.coins.debt[who]
        command = ClawBack(
            who,
            Points(points),
            Cause("test", why),
            (str(self._next()),),
            self.now,
            self.now,
            reach,
            gone=Points(len(self.coins.taken_for_good(who, why))),
        )
        clawed = clawing.claw_back(sheet, command)
        self.desk.save(sheet)
        done = self.coins.claw_back(who, why, points, reach)
        assert clawed.out_of_reach == Points(points - done)
        assert clawed.new_debt == Points(self.coins.debt[who] - owed)

    @rule(target=claims, who=member, points=amount)
    def leave(self, who: UUID, points: int) -> object:
        self._tick(who)
        claim_id = self._next()
        sheet = self.desk.sheet(who)
        possible = self.coins.leave(who, points, claim_id, self.now)
        try:
            claim = returning.move_to_escrow(
                sheet, MoveToEscrow(claim_id, who, Points(points), self.now)
            )
        except (InsufficientPoints, DebtOpen):
            assert not possible
            return multiple()
        assert possible
        self.desk.save(sheet)
        self.desk.holds[claim_id] = claim
        return claim_id

    @rule(claim_id=claims, most=st.one_of(st.none(), amount))
    def veto(self, claim_id: UUID, most: int | None) -> None:
        """A batch is vetoed, or its chain is gone; others may have burnt its tokens before."""
        claim = self.desk.holds[claim_id]
        in_escrow = self.desk.balance(AccountKey(AccountKind.ESCROW))
        if not in_escrow:
            return
        if most is not None or in_escrow < claim.amount.amount:
            most = min(most or in_escrow, in_escrow)
        who = claim.member_id
        self._tick(who)
        sheet = self.desk.sheet(who)
        command = ReturnFromEscrow(
            claim_id, self._next(), self.now, None if most is None else Points(most)
        )
        waiting = self.coins.at(who, "escrow", claim_id)
        try:
            returned = returning.return_from_escrow(sheet, claim, command)
        except NothingInEscrow:
            assert waiting == []
            return
        self.desk.save(sheet)
        self.desk.remember_returns(returned.parts)
        to = {part.from_lot_id: part.to_lot_id for part in returned.parts}
        for coin in waiting[:most]:
            dead = coin.dies is not None and coin.dies <= self.now
            self.coins.come_back([coin], self.now, (lambda coin: to[coin.lot]) if dead else None)
        self.coins.pay(who)

    @rule(who=member, points=amount)
    def burn(self, who: UUID, points: int) -> None:
        """Tokens of anybody's claims come back by anybody, as far as escrow has points."""
        points = min(points, self.desk.balance(AccountKey(AccountKind.ESCROW)))
        if not points:
            return
        self._tick(who)
        claims = [
            hold
            for hold in self.desk.holds.values()
            if hold.purpose is HoldPurpose.BRIDGE and hold.member_id == who
        ]
        sheet = self.desk.sheet(who)
        credited = returning.credit_redeemed(
            sheet,
            claims,
            CreditRedeemed(
                member_id=who,
                key=(str(self._next()),),
                key_at=self.now,
                amount=Points(points),
                at=self.now,
                minted_claims=frozenset(claim.hold_id for claim in claims),
                others_expire_at=self.now + GRACE,
            ),
        )
        self.desk.save(sheet)
        self.desk.remember_returns(credited.lots)
        own = [part for part in credited.lots if part.hold_id is not None]
        to = {(part.hold_id, part.from_lot_id): part.to_lot_id for part in own}
        mine = sorted(
            self.coins.at(who, "escrow"), key=lambda coin: (coin.left_at, coin.hold, coin.order)
        )
        self.coins.come_back(mine[:points], self.now, lambda coin: to[coin.hold, coin.lot])
        for part in credited.lots:
            if part.hold_id is None:
                assert part.amount.amount == points - len(mine[:points])
                for _ in range(part.amount.amount):
                    new = Coin(
                        who, part.to_lot_id, self.now, part.expires_at, "bridge", "available"
                    )
                    self.coins.coins.append(new)
        self.coins.pay(who)

    @invariant()
    def where_every_point_lies_is_agreed(self) -> None:
        for who in MEMBERS:
            summary = summarise(self.desk.sheet(who).position(), self.now)
            self.coins.time_passes(who, self.now)
            assert summary.debt == Points(self.coins.debt[who])
            lots = {held.lot.lot_id: held for held in summary.lots}
            for lot_id, lot in self.desk.lots.items():
                if lot.member_id != who:
                    continue
                parts = self.coins.parts(lot_id)
                held = lots.get(lot_id)
                ours = Counter(
                    {}
                    if held is None
                    else {
                        "pending": held.pending.amount,
                        "available": held.available.amount,
                        "held": held.held.amount,
                    }
                )
                assert +ours == +Counter({s.value: parts[s.value] for s in Stage})
                assert parts.total() == lot.granted.amount

    @invariant()
    def nothing_is_available_while_something_is_owed(self) -> None:
        for who in MEMBERS:
            summary = summarise(self.desk.sheet(who).position(), self.now)
            assert not (summary.debt and summary.available)

    @invariant()
    def held_points_are_those_in_open_holds(self) -> None:
        open_holds = [h for h in self.desk.holds.values() if h.resolved_at is None]
        held = sum(self.desk.stage(lot, Stage.HELD) for lot in self.desk.lots)
        assert held == sum(hold.amount.amount for hold in open_holds)

    @invariant()
    def balances_add_up_to_nothing(self) -> None:
        assert sum(account.balance for account in self.desk.batch.accounts.values()) == 0

    def teardown(self) -> None:
        batch = self.desk.batch
        accounts = [
            AccountRow(a.account_id, a.key.kind, a.key.owner, a.balance, a.last_sequence)
            for a in batch.accounts.values()
        ]
        assert list(check_chain(batch.head, accounts, batch.rows)) == []
        if batch.rows:
            rows = [*batch.rows[:-1], batch.rows[-1]._replace(amount=batch.rows[-1].amount + 1)]
            assert list(check_chain(batch.head, accounts, rows)) != []


TestLedger = Ledger.TestCase
TestLedger.settings = settings(max_examples=120, stateful_step_count=40, deadline=None)
