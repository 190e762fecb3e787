"""Noting refused requests, and forgetting them."""

from __future__ import annotations

from ledger.events.refusals import store
from ledger.events.refusals.model import Refusal
from ledger.events.sources import store as sources
from ledger.kernel.transaction import Database, Work, execute


def note(work: Work, refusal: Refusal) -> None:
    """Keep one, and no more than so many of its sort; none of an address that is no source."""
    if refusal.source is not None and sources.source_by_uri(work, refusal.source) is None:
        return
    store.insert(work, refusal)
    store.delete_beyond(work, refusal)


def forget_old(database: Database) -> int:
    """Delete those of long ago, which are listed no more; how many."""

    def forget(work: Work, _: None) -> int:
        return store.delete_old(work)

    return execute(database, forget, None)
