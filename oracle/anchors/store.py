"""Rows of anchored heads. One statement, one function."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from ledger.kernel.transaction import Work
from oracle.anchors.model import Anchored
from oracle.anchors.tables import log_anchors


def insert_anchor(work: Work, anchored: Anchored) -> None:
    """Keep what a final event said; again changes nothing."""
    work.connection.execute(
        pg.insert(log_anchors)
        .values(
            chain_key=anchored.chain_key,
            number=anchored.number,
            tree_size=anchored.tree_size,
            root=anchored.root,
            block_number=anchored.block_number,
            transaction_hash=anchored.transaction_hash,
            recorded_at=work.now,
        )
        .on_conflict_do_nothing()
    )


def newest_anchor(work: Work, chain_key: int) -> Anchored | None:
    """The newest head that is final on this chain."""
    found = anchors(work, chain_key=chain_key, limit=1)
    return found[0] if found else None


def anchors(work: Work, *, chain_key: int | None = None, limit: int) -> list[Anchored]:
    """Anchored heads, newest first, of one chain or all."""
    query = _newest_first().limit(limit)
    if chain_key is not None:
        query = query.where(log_anchors.c.chain_key == chain_key)
    return _read(work, query)


def anchors_between(work: Work, since: datetime, until: datetime) -> list[Anchored]:
    """Heads written down from ``since`` up to ``until``, exclusive, newest first."""
    at = log_anchors.c.recorded_at
    return _read(work, _newest_first().where(at >= since, at < until))


def _newest_first() -> sa.Select[Any]:
    return sa.select(log_anchors).order_by(
        log_anchors.c.chain_key.desc(), log_anchors.c.number.desc()
    )


def _read(work: Work, query: sa.Select[Any]) -> list[Anchored]:
    return [
        Anchored(
            chain_key=row.chain_key,
            number=row.number,
            tree_size=row.tree_size,
            root=bytes(row.root),
            block_number=row.block_number,
            transaction_hash=bytes(row.transaction_hash),
            recorded_at=row.recorded_at,
        )
        for row in work.connection.execute(query)
    ]
