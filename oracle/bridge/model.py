"""Requests, batches and redemptions as values, and what may be done with them. Pure.

::

    request   escrowed ──▶ batched ──▶ minted
                 ▲  │         │
                 │  └─────────┴──▶ returned      batch vetoed or expired, chain given up
                 └────────────┘                  commit never mined: the number is free again

    batch     committing ──▶ committed ──▶ executed
                  │              ├──▶ vetoed
                  ▼              └──▶ expired
               refused
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from ledger.kernel.units import Points, sum_points
from oracle.bridge.errors import RecipientRefused, RequestOutOfBounds

RECORDS_MAX: Final = 500
"""Members in one batch (DESIGN 7)."""
RECORD_BYTES: Final = 26
"""Recipient (20) and whole points (6, big-endian), as ``IVklToken.mintBatch`` reads them."""
RECORD_POINTS_MAX: Final = 2**48 - 1
GAS_BUDGET: Final = 15_500_000
"""What a batch may be expected to use; the rest up to 2^24 is for holders who delegate later."""
GAS_FIXED: Final = 150_000
GAS_PLAIN: Final = 30_000
GAS_DELEGATED: Final = 80_000
"""Gas of one record for a new holder without and with a delegate (measured: 28 300 and 77 700)."""
REFERENCE_BYTES: Final = 32
POINTS_MIN: Final = Points(10)
POINTS_MAX: Final = Points(100_000)
"""What one request may carry unless the school says otherwise; both allowed."""


class RequestState(StrEnum):
    """Where a request's points are."""

    ESCROWED = "escrowed"
    BATCHED = "batched"
    MINTED = "minted"
    RETURNED = "returned"


class BatchState(StrEnum):
    """Where a batch is; the last four never change."""

    COMMITTING = "committing"
    COMMITTED = "committed"
    EXECUTED = "executed"
    VETOED = "vetoed"
    EXPIRED = "expired"
    REFUSED = "refused"


class Stage(StrEnum):
    """What a member is shown of a request."""

    WAITING = "waiting"
    COMMITTING = "committing"
    DELAYED = "delayed"
    EXECUTING = "executing"
    MINTED = "minted"
    RETURNING = "returning"
    RETURNED = "returned"


class StopReason(StrEnum):
    """Why nothing is trusted until a person has looked; the school's own switch is another.

    ``POSTER_REPLACED`` alone says nothing of the chain, but of our key: see ``posting``.
    """

    OTHER_CHAIN = "other_chain"
    FINAL_HISTORY_CHANGED = "final_history_changed"
    ENDPOINTS_DISAGREE = "endpoints_disagree"
    REDEMPTION_GAP = "redemption_gap"
    FOREIGN_BATCH = "foreign_batch"
    RESERVE_MISMATCH = "reserve_mismatch"
    RESET = "reset"
    POSTER_REPLACED = "poster_replaced"


class RedemptionState(StrEnum):
    """What became of burnt tokens."""

    CREDITED = "credited"
    PARKED = "parked"


class RedemptionStage(StrEnum):
    """What a member is shown of a redemption asked for."""

    OPEN = "open"
    SENDING = "sending"
    REFUSED = "refused"
    BURNT = "burnt"
    CREDITED = "credited"
    PARKED = "parked"
    LAPSED = "lapsed"


class ParkedReason(StrEnum):
    """Why nobody could be credited; an admin sees them."""

    UNKNOWN_REFERENCE = "unknown_reference"
    OTHER_HOLDER = "other_holder"
    REFERENCE_USED = "reference_used"
    MEMBER_ERASED = "member_erased"


@dataclass(frozen=True, slots=True)
class BridgePolicy:
    """What the school allows, and how batches are made.

    ``refund_window``: only points granted longer ago may leave. ``returned_validity``: the life of
    points out of tokens that others earned.
    """

    points_min: Points = POINTS_MIN
    points_max: Points = POINTS_MAX
    batch_after: timedelta = timedelta(minutes=5)
    records_max: int = RECORDS_MAX
    refund_window: timedelta = timedelta(days=14)
    returned_validity: timedelta = timedelta(days=365)
    redeem_lifetime: timedelta = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Request:
    """One member's wish to have tokens for points that are in escrow already.

    ``journal_sequence`` is the escrow entry's place in the journal; batches take requests in that
    order. ``salt`` hides wallet and member in the journal's cause.
    """

    request_id: UUID
    chain_key: int
    member_id: UUID
    wallet: str
    points: Points
    salt: bytes
    entry_id: UUID
    journal_sequence: int
    state: RequestState
    batch_id: UUID | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Batch:
    """Requests that are minted together, or not at all."""

    batch_id: UUID
    chain_key: int
    sequence: int
    state: BatchState
    records: bytes
    records_hash: bytes
    points: Points
    ledger_position: int
    escrowed_points: Points
    executable_at: datetime | None
    expires_at: datetime | None
    attempt: int
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Stop:
    """The bridge stands still since ``stopped_at``."""

    reason: StopReason
    message: str
    stopped_at: datetime


@dataclass(frozen=True, slots=True)
class BridgeLimits:
    """What the bridge contract would take now."""

    paused: bool
    last_sequence: int
    escrowed_points: Points
    batch_points_max: Points


@dataclass(frozen=True, slots=True)
class Gate:
    """What stands between a committed batch and its execution, at one block of ``now_s``."""

    now_s: int
    paused: bool
    watcher_alive_until_s: int
    checked_sequence: int
    available: Points

    def lets(self, batch: Batch) -> bool:
        """Whether the contract would execute it in this block."""
        assert batch.executable_at is not None, "what is committed has times"
        return (
            not self.paused
            and batch.executable_at.timestamp() <= self.now_s <= self.watcher_alive_until_s
            and batch.sequence <= self.checked_sequence
            and batch.points <= self.available
        )


@dataclass(frozen=True, slots=True)
class Reference:
    """Under which burnt tokens are credited to a member, once.

    Nonce and deadline are what the holder may sign so that somebody else pays the gas;
    ``relay_key`` is the sender's intent that does, once the holder has signed.
    """

    reference: bytes
    chain_key: int
    member_id: UUID
    holder: str
    points: Points
    holder_nonce: int
    deadline_s: int
    created_at: datetime
    relay_key: str | None = None

    def is_of(self, holder: str) -> bool:
        """Whether this is the account that the reference was given to."""
        return self.holder.lower() == holder.lower()


@dataclass(frozen=True, slots=True)
class Redemption:
    """Burnt tokens, and what became of them."""

    chain_key: int
    sequence: int
    reference: bytes
    holder: str
    points: Points
    state: RedemptionState
    parked_reason: ParkedReason | None
    member_id: UUID | None
    entry_id: UUID | None
    block_number: int
    transaction_hash: bytes
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class Selection:
    """Which waiting requests go into the next batch, and one that never can."""

    chosen: tuple[Request, ...]
    too_large: Request | None = None


def check_points(points: Points, policy: BridgePolicy) -> None:
    """Refuse too few and too many.

    Raises:
        RequestOutOfBounds: outside ``points_min`` to ``points_max``, both allowed.
    """
    if not policy.points_min <= points <= policy.points_max:
        raise RequestOutOfBounds(
            f"One request carries {policy.points_min.amount} to {policy.points_max.amount} points, "
            f"not {points.amount}.",
            points=points.amount,
            points_min=policy.points_min.amount,
            points_max=policy.points_max.amount,
        )


def check_recipient(wallet: str, refused: Collection[str]) -> None:
    """Refuse what the token would revert on, which would take a whole batch with it.

    Raises:
        RecipientRefused: the zero address, or one of ``refused`` (token and bridge).
    """
    if int(wallet, 16) == 0 or wallet.lower() in {address.lower() for address in refused}:
        raise RecipientRefused(f"Tokens cannot be minted to {wallet}.", wallet=wallet)


def recipient_digest(wallet: str, salt: bytes) -> str:
    """What the journal says of a recipient: checkable with the salt, empty without it."""
    return hashlib.sha256(salt + bytes.fromhex(wallet.removeprefix("0x"))).hexdigest()


def chain_words(chain_id: int, bridge: str, genesis_hash: bytes) -> str:
    """Names chain and bridge in the journal: CAIP-10 and the first block's hash.

    The hash, because two local chains share ids and addresses.
    """
    return f"eip155:{chain_id}:{bridge}@{genesis_hash.hex()[:16]}"


def pack_records(entries: Sequence[tuple[str, Points]]) -> bytes:
    """The records of ``IVklToken.mintBatch``, in order."""
    packed = bytearray()
    for wallet, points in entries:
        assert 0 < points.amount <= RECORD_POINTS_MAX, "a record holds 48 bits of points"
        packed += bytes.fromhex(wallet.removeprefix("0x")) + points.amount.to_bytes(6, "big")
    return bytes(packed)


def unpack_records(records: bytes) -> list[tuple[str, Points]]:
    """Back from :func:`pack_records`; wallets in lower case.

    Raises:
        ValueError: not a whole number of records.
    """
    if len(records) % RECORD_BYTES:
        raise ValueError(f"{len(records)} bytes are not a whole number of records.")
    return [
        (
            "0x" + records[start : start + 20].hex(),
            Points(int.from_bytes(records[start + 20 : start + RECORD_BYTES], "big")),
        )
        for start in range(0, len(records), RECORD_BYTES)
    ]


def is_due(waiting: Sequence[Request], policy: BridgePolicy, now: datetime) -> bool:
    """Whether a batch is worth making: full, or its oldest request has waited long enough."""
    if not waiting:
        return False
    oldest = min(request.created_at for request in waiting)
    return len(waiting) >= policy.records_max or now - oldest >= policy.batch_after


def select(
    waiting: Sequence[Request],
    delegated: Collection[str],
    points_max: Points,
    records_max: int = RECORDS_MAX,
) -> Selection:
    """The longest run of ``waiting`` (in journal order) that fits count, points and gas.

    ``delegated``: wallets whose holders have a delegate, hence cost more. A run and not a choice,
    so that the batch's ledger position says of every request before it that it was taken.
    """
    chosen: list[Request] = []
    total, gas = Points(0), GAS_FIXED
    for request in waiting[: min(records_max, RECORDS_MAX)]:
        gas += GAS_DELEGATED if request.wallet in delegated else GAS_PLAIN
        if gas > GAS_BUDGET or total + request.points > points_max:
            break
        total = total + request.points
        chosen.append(request)
    too_large = waiting[0] if waiting and waiting[0].points > points_max else None
    return Selection(tuple(chosen), too_large)


def execution_gas(record_count: int) -> int:
    """A gas limit at which the batch executes even if every holder has delegated by then."""
    return min(2**24, 2 * GAS_FIXED + record_count * GAS_DELEGATED)


def total_points(requests: Sequence[Request]) -> Points:
    """The sum of their points."""
    return sum_points(request.points for request in requests)


def stage(request: Request, batch: Batch | None, now: datetime) -> Stage:
    """What to tell a member, given the request's batch."""
    match request.state:
        case RequestState.ESCROWED:
            return Stage.WAITING
        case RequestState.MINTED:
            return Stage.MINTED
        case RequestState.RETURNED:
            return Stage.RETURNED
        case RequestState.BATCHED:
            assert batch is not None, "a batched request has a batch"
            return _stage_in_batch(batch, now)


def _stage_in_batch(batch: Batch, now: datetime) -> Stage:
    if batch.state is BatchState.COMMITTING:
        return Stage.COMMITTING
    if batch.state in {BatchState.VETOED, BatchState.EXPIRED}:
        return Stage.RETURNING
    waits = batch.executable_at is not None and now < batch.executable_at
    return Stage.DELAYED if waits else Stage.EXECUTING
