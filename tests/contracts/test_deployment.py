"""Deploy on both local chains; verify finds every kind of thing that is wrong."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import rlp
from eth_utils.crypto import keccak
from hypothesis import given
from hypothesis import strategies as st

from oracle.bindings import points_bridge, vkl_timelock
from oracle.chain.port import BlockTag, Call, CallReverted, read
from oracle.chain.web3_adapter import Web3Chain
from oracle.contracts.abi import Address, address
from oracle.contracts.compiler import CONTRACTS
from oracle.deployment import settings
from oracle.deployment.model import Deployment, RecordMalformed, from_json, to_json
from oracle.deployment.service import (
    DeploymentFailed,
    created_address,
    deploy,
    is_on_chain,
    read_record,
    record_path,
    write_record,
)
from oracle.deployment.verify import verify
from tests.support.chain_nodes import (
    DEPLOYER,
    ChainNode,
    deploy_all,
    funded_address,
    service_signer,
)


def test_a_fresh_deployment_is_sound(chain_node: ChainNode, deployment: Deployment) -> None:
    chain = chain_node.chain()
    assert set(deployment.contracts) == set(CONTRACTS)
    assert verify(chain, deployment) == []
    assert is_on_chain(chain, deployment)


def test_the_deployer_can_do_nothing_any_more(
    chain_node: ChainNode, deployment: Deployment
) -> None:
    deployer = funded_address(DEPLOYER)
    grant = vkl_timelock.grant_role(b"\0" * 32, deployer)
    with pytest.raises(CallReverted) as refused:
        chain_node.chain().call(
            Call(deployment.address("VklTimelock"), grant.calldata, sender=deployer),
            BlockTag.LATEST,
        )
    reason = vkl_timelock.ERRORS[refused.value.reverted_bytes[:4]].of(refused.value.reverted_bytes)
    assert reason == vkl_timelock.AccessControlUnauthorizedAccountError(deployer, b"\0" * 32)


def test_two_deployments_do_not_meet(chain_node: ChainNode, deployment: Deployment) -> None:
    second = deploy_all(chain_node)
    assert verify(chain_node.chain(), second) == []
    swapped = replace(
        deployment,
        contracts={**deployment.contracts, "PointsBridge": second.contracts["PointsBridge"]},
    )
    found = {(finding.contract, finding.problem) for finding in verify(chain_node.chain(), swapped)}
    assert any(name == "VklToken" and "BRIDGE" in problem for name, problem in found)
    assert any(name == "PointsBridge" and "TOKEN" in problem for name, problem in found)


def test_other_parameters_are_found(chain_node: ChainNode, deployment: Deployment) -> None:
    parameters = replace(deployment.parameters, timelock_delay_s=4)
    other = replace(deployment, parameters=parameters)
    [finding] = verify(chain_node.chain(), other)
    assert finding.contract == "VklTimelock"
    assert "DELAY_FLOOR_S" in finding.problem


@pytest.mark.parametrize("floor", ["quorum_voters_floor", "quorum_tokens_floor"])
def test_a_floor_of_quorum_other_than_recorded_is_found(
    chain_node: ChainNode, deployment: Deployment, floor: str
) -> None:
    """Whoever publishes fifty voters and deploys three is found."""
    governor = deployment.parameters.governor
    terms = list(governor.terms)
    terms[2] = replace(terms[2], **{floor: 50_000})
    lied = _with_governor(deployment, terms=tuple(terms))
    [finding] = verify(chain_node.chain(), lied)
    assert finding.contract == "VklGovernor"
    assert "kind 2 has a floor of" in finding.problem
    assert "not 50000" in finding.problem


def test_what_votes_may_change_is_told_and_is_no_finding(
    chain_node: ChainNode, deployment: Deployment
) -> None:
    chain, roles = chain_node.chain(), deployment.parameters.roles
    assert list(settings.changed(chain, deployment)) == []
    parameters = deployment.parameters
    swapped = replace(roles, poster=roles.guardian, guardian=roles.poster)
    limits = replace(parameters.bridge_limits, capacity_points=1)
    parameters = replace(parameters, roles=swapped, bridge_limits=limits)
    other = _with_governor(
        replace(deployment, parameters=parameters), voting_delay_s=86_400, proposal_threshold=7
    )
    assert verify(chain, other) == []
    told = {what.partition(":")[0] for _, what in settings.changed(chain, other)}
    assert told == {"poster", "guardian", "limits", "voting delay", "proposal threshold"}


def _with_governor(deployment: Deployment, **changes: Any) -> Deployment:
    governor = replace(deployment.parameters.governor, **changes)
    return replace(deployment, parameters=replace(deployment.parameters, governor=governor))


def test_other_code_is_found(chain_node: ChainNode, deployment: Deployment) -> None:
    contracts = dict(deployment.contracts)
    contracts["Anchors"], contracts["BallotRelay"] = contracts["BallotRelay"], contracts["Anchors"]
    found = {
        finding.contract
        for finding in verify(chain_node.chain(), replace(deployment, contracts=contracts))
    }
    assert found == {"Anchors", "BallotRelay"}
    nowhere = replace(contracts["Anchors"], address=Address(funded_address(19)))
    contracts = {**deployment.contracts, "Anchors": nowhere}
    [finding] = verify(chain_node.chain(), replace(deployment, contracts=contracts))
    assert "no code" in finding.problem


def test_an_incomplete_record_is_found(chain_node: ChainNode, deployment: Deployment) -> None:
    contracts = {name: c for name, c in deployment.contracts.items() if name != "BallotRelay"}
    [finding] = verify(chain_node.chain(), replace(deployment, contracts=contracts))
    assert finding.contract == "BallotRelay"


def test_another_chain_is_found(chain_node: ChainNode, deployment: Deployment) -> None:
    chain = chain_node.chain()
    other_genesis = replace(deployment, genesis_hash=b"\1" * 32)
    assert [finding.contract for finding in verify(chain, other_genesis)] == ["chain"]
    assert [f.contract for f in verify(chain, replace(deployment, chain_id=5))] == ["chain"]
    assert not is_on_chain(chain, other_genesis)


def test_kept_and_additional_roles_are_found(
    chain_node: ChainNode, deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A deployer that takes a role more where it should let go of its own."""
    deployer = funded_address(DEPLOYER)
    proposer = vkl_timelock.proposer_role()
    timelock = deployment.address("VklTimelock")
    role = read(chain_node.chain(), timelock, proposer, BlockTag.LATEST)
    monkeypatch.setattr(
        vkl_timelock, "renounce_role", lambda _role, _me: vkl_timelock.grant_role(role, deployer)
    )
    greedy = deploy_all(chain_node)
    problems = {finding.problem for finding in verify(chain_node.chain(), greedy)}
    assert problems == {
        "the deployer still holds the role admin",
        "the deployer still holds the role proposer",
    }


def test_a_transaction_that_is_not_mined_fails_the_deployment(
    chain_node: ChainNode, deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("oracle.deployment.service.RECEIPT_POLLS_MAX", 2)
    monkeypatch.setattr(Web3Chain, "receipt", lambda _self, _hash: None)
    with pytest.raises(DeploymentFailed, match="VklTimelock was not mined"):
        deploy(chain_node.chain(), deployment.parameters, service_signer())


def test_a_record_is_read_as_written(
    chain_node: ChainNode, deployment: Deployment, tmp_path: Path
) -> None:
    path = record_path(tmp_path / "deployments", chain_node.chain())
    assert read_record(path) is None
    write_record(path, deployment)
    assert read_record(path) == deployment
    assert from_json(to_json(deployment)) == deployment
    path.write_text(path.read_text().replace('"version": 2', '"version": 1'))
    with pytest.raises(RecordMalformed):
        read_record(path)


def test_limits_are_as_stated(chain_node: ChainNode, deployment: Deployment) -> None:
    bridge = deployment.address("PointsBridge")
    limits = read(chain_node.chain(), bridge, points_bridge.limits(), BlockTag.LATEST)
    assert limits == deployment.parameters.bridge_limits


def test_known_addresses_of_contracts_to_come() -> None:
    """The first contracts of the first well-known account, as every local chain shows them."""
    creator = Address("0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266")
    assert created_address(creator, 0) == "0x5FbDB2315678afecb367f032d93F642f64180aa3"
    assert created_address(creator, 1) == "0xe7f1725E7734CE288F8367e1Bb143E90bb3F0512"


@given(
    creator=st.binary(min_size=20, max_size=20),
    nonce=st.one_of(st.sampled_from([0, 1, 127, 128, 255, 256, 65_536]), st.integers(0, 2**64 - 2)),
)
def test_addresses_of_contracts_to_come(creator: bytes, nonce: int) -> None:
    expected = keccak(rlp.encode([creator, nonce]))[12:]
    found = created_address(address(f"0x{creator.hex()}"), nonce)
    assert found.lower() == f"0x{expected.hex()}"
