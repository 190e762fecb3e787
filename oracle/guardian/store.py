"""Rows of reasons. One statement, one function."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from ledger.kernel.transaction import Work
from oracle.contracts.abi import Address
from oracle.guardian.tables import guardian_reasons

_rows = guardian_reasons.c


@dataclass(frozen=True, slots=True)
class GivenReason:
    """Why, in the words of whoever acted in a transaction."""

    chain_key: int
    transaction_hash: bytes
    account: Address
    reason: str
    signature: bytes
    recorded_at: datetime


def insert_reason(work: Work, given: GivenReason) -> bool:
    """Keep a reason; ``False`` if the transaction has one."""
    result = work.connection.execute(
        pg.insert(guardian_reasons)
        .values(
            chain_key=given.chain_key,
            transaction_hash=given.transaction_hash,
            account=given.account,
            reason=given.reason,
            signature=given.signature,
            recorded_at=given.recorded_at,
        )
        .on_conflict_do_nothing()
        .returning(_rows.recorded_at)
    )
    return result.first() is not None


def reasons(work: Work, chain_key: int, hashes: Collection[bytes]) -> dict[bytes, GivenReason]:
    """Those of some transactions, by transaction."""
    if not hashes:
        return {}
    query = sa.select(guardian_reasons).where(
        _rows.chain_key == chain_key, _rows.transaction_hash.in_(list(hashes))
    )
    return {
        bytes(row["transaction_hash"]): GivenReason(
            chain_key,
            bytes(row["transaction_hash"]),
            Address(row["account"]),
            row["reason"],
            bytes(row["signature"]),
            row["recorded_at"],
        )
        for row in work.connection.execute(query).mappings()
    }
