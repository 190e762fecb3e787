"""What the sender does next with one intent: a pure machine, state + observation → action.

::

    queued ──▶ reserved(nonce) ──▶ signed ──▶ broadcast ──▶ mined ──▶ finalized
      │ ▲          │ │              ▲  │        │ ▲ │         │  └───▶ failed (reverted)
      │ └──────────┘ └──────────────┘  │        │ └─┼─────────┘ reorg: the same bytes again
      ▼  nonce lost to a stranger, or  └────────┘   └──▶ signed: replaced, fees raised
         with the key that held it
    failed (would revert twice, or withdrawn)

A transaction that a later one of the same nonce stands in for is *replaced*; that is a state of the
transaction, the intent goes back to *signed*. Says nothing of how anything is stored or sent.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from ledger.kernel.errors import ErrorKind, VkladError
from oracle.chain.port import TRANSACTION_GAS_MAX
from oracle.contracts.abi import Address

GAS_LIMIT_MAX: Final = TRANSACTION_GAS_MAX
GAS_LIMIT_MIN: Final = 21_000
BUMP_NUMERATOR: Final = 9
BUMP_DENOMINATOR: Final = 8
"""A replacement raises both fees by at least 12.5 %: what nodes ask for is 10 %, rounded safely."""


class GasLimitOutOfBounds(VkladError):
    """An intent asks for more gas than a transaction may use, or too little for any."""

    code = "gas_limit_out_of_bounds"
    kind = ErrorKind.INVALID


class NoChainYet(VkladError):
    """No chain was recorded: contracts are not deployed, or the indexer has not looked."""

    code = "no_chain_yet"
    kind = ErrorKind.UNAVAILABLE


class IntentMoved(VkladError):
    """Another worker moved this intent between reading and writing."""

    code = "intent_moved"
    kind = ErrorKind.CONFLICT


class SenderRole(StrEnum):
    """Whose key signs; every role has a key of its own."""

    POSTER = "poster"
    RELAYER = "relayer"
    WATCHER = "watcher"
    DEPLOYER = "deployer"
    ANCHORER = "anchorer"
    GUARDIAN = "guardian"


class IntentState(StrEnum):
    """Where an intent is on its way."""

    QUEUED = "queued"
    RESERVED = "reserved"
    SIGNED = "signed"
    BROADCAST = "broadcast"
    MINED = "mined"
    FINALIZED = "finalized"
    FAILED = "failed"


SETTLED: Final = (IntentState.FINALIZED, IntentState.FAILED)


@dataclass(frozen=True, slots=True)
class Fees:
    """The two fees of EIP-1559, wei per gas."""

    max_fee_wei: int
    priority_fee_wei: int

    def __post_init__(self) -> None:
        assert 0 <= self.priority_fee_wei <= self.max_fee_wei, "a tip is part of the whole fee"


@dataclass(frozen=True, slots=True)
class SenderPolicy:
    """Bounds of the sender.

    ``stuck_after``: a broadcast transaction that is not mined by then is replaced.
    ``fee_wei_max``: the ceiling of the whole fee; at it the sender waits and never pays more.
    """

    stuck_after: timedelta = timedelta(seconds=60)
    fee_wei_max: int = 500 * 10**9
    in_flight_max: int = 16
    queued_max: int = 64


@dataclass(frozen=True, slots=True)
class Attempt:
    """One signed transaction of an intent; all of one nonce carry the same calldata."""

    number: int
    transaction_hash: bytes
    raw: bytes
    fees: Fees
    broadcast_at: datetime | None


@dataclass(frozen=True, slots=True)
class Mined:
    """Where a transaction of the intent was mined, and whether the call went through."""

    transaction_hash: bytes
    block_number: int
    block_hash: bytes
    succeeded: bool


@dataclass(frozen=True, slots=True)
class Intent:
    """One thing to be done on chain, once. ``refusal``: what the node last held against it."""

    intent_id: UUID
    key: str
    kind: str
    role: SenderRole
    to: Address
    calldata: bytes
    value_wei: int
    gas_limit: int
    state: IntentState
    sender: Address | None = None
    nonce: int | None = None
    attempts: tuple[Attempt, ...] = ()
    mined: Mined | None = None
    refusal: str | None = None


class KeyStanding(StrEnum):
    """Whose the key is that gave an intent its nonce, and what it can still bring about."""

    OURS = "ours"
    REPLACED = "replaced"
    """We sign with another now; what the old one has signed may still be mined and succeed."""
    POWERLESS = "powerless"
    """And at a final block the contract does not know it: what it has signed can only revert."""


@dataclass(frozen=True, slots=True)
class Observed:
    """What the chain says about one intent.

    ``block_number_final`` is fixed before ``receipt`` is read, so a nonce used up by then (see
    ``nonce_final``: transactions of the sender in final blocks, 0 where it was not asked for)
    without a receipt of ours was used by somebody else, for good.
    ``node_knows``: the node still has the newest attempt, waiting or mined.
    """

    block_number_final: int
    nonce_final: int
    nonce_head: int
    receipt: Mined | None
    node_knows: bool
    fees_suggested: Fees
    now: datetime
    key: KeyStanding = KeyStanding.OURS


@dataclass(frozen=True, slots=True)
class Sign:
    """Sign with these fees and store the bytes before anything else happens to them."""

    fees: Fees


@dataclass(frozen=True, slots=True)
class Broadcast:
    """Send the newest stored bytes, perhaps again."""

    attempt: Attempt


@dataclass(frozen=True, slots=True)
class RecordMined:
    """Write down where it was mined."""

    mined: Mined


@dataclass(frozen=True, slots=True)
class Unmine:
    """A reorg took the block away; the same bytes go out again."""


@dataclass(frozen=True, slots=True)
class Settle:
    """Final: done, or reverted."""

    mined: Mined


@dataclass(frozen=True, slots=True)
class LoseNonce:
    """The nonce was used by a stranger for good, or its key is powerless now; take another."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing to do until the chain moves."""


Action = Sign | Broadcast | RecordMined | Unmine | Settle | LoseNonce | Wait


def check_gas_limit(gas_limit: int) -> None:
    """Refuse what no block would take.

    Raises:
        GasLimitOutOfBounds: outside ``GAS_LIMIT_MIN`` to ``GAS_LIMIT_MAX``, both allowed.
    """
    if not GAS_LIMIT_MIN <= gas_limit <= GAS_LIMIT_MAX:
        raise GasLimitOutOfBounds(
            f"A transaction may use {GAS_LIMIT_MIN} to {GAS_LIMIT_MAX} gas, not {gas_limit}.",
            gas_limit=gas_limit,
        )


def next_nonce(reserved: frozenset[int], nonce_head: int) -> int:
    """The lowest nonce that the chain has not used and no intent holds.

    Starting at what the chain has used (not at our own highest) finds nonces that a stranger with
    the same key used, and fills a hole that a reorg of a stranger's transaction left below ours.
    """
    nonce = nonce_head
    while nonce in reserved:
        nonce += 1
    return nonce


def has_hole(reserved: frozenset[int], nonce_head: int) -> bool:
    """Whether some reserved nonce waits for a lower one that nobody holds."""
    return any(nonce > next_nonce(reserved, nonce_head) for nonce in reserved)


def first_fees(suggested: Fees, fee_wei_max: int) -> Fees:
    """The suggestion, cut to the ceiling."""
    return Fees(
        min(suggested.max_fee_wei, fee_wei_max), min(suggested.priority_fee_wei, fee_wei_max)
    )


def raised_fees(previous: Fees, suggested: Fees, fee_wei_max: int) -> Fees | None:
    """Fees of a replacement: both at least 12.5 % up, or ``None`` if the ceiling forbids it."""
    priority = max(_bumped(previous.priority_fee_wei), suggested.priority_fee_wei)
    whole = max(_bumped(previous.max_fee_wei), suggested.max_fee_wei, priority)
    if whole > fee_wei_max:
        whole = fee_wei_max
        priority = min(priority, whole)
    enough = whole >= _bumped(previous.max_fee_wei) and priority >= _bumped(
        previous.priority_fee_wei
    )
    return Fees(whole, priority) if enough else None


def decide(intent: Intent, observed: Observed, policy: SenderPolicy) -> Action:
    """What to do next with an intent that has a nonce and is not settled."""
    assert intent.nonce is not None, "an intent without a nonce is only queued"
    assert intent.state not in SETTLED, "what is settled stays so"
    if observed.receipt is not None:
        return _with_receipt(intent, observed.receipt, observed.block_number_final)
    if intent.state is IntentState.MINED:
        return Unmine()
    if observed.nonce_head > intent.nonce:
        # Used by somebody else; until that is final a reorg may give it back.
        return LoseNonce() if observed.nonce_final > intent.nonce else Wait()
    if observed.key is KeyStanding.POWERLESS:
        return LoseNonce()
    return _towards_broadcast(intent, observed, policy)


def _towards_broadcast(intent: Intent, observed: Observed, policy: SenderPolicy) -> Action:
    if intent.state is IntentState.RESERVED:
        # Nothing was signed at a nonce that only the old key can use: nothing can come of it.
        if observed.key is not KeyStanding.OURS:
            return LoseNonce()
        return Sign(first_fees(observed.fees_suggested, policy.fee_wei_max))
    newest = intent.attempts[-1]
    if intent.state is IntentState.SIGNED or not observed.node_knows:
        return Broadcast(newest)
    return _when_pending(intent, newest, observed, policy)


def _with_receipt(intent: Intent, receipt: Mined, block_number_final: int) -> Action:
    if receipt.block_number <= block_number_final:
        return Settle(receipt)
    if intent.state is IntentState.MINED and intent.mined == receipt:
        return Wait()
    return RecordMined(receipt)


def _when_pending(
    intent: Intent, newest: Attempt, observed: Observed, policy: SenderPolicy
) -> Action:
    """Only the first in line is replaced: the others wait for it, not for a better fee.

    And only by the key that holds the nonce: with another the call might be made twice.
    """
    assert newest.broadcast_at is not None, "a broadcast attempt says when"
    first_in_line = observed.nonce_head == intent.nonce
    can_sign = observed.key is KeyStanding.OURS
    if not can_sign or not first_in_line or observed.now - newest.broadcast_at < policy.stuck_after:
        return Wait()
    fees = raised_fees(newest.fees, observed.fees_suggested, policy.fee_wei_max)
    return Wait() if fees is None else Sign(fees)


def _bumped(fee_wei: int) -> int:
    """Rounded up, and one wei more at least."""
    return max(fee_wei + 1, -(-fee_wei * BUMP_NUMERATOR // BUMP_DENOMINATOR))
