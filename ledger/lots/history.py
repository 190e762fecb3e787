"""What a member's lots have been through, read from the journal. Writes nothing."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from ledger.journal import service as journal
from ledger.journal.model import AccountKind, EntryKind, PostedEntry
from ledger.kernel.canonical import Json
from ledger.kernel.transaction import Work
from ledger.kernel.units import Points, sum_points
from ledger.lots import store
from ledger.lots.model import STAGE_BY_ACCOUNT, ZERO, HeldLot, Lot, Stage


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One entry as it changed what a member has; changes are signed.

    ``sequence`` is the number of its first line; ``cause`` the parsed cause, ``why`` included.
    """

    entry_id: UUID
    kind: EntryKind
    sequence: int
    effective_at: datetime
    recorded_at: datetime
    pending: Points
    available: Points
    held: Points
    debt: Points
    cause: Json
    cites: UUID | None
    lot_ids: tuple[UUID, ...]

    @property
    def award_id(self) -> UUID | None:
        """The award behind it, if its cause names one: a new lot of it, or a correction."""
        stated = self.cause if isinstance(self.cause, dict) else {}
        lots_of_cause: Any = stated.get("lots") or [stated.get("claw_back") or {}]
        named = lots_of_cause[0].get("cause") or {}
        return UUID(named["id"]) if named.get("kind") == "award" else None


@dataclass(frozen=True, slots=True)
class LotParts:
    """Where all of a lot's points are: the seven parts add up to what was granted (rule 3).

    ``revoked`` includes what paid a debt. ``bridged`` is what left for tokens and did not come
    back to this very lot; what came back as tokens is in the lots that continue it.
    """

    lot: Lot
    pending: Points
    available: Points
    held: Points
    spent: Points
    expired: Points
    revoked: Points
    bridged: Points


def history(
    work: Work, member_id: UUID, *, before: int | None = None, limit: int = 50
) -> list[HistoryEntry]:
    """The member's entries, newest first, at most ``limit``.

    ``before`` is the ``sequence`` of the last entry already seen, exclusive.
    """
    mine = {lot.lot_id for lot in store.lots_of_member(work, member_id)} | {member_id}
    entries = journal.entries_of(work, mine, before=before, limit=limit)
    return [as_seen_by(mine, entry) for entry in entries]


def parts_of_lots(
    work: Work, member_id: UUID, *, before: UUID | None = None, limit: int | None = None
) -> list[LotParts]:
    """Lots the member ever had, newest id first, with where all of their points are now.

    ``before`` is exclusive; no limit is all.
    """
    lots = store.lots_of_member(work, member_id, before=before, limit=limit)
    live = {held.lot.lot_id: held for held in store.position(work, member_id).lots}
    flows = journal.flows_of(work, {lot.lot_id: lot.entry_id for lot in lots})
    return [_parts(live.get(lot.lot_id, HeldLot(lot)), flows[lot.lot_id]) for lot in lots]


def _parts(held: HeldLot, flows: dict[AccountKind, Points]) -> LotParts:
    return LotParts(
        lot=held.lot,
        pending=held.pending,
        available=held.available,
        held=held.held,
        spent=flows.get(AccountKind.SPENT, ZERO),
        expired=flows.get(AccountKind.EXPIRED, ZERO),
        revoked=sum_points(
            flows.get(kind, ZERO)
            for kind in (AccountKind.REVOKED, AccountKind.DEBT, AccountKind.REWARDS)
        ),
        bridged=flows.get(AccountKind.ESCROW, ZERO),
    )


def as_seen_by(mine: Collection[UUID], entry: PostedEntry) -> HistoryEntry:
    """An entry as it changed what is in these owners' accounts: a member's lots, and members."""
    changes = dict.fromkeys(Stage, ZERO)
    debt = ZERO
    lot_ids: dict[UUID, None] = {}
    for posting in entry.draft.postings:
        for key, change in ((posting.debit, -posting.amount), (posting.credit, posting.amount)):
            if key.owner not in mine or key.owner is None:
                continue
            if key.kind is AccountKind.DEBT:
                debt -= change
            else:
                changes[STAGE_BY_ACCOUNT[key.kind]] += change
                lot_ids[key.owner] = None
    return HistoryEntry(
        entry_id=entry.draft.entry_id,
        kind=entry.draft.kind,
        sequence=entry.sequence_first,
        effective_at=entry.draft.effective_at,
        recorded_at=entry.recorded_at,
        pending=changes[Stage.PENDING],
        available=changes[Stage.AVAILABLE],
        held=changes[Stage.HELD],
        debt=debt,
        cause=json.loads(entry.draft.cause),
        cites=entry.draft.cites,
        lot_ids=tuple(lot_ids),
    )
