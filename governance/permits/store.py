"""Where permits that were asked for are kept."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from governance.permits.tables import permits
from ledger.kernel.transaction import Work


@dataclass(frozen=True, slots=True)
class StoredPermit:
    """A row that is kept."""

    permit_id: UUID
    chain_key: int
    member_id: UUID
    owner_address: str
    spender_address: str
    units: int
    nonce: int
    intent_key: str
    received_at: datetime


def insert(work: Work, row: StoredPermit) -> None:
    """Keep one."""
    work.connection.execute(permits.insert().values(**asdict(row)))


def of_member(work: Work, member_id: UUID, newest: int, limit: int) -> list[StoredPermit]:
    """A member's, newest first: so many, and of older ones the last for each account."""
    latest = permits.c.received_at.desc()
    pair = (permits.c.owner_address, permits.c.spender_address)
    place = sa.func.row_number().over(order_by=latest).label("place")
    of_account = sa.func.row_number().over(partition_by=pair, order_by=latest).label("of_account")
    every = (
        sa.select(*permits.c, place, of_account).where(permits.c.member_id == member_id).subquery()
    )
    rows = work.connection.execute(
        sa.select(*(every.c[column.name] for column in permits.c))
        .where(sa.or_(every.c.place <= newest, every.c.of_account == 1))
        .order_by(every.c.received_at.desc())
        .limit(limit)
    )
    found = (StoredPermit(*row) for row in rows)
    return [replace(each, units=int(each.units), nonce=int(each.nonce)) for each in found]
