"""A chain in memory behind the sender's and the indexer's ports, for what no real node does on
demand: forgetting its mempool, reorganising as deep as told, mining a stranger's transaction."""

# ruff: noqa: ARG002 - a port asks for more than a made-up chain needs.
from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from oracle.indexer.model import Block, ChainEvent, ChainIdentity
from oracle.sender.model import BUMP_DENOMINATOR, BUMP_NUMERATOR, Fees, Mined, SenderRole
from oracle.sender.ports import (
    BroadcastAnswer,
    BroadcastReceipt,
    SignedBytes,
    TypedTransaction,
)

ADDRESS = "0x" + "aa" * 20
GENESIS_TIME = datetime(2026, 3, 2, 9, tzinfo=UTC)
IDENTITY = ChainIdentity(31337, b"\x07" * 32, "0x" + "bb" * 20, b"\x08" * 32)


@dataclass(frozen=True)
class Sent:
    nonce: int
    calldata: bytes
    max_fee_wei: int
    priority_fee_wei: int

    @property
    def hash(self) -> bytes:
        return hashlib.sha256(repr(self).encode()).digest()


@dataclass
class MinedBlock:
    block: Block
    transactions: list[Sent] = field(default_factory=list)
    events: list[ChainEvent] = field(default_factory=list)


class MadeUpSigner:
    """Signs by writing the fields down; not deterministic in its hash, as a remote one may be."""

    def __init__(self) -> None:
        self.signed: dict[bytes, Sent] = {}

    def address(self, role: SenderRole) -> str:
        return ADDRESS

    def sign(self, transaction: TypedTransaction) -> SignedBytes:
        sent = Sent(
            transaction.nonce,
            transaction.calldata,
            transaction.fees.max_fee_wei,
            transaction.fees.priority_fee_wei,
        )
        self.signed[sent.hash] = sent
        return SignedBytes(sent.hash, sent.hash)


class MadeUpChain:
    """One branch at a time; ``reorg`` replaces the top of it."""

    def __init__(self, signer: MadeUpSigner | None = None) -> None:
        self.signer = signer or MadeUpSigner()
        self.branch = 0
        self.fees = Fees(1_000, 100)
        self.mempool: dict[int, Sent] = {}
        self.reverting: set[bytes] = set()
        self.final = 0
        self.chain_identity = IDENTITY
        self.chain = [MinedBlock(Block(0, IDENTITY.genesis_hash, bytes(32), GENESIS_TIME))]

    # --- what tests do to it ---

    def mine(self, *, take: int | None = None, events: list[tuple[str, str, dict]] = ()) -> Block:  # type: ignore[assignment, type-arg]
        """A block with up to ``take`` of the mempool's next transactions."""
        taken = []
        nonce = self._used(len(self.chain) - 1)
        while nonce in self.mempool and (take is None or len(taken) < take):
            taken.append(self.mempool.pop(nonce))
            nonce += 1
        parent = self.chain[-1].block
        number = parent.number + 1
        block_hash = hashlib.sha256(f"{self.branch}/{number}".encode()).digest()
        block = Block(number, block_hash, parent.block_hash, parent.time + timedelta(seconds=1))
        logs = [
            ChainEvent(
                contract,
                name,
                "0x" + "bb" * 20,
                number,
                block_hash,
                block.time,
                index,
                bytes(32),
                arguments,
            )
            for index, (contract, name, arguments) in enumerate(events)
        ]
        self.chain.append(MinedBlock(block, taken, logs))
        return block

    def reorg(self, depth: int, *, keep_transactions: bool = True) -> None:
        """Drop up to ``depth`` blocks that are not final; their transactions wait again or not."""
        self.branch += 1
        for _ in range(min(depth, len(self.chain) - 1 - self.final)):
            for sent in self.chain.pop().transactions:
                if keep_transactions:
                    self.mempool[sent.nonce] = sent

    def forget_mempool(self) -> None:
        self.mempool.clear()

    def stranger(self) -> None:
        """Somebody else with our key mines a transaction now."""
        nonce = self._used(len(self.chain) - 1)
        self.mempool.pop(nonce, None)
        held = dict(self.mempool)
        self.mempool = {nonce: Sent(nonce, b"stranger", 10**9, 10**9)}
        self.mine(take=1)
        self.mempool.update(held)

    def done(self) -> list[Sent]:
        """Transactions of the branch as it is, in order."""
        return [sent for mined in self.chain for sent in mined.transactions]

    # --- the sender's port ---

    def transaction_count(
        self,
        address: str,
        block_number: int | None,
    ) -> int:
        return self._used(len(self.chain) - 1 if block_number is None else block_number)

    def mined(self, transaction_hash: bytes) -> Mined | None:
        for mined in self.chain:
            for sent in mined.transactions:
                if sent.hash == transaction_hash:
                    return Mined(
                        transaction_hash,
                        mined.block.number,
                        mined.block.block_hash,
                        sent.calldata not in self.reverting,
                    )
        return None

    def knows(self, transaction_hash: bytes) -> bool:
        waiting = any(sent.hash == transaction_hash for sent in self.mempool.values())
        return waiting or self.mined(transaction_hash) is not None

    def suggest_fees(self) -> Fees:
        return self.fees

    def refusal_of_call(
        self,
        sender: str,
        to: str,
        calldata: bytes,
        value_wei: int,
    ) -> str | None:
        return "told to" if calldata.startswith(b"refuse") else None

    def broadcast(self, raw: bytes) -> BroadcastReceipt:
        sent = self.signer.signed[raw]
        if sent.nonce < self._used(len(self.chain) - 1):
            return BroadcastReceipt(BroadcastAnswer.NONCE_USED, "nonce too low")
        older = self.mempool.get(sent.nonce)
        if older == sent:
            return BroadcastReceipt(BroadcastAnswer.KNOWN)
        if older is not None and not (
            BUMP_DENOMINATOR * sent.max_fee_wei >= BUMP_NUMERATOR * older.max_fee_wei
            and BUMP_DENOMINATOR * sent.priority_fee_wei >= BUMP_NUMERATOR * older.priority_fee_wei
        ):
            return BroadcastReceipt(BroadcastAnswer.UNDERPRICED, "replacement underpriced")
        self.mempool[sent.nonce] = sent
        return BroadcastReceipt(BroadcastAnswer.TAKEN)

    # --- the indexer's port ---

    def identity(self) -> ChainIdentity:
        return self.chain_identity

    def become_another(self) -> None:
        self.chain_identity = replace(self.chain_identity, genesis_hash=b"\x09" * 32)

    def head(self) -> Block:
        return self.chain[-1].block

    def number_final(self) -> int:
        return self.final

    def block(self, number: int) -> Block | None:
        return self.chain[number].block if 0 <= number < len(self.chain) else None

    def blocks(self, number_from: int, number_to: int) -> list[Block]:
        return [mined.block for mined in self.chain[number_from : number_to + 1]]

    def events(self, number_from: int, number_to: int) -> list[ChainEvent]:
        return [
            event for mined in self.chain[number_from : number_to + 1] for event in mined.events
        ]

    def _used(self, block_number: int) -> int:
        return sum(len(mined.transactions) for mined in self.chain[: block_number + 1])
