"""The adapter against both local chains, and against endpoints that misbehave."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from itertools import pairwise
from typing import Any

import pytest

from oracle.bindings import anchors, points_bridge
from oracle.chain.erc1271 import is_valid_contract_signature
from oracle.chain.port import (
    BlockTag,
    Call,
    CallReverted,
    ChainUnavailable,
    Finality,
    LogQuery,
    QuestionRefused,
    Refusal,
    TransactionRefused,
    WrongChain,
    newest_final,
    read,
    require_chain,
)
from oracle.chain.web3_adapter import Web3Chain
from oracle.contracts.abi import Address, FunctionCall, UndecodableAnswer, address
from oracle.deployment.model import Deployment
from oracle.sender.model import Fees, SenderRole
from oracle.sender.ports import SignedBytes, TypedTransaction
from tests.support.chain_nodes import (
    ANCHORER,
    CHAIN_ID,
    FIRST_MEMBER,
    RELAYER,
    ChainNode,
    funded_account,
    funded_address,
    service_signer,
    transact,
)

pytestmark = pytest.mark.chain

NOBODY = address("0x00000000000000000000000000000000000000AA".lower())


def payment(
    chain: Web3Chain, nonce: int, priority_fee_wei: int = 10**9, value: int = 1
) -> SignedBytes:
    fees = chain.suggest_fees()
    return service_signer().sign(
        TypedTransaction(
            chain_id=CHAIN_ID,
            role=SenderRole.RELAYER,
            kind="payment",
            nonce=nonce,
            to=NOBODY,
            calldata=b"",
            value_wei=value,
            gas_limit=21_000,
            fees=Fees(fees.max_fee_wei + priority_fee_wei, priority_fee_wei),
        )
    )


def anchor(node: ChainNode, deployment: Deployment, root_hash: bytes) -> Any:
    place = deployment.address("Anchors")
    count = read(node.chain(), place, anchors.count(), BlockTag.LATEST)
    size = 1
    if count:
        size += read(node.chain(), place, anchors.head(count), BlockTag.LATEST).tree_size
    return transact(node, funded_account(ANCHORER), place, anchors.anchor(size, root_hash))


def test_blocks_link(chain_node: ChainNode) -> None:
    chain = chain_node.chain()
    chain_node.mine(120)
    head = chain.block(BlockTag.LATEST)
    assert head is not None
    blocks = chain.blocks(head.number - 110, head.number)
    assert [block.number for block in blocks] == list(range(head.number - 110, head.number + 1))
    assert blocks[-1] == head
    assert all(b.parent_hash == a.block_hash for a, b in pairwise(blocks))
    assert chain.block(head.number + 1000) is None
    assert [b.number for b in chain.blocks(head.number - 1, head.number + 3)][:2] == [
        head.number - 1,
        head.number,
    ]


def test_genesis_tells_chains_apart(chain_node: ChainNode) -> None:
    chain = chain_node.chain()
    first = chain.block(0)
    assert first is not None
    assert first.block_hash == chain.genesis_hash()
    require_chain(chain, CHAIN_ID, first.block_hash)
    with pytest.raises(WrongChain, match="first block"):
        require_chain(chain, CHAIN_ID, b"\1" * 32)
    with pytest.raises(WrongChain, match="not 1"):
        require_chain(chain, 1)


def test_a_wrong_chain_id_stops_every_question(chain_node: ChainNode) -> None:
    wrong = Web3Chain(chain_node.url, expected_chain_id=1)
    questions = (
        wrong.chain_id,
        lambda: wrong.block(0),
        lambda: wrong.blocks(0, 1),
        lambda: wrong.nonce(NOBODY, BlockTag.LATEST),
        lambda: wrong.send_raw(b"\2\3"),
    )
    for question in questions:
        with pytest.raises(WrongChain):
            question()


def test_logs_and_receipts_tell_the_same(chain_node: ChainNode, deployment: Deployment) -> None:
    receipt = anchor(chain_node, deployment, b"\5" * 32)
    chain, place = chain_node.chain(), deployment.address("Anchors")
    assert receipt.succeeded
    assert receipt.gas_used > 21_000
    assert receipt.contract_address is None
    at = receipt.block_number
    found = chain.logs(LogQuery(at, at, (place,), (anchors.HeadAnchored.TOPIC,)))
    assert found == receipt.logs
    assert anchors.HeadAnchored.of(found[0]).root_hash == b"\5" * 32
    assert chain.logs(LogQuery(at, at, (place,), (anchors.AnchorerSet.TOPIC,))) == ()
    assert chain.logs(LogQuery(at, at, (NOBODY,))) == ()
    block = chain.block(at)
    assert block is not None
    assert (found[0].block_hash, found[0].block_number) == (block.block_hash, at)
    assert chain.has_transaction(receipt.transaction_hash)
    assert not chain.has_transaction(b"\1" * 32)
    assert chain.receipt(b"\1" * 32) is None


def test_a_read_names_its_block(chain_node: ChainNode, deployment: Deployment) -> None:
    chain, place = chain_node.chain(), deployment.address("Anchors")
    at = anchor(chain_node, deployment, b"\6" * 32).block_number
    before = read(chain, place, anchors.count(), at - 1)
    assert read(chain, place, anchors.count(), at) == before + 1
    assert (
        chain.nonce(funded_address(ANCHORER), at)
        == chain.nonce(funded_address(ANCHORER), at - 1) + 1
    )
    assert chain.code(place, deployment.contracts["Anchors"].block_number - 1) == b""
    assert len(chain.code(place, at)) > 1000
    assert chain.balance_wei(funded_address(ANCHORER), at) < chain.balance_wei(
        funded_address(ANCHORER), at - 1
    )


def test_a_refusal_says_why(chain_node: ChainNode, deployment: Deployment) -> None:
    chain, bridge = chain_node.chain(), deployment.address("PointsBridge")
    stranger = funded_address(FIRST_MEMBER)
    call = Call(bridge, points_bridge.heartbeat(0).calldata, sender=stranger)
    for question in (lambda: chain.call(call, BlockTag.LATEST), lambda: chain.estimate_gas(call)):
        with pytest.raises(CallReverted) as refused:
            question()
        reverted = refused.value.reverted_bytes
        reason = points_bridge.ERRORS[reverted[:4]].of(reverted)
        assert reason == points_bridge.OnlyWatcherError(stranger)


def test_a_stranger_does_not_answer_as_ours(chain_node: ChainNode) -> None:
    call = FunctionCall("count", b"\1\2\3\4", anchors.count().decode_answer)
    with pytest.raises(UndecodableAnswer):
        read(chain_node.chain(), NOBODY, call, BlockTag.LATEST)


def test_refused_transactions_are_sorted(chain_node: ChainNode) -> None:
    chain = chain_node.chain()
    sender = funded_address(RELAYER)
    nonce = chain.nonce(sender, BlockTag.LATEST)
    chain.send_raw(payment(chain, nonce).raw)
    with pytest.raises(TransactionRefused) as refused:
        chain.send_raw(payment(chain, nonce, value=2).raw)
    assert refused.value.refusal is Refusal.NONCE_USED
    with pytest.raises(TransactionRefused) as refused:
        chain.send_raw(b"\2\xc0")
    assert refused.value.refusal is Refusal.OTHER
    chain_node.rpc("evm_setAutomine", False)
    waiting = nonce + 1
    chain.send_raw(payment(chain, waiting, 2 * 10**9).raw)
    with pytest.raises(TransactionRefused) as refused:
        chain.send_raw(payment(chain, waiting, 2 * 10**9).raw)
    assert refused.value.refusal is Refusal.KNOWN
    with pytest.raises(TransactionRefused) as refused:
        chain.send_raw(payment(chain, waiting, 10**9, value=3).raw)
    assert refused.value.refusal is Refusal.UNDERPRICED
    chain_node.rpc("evm_setAutomine", True)
    chain_node.mine()
    assert chain.nonce(sender, BlockTag.LATEST) == waiting + 1


def test_fees_get_into_the_next_block(chain_node: ChainNode) -> None:
    chain = chain_node.chain()
    fees = chain.suggest_fees()
    assert 0 < fees.priority_fee_wei <= fees.max_fee_wei


def test_finality_is_a_depth_or_the_chains_word(chain_node: ChainNode) -> None:
    chain = chain_node.chain()
    chain_node.mine(3)
    head = chain.block(BlockTag.LATEST)
    assert head is not None
    assert newest_final(chain, Finality(0)) == head
    two_below = newest_final(chain, Finality(2))
    assert two_below is not None
    assert two_below.number == head.number - 2
    assert newest_final(chain, Finality(head.number + 1)) is None
    tagged = newest_final(chain, Finality(None))
    assert tagged is not None
    assert tagged.number <= head.number


def test_no_wallet_no_signature(chain_node: ChainNode, deployment: Deployment) -> None:
    """An account without code and a contract that is no wallet vouch for nothing."""
    for account in (NOBODY, deployment.address("VklToken")):
        assert not is_valid_contract_signature(
            chain_node.chain(), account, b"\1" * 32, b"\2" * 65, BlockTag.LATEST
        )


# A wallet that accepts: returns the selector of isValidSignature, left-aligned.
ACCEPTING_WALLET = bytes.fromhex("631626ba7e60e01b5f5260205ff3")
# A wallet that loops for ever.
HUNGRY_WALLET = bytes.fromhex("5b5f56")


@pytest.mark.parametrize("code", [ACCEPTING_WALLET, HUNGRY_WALLET], ids=["accepts", "hungry"])
def test_contract_wallets_are_asked_with_bounded_gas(chain_node: ChainNode, code: bytes) -> None:
    wallet = Address("0x1271000000000000000000000000000000001271")
    chain_node.rpc(f"{chain_node.kind}_setCode", wallet, f"0x{code.hex()}")
    found = is_valid_contract_signature(
        chain_node.chain(), wallet, b"\1" * 32, b"\2" * 65, BlockTag.LATEST
    )
    assert found is (code == ACCEPTING_WALLET)


@contextmanager
def endpoint(answer: Any, status: int = 200) -> Iterator[str]:
    """An HTTP endpoint that always says the same."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/secret-key"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (b"<html>busy</html>", 200),
        (b"", 502),
        ({"jsonrpc": "2.0", "id": 1}, 200),
        ([], 200),
    ],
)
def test_what_is_no_answer_is_unavailable(answer: Any, status: int) -> None:
    with endpoint(answer, status) as url:
        chain = Web3Chain(url)
        with pytest.raises(ChainUnavailable) as failed:
            chain.block(0)
        with pytest.raises(ChainUnavailable):
            chain.blocks(0, 3)
    assert "secret-key" not in failed.value.message


def test_nobody_there_is_unavailable() -> None:
    with endpoint({}) as url:
        pass
    with pytest.raises(ChainUnavailable) as failed:
        Web3Chain(url).chain_id()
    assert "secret-key" not in failed.value.message


def test_other_errors_are_told() -> None:
    error = {"jsonrpc": "2.0", "id": 1, "error": {"code": -32601, "message": "no such method"}}
    with endpoint(error) as url, pytest.raises(QuestionRefused, match="no such method"):
        Web3Chain(url).suggest_fees()


def test_an_endpoint_without_a_first_block_is_unavailable() -> None:
    nothing = {"jsonrpc": "2.0", "id": 1, "result": None}
    with endpoint(nothing) as url, pytest.raises(ChainUnavailable, match="no block 0"):
        Web3Chain(url).genesis_hash()
