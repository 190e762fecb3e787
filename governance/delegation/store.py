"""Where delegations that were asked for are kept."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from governance.tables import delegations
from ledger.kernel.transaction import Work


@dataclass(frozen=True)
class NewDelegation:
    """A row to be kept."""

    delegation_id: UUID
    chain_key: int
    member_id: UUID
    delegator_address: str
    delegatee_address: str
    nonce: int
    signature_expires_at: datetime
    intent_key: str


@dataclass(frozen=True, slots=True)
class StoredDelegation:
    """A row that is kept."""

    delegation_id: UUID
    delegator_address: str
    delegatee_address: str
    intent_key: str
    received_at: datetime


def insert(work: Work, row: NewDelegation) -> None:
    """Keep one."""
    work.connection.execute(delegations.insert().values(**asdict(row), received_at=work.now))


def of_member(work: Work, member_id: UUID) -> list[StoredDelegation]:
    """A member's, newest first."""
    rows = work.connection.execute(
        sa.select(
            delegations.c.delegation_id,
            delegations.c.delegator_address,
            delegations.c.delegatee_address,
            delegations.c.intent_key,
            delegations.c.received_at,
        )
        .where(delegations.c.member_id == member_id)
        .order_by(delegations.c.received_at.desc())
        .limit(50)
    )
    return [StoredDelegation(*row) for row in rows]


def any_since(work: Work, since: datetime) -> bool:
    """Whether a delegation was asked for since then."""
    query = sa.select(sa.exists().where(delegations.c.received_at >= since))
    return bool(work.connection.execute(query).scalar_one())
