"""A head on chain, and when the next one goes there. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from ledger.log.model import TreeHead


@dataclass(frozen=True, slots=True)
class Anchored:
    """The ``number``-th head of one chain, from a final block."""

    chain_key: int
    number: int
    tree_size: int
    root: bytes
    block_number: int
    transaction_hash: bytes
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class AnchorPolicy:
    """A head is anchored ``every`` so often, or sooner after ``transfers`` more; if any came."""

    every: timedelta
    transfers: int


def is_due(
    newest: TreeHead, anchored: Anchored | None, now: datetime, policy: AnchorPolicy
) -> bool:
    """Whether ``newest`` should go on chain now."""
    if anchored is None:
        return True
    grown = newest.tree_size - anchored.tree_size
    return grown >= policy.transfers or (grown > 0 and now - anchored.recorded_at >= policy.every)
