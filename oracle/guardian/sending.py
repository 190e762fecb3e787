"""Sending what the guardian decides, from its own machine: no database, one nonce, until final.

::

    sign ──▶ broadcast ──▶ mined ──▶ final
               ▲   │ │       │ └────▶ reverted: told
               │   │ └───────┘ reorg: the same bytes again
               └───┘ stuck: dearer bytes at the same nonce, so that it happens once
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from ledger.kernel.errors import ErrorKind, VkladError
from oracle.chain.port import (
    TRANSACTION_GAS_MAX,
    BlockTag,
    Call,
    CallReverted,
    Chain,
    Finality,
    Receipt,
    Refusal,
    TransactionRefused,
    newest_final,
)
from oracle.contracts.abi import Address
from oracle.deployment.model import Deployment
from oracle.guardian.model import Act, ActNotFinal, ActReverted, GuardianCannotPay
from oracle.sender.model import Fees, SenderPolicy, SenderRole, first_fees, raised_fees
from oracle.sender.ports import SenderSigner, SignedBytes, TypedTransaction

POLL_S: Final = 0.5
WAIT_S: Final = 1_800
ROLE: Final = SenderRole.GUARDIAN
Report = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Guarding:
    """The guardian's node, contracts and key."""

    chain: Chain
    deployment: Deployment
    signer: SenderSigner
    finality: Finality
    policy: SenderPolicy
    wait_s: float = WAIT_S

    @property
    def account(self) -> Address:
        """Whose key this is."""
        return self.signer.address(ROLE)


def send(guarding: Guarding, act: Act, report: Report) -> Receipt:
    """Send one act and wait until it is final.

    Once it was sent, a node or signer that is silent for a while is asked again.

    Raises:
        GuardianCannotPay: too little money for the gas.
        TransactionRefused: the node does not take it.
        ActReverted: the contract refuses it, now or when it is mined.
        ActNotFinal: it is not final, or not even mined, in time.
    """
    sending = _Sending(guarding, act, report)
    sending.broadcast_first()
    polls_stuck = max(1, int(guarding.policy.stuck_after.total_seconds() / POLL_S))
    for poll in range(1, max(1, int(guarding.wait_s / POLL_S)) + 1):
        try:
            receipt = sending.receipt()
            if receipt is not None and _is_final(guarding, receipt):
                report(f"Final: block {receipt.block_number} cannot go away any more.")
                return receipt
            if receipt is None and poll % polls_stuck == 0:
                sending.broadcast_again()
        except VkladError as error:
            if error.kind is not ErrorKind.UNAVAILABLE:
                raise
            report(f"{error.message} Trying again …")
        time.sleep(POLL_S)
    raise ActNotFinal(sending.why_not_final())


class _Sending:
    """The transactions of one nonce; any of them may be the one that is mined."""

    def __init__(self, guarding: Guarding, act: Act, report: Report) -> None:
        self._guarding = guarding
        self._chain = guarding.chain
        self._act = act
        self._report = report
        self._nonce = self._chain.nonce(guarding.account, BlockTag.LATEST)
        self._gas = self._gas_limit()
        self._signed: list[tuple[Fees, SignedBytes]] = []
        self._mined_in: int | None = None

    def broadcast_first(self) -> None:
        fees = first_fees(self._suggested(), self._guarding.policy.fee_wei_max)
        self._require_money(fees)
        self._broadcast(fees)

    def broadcast_again(self) -> None:
        """With higher fees if the ceiling allows, else the same bytes."""
        newest = self._signed[-1][0]
        ceiling = self._guarding.policy.fee_wei_max
        try:
            self._broadcast(raised_fees(newest, self._suggested(), ceiling) or newest)
        except TransactionRefused as refused:
            self._report(f"{refused.message} What was sent before may still be mined.")

    def receipt(self) -> Receipt | None:
        """Of whichever was mined.

        Raises:
            ActReverted: the contract refused it.
        """
        found = [self._chain.receipt(signed.transaction_hash) for _, signed in self._signed]
        receipt = next((each for each in found if each is not None), None)
        if receipt is None:
            if self._mined_in is not None:
                self._report("The block went away; sending it again.")
                self._mined_in = None
                self.broadcast_again()
            return None
        if not receipt.succeeded:
            raise ActReverted(
                f"The contract refused 0x{receipt.transaction_hash.hex()} in block "
                f"{receipt.block_number}: something else came before it. Look again."
            )
        if self._mined_in != receipt.block_number:
            self._mined_in = receipt.block_number
            self._report(f"In effect since block {receipt.block_number}; waiting until final …")
        return receipt

    def why_not_final(self) -> str:
        hashes = ", ".join(f"0x{signed.transaction_hash.hex()}" for _, signed in self._signed)
        if self._mined_in is None:
            return f"Not mined after {self._guarding.wait_s:g} s, and may still be: {hashes}."
        return (
            f"In effect since block {self._mined_in}, which is not final after "
            f"{self._guarding.wait_s:g} s: {hashes}. Look again: vklad chain guardian"
        )

    def _gas_limit(self) -> int:
        call = Call(self._act.to, self._act.calldata, sender=self._guarding.account)
        try:
            estimate = self._chain.estimate_gas(call)
        except CallReverted as refused:
            raise ActReverted(
                f"The contract refuses it now ({refused.message}): something else came before. "
                "Nothing was sent."
            ) from refused
        return min(estimate * 3 // 2, TRANSACTION_GAS_MAX)

    def _suggested(self) -> Fees:
        suggested = self._chain.suggest_fees()
        return Fees(suggested.max_fee_wei, suggested.priority_fee_wei)

    def _require_money(self, fees: Fees) -> None:
        account = self._guarding.account
        balance = self._chain.balance_wei(account, BlockTag.LATEST)
        needed = self._gas * fees.max_fee_wei
        if balance < needed:
            raise GuardianCannotPay(
                f"{account} has {balance} wei and gas may cost {needed}. Send it some money.",
                balance_wei=str(balance),
                needed_wei=str(needed),
            )

    def _broadcast(self, fees: Fees) -> None:
        signed = self._guarding.signer.sign(
            TypedTransaction(
                chain_id=self._guarding.deployment.chain_id,
                role=ROLE,
                kind=self._act.kind,
                nonce=self._nonce,
                to=self._act.to,
                calldata=self._act.calldata,
                value_wei=0,
                gas_limit=self._gas,
                fees=fees,
            )
        )
        known = {each.transaction_hash for _, each in self._signed}
        if signed.transaction_hash not in known:
            self._signed.append((fees, signed))
        try:
            self._chain.send_raw(signed.raw)
        except TransactionRefused as refused:
            if refused.refusal is Refusal.OTHER:
                raise
        self._report(f"Sent 0x{signed.transaction_hash.hex()} as {self._guarding.account}.")


def _is_final(guarding: Guarding, receipt: Receipt) -> bool:
    final = newest_final(guarding.chain, guarding.finality)
    return final is not None and final.number >= receipt.block_number
