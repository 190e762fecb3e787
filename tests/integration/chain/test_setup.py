"""`vklad chain accounts | parameters | source`: what is printed is what a deployment takes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer

from api.cli import chain_setup
from oracle.chain.port import BlockTag
from oracle.contracts.compiler import CONTRACTS, load_artifact
from oracle.deployment.model import LOCAL_VOTING_PERIOD_S, local_parameters, parameters_from_json
from tests.integration.chain.conftest import Nodes
from tests.support.chain_nodes import DEPLOYER, RELAYER, funded_address
from tests.support.guarding import Machine

pytestmark = pytest.mark.chain


@pytest.fixture
def machine(
    nodes: Nodes,
    deployments: Callable[[Any], Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Machine:
    return Machine.make(nodes("anvil"), deployments("anvil"), tmp_path / "state", monkeypatch)


def test_accounts_are_shown_with_what_they_have(machine: Machine) -> None:
    said = machine.run("chain", "accounts")
    relayer = funded_address(RELAYER)
    balance = machine.node.chain().balance_wei(relayer, BlockTag.LATEST)
    [line] = [line for line in said.splitlines() if "relayer" in line]
    _, account, coins = line.split()
    whole, _, fraction = coins.partition(".")
    assert (account, int(whole) * 10**18 + int(fraction.ljust(18, "0"))) == (relayer, balance)
    assert "guardian" not in said


def test_printed_parameters_are_read_by_deploy(machine: Machine) -> None:
    careful = parameters_from_json(machine.run("chain", "parameters"))
    rehearsed = parameters_from_json(machine.run("chain", "parameters", "--rehearsal"))
    assert rehearsed == local_parameters(rehearsed.roles, LOCAL_VOTING_PERIOD_S)
    assert careful.roles == rehearsed.roles
    assert careful.bridge_periods.delay_s > rehearsed.bridge_periods.delay_s
    assert careful.bridge_limits.capacity_points < rehearsed.bridge_limits.capacity_points
    assert len(careful.governor.terms) == len(rehearsed.governor.terms)


@pytest.mark.parametrize("name", CONTRACTS)
def test_code_and_arguments_are_what_was_sent(machine: Machine, name: str) -> None:
    arguments = bytes.fromhex(machine.run("chain", "source", name).strip())
    sent: Any = machine.node.rpc(
        "eth_getTransactionByHash",
        f"0x{machine.deployment.contracts[name].transaction_hash.hex()}",
    )
    assert sent["from"] == funded_address(DEPLOYER).lower()
    assert bytes.fromhex(sent["input"][2:]) == (
        bytes.fromhex(load_artifact(name)["bytecode"]) + arguments
    )


def test_the_compilers_input_has_every_source(machine: Machine) -> None:
    given = json.loads(machine.run("chain", "source"))
    assert {f"contracts/{name}.sol" for name in CONTRACTS} <= given["sources"].keys()
    assert any(name.startswith("@openzeppelin/") for name in given["sources"])


def test_what_is_no_contract_is_named() -> None:
    with pytest.raises(typer.BadParameter, match="There is no Token"):
        chain_setup.source("Token")
