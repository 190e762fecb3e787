"""Balances brought along, behind the answers: paid in parts, and to whom an identity is linked."""

from __future__ import annotations

from uuid import UUID

from api.composition import Composition
from ledger.grants.imports import paying
from ledger.kernel.transaction import execute


def carry_out(composition: Composition, key: str) -> None:
    """Outbox topic ``import``: pay, or take back, the import whose id is ``key``."""
    paying.carry_out(composition.database, UUID(key))


def credit_linked(composition: Composition, key: str) -> None:
    """Outbox topic ``linked``: credit what waits for the member whose id is ``key``."""
    while execute(composition.database, paying.credit_waiting, UUID(key)):
        pass


def credit_all_linked(composition: Composition) -> None:
    """Credit what waits for anybody, as after somebody was unblocked."""
    paying.credit_all_linked(composition.database)
