"""Batches that somebody else commits with the poster's key.

::

    final BatchCommitted, not ours ──▶ stop, the bridge's events wait ──▶ an admin looks and resumes
        ──▶ recorded here, its events pass ──▶ vetoed or expired ──▶ our batches go on after it
"""

from __future__ import annotations

from typing import Final
from uuid import UUID

from ledger.kernel.transaction import Work
from ledger.kernel.units import Points
from oracle.bindings import points_bridge
from oracle.bridge import foreign_store, store
from oracle.bridge.model import Batch, BatchState
from oracle.indexer import store as indexer_store

CONTRACT: Final = "PointsBridge"
EVENTS_MAX: Final = 10_000
"""Waiting events among which one acknowledgement looks for foreign batches."""


def acknowledge(work: Work, looked_at_by: UUID) -> None:
    """An admin has looked at the foreign batches that are final: their events may pass.

    Only final ones, so that no reorg can put a batch of ours under a number recorded as foreign.
    """
    known = indexer_store.chain_in_use(work)
    at = None if known is None else indexer_store.checkpoint(work, known.chain_key)
    if known is None or at is None:
        return
    waiting = indexer_store.events_waiting(work, known.chain_key, at.block_number_final, EVENTS_MAX)
    for event in waiting:
        if (event.contract, event.name) != (CONTRACT, "BatchCommitted"):
            continue
        said = points_bridge.BatchCommitted.of(event)
        batch = store.batch_of_sequence(work, known.chain_key, said.sequence)
        if batch is None or not is_as_made(batch, said):
            place = (known.chain_key, said.sequence)
            foreign_store.insert_foreign(
                work, place, said.records_hash, Points(said.points), looked_at_by
            )


def settle(work: Work, chain_key: int, sequence: int, state: BatchState) -> bool:
    """Record what became of an acknowledged foreign batch; ``False`` if it is none."""
    if not foreign_store.is_foreign(work, chain_key, sequence):
        return False
    foreign_store.set_state(work, chain_key, sequence, state)
    return True


def is_as_made(batch: Batch, said: points_bridge.BatchCommitted) -> bool:
    """Whether what was committed is this batch of ours."""
    ours = (
        batch.records_hash,
        batch.points.amount,
        batch.ledger_position,
        batch.escrowed_points.amount,
    )
    return ours == (said.records_hash, said.points, said.ledger_position, said.escrowed_points)
