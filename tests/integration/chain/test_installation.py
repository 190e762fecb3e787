"""An installation finds its chain, keys and contracts by its settings."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr

from api import chain as installation
from api.chain import (
    KEY_INDEX,
    DeploymentUnsound,
    NotDeployed,
    ParametersMissing,
    deploy_contracts,
    deployment_of,
    deployment_parameters,
    finality,
    open_chain,
    open_signer,
    require_sound,
    stated_accounts,
)
from api.settings import BadSettings, Settings
from api.supervisor.anvil import AnvilNode
from api.supervisor.state import StateFolder
from oracle.bindings import vkl_timelock
from oracle.chain.port import Finality
from oracle.chain.remote_signer import RemoteSigner
from oracle.sender.model import SenderRole
from tests.support.chain_nodes import ChainNode, funded_address

pytestmark = pytest.mark.chain

WORDS = "test test test test test test test test test test test junk"


@pytest.fixture
def settings(chain_node: ChainNode) -> Settings:
    return Settings(chain_rpc_url=SecretStr(chain_node.url), chain_mnemonic=SecretStr(WORDS))


@pytest.fixture
def state(tmp_path: Path) -> StateFolder:
    folder = StateFolder(tmp_path)
    folder.prepare()
    return folder


def test_contracts_are_deployed_once(settings: Settings, state: StateFolder) -> None:
    with pytest.raises(NotDeployed, match="vklad chain deploy"):
        deployment_of(open_chain(settings, state), state)
    made, is_new = deploy_contracts(settings, state)
    assert is_new
    assert deploy_contracts(settings, state) == (made, False)
    chain = open_chain(settings, state)
    assert deployment_of(chain, state) == made
    require_sound(chain, made)


def test_keys_are_those_of_the_words(settings: Settings, state: StateFolder) -> None:
    signer = open_signer(settings, state, KEY_INDEX)
    for role, index in KEY_INDEX.items():
        assert signer.address(role) == funded_address(index)
    parameters = deployment_parameters(settings, state)
    assert parameters.roles.watcher == signer.address(SenderRole.WATCHER)
    roles = {parameters.roles.poster, parameters.roles.watcher, parameters.roles.guardian}
    assert len(roles | {parameters.roles.anchorer, signer.address(SenderRole.RELAYER)}) == 5


def test_a_remote_signer_is_used_where_configured(state: StateFolder) -> None:
    settings = Settings(signer_url=SecretStr("http://127.0.0.1:9/{role}"))
    assert isinstance(open_signer(settings, state, KEY_INDEX), RemoteSigner)
    assert not (state.path / "keys").exists()


def test_accounts_of_a_remote_signer_are_stated_by_role() -> None:
    poster, watcher = funded_address(1), funded_address(3)
    settings = Settings(signer_accounts=f"poster={poster.lower()}, watcher = {watcher},")
    assert stated_accounts(settings) == {SenderRole.POSTER: poster, SenderRole.WATCHER: watcher}
    assert stated_accounts(Settings()) == {}
    for wrong in ("poster", f"cook={poster}", "poster=0x12", f"poster:{poster}"):
        with pytest.raises(BadSettings, match="is not role=account"):
            stated_accounts(Settings(signer_accounts=wrong))


def test_words_are_made_where_none_are_given(state: StateFolder, chain_node: ChainNode) -> None:
    settings = Settings(chain_rpc_url=SecretStr(chain_node.url))
    signer = open_signer(settings, state, (SenderRole.POSTER,))
    again = open_signer(settings, state, (SenderRole.POSTER,))
    assert signer.address(SenderRole.POSTER) == again.address(SenderRole.POSTER)
    assert signer.address(SenderRole.POSTER) != funded_address(KEY_INDEX[SenderRole.POSTER])


def test_a_deployment_that_is_not_sound_is_not_recorded(
    settings: Settings, state: StateFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    nothing = vkl_timelock.get_min_delay()
    monkeypatch.setattr(vkl_timelock, "renounce_role", lambda _role, _me: nothing)
    with pytest.raises(DeploymentUnsound, match="deployer still holds the role admin"):
        deploy_contracts(settings, state)
    with pytest.raises(NotDeployed):
        deployment_of(open_chain(settings, state), state)


def test_a_chain_that_is_not_local_needs_parameters(
    settings: Settings, state: StateFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(installation, "LOCAL_CHAIN_IDS", ())
    with pytest.raises(ParametersMissing, match="--parameters"):
        deploy_contracts(settings, state)
    _, is_new = deploy_contracts(settings, state, deployment_parameters(settings, state))
    assert is_new


def test_the_local_voting_period_is_a_setting(settings: Settings, state: StateFolder) -> None:
    stated = settings.model_copy(update={"local_voting_period_s": 150})
    assert deployment_parameters(settings, state).governor.terms[1].voting_period_s == 20
    assert deployment_parameters(stated, state).governor.terms[1].voting_period_s == 150


def test_finality_is_configured_or_the_chains(settings: Settings) -> None:
    assert finality(settings) == Finality(None)
    assert finality(Settings()) == Finality(installation.EMBEDDED_FINALITY_BLOCKS)
    assert finality(Settings(chain_finality_depth=5)) == Finality(5)


def test_the_embedded_chain_needs_no_setting(fresh_anvil: AnvilNode) -> None:
    made, is_new = deploy_contracts(Settings(), fresh_anvil.state)
    assert is_new
    assert made.deployer == fresh_anvil.account(KEY_INDEX[SenderRole.DEPLOYER]).address
    chain = open_chain(Settings(), fresh_anvil.state)
    assert deployment_of(chain, fresh_anvil.state) == made
