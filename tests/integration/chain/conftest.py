"""A node of each kind with one contract that events, reverts and reads can be asked of."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from pathlib import Path

import pytest

from oracle.deployment.model import Deployment
from tests.support.chain_nodes import ChainNode, NodeKind, deploy_all, running_node
from tests.support.guarding import Machine

Nodes = Callable[[NodeKind], ChainNode]


@pytest.fixture(scope="session")
def nodes() -> Iterator[Nodes]:
    """Starts the node of a kind when it is first asked for, and keeps it."""
    with ExitStack() as stack:
        yield cache(lambda kind: stack.enter_context(running_node(kind)))


@pytest.fixture(scope="session")
def deployments(nodes: Nodes) -> Callable[[NodeKind], Deployment]:
    return cache(lambda kind: deploy_all(nodes(kind)))


@pytest.fixture(params=["anvil", "hardhat"])
def chain_node(request: pytest.FixtureRequest, nodes: Nodes) -> ChainNode:
    return nodes(request.param)


@pytest.fixture
def deployment(chain_node: ChainNode, deployments: Callable[[NodeKind], Deployment]) -> Deployment:
    return deployments(chain_node.kind)


@pytest.fixture
def machine(
    nodes: Nodes,
    deployments: Callable[[NodeKind], Deployment],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Machine]:
    """The guardian's own, on an Anvil that is put back afterwards."""
    node = nodes("anvil")
    deployment = deployments("anvil")
    snapshot = node.rpc("evm_snapshot")
    yield Machine.make(node, deployment, tmp_path / "state", monkeypatch)
    node.rpc("evm_setAutomine", True)
    node.rpc("evm_revert", snapshot)
