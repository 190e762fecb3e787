"""SQL of linked wallets. One statement, one function."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from ledger.kernel.transaction import Work
from ledger.wallets.model import Wallet
from ledger.wallets.tables import wallets

_COLUMNS = (
    wallets.c.wallet_id,
    wallets.c.member_id,
    wallets.c.address,
    wallets.c.linked_at,
    wallets.c.unlinked_at,
)


def insert_wallet(work: Work, wallet: Wallet, proof_digest: bytes) -> bool:
    """Keep a new linking; false if member or address got another one meanwhile."""
    row = (
        pg.insert(wallets)
        .values(
            wallet_id=wallet.wallet_id,
            member_id=wallet.member_id,
            address=wallet.address,
            proof_digest=proof_digest,
            linked_at=wallet.linked_at,
        )
        .on_conflict_do_nothing()
        .returning(wallets.c.wallet_id)
    )
    return work.connection.execute(row).one_or_none() is not None


def lock_active(work: Work, member_id: UUID, address: str) -> Sequence[Wallet]:
    """Active linkings of this member or this address, locked in id order."""
    query = (
        sa.select(*_COLUMNS)
        .where(
            sa.or_(wallets.c.member_id == member_id, wallets.c.address == address),
            wallets.c.unlinked_at.is_(None),
        )
        .order_by(wallets.c.wallet_id)
        .with_for_update()
    )
    return [Wallet(**row) for row in work.connection.execute(query).mappings()]


def active_wallet(work: Work, member_id: UUID) -> Wallet | None:
    """The member's active linking."""
    return _one(work, wallets.c.member_id == member_id)


def active_wallet_of_address(work: Work, address: str) -> Wallet | None:
    """The address's active linking."""
    return _one(work, wallets.c.address == address)


def close_wallet(work: Work, member_id: UUID) -> int:
    """End the member's active linking; 0 if there is none."""
    return work.connection.execute(
        wallets.update()
        .where(wallets.c.member_id == member_id, wallets.c.unlinked_at.is_(None))
        .values(unlinked_at=work.now)
    ).rowcount


def addresses_ever(work: Work, member_id: UUID) -> list[str]:
    """Every address that spoke for the member, now or before."""
    query = sa.select(wallets.c.address).where(wallets.c.member_id == member_id).distinct()
    return list(work.connection.execute(query).scalars())


def delete_wallets(work: Work, member_id: UUID) -> None:
    """Forget which wallets spoke for the member."""
    work.connection.execute(wallets.delete().where(wallets.c.member_id == member_id))


def _one(work: Work, condition: sa.ColumnElement[bool]) -> Wallet | None:
    row = (
        work.connection.execute(
            sa.select(*_COLUMNS).where(condition, wallets.c.unlinked_at.is_(None))
        )
        .mappings()
        .one_or_none()
    )
    return None if row is None else Wallet(**row)
