"""A node of each kind with the contracts and four holders on it; each test puts it back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from ledger.kernel.transaction import Database
from oracle.contracts.abi import Address
from oracle.deployment.model import Deployment
from tests.support.chain_nodes import (
    ChainNode,
    NodeKind,
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


Places = Callable[[NodeKind], Place]


@pytest.fixture(scope="session")
def places() -> Iterator[Places]:
    """Makes the place of a kind when it is first asked for, and keeps it."""
    with ExitStack() as stack:

        @cache
        def place_of(kind: NodeKind) -> Place:
            node = stack.enter_context(running_node(kind, ("--accounts", "12")))
            deployment = deploy_all(node)
            amounts = {Address(funded_account(i).address): points for i, points in TOKENS.items()}
            bring_tokens(node, deployment, amounts)
            return Place(node, deployment)

        yield place_of


@pytest.fixture(params=["anvil", "hardhat"])
def place(request: pytest.FixtureRequest, places: Places) -> Place:
    return places(request.param)


@pytest.fixture
def community(place: Place, database: Database, tmp_path: Path) -> Iterator[Community]:
    snapshot = place.node.rpc("evm_snapshot")
    yield Community.of(database, place.node, place.deployment, tmp_path / "state")
    place.node.rpc("evm_revert", snapshot)


@pytest.fixture
def world(community: Community) -> World:
    """The same database from the side of facts and points."""
    return World.make(community.database)
