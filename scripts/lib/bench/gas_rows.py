"""Gas on Anvil: a new member beside OpenZeppelin's loop, and each operation beside the snapshot.

``gas_per_member`` is crediting a new, undelegated member in a batch of 500. Ours is the whole of
``executeBatch`` (bridge, hash of the records, bucket, token); the peer mints in a loop without any
of that. Same compiler, optimizer, recipients and amounts; balances are checked.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import solcx
from eth_utils.crypto import keccak
from rows import Figure, Pair, Row

from oracle.bindings import vkl_token
from oracle.chain.port import BlockTag, Receipt, read
from oracle.contracts import toolchain
from oracle.contracts.abi import Address, FunctionCall, address, encode
from oracle.contracts.compiler import SETTINGS
from tests.support.chain_nodes import (
    CHAIN_ID,
    RELAYER,
    ChainNode,
    bring_tokens,
    deploy_all,
    funded_account,
    running_node,
    transact,
)
from tests.support.contract_gas import (
    DELEGATION_GAS_MAX,
    PROPOSAL_LIFE_GAS_MAX,
    most,
    operations,
    snapshot,
)

MEMBERS: Final = 500
GAS_MAX: Final = 28_000
ROUNDS: Final = 3
_UNIT: Final = 10**18
_MINT_MANY: Final = bytes(keccak(text="mintMany(address[],uint256[])")[:4])
_PEER_SOURCE: Final = Path(__file__).with_name("OzMintLoop.sol")
_FEE_WEI: Final = 10**11
_DEPLOY_GAS: Final = 4_000_000

DESIGN_FIGURES: Final = {
    "lower bound of any push": "24 312",
    "plain ERC-20 mint loop": "25 497",
    "airdrop of a pre-minted pool": "25 520 to 28 749",
    "ERC20Votes mint loop": "30 229",
    "cumulative per-member map": "50 945",
    "voting power by default or delegated at once": "77 701, 100 302",
    "cumulative Merkle claim": "88 600, of a votes token 124 387",
}
"""DESIGN 7, gas per new member at 500 in a transaction, optimizer with 200 runs."""
_LIMITS: Final = {
    "delegate_by_sig": DELEGATION_GAS_MAX,
    "proposal_life": PROPOSAL_LIFE_GAS_MAX,
}

Say = Callable[[str], None]


def gas_rows(say: Say) -> list[Row | Figure]:
    """Each operation; the snapshot is reached within a permille or five, limits exactly."""
    for name, figure in DESIGN_FIGURES.items():
        say(f"  DESIGN 7: {name}: {figure}")
    return [*_member_rows(say), *_operation_rows()]


def _operation_rows() -> list[Figure]:
    with running_node("anvil") as node:
        spent = operations(node)
    committed = snapshot()
    return [
        Figure(
            name,
            "gas",
            f"committed {committed[name]:,}"
            + (f", DESIGN's limit {_LIMITS[name]:,}" if name in _LIMITS else ""),
            min(most(committed[name]), _LIMITS.get(name, most(committed[name]))),
            [gas],
            [],
            at_most=True,
        )
        for name, gas in spent.items()
    ]


def _member_rows(say: Say) -> list[Row | Figure]:
    """The one beside a peer; ``ok`` if ours is at most ``GAS_MAX``, whatever the peer needs."""
    pairs, faults = [], []
    with running_node("anvil") as node:
        deployment = deploy_all(node)
        token = deployment.address("VklToken")
        peer = _deploy_peer(node)
        bring_tokens(node, deployment, {_member(-1, 0): 1})
        for number in range(ROUNDS):
            amounts = {
                _member(number, place): 1 + (place * 37 + number) % 900 for place in range(MEMBERS)
            }
            ours = bring_tokens(node, deployment, amounts).gas_used / MEMBERS
            theirs = _mint_many(node, peer, amounts).gas_used / MEMBERS
            for place in (0, MEMBERS - 1):
                account = _member(number, place)
                held = {_balance(node, contract, account) for contract in (token, peer)}
                if held != {amounts[account] * _UNIT}:
                    faults.append(f"balances of {account}: {held}")
            say(f"  gas {number}: {ours:,.0f} / {theirs:,.0f}")
            pairs.append(Pair(ours, theirs))
    if any(pair.ours > GAS_MAX for pair in pairs):
        faults.append(f"more than {GAS_MAX} gas a member")
    against = "OpenZeppelin's mint loop"
    return [Row("gas_per_member", "gas", against, 0.0, pairs, faults)]


def _deploy_peer(node: ChainNode) -> Address:
    request = {
        "language": "Solidity",
        "sources": {"OzMintLoop.sol": {"content": _PEER_SOURCE.read_text()}},
        "settings": dict(SETTINGS),
    }
    made = solcx.compile_standard(
        request,
        base_path=str(toolchain.PROJECT_DIR / "node_modules"),
        solc_binary=str(toolchain.solc_wrapper()),
    )
    unit = made["contracts"]["OzMintLoop.sol"]["OzMintLoop"]["evm"]
    key = funded_account(RELAYER)
    chain = node.chain()
    signed = key.sign_transaction(
        {
            "type": 2,
            "chainId": CHAIN_ID,
            "nonce": chain.nonce(Address(key.address), BlockTag.LATEST),
            "value": 0,
            "data": bytes.fromhex(unit["bytecode"]["object"]),
            "gas": _DEPLOY_GAS,
            "maxFeePerGas": _FEE_WEI,
            "maxPriorityFeePerGas": 1,
        }
    )
    chain.send_raw(bytes(signed.raw_transaction))
    node.mine()
    receipt = chain.receipt(bytes(signed.hash))
    assert receipt is not None
    assert receipt.contract_address is not None
    return receipt.contract_address


def _mint_many(node: ChainNode, peer: Address, amounts: dict[Address, int]) -> Receipt:
    values = (tuple(amounts), tuple(points * _UNIT for points in amounts.values()))
    calldata = _MINT_MANY + encode(("address[]", "uint256[]"), values)
    call: FunctionCall[Any] = FunctionCall("mintMany", calldata, lambda _answer: None)
    return transact(node, funded_account(RELAYER), peer, call)


def _balance(node: ChainNode, contract: Address, account: Address) -> int:
    return read(node.chain(), contract, vkl_token.balance_of(account), BlockTag.LATEST)


def _member(number: int, place: int) -> Address:
    """An address that looks like any: no runs of zero bytes, whose calldata would be cheaper."""
    digits = 0x9E3779B97F4A7C15F39CC0605CEDC8341082276B * (number * MEMBERS + place + 1000)
    return address(f"0x{digits % 2**160:040x}")
