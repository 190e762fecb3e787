"""Fixtures of a real chain with the contracts; what they give is in ``tests.support.bridge``.

A module whose tests hold on any chain overrides ``node_kind`` to run on both local nodes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from eth_account.signers.local import LocalAccount

from api.supervisor.anvil import AnvilNode
from ledger.kernel.transaction import Database
from oracle.sender.model import SenderRole
from tests.support.bridge import Contracts, Keys, World, put_contracts
from tests.support.chain_nodes import ChainNode, funded_account, running_node

ROLES = (SenderRole.DEPLOYER, SenderRole.POSTER, SenderRole.RELAYER, SenderRole.WATCHER)


def keys_of(account: Callable[[int], LocalAccount]) -> Keys:
    accounts = [account(index) for index in range(6)]
    by_role = dict(zip(ROLES, accounts, strict=False))
    by_role |= {SenderRole.ANCHORER: accounts[5], SenderRole.GUARDIAN: accounts[4]}
    return Keys(by_role, accounts[4], accounts[5])


@pytest.fixture(scope="session")
def contracts(anvil: AnvilNode) -> Contracts:
    """The contracts on Anvil."""
    return put_contracts(anvil, keys_of(anvil.account))


@pytest.fixture(scope="session")
def hardhat() -> Iterator[ChainNode]:
    with running_node("hardhat") as node:
        yield node


@pytest.fixture(scope="session")
def hardhat_contracts(hardhat: ChainNode) -> Contracts:
    """The contracts on the Hardhat node."""
    return put_contracts(hardhat, keys_of(funded_account))


@pytest.fixture
def node_kind() -> str:
    return "anvil"


@pytest.fixture
def world(database: Database, node_kind: str, request: pytest.FixtureRequest) -> Iterator[World]:
    """A community on the session's chain, which is put back afterwards."""
    name = {"anvil": "contracts", "hardhat": "hardhat_contracts"}[node_kind]
    contracts: Contracts = request.getfixturevalue(name)
    snapshot = str(contracts.rpc("evm_snapshot"))
    yield World(database, contracts, fresh=str(contracts.rpc("evm_snapshot")))
    contracts.rpc("evm_revert", snapshot)
