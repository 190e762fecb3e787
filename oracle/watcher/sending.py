"""How the watcher sends: straight to its node, since its database is read-only.

It needs no memory to be safe: a heartbeat or a veto sent twice does nothing twice. What it keeps is
what waits at its nonces, so that the same bytes go out again, or dearer ones when they are stuck or
something more urgent takes their place.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from oracle.chain.port import BlockTag, Chain, Refusal, TransactionRefused
from oracle.contracts.abi import Address
from oracle.sender.model import (
    Fees,
    SenderPolicy,
    SenderRole,
    first_fees,
    raised_fees,
)
from oracle.sender.ports import SenderSigner, SignedBytes, TypedTransaction


@dataclass(frozen=True, slots=True)
class _Waiting:
    """What was sent at a nonce."""

    calldata: bytes
    fees: Fees
    signed: SignedBytes
    sent_at: datetime


@dataclass(frozen=True, slots=True)
class Message:
    """One call of the watcher."""

    to: Address
    calldata: bytes
    kind: str
    gas_limit: int


@dataclass(slots=True)
class WatcherSender:
    """Signs with the watcher's key."""

    signer: SenderSigner
    chain_id: int
    policy: SenderPolicy
    _waiting: dict[int, _Waiting] = field(default_factory=dict)

    def send_all(self, chain: Chain, messages: list[Message], now: datetime) -> None:
        """Send these, the most urgent first, at the nonces from the next one that is free.

        Raises:
            TransactionRefused: for a reason that sending again would not heal, as no money.
        """
        sender = self.signer.address(SenderRole.WATCHER)
        nonce = chain.nonce(sender, BlockTag.LATEST)
        self._waiting = {held: sent for held, sent in self._waiting.items() if held >= nonce}
        for offset, message in enumerate(messages):
            self._send(chain, nonce + offset, message, now)

    def _send(self, chain: Chain, nonce: int, message: Message, now: datetime) -> None:
        waiting = self._waiting.get(nonce)
        if waiting is None:
            suggested = chain.suggest_fees()
            fees = Fees(suggested.max_fee_wei, suggested.priority_fee_wei)
            sent = self._sign(nonce, message, first_fees(fees, self.policy.fee_wei_max), now)
        elif waiting.calldata == message.calldata and (
            now - waiting.sent_at < self.policy.stuck_after
        ):
            sent = waiting
        else:
            raised = raised_fees(waiting.fees, waiting.fees, self.policy.fee_wei_max)
            sent = self._sign(nonce, message, raised or waiting.fees, now)
        try:
            chain.send_raw(sent.signed.raw)
        except TransactionRefused as refused:
            if refused.refusal is Refusal.OTHER:
                raise
        self._waiting[nonce] = sent

    def _sign(self, nonce: int, message: Message, fees: Fees, now: datetime) -> _Waiting:
        signed = self.signer.sign(
            TypedTransaction(
                chain_id=self.chain_id,
                role=SenderRole.WATCHER,
                kind=message.kind,
                nonce=nonce,
                to=message.to,
                calldata=message.calldata,
                value_wei=0,
                gas_limit=message.gas_limit,
                fees=fees,
            )
        )
        return _Waiting(message.calldata, fees, signed, now)
