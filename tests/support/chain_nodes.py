"""Local chains for tests: Anvil and the Hardhat 3 node, on free loopback ports.

Both start with the same well-known funded accounts. Each mines a block per transaction; `mine` and
`pass_time` are the two things a test may ask beyond the ordinary.
"""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, Literal

import requests
from eth_account import Account
from eth_account.signers.local import LocalAccount
from eth_utils.crypto import keccak

from oracle.bindings import points_bridge
from oracle.chain.port import BlockTag, Call, Receipt, read
from oracle.chain.signer import LocalSigner
from oracle.chain.web3_adapter import Web3Chain
from oracle.contracts import toolchain
from oracle.contracts.abi import Address, FunctionCall
from oracle.deployment.model import LOCAL_VOTING_PERIOD_S, Deployment, Roles, local_parameters
from oracle.deployment.service import deploy
from oracle.sender.model import SenderRole

NodeKind = Literal["anvil", "hardhat"]

CHAIN_ID: Final = 31_337
RECEIPT_POLLS_MAX: Final = 2_000
START_TIMEOUT_S: Final = 60.0
_WORDS: Final = "test test test test test test test test test test test junk"
DEPLOYER, POSTER, RELAYER, WATCHER, ANCHORER, GUARDIAN, FIRST_MEMBER = range(7)
"""Indexes of the funded accounts; members are `FIRST_MEMBER` and above."""


@dataclass(frozen=True)
class ChainNode:
    """One running node."""

    kind: NodeKind
    url: str

    def chain(self) -> Web3Chain:
        return Web3Chain(self.url, expected_chain_id=CHAIN_ID)

    def rpc(self, method: str, *parameters: Any) -> Any:
        question = {"jsonrpc": "2.0", "id": 1, "method": method, "params": parameters}
        answer = requests.post(self.url, json=question, timeout=10).json()
        assert "error" not in answer, answer
        return answer["result"]

    def mine(self, blocks: int = 1) -> None:
        for _ in range(blocks):
            self.rpc("evm_mine")

    def pass_time(self, seconds: int) -> None:
        """Move the chain's clock and mine, where waiting would only cost time."""
        self.rpc("evm_increaseTime", seconds)
        self.rpc("evm_mine")


def transact(
    node: ChainNode, key: LocalAccount, to: Address, call: FunctionCall[Any], gas: int | None = None
) -> Receipt:
    """Send a transaction of a member's or a role's own; its receipt, succeeded or not."""
    chain = node.chain()
    sender = Address(key.address)
    fees = chain.suggest_fees()
    signed = key.sign_transaction(
        {
            "type": 2,
            "chainId": CHAIN_ID,
            "nonce": chain.nonce(sender, BlockTag.LATEST),
            "to": to,
            "value": 0,
            "data": call.calldata,
            "gas": gas or chain.estimate_gas(Call(to, call.calldata, sender=sender)) * 3 // 2,
            "maxFeePerGas": fees.max_fee_wei,
            "maxPriorityFeePerGas": fees.priority_fee_wei,
        }
    )
    chain.send_raw(bytes(signed.raw_transaction))
    for _ in range(RECEIPT_POLLS_MAX):
        receipt = chain.receipt(bytes(signed.hash))
        if receipt is not None:
            return receipt
        time.sleep(0.005)  # Anvil hands a receipt out a moment after it took the transaction.
    raise AssertionError("the node mines a block per transaction")


def bring_tokens(
    node: ChainNode, deployment: Deployment, amounts: Mapping[Address, int]
) -> Receipt:
    """Points to tokens by the whole way: commit, watch, wait, execute."""
    bridge = deployment.address("PointsBridge")
    chain = node.chain()
    records = b"".join(
        bytes.fromhex(account[2:]) + points.to_bytes(6, "big")
        for account, points in amounts.items()
    )
    total = sum(amounts.values())
    sequence = read(chain, bridge, points_bridge.last_sequence(), BlockTag.LATEST) + 1
    escrowed = read(chain, bridge, points_bridge.escrowed_points(), BlockTag.LATEST) + total
    commit = points_bridge.commit_batch(sequence, keccak(records), total, sequence, escrowed)
    assert transact(node, funded_account(POSTER), bridge, commit).succeeded
    heartbeat = points_bridge.heartbeat(sequence)
    assert transact(node, funded_account(WATCHER), bridge, heartbeat).succeeded
    node.pass_time(deployment.parameters.bridge_periods.delay_s)
    executed = points_bridge.execute_batch(sequence, records)
    receipt = transact(node, funded_account(RELAYER), bridge, executed)
    assert receipt.succeeded
    return receipt


def funded_account(index: int) -> LocalAccount:
    """One of the accounts that both nodes give money to."""
    Account.enable_unaudited_hdwallet_features()
    key: LocalAccount = Account.from_mnemonic(_WORDS, account_path=f"m/44'/60'/0'/0/{index}")
    return key


def funded_address(index: int) -> Address:
    return Address(funded_account(index).address)


def service_signer() -> LocalSigner:
    """The keys of the service's roles."""
    return LocalSigner(
        {
            SenderRole.DEPLOYER: funded_account(DEPLOYER),
            SenderRole.POSTER: funded_account(POSTER),
            SenderRole.RELAYER: funded_account(RELAYER),
            SenderRole.WATCHER: funded_account(WATCHER),
        }
    )


def deploy_all(node: ChainNode, voting_period_s: int = LOCAL_VOTING_PERIOD_S) -> Deployment:
    """Every contract, with local periods and the funded accounts in their roles."""
    roles = Roles(
        poster=funded_address(POSTER),
        watcher=funded_address(WATCHER),
        guardian=funded_address(GUARDIAN),
        anchorer=funded_address(ANCHORER),
    )
    return deploy(node.chain(), local_parameters(roles, voting_period_s), service_signer())


@contextmanager
def running_node(kind: NodeKind, arguments: tuple[str, ...] = ()) -> Iterator[ChainNode]:
    """A fresh node, stopped afterwards."""
    toolchain.npm_ci()
    port = _free_port()
    if kind == "anvil":
        command = toolchain.anvil_command(port, arguments)
    else:
        command = toolchain.hardhat_node_command(port)
    process = subprocess.Popen(
        command,
        cwd=toolchain.PROJECT_DIR,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    node = ChainNode(kind, f"http://127.0.0.1:{port}")
    try:
        _await_answer(node, process)
        yield node
    finally:
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _await_answer(node: ChainNode, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while True:
        assert process.poll() is None, f"the {node.kind} node ended with {process.returncode}"
        try:
            node.rpc("eth_chainId")
        except requests.exceptions.RequestException:
            assert time.monotonic() < deadline, f"the {node.kind} node did not answer"
            time.sleep(0.05)
        else:
            return


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
