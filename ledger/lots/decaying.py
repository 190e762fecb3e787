"""What of a member's available points decays for having been away. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from ledger.journal.model import EntryKind, Posting
from ledger.kernel.canonical import Json
from ledger.kernel.ids import derived_id
from ledger.kernel.units import Points
from ledger.lots.model import REVOKED, REWARDS, ZERO, Lot, Stage
from ledger.lots.sheet import Sheet


@dataclass(frozen=True, slots=True)
class Decayed:
    """What was taken of one lot, and by which entry."""

    lot_id: UUID
    points: Points
    entry_id: UUID


def decayable(sheet: Sheet, check_at: datetime, at: datetime) -> list[Lot]:
    """Lots that were spendable at the check and still are, in spending order."""
    return [lot for lot in sheet.usable(at) if lot.activates_at <= check_at]


def decay(
    sheet: Sheet, lots: list[Lot], amount: Points, check_at: datetime, basis: Json, *, rewards: bool
) -> list[Decayed]:
    """Take ``amount`` of these lots in their order; an entry for each, named by check and lot."""
    left = amount
    taken = []
    for lot in lots:
        points = min(left, sheet.points(lot.lot_id, Stage.AVAILABLE))
        if not points:
            continue
        to = REWARDS if rewards else REVOKED
        entry = sheet.enter(
            EntryKind.DECAY,
            [Posting(Stage.AVAILABLE.account(lot.lot_id), to, points)],
            entry_id=derived_id(check_at, EntryKind.DECAY, str(lot.lot_id)),
            effective_at=check_at,
            cause={"lot": str(lot.lot_id), "inactivity": basis},
            cites=lot.entry_id,
        )
        taken.append(Decayed(lot.lot_id, points, entry.entry_id))
        left -= points
    assert left == ZERO, "more decays than there is"
    return taken
