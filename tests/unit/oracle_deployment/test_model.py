from __future__ import annotations

import json
from typing import Any

import pytest

from oracle.contracts.abi import Address
from oracle.deployment.model import (
    DeployedContract,
    Deployment,
    RecordMalformed,
    Roles,
    from_json,
    local_parameters,
    parameters_from_json,
    to_json,
)

ONE = Address("0x5FbDB2315678afecb367f032d93F642f64180aa3")
TWO = Address("0xe7f1725E7734CE288F8367e1Bb143E90bb3F0512")
DEPLOYMENT = Deployment(
    chain_id=31_337,
    genesis_hash=b"\1" * 32,
    deployer=ONE,
    contracts={
        "VklToken": DeployedContract(TWO, 9, b"\2" * 32),
        "Anchors": DeployedContract(ONE, 7, b"\3" * 32),
    },
    parameters=local_parameters(Roles(poster=ONE, watcher=TWO, guardian=ONE, anchorer=TWO)),
)


def test_a_record_is_read_as_written() -> None:
    assert from_json(to_json(DEPLOYMENT)) == DEPLOYMENT
    assert parameters_from_json(to_json(DEPLOYMENT)) == DEPLOYMENT.parameters


def test_events_begin_with_the_first_contract() -> None:
    assert DEPLOYMENT.block_number == 7
    assert DEPLOYMENT.address("VklToken") == TWO


def _without(*path: str) -> str:
    document: dict[str, Any] = json.loads(to_json(DEPLOYMENT))
    inner = document
    for name in path[:-1]:
        inner = inner[name]
    del inner[path[-1]]
    return json.dumps(document)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        to_json(DEPLOYMENT).replace('"version": 2', '"version": 1'),
        to_json(DEPLOYMENT).replace("0x0101", "0xzz01"),
        _without("genesisHash"),
        _without("contracts", "Anchors", "address"),
        _without("parameters", "governor", "terms"),
        to_json(DEPLOYMENT).replace('"delay_s"', '"delay_m"'),
    ],
)
def test_what_is_not_a_record_is_refused(text: str) -> None:
    with pytest.raises(RecordMalformed):
        from_json(text)


def test_what_are_not_parameters_is_refused() -> None:
    with pytest.raises(RecordMalformed):
        parameters_from_json(_without("parameters", "roles"))


def test_a_local_vote_lasts_twenty_seconds_unless_stated() -> None:
    roles = DEPLOYMENT.parameters.roles
    assert local_parameters(roles).governor.terms[1].voting_period_s == 20
    assert local_parameters(roles, 150).governor.terms[1].voting_period_s == 150
