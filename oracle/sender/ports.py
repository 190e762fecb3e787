"""What the sender asks of a key. The node's port is `oracle.chain.port.Chain`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from oracle.contracts.abi import Address
from oracle.sender.model import Fees, SenderRole


@dataclass(frozen=True, slots=True)
class TypedTransaction:
    """All that is signed, by name: a remote key can compare each field with its allow-list."""

    chain_id: int
    role: SenderRole
    kind: str
    nonce: int
    to: Address
    calldata: bytes
    value_wei: int
    gas_limit: int
    fees: Fees


@dataclass(frozen=True, slots=True)
class SignedBytes:
    """A transaction ready to be broadcast."""

    transaction_hash: bytes
    raw: bytes


class SenderSigner(Protocol):
    """The keys, one a role. May be a process elsewhere."""

    def address(self, role: SenderRole) -> Address:
        """The account of a role."""
        ...

    def sign(self, transaction: TypedTransaction) -> SignedBytes:
        """Sign; deterministic or not, the caller stores the bytes before using them."""
        ...
