"""Rows of batches that somebody else committed with the poster's key."""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from ledger.kernel.transaction import Work
from ledger.kernel.units import Points
from oracle.bridge.model import BatchState
from oracle.bridge.tables import bridge_foreign_batches

_rows = bridge_foreign_batches.c


def insert_foreign(
    work: Work, place: tuple[int, int], records_hash: bytes, points: Points, looked_at_by: UUID
) -> None:
    """Keep a foreign batch at a place (chain, number); one that is there already stays."""
    chain_key, sequence = place
    work.connection.execute(
        pg.insert(bridge_foreign_batches)
        .values(
            chain_key=chain_key,
            sequence=sequence,
            records_hash=records_hash,
            points=points.amount,
            state=BatchState.COMMITTED,
            acknowledged_by=looked_at_by,
            acknowledged_at=work.now,
        )
        .on_conflict_do_nothing()
    )


def is_foreign(work: Work, chain_key: int, sequence: int) -> bool:
    """Whether an admin has acknowledged this number as somebody else's."""
    query = sa.select(_rows.sequence).where(
        _rows.chain_key == chain_key, _rows.sequence == sequence
    )
    return work.connection.execute(query).first() is not None


def set_state(work: Work, chain_key: int, sequence: int, state: BatchState) -> None:
    """What became of it."""
    work.connection.execute(
        bridge_foreign_batches.update()
        .where(_rows.chain_key == chain_key, _rows.sequence == sequence)
        .values(state=state)
    )


def last_foreign(work: Work, chain_key: int) -> int:
    """The highest number among them, 0 without any."""
    query = sa.select(sa.func.coalesce(sa.func.max(_rows.sequence), 0)).where(
        _rows.chain_key == chain_key
    )
    return int(work.connection.execute(query).scalar_one())


def has_open(work: Work, chain_key: int) -> bool:
    """Whether one of them may still be executed."""
    query = sa.select(_rows.sequence).where(
        _rows.chain_key == chain_key, _rows.state == BatchState.COMMITTED
    )
    return work.connection.execute(query).first() is not None
