"""The entries of a purchase that touch no lot of their own: pools, and what is collected again."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from ledger.journal import service as journal
from ledger.journal.model import EntryDraft, EntryKind, Posting
from ledger.kernel.canonical import Json, canonical_json
from ledger.kernel.ids import derived_id
from ledger.kernel.transaction import Work


def post_split(work: Work, kind: EntryKind, purchase_id: UUID, postings: Sequence[Posting]) -> None:
    """Post these moves of one purchase as one entry; none is no entry."""
    if postings:
        cause = canonical_json({"why": why(purchase_id)}).decode()
        entry_id = derived_id(work.now, kind, "purchase", str(purchase_id))
        draft = EntryDraft(entry_id, kind, tuple(postings), work.now, cause)
        journal.post(work, [draft])


def why(purchase_id: UUID) -> dict[str, Json]:
    """What the journal says an entry was for; nothing personal."""
    return {"purchase": str(purchase_id)}
