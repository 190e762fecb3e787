"""Lots that activate only if a condition holds: what is found when they mature. Pure.

pending ──holds──▶ available (by time, as any lot)
pending ──does not hold──▶ rewards, or revoked: cancelled
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from ledger.journal.model import EntryKind, Posting
from ledger.kernel.canonical import Json
from ledger.kernel.ids import derived_id
from ledger.kernel.units import Points
from ledger.lots.due import apply_due
from ledger.lots.model import REVOKED, REWARDS, ZERO, Stage
from ledger.lots.sheet import Sheet
from ledger.lots.waiting import Vesting


@dataclass(frozen=True, slots=True)
class DecideVesting:
    """What was found about one lot when it matured, and on what ``basis`` (nothing personal)."""

    lot_id: UUID
    member_id: UUID
    vesting: Vesting
    holds: bool
    basis: Json
    at: datetime


@dataclass(frozen=True, slots=True)
class VestingDecided:
    """What was taken back, and by which entry; nothing if the condition holds."""

    cancelled: Points
    entry_id: UUID | None


def decide(sheet: Sheet, command: DecideVesting) -> VestingDecided:
    """Let a matured lot activate, or take back for good what of it is still pending."""
    lot = sheet.lot(command.lot_id)
    assert lot.activates_at <= command.at, "it has not matured"
    sheet.matured(command.lot_id)
    pending = sheet.points(command.lot_id, Stage.PENDING)
    decided = VestingDecided(ZERO, None)
    if pending and not command.holds:
        to = REWARDS if command.vesting.to_rewards else REVOKED
        entry = sheet.enter(
            EntryKind.CANCELLATION,
            [Posting(Stage.PENDING.account(lot.lot_id), to, pending)],
            entry_id=derived_id(lot.activates_at, EntryKind.CANCELLATION, str(lot.lot_id)),
            effective_at=lot.activates_at,
            cause={
                "lot": str(lot.lot_id),
                "condition": command.vesting.condition,
                "basis": command.basis,
            },
            cites=lot.entry_id,
        )
        decided = VestingDecided(pending, entry.entry_id)
    apply_due(sheet, command.at)
    return decided
