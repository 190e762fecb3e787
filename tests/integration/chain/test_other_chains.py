"""An installation and chains that are not its own, or that others use, too."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from eth_account import Account
from eth_account.hdaccount import generate_mnemonic
from eth_account.types import Language
from pydantic import SecretStr

from api import chain as installation
from api.bridging import chain_parts
from api.chain import (
    NotDeployed,
    deploy_contracts,
    deployment_of,
    deployment_parameters,
    open_chain,
    open_signer,
    require_contracts,
    require_sound,
)
from api.composition import compose
from api.settings import Settings
from api.supervisor.state import StateFolder
from oracle.chain.port import BlockTag, WrongChain
from oracle.contracts.abi import Address
from oracle.deployment.service import DEPLOYMENT_GAS, DeployerPoor
from oracle.sender.model import SenderRole
from tests.integration.chain.conftest import Nodes
from tests.support.chain_nodes import CHAIN_ID, ChainNode, running_node

pytestmark = pytest.mark.chain

OTHER_CHAIN_ID = 20_261
MONEY_WEI = 10**18
Installed = tuple[Settings, StateFolder]
Installs = Callable[[ChainNode], Installed]


@pytest.fixture
def node(nodes: Nodes) -> ChainNode:
    return nodes("anvil")


@pytest.fixture(scope="module")
def other() -> Iterator[ChainNode]:
    with running_node("anvil", ("--chain-id", str(OTHER_CHAIN_ID))) as node:
        yield node


@pytest.fixture
def install(tmp_path: Path) -> Installs:
    """An installation with words of its own, whose deployer has a whole coin."""

    def made(node: ChainNode) -> Installed:
        state = StateFolder(tmp_path / generate_mnemonic(12, Language.ENGLISH).replace(" ", "-"))
        state.prepare()
        settings = Settings(state_folder=state.path, chain_rpc_url=SecretStr(node.url))
        give(node, settings, state, MONEY_WEI)
        return settings, state

    return made


def give(node: ChainNode, settings: Settings, state: StateFolder, wei: int) -> None:
    deployer = open_signer(settings, state, (SenderRole.DEPLOYER,)).address(SenderRole.DEPLOYER)
    node.rpc("anvil_setBalance", deployer, hex(wei))


def test_two_installations_on_one_chain_know_nothing_of_each_other(
    node: ChainNode, install: Installs
) -> None:
    here, there = install(node), install(node)
    mine, is_new = deploy_contracts(*here)
    theirs, is_new_there = deploy_contracts(*there)
    assert is_new
    assert is_new_there
    mine_at = {each.address for each in mine.contracts.values()}
    assert mine_at.isdisjoint(each.address for each in theirs.contracts.values())
    for (settings, state), made in ((here, mine), (there, theirs)):
        chain = open_chain(settings, state)
        assert deployment_of(chain, state) == made
        require_sound(chain, made)


def test_each_chain_has_a_record_of_its_own(
    node: ChainNode, other: ChainNode, install: Installs
) -> None:
    settings, state = install(node)
    first, _ = deploy_contracts(settings, state)
    moved = settings.model_copy(update={"chain_rpc_url": SecretStr(other.url)})
    with pytest.raises(
        NotDeployed, match=f"serves chain {OTHER_CHAIN_ID}, and .* on chain {CHAIN_ID}"
    ):
        require_contracts(moved, state)
    give(other, moved, state, MONEY_WEI)
    second, _ = deploy_contracts(moved, state, deployment_parameters(moved, state))
    assert (first.chain_id, second.chain_id) == (CHAIN_ID, OTHER_CHAIN_ID)
    assert require_contracts(moved, state) is None
    assert deployment_of(open_chain(settings, state), state) == first


def test_a_chain_of_another_id_is_refused_at_once(node: ChainNode, install: Installs) -> None:
    settings, state = install(node)
    stated = settings.model_copy(update={"chain_id": OTHER_CHAIN_ID})
    words = f"serves chain {CHAIN_ID}, not {OTHER_CHAIN_ID}"
    with pytest.raises(WrongChain, match=words):
        deploy_contracts(stated, state)
    with pytest.raises(WrongChain, match=words):
        require_contracts(stated, state)
    deploy_contracts(settings.model_copy(update={"chain_id": CHAIN_ID}), state)


def test_further_endpoints_must_be_of_that_chain_too(
    node: ChainNode, other: ChainNode, install: Installs
) -> None:
    settings, state = install(node)
    deploy_contracts(settings, state)
    url = SecretStr(f"{node.url},{other.url}")
    both = settings.model_copy(
        update={
            "chain_rpc_url": url,
            "chain_id": CHAIN_ID,
            "database_url": SecretStr("postgresql://nobody@127.0.0.1:9/none"),
        }
    )
    composition = compose(both)
    [witness] = chain_parts(composition).witnesses
    composition.close()
    with pytest.raises(WrongChain, match=f"serves chain {OTHER_CHAIN_ID}"):
        witness.chain.block(BlockTag.LATEST)


def test_to_begin_takes_contracts_unless_the_chain_is_silent_or_was_reset(
    node: ChainNode, install: Installs, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings, state = install(node)
    with pytest.raises(NotDeployed, match=f"not on this chain, {CHAIN_ID}"):
        require_contracts(settings, state)
    silent = settings.model_copy(update={"chain_rpc_url": SecretStr("http://127.0.0.1:9")})
    note = require_contracts(silent, state)
    assert note is not None
    assert "does not answer" in note
    deploy_contracts(settings, state)
    assert require_contracts(settings, state) is None
    monkeypatch.setattr(installation, "is_on_chain", lambda _chain, _deployment: False)
    assert require_contracts(settings, state) == (
        f"The contracts are not on this chain, {CHAIN_ID}. Run: vklad chain deploy"
    )


def test_a_deployer_without_enough_money_sends_nothing(node: ChainNode, install: Installs) -> None:
    settings, state = install(node)
    give(node, settings, state, 10**9)
    with pytest.raises(DeployerPoor, match=r"has 1000000000 wei, and deploying takes"):
        deploy_contracts(settings, state)
    deployer = open_signer(settings, state, (SenderRole.DEPLOYER,)).address(SenderRole.DEPLOYER)
    assert node.chain().nonce(deployer, BlockTag.LATEST) == 0


def test_a_deployment_takes_about_as_much_gas_as_is_asked_for(
    node: ChainNode, install: Installs
) -> None:
    settings, state = install(node)
    said: list[str] = []
    made, _ = deploy_contracts(settings, state, report=said.append)
    calls = ["grantRole", "grantRole", "grantRole", "renounceRole"]
    assert [line.split()[0] for line in said] == [*made.contracts, *calls]
    chain = node.chain()
    count = chain.nonce(made.deployer, BlockTag.LATEST)
    assert count == len(said)
    used = sum(_gas_used(node, made.deployer))
    assert DEPLOYMENT_GAS * 9 // 10 < used <= DEPLOYMENT_GAS


def _gas_used(node: ChainNode, deployer: Address) -> Iterator[int]:
    head = node.chain().block(BlockTag.LATEST)
    assert head is not None
    for number in range(max(0, head.number - 20), head.number + 1):
        for receipt in node.rpc("eth_getBlockReceipts", hex(number)):
            if receipt["from"] == deployer.lower():
                yield int(receipt["gasUsed"], 16)


def test_the_record_and_the_parameters_are_of_the_same_form(
    node: ChainNode, install: Installs
) -> None:
    settings, state = install(node)
    guardian = Address(Account.create().address)
    made, _ = deploy_contracts(settings, state, deployment_parameters(settings, state, guardian))
    [record] = (state.path / "deployments").iterdir()
    assert record.name == f"{CHAIN_ID}-{made.genesis_hash.hex()[:16]}.json"
    assert json.loads(record.read_text())["parameters"]["roles"]["guardian"] == guardian
    assert not (state.path / "keys" / "guardian.json").exists()
