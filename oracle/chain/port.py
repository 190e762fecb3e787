"""The chain as the oracle sees it: values and one protocol. Pure; web3 is in `web3_adapter`.

Every read names its block. Nothing is cached: two questions may be answered by two branches of the
chain, and whoever needs one story compares block hashes.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Protocol, TypeVar

from ledger.kernel.errors import ErrorKind, VkladError
from oracle.contracts.abi import Address, FunctionCall

BLOCKS_PER_QUESTION_MAX: Final = 500
"""Most blocks of one range: nodes refuse larger ones, each at its own size."""
TRANSACTION_GAS_MAX: Final = 2**24
"""EIP-7825. A local node may not enforce it, so the adapter's callers do."""

Answer = TypeVar("Answer")


class ChainUnavailable(VkladError):
    """No answer in time, or an answer that is no JSON-RPC answer. Ask again later."""

    code = "chain_unavailable"
    kind = ErrorKind.UNAVAILABLE


class WrongChain(VkladError):
    """The endpoint serves another chain than the one configured or recorded."""

    code = "wrong_chain"
    kind = ErrorKind.UNAVAILABLE


class QuestionRefused(VkladError):
    """The node answered with an error that is not about a contract."""

    code = "question_refused"
    kind = ErrorKind.UNAVAILABLE


class CallReverted(VkladError):
    """A contract refused a call; `reverted` holds what it said, selector first."""

    code = "call_reverted"
    kind = ErrorKind.CONFLICT

    def __init__(self, message: str, reverted: bytes) -> None:
        """Keep the bytes, from which a binding's `ERRORS` tells the reason."""
        super().__init__(message, reverted=f"0x{reverted.hex()}")
        self.reverted_bytes = reverted


class Refusal(StrEnum):
    """Why a node did not take a signed transaction."""

    KNOWN = "known"
    UNDERPRICED = "underpriced"
    NONCE_USED = "nonce_used"
    OTHER = "other"


class TransactionRefused(VkladError):
    """A node did not take a signed transaction; `refusal` sorts its own `words`."""

    code = "transaction_refused"
    kind = ErrorKind.CONFLICT

    def __init__(self, refusal: Refusal, words: str) -> None:
        """Keep the sort apart from the words, which differ from node to node."""
        super().__init__(f"The node refused the transaction ({refusal}): {words}", words=words)
        self.refusal = refusal


class BlockTag(StrEnum):
    """A block by its standing. `SAFE` and `FINALIZED` are the chain's own opinion."""

    EARLIEST = "earliest"
    FINALIZED = "finalized"
    SAFE = "safe"
    LATEST = "latest"
    PENDING = "pending"


BlockAt = int | BlockTag
"""A block by number or by standing."""


@dataclass(frozen=True, slots=True)
class BlockHeader:
    """As much of a block as linking and timing need; `timestamp_s` is Unix time."""

    number: int
    block_hash: bytes
    parent_hash: bytes
    timestamp_s: int


@dataclass(frozen=True, slots=True)
class Log:
    """One event log and where it is."""

    address: Address
    topics: tuple[bytes, ...]
    payload: bytes
    block_number: int
    block_hash: bytes
    transaction_hash: bytes
    transaction_index: int
    log_index: int


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a mined transaction."""

    transaction_hash: bytes
    block_number: int
    block_hash: bytes
    succeeded: bool
    gas_used: int
    gas_price_wei: int
    contract_address: Address | None
    logs: tuple[Log, ...]


@dataclass(frozen=True, slots=True)
class FeeSuggestion:
    """Fees (EIP-1559) that should get into one of the next blocks, wei per gas."""

    max_fee_wei: int
    priority_fee_wei: int


@dataclass(frozen=True, slots=True)
class Call:
    """A call as a node simulates it; `to` is `None` for a deployment."""

    to: Address | None
    calldata: bytes
    sender: Address | None = None
    value_wei: int = 0
    gas: int | None = None


@dataclass(frozen=True, slots=True)
class LogQuery:
    """Logs of some contracts in a range of blocks, both ends inclusive."""

    number_from: int
    number_to: int
    addresses: tuple[Address, ...]
    topics: tuple[bytes, ...] = ()
    """First topics wanted; empty: all."""


class Chain(Protocol):
    """One endpoint of one chain.

    Every method may raise `ChainUnavailable`, `WrongChain` or `QuestionRefused`.
    """

    def chain_id(self) -> int:
        """The id that transactions are signed for (EIP-155)."""

    def genesis_hash(self) -> bytes:
        """Hash of block 0: what tells two local chains with one id apart."""

    def block(self, at: BlockAt) -> BlockHeader | None:
        """A block's header, `None` if the chain has no such block."""

    def blocks(self, number_from: int, number_to: int) -> tuple[BlockHeader, ...]:
        """Headers of a range, both ends inclusive, at most `BLOCKS_PER_QUESTION_MAX`."""

    def logs(self, query: LogQuery) -> tuple[Log, ...]:
        """Logs in chain order."""

    def receipt(self, transaction_hash: bytes) -> Receipt | None:
        """What became of a transaction, `None` while it is not mined."""

    def has_transaction(self, transaction_hash: bytes) -> bool:
        """Whether the node knows the transaction, waiting or mined."""

    def call(self, call: Call, at: BlockAt) -> bytes:
        """Simulate.

        Raises:
            CallReverted: the contract refused.
        """

    def estimate_gas(self, call: Call) -> int:
        """Gas the call would use on the head.

        Raises:
            CallReverted: the contract refused.
        """

    def code(self, account: Address, at: BlockAt) -> bytes:
        """Deployed code, empty for an account without."""

    def balance_wei(self, account: Address, at: BlockAt) -> int:
        """Balance in the chain's own currency."""

    def nonce(self, account: Address, at: BlockAt) -> int:
        """Number of transactions the account has sent."""

    def suggest_fees(self) -> FeeSuggestion:
        """Fees for the next blocks."""

    def send_raw(self, raw: bytes) -> bytes:
        """Broadcast a signed transaction; its hash.

        Raises:
            TransactionRefused: the node did not take it.
        """


@dataclass(frozen=True, slots=True)
class Finality:
    """When a block counts as final: at a depth below the head, or by the chain's own word.

    A local chain has no finality of its own worth the name (Hardhat's equals the head, Anvil's is
    64 blocks behind), so there it is a configured depth; 0 is the head itself.
    """

    depth_blocks: int | None


def read(chain: Chain, to: Address, call: FunctionCall[Answer], at: BlockAt) -> Answer:
    """Ask a view function of a contract, at a block.

    Raises:
        CallReverted: the contract refused.
        UndecodableAnswer: something else than this contract answered.
    """
    return call.decode_answer(chain.call(Call(to, call.calldata), at))


def newest_final(chain: Chain, finality: Finality) -> BlockHeader | None:
    """The newest final block, `None` while the chain is too short to have one."""
    if finality.depth_blocks is None:
        return chain.block(BlockTag.FINALIZED)
    head = chain.block(BlockTag.LATEST)
    if head is None or head.number < finality.depth_blocks:
        return None
    return chain.block(head.number - finality.depth_blocks)


def require_chain(chain: Chain, chain_id: int, genesis_hash: bytes | None = None) -> None:
    """Refuse an endpoint of another chain.

    Raises:
        WrongChain: the id differs, or the genesis block where one is given.
    """
    found = chain.chain_id()
    if found != chain_id:
        raise WrongChain(
            f"The endpoint serves chain {found}, not {chain_id}.", expected=chain_id, found=found
        )
    if genesis_hash is not None and chain.genesis_hash() != genesis_hash:
        raise WrongChain(
            f"The endpoint serves another chain {chain_id}: its first block is different.",
            expected=genesis_hash.hex(),
            found=chain.genesis_hash().hex(),
        )
