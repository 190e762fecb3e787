"""Whether a committed batch is what the journal says it must be. Pure.

::

    journal   … escrow ─ escrow ─ … ─ escrow ─ escrow ─ …      claims, in the order of the journal
                  └── batch n − 1 ──┘└── batch n ──┘
                                    ▲              ▲
                        ledger position of n − 1   ledger position of n

A batch must hold exactly the claims of its stretch that did not come back before, each with the
points that moved to escrow, for the wallet whose digest the entry holds and that was the member's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from ledger.kernel.units import Points
from oracle.bridge.model import recipient_digest, unpack_records


@dataclass(frozen=True, slots=True)
class Claim:
    """An escrow entry of the journal, and what the other rooms say of its member.

    ``salt`` opens the digest; ``None`` if nobody can. ``wallets`` were the member's when the points
    moved, in lower case.
    """

    claim_id: UUID
    member_id: UUID
    points: Points
    position: int
    effective_at: datetime
    chain: str
    recipient_digest: str
    salt: bytes | None
    wallets: frozenset[str]


@dataclass(frozen=True, slots=True)
class CommittedBatch:
    """What the contract holds of a batch, and where the one before it ended.

    ``escrowed_points``: everything executed, and what is open up to this batch; what was cancelled
    does not count.
    """

    sequence: int
    records_hash: bytes
    points: Points
    ledger_position: int
    previous_ledger_position: int
    escrowed_points: Points


@dataclass(frozen=True, slots=True)
class Evidence:
    """What can be said of a batch without asking the poster.

    ``records`` are those whose hash the contract holds, ``None`` if nobody has them. ``claims`` are
    all of the batch's stretch that did not come back before. ``escrowed_before`` is every point
    that ever moved to escrow for this chain up to the batch's position, or to that of a later one
    that was executed before it.
    """

    records: bytes | None
    claims: Sequence[Claim]
    escrowed_before: Points


def faults(batch: CommittedBatch, evidence: Evidence) -> list[str]:
    """Everything wrong with a batch, as sentences; empty if it can be reproduced."""
    if evidence.records is None:
        return [f"Nobody has records with the hash of batch {batch.sequence}."]
    try:
        records = unpack_records(evidence.records)
    except ValueError as error:
        return [f"Batch {batch.sequence}: {error}"]
    found = _total_faults(batch, records, evidence)
    if len(records) != len(evidence.claims):
        found.append(
            f"Batch {batch.sequence} has {len(records)} records for {len(evidence.claims)} claims "
            "of its stretch of the journal."
        )
    for record, claim in zip(records, evidence.claims, strict=False):
        found += _record_faults(record, claim)
    return found


def _total_faults(
    batch: CommittedBatch, records: list[tuple[str, Points]], evidence: Evidence
) -> list[str]:
    found = []
    total = sum(points.amount for _, points in records)
    if total != batch.points.amount:
        found.append(
            f"Batch {batch.sequence} says {batch.points.amount} points, its records {total}."
        )
    if batch.escrowed_points > evidence.escrowed_before:
        found.append(
            f"Up to batch {batch.sequence} {batch.escrowed_points.amount} points are said to have "
            f"been in escrow; the journal knows of {evidence.escrowed_before.amount}."
        )
    if batch.ledger_position < batch.previous_ledger_position:
        found.append(f"Batch {batch.sequence} goes back in the journal.")
    if evidence.claims and evidence.claims[-1].position != batch.ledger_position:
        found.append(
            f"Batch {batch.sequence} goes up to {batch.ledger_position} in the journal, its last "
            f"claim is at {evidence.claims[-1].position}."
        )
    return found


def _record_faults(record: tuple[str, Points], claim: Claim) -> list[str]:
    wallet, points = record
    found = []
    if points != claim.points:
        found.append(
            f"A record mints {points.amount} points where {claim.points.amount} went to escrow "
            f"at {claim.position}."
        )
    if claim.salt is None or recipient_digest(wallet, claim.salt) != claim.recipient_digest:
        found.append(
            f"A record mints to {wallet}, which is not the recipient in the journal's entry at "
            f"{claim.position}."
        )
    if wallet not in claim.wallets:
        found.append(
            f"A record mints to {wallet}, which was not the member's when the points moved at "
            f"{claim.position}."
        )
    return found


def heartbeat_due(*, now_s: int, alive_until_s: int, lasts_s: int) -> bool:
    """Whether less than half of the last heartbeat's time is left."""
    return alive_until_s - now_s < lasts_s // 2
