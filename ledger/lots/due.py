"""What time alone does to a member's lots: activation, expiry, and paying an open debt. Pure.

Every debit applies what is due first, so the jobs that do it for everybody only hurry (DESIGN 6).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

from ledger.journal.model import AccountKey, AccountKind, EntryKind, Posting
from ledger.kernel.ids import derived_id
from ledger.kernel.units import Points
from ledger.lots.model import Lot, Position, Stage, Summary
from ledger.lots.sheet import Sheet, expire_posting, open_sheet

Step = Literal["activate", "expire"]
EVERY_STEP: Final[tuple[Step, ...]] = ("activate", "expire")
"""In the order of the night; a lot is never expired before it was activated."""


def apply_due(sheet: Sheet, at: datetime, steps: Sequence[Step] = EVERY_STEP) -> None:
    """Activate and expire everything due by ``at`` (inclusive), in the order of its own time.

    Each step's entry has the time at which it was due and an id of that time and the lot, so doing
    it twice, or on two machines, is doing it once. Activated points pay an open debt first. Of
    ``steps`` the nightly job takes one after the other, which comes to the same.
    """
    for due_at, step, lot in _due_steps(sheet, at):
        if step not in steps:
            continue
        if step == "activate":
            _activate(sheet, lot, due_at)
        elif available := sheet.points(lot.lot_id, Stage.AVAILABLE):
            sheet.enter(
                EntryKind.EXPIRY,
                [expire_posting(lot, available)],
                entry_id=derived_id(due_at, EntryKind.EXPIRY, str(lot.lot_id)),
                effective_at=due_at,
                cause={"lot": str(lot.lot_id)},
                cites=lot.entry_id,
            )


def pay_debt(sheet: Sheet, at: datetime, *, because_of: UUID) -> Points:
    """Let what has become available pay what is owed; the points that did.

    Called by everything that makes points available, so while a debt is open nothing is: a member
    cannot take points out of an order that were clawed back while it ran.
    """
    left = sheet.debt
    postings = []
    for lot in sheet.usable(at):
        amount = min(left, sheet.points(lot.lot_id, Stage.AVAILABLE))
        if amount:
            debt = AccountKey(AccountKind.DEBT, sheet.member_id)
            postings.append(Posting(Stage.AVAILABLE.account(lot.lot_id), debt, amount))
            left -= amount
    paid = sheet.debt - left
    if postings:
        sheet.enter(
            EntryKind.DEBT_PAYMENT,
            postings,
            entry_id=derived_id(at, EntryKind.DEBT_PAYMENT, str(because_of)),
            effective_at=at,
            cause={"member": str(sheet.member_id)},
            cites=because_of,
        )
    return paid


def summarise(position: Position, at: datetime) -> Summary:
    """What the member has at ``at``, with everything due by then applied; writes nothing."""
    sheet = open_sheet(position)
    apply_due(sheet, at)
    after = sheet.position()
    return Summary(
        at=at,
        pending=sheet.total(Stage.PENDING),
        available=sheet.total(Stage.AVAILABLE),
        held=sheet.total(Stage.HELD),
        debt=sheet.debt,
        lots=tuple(held for held in after.lots if held.pending or held.available or held.held),
    )


def _due_steps(sheet: Sheet, at: datetime) -> list[tuple[datetime, Step, Lot]]:
    steps: list[tuple[datetime, Step, Lot]] = []
    for lot in sheet.lots():
        if sheet.waits(lot.lot_id):
            continue
        pending = sheet.points(lot.lot_id, Stage.PENDING)
        if pending and lot.activates_at <= at:
            steps.append((lot.activates_at, "activate", lot))
        if (pending or sheet.points(lot.lot_id, Stage.AVAILABLE)) and lot.expired(at):
            assert lot.expires_at is not None, "only a lot with an expiry expires"
            steps.append((lot.expires_at, "expire", lot))
    return sorted(steps, key=lambda step: (step[0], step[1], step[2].lot_id))


def _activate(sheet: Sheet, lot: Lot, due_at: datetime) -> None:
    pending = sheet.points(lot.lot_id, Stage.PENDING)
    entry = sheet.enter(
        EntryKind.ACTIVATION,
        [Posting(Stage.PENDING.account(lot.lot_id), Stage.AVAILABLE.account(lot.lot_id), pending)],
        entry_id=derived_id(due_at, EntryKind.ACTIVATION, str(lot.lot_id)),
        effective_at=due_at,
        cause={"lot": str(lot.lot_id)},
        cites=lot.entry_id,
    )
    pay_debt(sheet, due_at, because_of=entry.entry_id)
