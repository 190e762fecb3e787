"""Fixtures of a real chain with the contracts; what they give is in ``tests.support.bridge``."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from api.supervisor.anvil import AnvilNode
from ledger.kernel.transaction import Database
from oracle.sender.model import SenderRole
from tests.support.bridge import Contracts, Keys, World, put_contracts


@pytest.fixture(scope="session")
def keys(anvil: AnvilNode) -> Keys:
    accounts = [anvil.account(index) for index in range(6)]
    roles = (SenderRole.DEPLOYER, SenderRole.POSTER, SenderRole.RELAYER, SenderRole.WATCHER)
    return Keys(dict(zip(roles, accounts, strict=False)), accounts[4], accounts[5])


@pytest.fixture(scope="session")
def contracts(anvil: AnvilNode, keys: Keys) -> Contracts:
    return put_contracts(anvil, keys)


@pytest.fixture
def world(database: Database, contracts: Contracts) -> Iterator[World]:
    """A community on the session's chain, which is put back afterwards."""
    snapshot = str(contracts.rpc("evm_snapshot"))
    yield World(database, contracts, fresh=str(contracts.rpc("evm_snapshot")))
    contracts.rpc("evm_revert", snapshot)
