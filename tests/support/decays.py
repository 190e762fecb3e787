"""Points that decay when a test says so, whoever was away."""

from __future__ import annotations

from uuid import UUID

from ledger.inactivity import store
from ledger.inactivity.model import moment_of
from ledger.inactivity.store import Away
from ledger.journal import service as journal
from ledger.kernel.transaction import Database, Work, execute
from ledger.kernel.units import Points, sum_points
from ledger.lots import store as lots_store
from ledger.lots.decaying import Decayed, decay, decayable
from ledger.lots.due import apply_due
from ledger.lots.granting import save
from ledger.lots.model import Stage
from ledger.lots.sheet import open_sheet


def let_decay(
    database: Database, member_id: UUID, most: int, *, rewards: bool = False
) -> list[Decayed]:
    """As a check of today does: so much of what the member has, or all; what of which lot."""

    def take(work: Work, _: None) -> list[Decayed]:
        journal.lock_head(work)
        check = work.now.date()
        sheet = open_sheet(lots_store.position(work, member_id))
        apply_due(sheet, work.now)
        lots = decayable(sheet, moment_of(check), work.now)
        has = sum_points(sheet.points(lot.lot_id, Stage.AVAILABLE) for lot in lots)
        amount = min(has, Points(most))
        taken = decay(sheet, lots, amount, moment_of(check), "test", rewards=rewards)
        save(work, [sheet])
        store.insert_decays(work, Away(member_id, moment_of(check)), check, taken)
        return taken

    return execute(database, take, None)
