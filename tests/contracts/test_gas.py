"""Gas: of a new member at the size that DESIGN names, and of each operation against a snapshot."""

from __future__ import annotations

import pytest

from oracle.contracts.abi import Address, address
from tests.support.chain_nodes import ChainNode, bring_tokens, deploy_all, running_node
from tests.support.contract_gas import (
    DELEGATION_GAS_MAX,
    PROPOSAL_LIFE_GAS_MAX,
    most,
    operations,
    snapshot,
)

MEMBERS = 500
GAS_PER_MEMBER_MAX = 28_000
TRANSACTION_GAS_MAX = 2**24


def member(number: int) -> Address:
    return address(f"0x{0xC0FFEE0000000000000000000000000000000000 + number * 7919:040x}")


@pytest.mark.parametrize("chain_node", ["anvil"], indirect=True)
def test_gas_per_new_member(chain_node: ChainNode, capsys: pytest.CaptureFixture[str]) -> None:
    deployment = deploy_all(chain_node)
    bring_tokens(chain_node, deployment, {member(-1): 1})  # the token has a supply already
    amounts = {member(number): 1 + number * 37 % 900 for number in range(MEMBERS)}
    receipt = bring_tokens(chain_node, deployment, amounts)
    per_member = receipt.gas_used // MEMBERS
    with capsys.disabled():
        print(f"\n  gas per new member at {MEMBERS}: {per_member}")
    assert per_member <= GAS_PER_MEMBER_MAX


@pytest.mark.parametrize("chain_node", ["anvil"], indirect=True)
def test_the_largest_batch_fits_one_transaction(chain_node: ChainNode) -> None:
    deployment = deploy_all(chain_node)
    amounts = {member(number): 700 + number % 90 for number in range(560)}
    assert bring_tokens(chain_node, deployment, amounts).gas_used <= TRANSACTION_GAS_MAX


def test_no_operation_costs_more_than_committed() -> None:
    """Where less is right, write the figures of ``scripts/bench gas`` into gas.json."""
    with running_node("anvil") as fresh:
        spent = operations(fresh)
    committed = snapshot()
    assert set(spent) == set(committed)
    dearer = {
        name: (gas, committed[name]) for name, gas in spent.items() if gas > most(committed[name])
    }
    cheaper = {name: gas for name, gas in spent.items() if most(gas) < committed[name]}
    assert dearer == {}
    assert cheaper == {}, "write the lower figures down, so that they are held"
    assert spent["proposal_life"] <= PROPOSAL_LIFE_GAS_MAX
    assert spent["delegate_by_sig"] <= DELEGATION_GAS_MAX
