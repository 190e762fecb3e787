"""The entries by which a member's points and debt change hands. Pure.

A lot's accounts are the lot's own, so its points pass through the account ``merging`` and come back
to the same stages of the same lot: nothing of its life, its holds or its condition changes, and the
journal says who had it before and who has it from then on. Debt is a member's, and moves.

    lot_available of the lot ──▶ merging ──▶ lot_available of the lot
    debt of the taker ──▶ debt of the giver
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from ledger.journal.model import AccountKey, AccountKind, EntryDraft, EntryKind, Posting
from ledger.kernel.canonical import Json
from ledger.kernel.ids import derived_id
from ledger.kernel.units import Points
from ledger.lots.model import ZERO, HeldLot, Stage
from ledger.lots.sheet import cause_text

MERGING: Final = AccountKey(AccountKind.MERGING)
"""What passes through it comes out in the same entry, so that it is always empty."""
LOTS_PER_ENTRY_MAX: Final = 1_000
"""Each of a lot's three stages takes two postings, far fewer than an entry may have."""


@dataclass(frozen=True, slots=True)
class Handover:
    """Whose points become whose, because of which merge or split."""

    merge_id: UUID
    kind: EntryKind
    giver: UUID
    taker: UUID
    at: datetime


def handed_over(handover: Handover, lots: Sequence[HeldLot], debt: Points) -> list[EntryDraft]:
    """The entries of a handover: the lots by id, some in each; ``debt`` with the first."""
    live = sorted(
        (held for held in lots if held.pending or held.available or held.held),
        key=lambda held: held.lot.lot_id,
    )
    pages = [
        live[start : start + LOTS_PER_ENTRY_MAX]
        for start in range(0, max(len(live), 1), LOTS_PER_ENTRY_MAX)
    ]
    drafts = []
    for number, page in enumerate(pages, start=1):
        postings = [posting for held in page for posting in _passing(held)]
        if number == 1 and debt > ZERO:
            postings.append(Posting(_debt_of(handover.taker), _debt_of(handover.giver), debt))
        if postings:
            drafts.append(_entry(handover, number, postings, [held.lot.lot_id for held in page]))
    return drafts


def handover_cause(handover: Handover, lots: Sequence[UUID]) -> dict[str, Json]:
    """What an entry states: who gives what to whom, and by which decision."""
    return {
        "merge": str(handover.merge_id),
        "from": str(handover.giver),
        "to": str(handover.taker),
        "lots": [{"lot": str(lot_id)} for lot_id in lots],
    }


def _entry(
    handover: Handover, number: int, postings: Sequence[Posting], lots: Sequence[UUID]
) -> EntryDraft:
    return EntryDraft(
        entry_id=derived_id(handover.at, handover.kind, str(handover.merge_id), str(number)),
        kind=handover.kind,
        postings=tuple(postings),
        effective_at=handover.at,
        cause=cause_text(handover_cause(handover, lots)),
    )


def _passing(held: HeldLot) -> Iterator[Posting]:
    in_stages = {
        Stage.PENDING: held.pending,
        Stage.AVAILABLE: held.available,
        Stage.HELD: held.held,
    }
    for stage, points in in_stages.items():
        if points:
            account = stage.account(held.lot.lot_id)
            yield Posting(account, MERGING, points)
            yield Posting(MERGING, account, points)


def _debt_of(member_id: UUID) -> AccountKey:
    return AccountKey(AccountKind.DEBT, member_id)
