"""A node of each kind with the contracts and four holders on it; each test puts it back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from ledger.kernel.transaction import Database
from oracle.contracts.abi import Address
from oracle.deployment.model import Deployment
from tests.support.chain_nodes import (
    ChainNode,
    bring_tokens,
    deploy_all,
    funded_account,
    running_node,
)
from tests.support.governance import TOKENS, Community
from tests.world import World


@dataclass(frozen=True)
class Place:
    """A node, and what was deployed on it."""

    node: ChainNode
    deployment: Deployment


@pytest.fixture(scope="session", params=["anvil", "hardhat"])
def place(request: pytest.FixtureRequest) -> Iterator[Place]:
    with running_node(request.param, ("--accounts", "12")) as node:
        deployment = deploy_all(node)
        amounts = {Address(funded_account(i).address): points for i, points in TOKENS.items()}
        bring_tokens(node, deployment, amounts)
        yield Place(node, deployment)


@pytest.fixture
def community(place: Place, database: Database, tmp_path: Path) -> Iterator[Community]:
    snapshot = place.node.rpc("evm_snapshot")
    yield Community.of(database, place.node, place.deployment, tmp_path / "state")
    place.node.rpc("evm_revert", snapshot)


@pytest.fixture
def world(community: Community) -> World:
    """The same database from the side of facts and points."""
    return World.make(community.database)
