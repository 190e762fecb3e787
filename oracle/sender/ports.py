"""What the sender asks of a node and of a key. Doubles in tests stand here, nowhere else."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from oracle.sender.model import Fees, Mined, SenderRole


class BroadcastAnswer(StrEnum):
    """What a node says to signed bytes.

    ``TAKEN``: they wait or are mined. ``KNOWN``: it had them. ``UNDERPRICED``: it keeps an older
    transaction of this nonce. ``NONCE_USED``: a transaction of this nonce is mined. ``REFUSED``:
    anything else; its words are in the receipt of the call.
    """

    TAKEN = "taken"
    KNOWN = "known"
    UNDERPRICED = "underpriced"
    NONCE_USED = "nonce_used"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class BroadcastReceipt:
    """The node's answer, and its words when it refuses."""

    answer: BroadcastAnswer
    words: str = ""


@dataclass(frozen=True, slots=True)
class TypedTransaction:
    """All that is signed, by name: a remote key can compare each field with its allow-list."""

    chain_id: int
    role: SenderRole
    kind: str
    nonce: int
    to: str
    calldata: bytes
    value_wei: int
    gas_limit: int
    fees: Fees


@dataclass(frozen=True, slots=True)
class SignedBytes:
    """A transaction ready to be broadcast."""

    transaction_hash: bytes
    raw: bytes


class SenderChain(Protocol):
    """The node, as the sender needs it.

    Every call may raise a ``VkladError`` of kind ``unavailable``.
    """

    def transaction_count(self, address: str, block_number: int | None) -> int:
        """Transactions of ``address`` mined up to a block (inclusive); ``None``: the head."""
        ...

    def mined(self, transaction_hash: bytes) -> Mined | None:
        """Where a transaction is in the chain as it is now."""
        ...

    def knows(self, transaction_hash: bytes) -> bool:
        """Whether the node has the transaction, waiting or mined."""
        ...

    def suggest_fees(self) -> Fees:
        """Fees that should get into one of the next blocks."""
        ...

    def refusal_of_call(self, sender: str, to: str, calldata: bytes, value_wei: int) -> str | None:
        """Why this call would revert on the head now; ``None`` if it would not."""
        ...

    def broadcast(self, raw: bytes) -> BroadcastReceipt:
        """Hand over signed bytes."""
        ...


class SenderSigner(Protocol):
    """The keys, one a role. May be a process elsewhere."""

    def address(self, role: SenderRole) -> str:
        """The account of a role."""
        ...

    def sign(self, transaction: TypedTransaction) -> SignedBytes:
        """Sign; deterministic or not, the caller stores the bytes before using them."""
        ...
