"""Grants behind the answers: what two persons take back is taken in parts."""

from __future__ import annotations

from uuid import UUID

from api.composition import Composition
from ledger.grants.taking_back import service


def take_back(composition: Composition, key: str) -> None:
    """Outbox topic ``grant_take_back``: take back what the grant whose id is ``key`` paid."""
    service.carry_out(composition.database, UUID(key))
