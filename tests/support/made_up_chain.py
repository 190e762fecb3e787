"""A chain in memory behind the chain port, for what no real node does on demand: forgetting its
mempool, reorganising as deep as told, mining a stranger's transaction."""

# ruff: noqa: ARG002 - a port asks for more than a made-up chain needs.
from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

from oracle.chain.port import (
    BlockAt,
    BlockHeader,
    BlockTag,
    Call,
    CallReverted,
    FeeSuggestion,
    Log,
    LogQuery,
    Receipt,
    Refusal,
    TransactionRefused,
)
from oracle.contracts.abi import Address, address
from oracle.indexer.model import ContractSet
from oracle.indexer.reading import ChainReader
from oracle.sender.model import BUMP_DENOMINATOR, BUMP_NUMERATOR, SenderRole
from oracle.sender.ports import SignedBytes, TypedTransaction

SENDER = address("0x" + "aa" * 20)
BRIDGE = address("0x" + "bb" * 20)
GENESIS_TIME_S = 1_772_000_000


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
    header: BlockHeader
    transactions: list[Sent] = field(default_factory=list)
    logs: list[Log] = field(default_factory=list)


class MadeUpSigner:
    """Signs by writing the fields down."""

    def __init__(self) -> None:
        self.signed: dict[bytes, Sent] = {}

    def address(self, role: SenderRole) -> Address:
        return SENDER

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

    def __init__(self, signer: MadeUpSigner | None = None, genesis: bytes = b"\x07" * 32) -> None:
        self.signer = signer or MadeUpSigner()
        self.branch = 0
        self.mempool: dict[int, Sent] = {}
        self.ever_taken: list[Sent] = []
        self.reverting: set[bytes] = set()
        self.bridge_code = b"code"
        self.final = 0
        self.has_receipts = True
        self.mixes_blocks = False
        self.chain = [MinedBlock(BlockHeader(0, genesis, bytes(32), GENESIS_TIME_S))]

    def reader(self) -> ChainReader:
        return ChainReader(self, ContractSet(BRIDGE, {BRIDGE: "PointsBridge"}))

    # --- what tests do to it ---

    def mine(
        self, *, take: int | None = None, logs: Sequence[tuple[tuple[bytes, ...], bytes]] = ()
    ) -> BlockHeader:
        """A block with up to ``take`` of the mempool's next transactions, and made-up logs."""
        taken: list[Sent] = []
        nonce = self._used(self.height)
        while nonce in self.mempool and (take is None or len(taken) < take):
            taken.append(self.mempool.pop(nonce))
            nonce += 1
        parent = self.chain[-1].header
        number = parent.number + 1
        block_hash = hashlib.sha256(f"{self.branch}/{number}".encode()).digest()
        header = BlockHeader(number, block_hash, parent.block_hash, GENESIS_TIME_S + number)
        made = [
            Log(BRIDGE, topics, payload, number, block_hash, bytes(32), 0, index)
            for index, (topics, payload) in enumerate(logs)
        ]
        self.chain.append(MinedBlock(header, taken, made))
        return header

    def reorg(self, depth: int, *, keep_transactions: bool = True) -> None:
        """Drop up to ``depth`` blocks that are not final; their transactions wait again or not."""
        self.branch += 1
        for _ in range(min(depth, self.height - self.final)):
            for sent in self.chain.pop().transactions:
                if keep_transactions:
                    self.mempool[sent.nonce] = sent

    def bring_back(self, number: int) -> None:
        """Some other node has kept a transaction that ours forgot, and sends it on."""
        used = self._used(self.height)
        kept = [sent for sent in self.ever_taken if sent.nonce >= used]
        if kept:
            sent = kept[number % len(kept)]
            self.mempool.setdefault(sent.nonce, sent)

    def forget_mempool(self) -> None:
        self.mempool.clear()

    def stranger(self) -> None:
        """Somebody else with our key mines a transaction now."""
        nonce = self._used(self.height)
        self.mempool.pop(nonce, None)
        held = dict(self.mempool)
        self.mempool = {nonce: Sent(nonce, b"stranger", 10**9, 10**9)}
        self.mine(take=1)
        self.mempool.update(held)

    def done(self) -> list[Sent]:
        """Transactions of the branch as it is, in order."""
        return [sent for mined in self.chain for sent in mined.transactions]

    @property
    def height(self) -> int:
        return len(self.chain) - 1

    # --- the port ---

    def chain_id(self) -> int:
        return 31337

    def genesis_hash(self) -> bytes:
        return self.chain[0].header.block_hash

    def block(self, at: BlockAt) -> BlockHeader | None:
        number = self._number(at)
        return self.chain[number].header if 0 <= number <= self.height else None

    def blocks(self, number_from: int, number_to: int) -> tuple[BlockHeader, ...]:
        return tuple(mined.header for mined in self.chain[number_from : number_to + 1])

    def logs(self, query: LogQuery) -> tuple[Log, ...]:
        return tuple(
            log
            for mined in self.chain[query.number_from : query.number_to + 1]
            for log in mined.logs
            if log.address in query.addresses
        )

    def receipt(self, transaction_hash: bytes) -> Receipt | None:
        for mined in self.chain if self.has_receipts else ():
            for sent in mined.transactions:
                if sent.hash == transaction_hash:
                    succeeded = sent.calldata not in self.reverting
                    place = (mined.header.number, mined.header.block_hash)
                    return Receipt(transaction_hash, *place, succeeded, 21_000, 1, None, ())
        return None

    def has_transaction(self, transaction_hash: bytes) -> bool:
        return any(sent.hash == transaction_hash for sent in [*self.mempool.values(), *self.done()])

    def call(self, call: Call, at: BlockAt) -> bytes:
        if call.calldata.startswith(b"refuse"):
            raise CallReverted("told to", b"")
        mixed = call.calldata.startswith(b"mixed") and at is BlockTag.LATEST
        if mixed or self.mixes_blocks:
            raise CallReverted("the state of one block at the time of another", b"")
        return b""

    def estimate_gas(self, call: Call) -> int:
        return 21_000

    def code(self, account: Address, at: BlockAt) -> bytes:
        return self.bridge_code

    def balance_wei(self, account: Address, at: BlockAt) -> int:
        return 10**18

    def nonce(self, account: Address, at: BlockAt) -> int:
        return self._used(self._number(at))

    def suggest_fees(self) -> FeeSuggestion:
        return FeeSuggestion(1_000, 100)

    def send_raw(self, raw: bytes) -> bytes:
        sent = self.signer.signed[raw]
        if sent.nonce < self._used(self.height):
            raise TransactionRefused(Refusal.NONCE_USED, "nonce too low")
        older = self.mempool.get(sent.nonce)
        if older == sent:
            raise TransactionRefused(Refusal.KNOWN, "already known")
        if older is not None and not (
            BUMP_DENOMINATOR * sent.max_fee_wei >= BUMP_NUMERATOR * older.max_fee_wei
            and BUMP_DENOMINATOR * sent.priority_fee_wei >= BUMP_NUMERATOR * older.priority_fee_wei
        ):
            raise TransactionRefused(Refusal.UNDERPRICED, "replacement underpriced")
        self.mempool[sent.nonce] = sent
        self.ever_taken.append(sent)
        return sent.hash

    def _number(self, at: BlockAt) -> int:
        if isinstance(at, BlockTag):
            return self.final if at is BlockTag.FINALIZED else self.height
        return at

    def _used(self, block_number: int) -> int:
        return sum(len(mined.transactions) for mined in self.chain[: block_number + 1])
