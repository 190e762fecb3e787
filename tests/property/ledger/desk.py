"""The pure parts of lots and journal put together in memory: what the service does, no SQL."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from ledger.journal.chain import GENESIS
from ledger.journal.model import AccountKey, AccountKind, Head, Outcome
from ledger.journal.post import Batch, apply
from ledger.kernel.units import Points
from ledger.lots.model import EXPIRED, HeldLot, Hold, HoldPart, Lot, Position, Returned, Stage
from ledger.lots.sheet import Sheet, open_sheet
from ledger.lots.waiting import Vesting


@dataclass
class Desk:
    """One ledger."""

    now: datetime
    batch: Batch = field(init=False)
    lots: dict[UUID, Lot] = field(default_factory=dict)
    holds: dict[UUID, Hold] = field(default_factory=dict)
    waiting: dict[UUID, Vesting] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.batch = Batch(Head(0, GENESIS, 0), {}, {}, self.now)

    def balance(self, key: AccountKey) -> int:
        account = self.batch.accounts.get(key)
        return 0 if account is None else account.balance

    def stage(self, lot_id: UUID, stage: Stage) -> int:
        return self.balance(stage.account(lot_id))

    def expired(self, lot_id: UUID) -> int:
        numbers = {
            account.account_id
            for stage in Stage
            if (account := self.batch.accounts.get(stage.account(lot_id))) is not None
        }
        gone = self.batch.accounts.get(EXPIRED)
        if gone is None:
            return 0
        return sum(
            row.amount
            * (
                (row.debit_account_id in numbers and row.credit_account_id == gone.account_id)
                - (row.credit_account_id in numbers and row.debit_account_id == gone.account_id)
            )
            for row in self.batch.rows
        )

    def debt(self, member_id: UUID) -> int:
        return -self.balance(AccountKey(AccountKind.DEBT, member_id))

    def sheet(self, member_id: UUID) -> Sheet:
        held = [
            HeldLot(
                lot,
                *(Points(self.stage(lot.lot_id, stage)) for stage in Stage),
                Points(self.expired(lot.lot_id)),
                lot.lot_id in self.waiting,
            )
            for lot in self.lots.values()
            if lot.member_id == member_id
        ]
        return open_sheet(Position(member_id, tuple(held), Points(self.debt(member_id))))

    def save(self, sheet: Sheet) -> None:
        results = apply(self.batch, sheet.entries)
        assert [r.outcome for r in results] == [Outcome.POSTED] * len(results), results
        self.lots |= {lot.lot_id: lot for lot in sheet.new_lots}
        self.waiting |= sheet.new_vestings

    def remember_returns(self, parts: tuple[Returned, ...]) -> None:
        for part in parts:
            if part.hold_id is None:
                continue
            hold = self.holds[part.hold_id]
            self.holds[part.hold_id] = replace(
                hold, parts=tuple(_with_return(p, part) for p in hold.parts)
            )


def _with_return(part: HoldPart, returned: Returned) -> HoldPart:
    if part.lot_id != returned.from_lot_id:
        return part
    return replace(part, returned=part.returned + returned.amount)
