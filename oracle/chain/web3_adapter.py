"""The one module that knows web3: `Chain` over an HTTP endpoint.

Uses web3's provider and not its method layer: the answers needed are few, and each question is one
request that is timed and translated here. Retrying is the caller's business.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from requests.exceptions import RequestException
from web3 import HTTPProvider
from web3.exceptions import Web3Exception
from web3.types import RPCEndpoint

from oracle.chain.hidden import hide, secrets_of
from oracle.chain.port import (
    BLOCKS_PER_QUESTION_MAX,
    BlockAt,
    BlockHeader,
    BlockTag,
    Call,
    CallReverted,
    ChainUnavailable,
    FeeSuggestion,
    Log,
    LogQuery,
    QuestionRefused,
    Receipt,
    Refusal,
    TransactionRefused,
    WrongChain,
)
from oracle.contracts.abi import Address, address

TIMEOUT_S: Final = 10.0
_BATCH_MAX: Final = 100
"""Requests of one JSON-RPC batch."""
_PRIORITY_FEE_WEI_MIN: Final = 1
_REFUSALS: Final[Mapping[str, Refusal]] = {
    "already known": Refusal.KNOWN,
    "already imported": Refusal.KNOWN,
    "known transaction": Refusal.KNOWN,
    "underpriced": Refusal.UNDERPRICED,
    "nonce too low": Refusal.NONCE_USED,
    "nonce too small": Refusal.NONCE_USED,
}
"""Words of Geth, Anvil, Hardhat, Nethermind and Erigon; JSON-RPC has no codes for these."""

_EXECUTION_FAILED: Final = ("revert", "out of gas", "outofgas", "evm error", "invalid opcode")
"""How nodes say that a contract failed, where they have no bytes of its own to show."""

Json = Any


class Web3Chain:
    """`oracle.chain.port.Chain` over JSON-RPC by HTTP."""

    def __init__(
        self, url: str, *, expected_chain_id: int | None = None, timeout_s: float = TIMEOUT_S
    ) -> None:
        """Connects on the first question. With an expected chain id, any other is `WrongChain`."""
        self._provider = HTTPProvider(
            url, request_kwargs={"timeout": timeout_s}, exception_retry_configuration=None
        )
        self._secrets = secrets_of(url)
        self._expected_chain_id = expected_chain_id
        self._checked = expected_chain_id is None

    def chain_id(self) -> int:
        """See `Chain.chain_id`."""
        found = int(self._raw("eth_chainId", []), 16)
        if self._expected_chain_id not in (None, found):
            raise WrongChain(
                f"The endpoint serves chain {found}, not {self._expected_chain_id}.",
                expected=self._expected_chain_id,
                found=found,
            )
        self._checked = True
        return found

    def genesis_hash(self) -> bytes:
        """See `Chain.genesis_hash`."""
        first = self.block(0)
        if first is None:
            raise ChainUnavailable("The endpoint has no block 0.")
        return first.block_hash

    def block(self, at: BlockAt) -> BlockHeader | None:
        """See `Chain.block`."""
        found = self._ask("eth_getBlockByNumber", [_at(at), False])
        return None if found is None else _header(found)

    def blocks(self, number_from: int, number_to: int) -> tuple[BlockHeader, ...]:
        """See `Chain.blocks`."""
        assert number_to - number_from < BLOCKS_PER_QUESTION_MAX, "a range has a limit"
        self._require_expected_chain()
        headers: list[BlockHeader] = []
        for first in range(number_from, number_to + 1, _BATCH_MAX):
            numbers = range(first, min(first + _BATCH_MAX, number_to + 1))
            questions = [("eth_getBlockByNumber", [hex(number), False]) for number in numbers]
            headers += [_header(found) for found in self._batch(questions) if found is not None]
        return tuple(headers)

    def logs(self, query: LogQuery) -> tuple[Log, ...]:
        """See `Chain.logs`."""
        wanted: dict[str, Json] = {
            "fromBlock": hex(query.number_from),
            "toBlock": hex(query.number_to),
            "address": list(query.addresses),
        }
        if query.topics:
            wanted["topics"] = [[_hex(topic) for topic in query.topics]]
        return tuple(_log(found) for found in self._ask("eth_getLogs", [wanted]))

    def receipt(self, transaction_hash: bytes) -> Receipt | None:
        """See `Chain.receipt`."""
        found = self._ask("eth_getTransactionReceipt", [_hex(transaction_hash)])
        return None if found is None or found["blockNumber"] is None else _receipt(found)

    def has_transaction(self, transaction_hash: bytes) -> bool:
        """See `Chain.has_transaction`."""
        return self._ask("eth_getTransactionByHash", [_hex(transaction_hash)]) is not None

    def call(self, call: Call, at: BlockAt) -> bytes:
        """See `Chain.call`."""
        return _bytes(self._ask("eth_call", [_call(call), _at(at)]))

    def estimate_gas(self, call: Call) -> int:
        """See `Chain.estimate_gas`."""
        return int(self._ask("eth_estimateGas", [_call(call)]), 16)

    def code(self, account: Address, at: BlockAt) -> bytes:
        """See `Chain.code`."""
        return _bytes(self._ask("eth_getCode", [account, _at(at)]))

    def balance_wei(self, account: Address, at: BlockAt) -> int:
        """See `Chain.balance_wei`."""
        return int(self._ask("eth_getBalance", [account, _at(at)]), 16)

    def nonce(self, account: Address, at: BlockAt) -> int:
        """See `Chain.nonce`."""
        return int(self._ask("eth_getTransactionCount", [account, _at(at)]), 16)

    def suggest_fees(self) -> FeeSuggestion:
        """See `Chain.suggest_fees`: twice the base fee outlives five full blocks (EIP-1559)."""
        head = self._ask("eth_getBlockByNumber", [BlockTag.LATEST.value, False])
        base_fee_wei = int(head["baseFeePerGas"], 16)
        tip_wei = max(int(self._ask("eth_maxPriorityFeePerGas", []), 16), _PRIORITY_FEE_WEI_MIN)
        return FeeSuggestion(2 * base_fee_wei + tip_wei, tip_wei)

    def send_raw(self, raw: bytes) -> bytes:
        """See `Chain.send_raw`."""
        self._require_expected_chain()
        try:
            return _bytes(self._raw("eth_sendRawTransaction", [_hex(raw)]))
        except (QuestionRefused, CallReverted) as refused:
            words = refused.message
            sorts = [sort for text, sort in _REFUSALS.items() if text in words.lower()]
            raise TransactionRefused(sorts[0] if sorts else Refusal.OTHER, words) from refused

    def _ask(self, method: str, parameters: Sequence[Json]) -> Json:
        self._require_expected_chain()
        return self._raw(method, parameters)

    def _require_expected_chain(self) -> None:
        if not self._checked:
            self.chain_id()

    def _raw(self, method: str, parameters: Sequence[Json]) -> Json:
        try:
            answer = self._provider.make_request(RPCEndpoint(method), list(parameters))
        except (RequestException, Web3Exception, ValueError) as failed:
            raise _unanswered(method, failed) from None
        return _result(method, answer, self._secrets)

    def _batch(self, questions: Sequence[tuple[str, Sequence[Json]]]) -> list[Json]:
        requests = [(RPCEndpoint(method), list(parameters)) for method, parameters in questions]
        try:
            answers = self._provider.make_batch_request(requests)
        except (RequestException, Web3Exception, ValueError) as failed:
            raise _unanswered("a batch", failed) from None
        if not isinstance(answers, list) or len(answers) != len(questions):
            raise ChainUnavailable("The chain did not answer every question of a batch.")
        return [_result(questions[0][0], answer, self._secrets) for answer in answers]


def _unanswered(what: str, failed: Exception) -> ChainUnavailable:
    # The exception's own words hold the address of the endpoint, and that may hold a secret: so
    # neither are they in ours, nor is it the cause, which a traceback would print.
    response = failed.response if isinstance(failed, RequestException) else None
    status = "" if response is None else f" {response.status_code}"
    return ChainUnavailable(f"The chain did not answer {what}: {type(failed).__name__}{status}.")


def _result(method: str, answer: Json, secrets: tuple[str, ...]) -> Json:
    if not isinstance(answer, Mapping) or not ({"result", "error"} & answer.keys()):
        raise ChainUnavailable(f"The answer to {method} has neither result nor error.")
    error = answer.get("error")
    if error is None:
        return answer["result"]
    told = error.get("message", error) if isinstance(error, Mapping) else error
    words = hide(_printable(told), secrets)
    reverted = _reverted(error)
    if reverted is not None or any(text in words.lower() for text in _EXECUTION_FAILED):
        raise CallReverted(f"{method}: {words}", reverted or b"")
    raise QuestionRefused(f"The node refused {method}: {words}", method=method)


def _printable(words: Json) -> str:
    """Anvil puts a contract's bytes into its sentence; no database takes a NUL as text."""
    shown = "".join(each if each.isprintable() else " " for each in str(words))
    return " ".join(shown.split())


def _reverted(error: Json) -> bytes | None:
    """What a contract reverted with: nodes put it in `data`, or in `data.data`."""
    held = error.get("data") if isinstance(error, Mapping) else None
    if isinstance(held, Mapping):
        held = held.get("data")
    if isinstance(held, str) and held.startswith("0x"):
        return _bytes(held)
    return None


def _header(found: Mapping[str, Json]) -> BlockHeader:
    return BlockHeader(
        number=int(found["number"], 16),
        block_hash=_bytes(found["hash"]),
        parent_hash=_bytes(found["parentHash"]),
        timestamp_s=int(found["timestamp"], 16),
    )


def _log(found: Mapping[str, Json]) -> Log:
    return Log(
        address=address(found["address"]),
        topics=tuple(_bytes(topic) for topic in found["topics"]),
        payload=_bytes(found["data"]),
        block_number=int(found["blockNumber"], 16),
        block_hash=_bytes(found["blockHash"]),
        transaction_hash=_bytes(found["transactionHash"]),
        transaction_index=int(found["transactionIndex"], 16),
        log_index=int(found["logIndex"], 16),
    )


def _receipt(found: Mapping[str, Json]) -> Receipt:
    created = found.get("contractAddress")
    return Receipt(
        transaction_hash=_bytes(found["transactionHash"]),
        block_number=int(found["blockNumber"], 16),
        block_hash=_bytes(found["blockHash"]),
        succeeded=int(found["status"], 16) == 1,
        gas_used=int(found["gasUsed"], 16),
        gas_price_wei=int(found["effectiveGasPrice"], 16),
        contract_address=None if created is None else address(created),
        logs=tuple(_log(log) for log in found["logs"]),
    )


def _call(call: Call) -> dict[str, str]:
    asked = {"data": _hex(call.calldata)}
    if call.to is not None:
        asked["to"] = call.to
    if call.sender is not None:
        asked["from"] = call.sender
    if call.value_wei:
        asked["value"] = hex(call.value_wei)
    if call.gas is not None:
        asked["gas"] = hex(call.gas)
    return asked


def _at(at: BlockAt) -> str:
    return at.value if isinstance(at, BlockTag) else hex(at)


def _hex(value: bytes) -> str:
    return f"0x{value.hex()}"


def _bytes(text: str) -> bytes:
    return bytes.fromhex(text[2:])
