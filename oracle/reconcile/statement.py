"""Proof of reserve: both sides of rule 7 as a message that a key of ours signs (EIP-712).

The key is the anchorer's: the contract `Anchors` names its account, so that whoever checks a
statement reads on the chain who had to sign it. The key sends heads of the log and holds nothing.
What is off is signed as well: a statement says what is, and its reader adds up.
`oracle.reconcile.verifier` checks one without any of this.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol

from ledger.kernel.units import Points
from oracle.bindings import points_bridge
from oracle.chain import typed_data
from oracle.chain.port import read
from oracle.chain.typed_data import TypedData
from oracle.contracts.abi import Address
from oracle.reconcile.model import Reconciliation
from oracle.reconcile.service import Reconciler, reconcile
from oracle.sender.model import SenderRole

FORMAT: Final = "vklad.reserve.v1"
ATTESTER: Final = SenderRole.ANCHORER


class MessageSigner(Protocol):
    """The keys, one a role. May be a process elsewhere."""

    def address(self, role: SenderRole) -> Address:
        """The account of a role."""

    def sign_message(self, role: SenderRole, message: TypedData) -> bytes:
        """Sign a typed message, 65 bytes."""


@dataclass(frozen=True, slots=True)
class Statement:
    """What was found, and the signature under it. Findings are ours and not signed."""

    found: Reconciliation
    message: TypedData
    attester: Address
    signature: bytes
    stated_at: datetime

    def as_json(self) -> dict[str, Any]:
        """The file that people keep and check."""
        return {
            "format": FORMAT,
            "statement": self.message.as_json(),
            "attester": self.attester,
            "signature": f"0x{self.signature.hex()}",
        }

    def as_file(self) -> str:
        """The same, written for people to read."""
        return json.dumps(self.as_json(), indent=2) + "\n"


def state(reconciler: Reconciler, anchors: Address, signer: MessageSigner) -> Statement:
    """Compare both sides at the newest final block, and sign what was found.

    Raises:
        NothingFinalYet, FinalBlockMissing, ChainUnavailable: the chain cannot say now.
        KeyMissing, SignerUnavailable, SignerDisagrees: nobody signs.
    """
    found = reconcile(reconciler)
    chain = reconciler.chain
    number = found.chain.block_number
    cancelled = Points(
        read(chain, reconciler.bridge, points_bridge.cancelled_points(), number),
    )
    stated_at = reconciler.database.clock.now()
    message = typed_data.reserve(
        typed_data.Domain(typed_data.RESERVE_NAME, chain.chain_id(), reconciler.bridge),
        {
            "ledgerPosition": found.ledger.position,
            "ledgerHash": found.ledger.position_hash,
            "escrowPoints": found.ledger.escrow.amount,
            "inFlightPoints": found.ledger.in_flight.amount,
            "mintedPoints": found.chain.executed.amount,
            "redeemedPoints": found.chain.redeemed.amount,
            "cancelledPoints": cancelled.amount,
            "supplyUnits": found.chain.supply.amount,
            "token": reconciler.token,
            "anchors": anchors,
            "blockNumber": number,
            "blockHash": found.chain.block_hash,
            "statedAt": int(stated_at.timestamp()),
        },
    )
    signature = signer.sign_message(ATTESTER, message)
    return Statement(found, message, signer.address(ATTESTER), signature, stated_at)
