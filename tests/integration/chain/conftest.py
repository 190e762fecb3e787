"""A node of each kind with one contract that events, reverts and reads can be asked of."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from oracle.deployment.model import Deployment
from tests.support.chain_nodes import ChainNode, deploy_all, running_node


@pytest.fixture(scope="session", params=["anvil", "hardhat"])
def chain_node(request: pytest.FixtureRequest) -> Iterator[ChainNode]:
    with running_node(request.param) as node:
        yield node


@pytest.fixture(scope="session")
def deployment(chain_node: ChainNode) -> Deployment:
    return deploy_all(chain_node)
