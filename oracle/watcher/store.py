"""What the watcher reads: escrow's history, salts, wallets, records. It writes nothing."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa

from ledger.journal.model import AccountKind, EntryKind
from ledger.journal.tables import accounts, transfers
from ledger.kernel.transaction import Work
from ledger.kernel.units import Points
from ledger.wallets.tables import wallets
from oracle.bridge.tables import bridge_batches, bridge_requests

BatchMade = tuple[int, bytes, int]
"""A batch's number, the hash of its records, and how far in the journal it goes."""
READ_TABLES: Final = tuple(
    table.name for table in (accounts, bridge_batches, bridge_requests, transfers, wallets)
)
"""All that the watcher's role in the database may do is SELECT from these."""
ENTRIES_MAX: Final = 1_000_000
"""Entries of the escrow account that one look may read."""


@dataclass(frozen=True, slots=True)
class EscrowEntry:
    """A claim as the journal has it: who moved how much, and what the entry says of it."""

    claim_id: UUID
    member_id: UUID
    entry_id: UUID
    points: Points
    position: int
    effective_at: datetime
    chain: str
    recipient_digest: str


@dataclass(frozen=True, slots=True)
class EscrowHistory:
    """All claims in the order of the journal, and the entries of those that came back."""

    claims: tuple[EscrowEntry, ...]
    returned: frozenset[UUID]


def escrow_history(work: Work) -> EscrowHistory:
    """Walk the escrow account from its newest transfer to its first."""
    claims: dict[UUID, EscrowEntry] = {}
    returned = set()
    for row in work.connection.execute(_walk()).mappings():
        if row["kind"] == EntryKind.ESCROW_RETURN:
            returned.add(row["cites"])
        elif row["kind"] == EntryKind.ESCROW:
            before = claims.get(row["entry_id"])
            points = row["amount"] + (before.points.amount if before else 0)
            claims[row["entry_id"]] = _claim(row, points)
    ordered = sorted(claims.values(), key=lambda claim: claim.position)
    return EscrowHistory(tuple(ordered), frozenset(returned))


def salts(work: Work, claim_ids: Collection[UUID]) -> dict[UUID, bytes]:
    """What opens the recipients' digests."""
    query = sa.select(bridge_requests.c.request_id, bridge_requests.c.salt).where(
        bridge_requests.c.request_id.in_(claim_ids)
    )
    return {row.request_id: bytes(row.salt) for row in work.connection.execute(query)}


def wallets_at(work: Work, member_id: UUID, at: datetime) -> frozenset[str]:
    """The wallets that spoke for a member at a moment."""
    query = sa.select(wallets.c.address).where(
        wallets.c.member_id == member_id,
        wallets.c.linked_at <= at,
        sa.or_(wallets.c.unlinked_at.is_(None), wallets.c.unlinked_at > at),
    )
    return frozenset(work.connection.execute(query).scalars())


def records_of(work: Work, records_hash: bytes) -> bytes | None:
    """The records with this hash, as the poster keeps them; the watcher hashes them itself."""
    query = (
        sa.select(bridge_batches.c.records)
        .where(bridge_batches.c.records_hash == records_hash)
        .order_by(bridge_batches.c.created_at.desc())
        .limit(1)
    )
    found = work.connection.execute(query).scalar_one_or_none()
    return None if found is None else bytes(found)


def batches_made(work: Work) -> frozenset[BatchMade]:
    """Every batch that is ours by the poster's own account."""
    made = bridge_batches.c
    query = sa.select(made.sequence, made.records_hash, made.ledger_position)
    return frozenset(
        (row.sequence, bytes(row.records_hash), row.ledger_position)
        for row in work.connection.execute(query)
    )


def _walk() -> sa.Select[Any]:
    escrow = (
        sa.select(accounts.c.account_id, accounts.c.last_sequence)
        .where(accounts.c.kind == AccountKind.ESCROW)
        .cte("escrow")
    )
    walk = sa.select(escrow.c.account_id, escrow.c.last_sequence.label("sequence")).cte(
        "walk", recursive=True
    )
    is_debit = transfers.c.debit_account_id == walk.c.account_id
    previous = sa.case((is_debit, transfers.c.debit_previous), else_=transfers.c.credit_previous)
    walk = walk.union_all(
        sa.select(walk.c.account_id, previous).join_from(
            walk, transfers, transfers.c.sequence == walk.c.sequence
        )
    )
    return (
        sa.select(
            transfers.c.sequence,
            transfers.c.line,
            transfers.c.lines,
            transfers.c.entry_id,
            transfers.c.kind,
            transfers.c.amount,
            transfers.c.effective_at,
            transfers.c.cites,
            transfers.c.cause,
        )
        .join_from(walk, transfers, transfers.c.sequence == walk.c.sequence)
        .limit(ENTRIES_MAX)
    )


def _claim(row: sa.RowMapping, points: int) -> EscrowEntry:
    cause = json.loads(row["cause"])
    why = cause["why"] or {}
    return EscrowEntry(
        claim_id=UUID(cause["claim"]["id"]),
        member_id=UUID(cause["claim"]["member"]),
        entry_id=row["entry_id"],
        points=Points(points),
        position=row["sequence"] - row["line"] + row["lines"],
        effective_at=row["effective_at"],
        chain=why.get("chain", ""),
        recipient_digest=why.get("recipient_digest", ""),
    )
