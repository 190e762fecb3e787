"""Posting to the journal, and reading balances and entries from it.

Every poster locks the head row first (:func:`lock_head`), then reads what it decides on, then
posts; so commands that move value are serial, and what was read stays true until the commit.

    members' rows (in id order) ──▶ head row ──▶ everything else
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Final
from uuid import UUID

from ledger.journal import store
from ledger.journal.model import (
    AccountKey,
    AccountKind,
    EntryDraft,
    Head,
    Posted,
    PostedEntry,
    ShownTransfer,
)
from ledger.journal.post import Batch, decide
from ledger.journal.store import Loaded, Loading
from ledger.kernel.pipeline import Pipeline, pipeline
from ledger.kernel.transaction import Work
from ledger.kernel.units import Points

SEQUENCE_MAX: Final = 2**63 - 1
"""No entry begins at or after this number."""


def lock_head(work: Work) -> Head:
    """Take this transaction's turn at the journal; after any lock on members' rows.

    Calling it again in the same transaction costs a statement and changes nothing.
    """
    return store.lock_head(work)


def post(work: Work, drafts: Sequence[EntryDraft]) -> list[Posted]:
    """Post all of ``drafts`` in order, or none of them.

    Each is ``POSTED``, or ``ALREADY_POSTED`` if the same entry is in the journal already.

    Raises:
        EntryConflict: an id is in the journal with other content.
        BalanceOutOfRange: a posting would take an account below its floor.
    """
    batch, results = work_out(work, drafts)
    _write(work, batch)
    return results


def post_each(work: Work, drafts: Sequence[EntryDraft]) -> list[Posted]:
    """Post what can be posted of ``drafts`` in order; a refused one fails no other.

    For many commands in one transaction. A refusal is in the result, not raised.
    """
    batch, results = _work_out(work, drafts, store.load(work, drafts))
    _write(work, batch)
    return results


def work_out(
    work: Work, drafts: Sequence[EntryDraft], loaded: Loaded | None = None
) -> tuple[Batch, list[Posted]]:
    """:func:`post` in two halves: all but the writing, which is :func:`send`.

    For who has statements of its own to send in the same two exchanges. ``loaded`` is what
    :func:`send_load` answered earlier in this transaction, for the one posting after it.
    """
    if loaded is None or not loaded.covers(drafts):
        loaded = store.load(work, drafts)
    batch, results = _work_out(work, drafts, loaded)
    for result in results:
        if result.refusal is not None:
            raise result.refusal
    return batch, results


def send_load(line: Pipeline, drafts: Sequence[EntryDraft]) -> Loading:
    """Lock the head and read what posting these needs to know; the answer has it."""
    return store.send_load(line, drafts)


def send(line: Pipeline, batch: Batch) -> None:
    """Write what was worked out."""
    if batch.unsealed:
        store.send(line, batch)


def balances(work: Work, keys: Collection[AccountKey]) -> dict[AccountKey, Points]:
    """The balance of each of ``keys``, zero for an account not opened yet."""
    found = store.read_accounts(work, keys)
    return {key: Points(found[key].balance if key in found else 0) for key in keys}


def entries(work: Work, entry_ids: Collection[UUID]) -> dict[UUID, PostedEntry]:
    """Those of these entries that are in the journal."""
    return store.read_entries(work, entry_ids)


def entries_of(
    work: Work, owners: Collection[UUID], *, before: int | None, limit: int
) -> list[PostedEntry]:
    """Entries that touch accounts of these owners, newest first, at most ``limit``.

    ``before`` is exclusive and compared with an entry's first sequence number.
    """
    return store.read_entries_of(work, owners, before=before or SEQUENCE_MAX, limit=limit)


def head(work: Work) -> Head:
    """Where the journal ends, as this transaction sees it; nothing is locked."""
    return store.read_head(work)


def transfers(work: Work, *, after: int, limit: int) -> list[ShownTransfer]:
    """Rows of the journal in the order of posting, those numbered above ``after``."""
    return store.read_transfers(work, after=after, limit=limit)


def flows_of(work: Work, opened: Mapping[UUID, UUID]) -> dict[UUID, dict[AccountKind, Points]]:
    """Where the points of these owners went: net flow by the other side's account kind.

    ``opened`` maps each owner to the entry that first funded it; that funding is left out. What
    moves between accounts of one owner is no flow.
    """
    return store.read_flows_of(work, opened) if opened else {}


def _work_out(
    work: Work, drafts: Sequence[EntryDraft], loaded: Loaded
) -> tuple[Batch, list[Posted]]:
    existing = store.read_entries(work, loaded.known)
    batch = Batch(
        head=loaded.head,
        accounts=loaded.accounts,
        existing={entry_id: entry.draft for entry_id, entry in existing.items()},
        recorded_at=work.now,
    )
    return batch, decide(batch, drafts)


def _write(work: Work, batch: Batch) -> None:
    if batch.unsealed:
        with pipeline(work) as line:
            store.send(line, batch)
