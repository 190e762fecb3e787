"""A chain that somebody else started: slow blocks, finality far behind, keys that were given money.

Every command is taken from docs/testnet.md. Between the node and what is run stands one that
refuses whatever a public node would not answer: no clock is moved and no block asked for.
"""

from __future__ import annotations

import json
import re
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

import pytest
from eth_account import Account
from eth_account.hdaccount import generate_mnemonic
from eth_account.types import Language

from oracle.chain.port import BlockTag
from oracle.chain.web3_adapter import Web3Chain
from oracle.contracts.abi import Address, address
from tests.conftest import Tell
from tests.support.chain_nodes import ChainNode, funded_account, running_node
from tests.support.installation import ROOT, Installation, an_installation
from tests.support.public_node import public_node

CHAIN_ID = 20_261
BLOCK_S = 12
EPOCH_BLOCKS = 2
"""The node says that a block is final two epochs later."""
GIVEN_WEI = 10**18
FAUCET = 9
TRANSFER_GAS = 21_000
LONG_S, STORY_S = 900, 3_600
FILE_PASSWORD = "as the wallet was told"
DOCUMENT = ROOT / "docs" / "testnet.md"
ROLES = ("deployer", "poster", "relayer", "watcher", "anchorer")
pytestmark = [pytest.mark.chain, pytest.mark.deep]


def test_the_same_commands_on_a_chain_of_others(tmp_path: Path, tell: Tell) -> None:
    arguments = ("--chain-id", str(CHAIN_ID), "--block-time", str(BLOCK_S))
    with (
        running_node("anvil", (*arguments, "--slots-in-an-epoch", str(EPOCH_BLOCKS))) as node,
        public_node(node.url) as public,
        an_installation(
            {
                "VKLAD_CHAIN_RPC_URL": public.url,
                "VKLAD_CHAIN_ID": str(CHAIN_ID),
                "VKLAD_CHAIN_MNEMONIC": generate_mnemonic(12, Language.ENGLISH),
                "VKLAD_LOCAL_VOTING_PERIOD_S": str(20 * BLOCK_S),
            }
        ) as installation,
    ):
        page = Page(installation, tmp_path)
        deployer = _bring_a_key(page)
        accounts = _accounts(page.run("chain accounts"))
        assert accounts["deployer"] == deployer
        began = time.monotonic()
        _refused_before_money(page)
        _give_money(node, accounts)
        _deploy(page)
        tell(f"deployed after {time.monotonic() - began:.0f} s")
        installation.up(LONG_S * 2)
        tell(f"up with a proposal after {time.monotonic() - began:.0f} s")
        assert "15. ok" in page.run("scripts/demo")
        tell(f"the story is told after {time.monotonic() - began:.0f} s")
        installation.proves_itself()
        page.run("careful.json")
        assert int(page.run("chain source").strip().splitlines()[-1], 16)
        assert page.left == ["scripts/up\n"]
        assert public.refused == []
        _spent(node, accounts, tell)


class Page:
    """The commands of docs/testnet.md, run as they stand there, each block once."""

    def __init__(self, installation: Installation, folder: Path) -> None:
        self.left = re.findall(r"```sh\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
        self.folder = folder
        self.environment = installation.environment | {"VKLAD_PUBLIC_URL": installation.base_url}
        self.installation = installation
        for name in (".venv", "scripts"):
            (folder / name).symlink_to(ROOT / name)

    def run(self, words: str, typed: str = "") -> str:
        """What the block with these words says."""
        [block] = [block for block in self.left if words in block]
        self.left.remove(block)
        done = subprocess.run(
            ["bash", "-euc", block],
            cwd=self.folder,
            env=self.environment,
            input=typed,
            capture_output=True,
            text=True,
            timeout=STORY_S,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


def _bring_a_key(page: Page) -> Address:
    """As a wallet exports one that has money already, or will have."""
    key = Account.create()
    exported = Account.encrypt(key.key, FILE_PASSWORD, iterations=2)
    (page.folder / "exported.json").write_text(json.dumps(exported))
    said = page.run("import-key", typed=f"{FILE_PASSWORD}\n")
    assert said == f"The deployer is {key.address}.\n"
    return address(key.address)


def _refused_before_money(page: Page) -> None:
    """Each in a sentence, and nothing is sent."""
    for settings, command, words in (
        ({"VKLAD_CHAIN_ID": "1"}, ("chain", "deploy"), f"serves chain {CHAIN_ID}, not 1"),
        ({}, ("up",), f"The contracts are not on this chain, {CHAIN_ID}."),
        ({}, ("chain", "deploy"), "its periods, limits and keys must be stated"),
    ):
        refused = page.installation.tried(*command, settings=settings)
        assert refused.returncode != 0
        assert words in " ".join((refused.stdout + refused.stderr).split())


def _accounts(said: str) -> Mapping[str, Address]:
    assert f"Chain {CHAIN_ID}" in said
    found = {role: address(account) for role, account in re.findall(r"(\w+) +(0x\w{40})", said)}
    assert tuple(found) == ROLES
    return found


def _give_money(node: ChainNode, accounts: Mapping[str, Address]) -> None:
    """As a faucet does: one ordinary transfer to each."""
    chain, faucet = Web3Chain(node.url), funded_account(FAUCET)
    fees = chain.suggest_fees()
    for nonce, account in enumerate(accounts.values()):
        signed = faucet.sign_transaction(
            {
                "type": 2,
                "chainId": CHAIN_ID,
                "nonce": nonce,
                "to": account,
                "value": GIVEN_WEI,
                "data": b"",
                "gas": TRANSFER_GAS,
                "maxFeePerGas": fees.max_fee_wei,
                "maxPriorityFeePerGas": fees.priority_fee_wei,
            }
        )
        chain.send_raw(bytes(signed.raw_transaction))
    deadline = time.monotonic() + LONG_S
    while any(not chain.balance_wei(each, BlockTag.LATEST) for each in accounts.values()):
        assert time.monotonic() < deadline, "the money did not come"
        time.sleep(1)


def _deploy(page: Page) -> None:
    said = page.run("--rehearsal")
    assert "Deployed and verified." in said
    assert "Code, constants, roles and the floors of quorum are as they must be." in said
    chosen = page.folder / "parameters.json"
    again = page.installation.vklad("chain", "deploy", "--parameters", str(chosen))
    assert "Already deployed." in again
    [record] = (page.installation.state.path / "deployments").iterdir()
    assert record.name.startswith(f"{CHAIN_ID}-")
    wanted = json.loads(chosen.read_text())["parameters"]
    assert json.loads(record.read_text())["parameters"] == wanted


def _spent(node: ChainNode, accounts: Mapping[str, Address], tell: Tell) -> None:
    chain = Web3Chain(node.url)
    for role, account in accounts.items():
        spent = GIVEN_WEI - chain.balance_wei(account, BlockTag.LATEST)
        tell(f"{role}: {spent / 10**9:.0f} gwei spent")
