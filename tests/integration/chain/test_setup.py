"""`vklad chain accounts | parameters | source`: what is printed is what a deployment takes."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
import typer
from eth_account import Account

from api import chain as api_chain
from api.chain import KEY_INDEX, KeyElsewhere, KeyNotKnown, KeyPresent
from api.cli import chain_setup
from api.cli.chain_keys import KeyFileUnreadable
from oracle.bindings import points_bridge
from oracle.chain.port import BlockTag
from oracle.chain.signer import KeyMissing, LocalSigner
from oracle.contracts.abi import address
from oracle.contracts.compiler import CONTRACTS, load_artifact
from oracle.deployment.model import LOCAL_VOTING_PERIOD_S, local_parameters, parameters_from_json
from oracle.sender.model import SenderRole
from tests.support.chain_nodes import DEPLOYER, RELAYER, funded_address
from tests.support.guarding import Machine

pytestmark = pytest.mark.chain


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


def test_the_guardian_may_be_somebody_elsewhere(machine: Machine) -> None:
    guardian = Account.create().address
    printed = machine.run("chain", "parameters", "--guardian", guardian)
    assert parameters_from_json(printed).roles.guardian == guardian


def test_parameters_name_the_accounts_of_a_remote_signer(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = {role: Account.create() for role in KEY_INDEX}
    monkeypatch.setattr(api_chain, "RemoteSigner", lambda _url, _stated: LocalSigner(keys))
    monkeypatch.setenv("VKLAD_SIGNER_URL", "http://127.0.0.1:9/{role}")
    roles = parameters_from_json(machine.run("chain", "parameters")).roles
    assert asdict(roles) == {
        name: keys[SenderRole(name)].address
        for name in ("poster", "watcher", "guardian", "anchorer")
    }


def test_a_key_of_somebodys_own_signs_for_its_role(machine: Machine, tmp_path: Path) -> None:
    key, file = Account.create(), tmp_path / "exported.json"
    file.write_text(json.dumps(Account.encrypt(key.key, "of the wallet", iterations=2)))
    command = ("chain", "import-key", "poster", str(file))
    with pytest.raises(KeyFileUnreadable, match="its password is another"):
        machine.run(*command, typed="a guess\n")
    said = machine.run(*command, typed="of the wallet\n")
    assert said == f"The poster is {key.address}.\n"
    assert key.address in machine.run("chain", "accounts")
    assert parameters_from_json(machine.run("chain", "parameters")).roles.poster == key.address
    with pytest.raises(KeyPresent, match="a key for the poster"):
        machine.run(*command, typed="of the wallet\n")


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


def test_a_key_is_prepared_and_put_in_use_when_the_contract_knows_it(machine: Machine) -> None:
    said = machine.run("chain", "accounts")
    before = said.split("poster")[1].split()[0]
    assert "but the contract knows" not in said
    said = machine.run("chain", "new-key", "poster")
    fresh = said.removeprefix("The next poster is ")[:42]
    assert "/votes/new" in said
    assert fresh not in machine.run("chain", "accounts"), "the present key stays in use"
    with pytest.raises(KeyPresent, match=f"key of {fresh} waits"):
        machine.run("chain", "new-key", "poster")
    with pytest.raises(KeyNotKnown, match=f"contract knows {before} as the poster"):
        machine.run("chain", "use-key", "poster")

    machine.by_timelock(machine.bridge, points_bridge.set_poster(address(fresh)))
    said = machine.run("chain", "accounts")
    assert f"but the contract knows {fresh}" in said
    said = machine.run("chain", "use-key", "poster")
    assert said.startswith(f"The poster is {fresh} from now on.\n")
    kept = machine.folder / "keys" / f"poster.{before}.json"
    assert str(kept) in said
    assert fresh in machine.run("chain", "accounts")
    files = sorted((machine.folder / "keys").iterdir())
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}
    assert [file.name for file in files if "poster" in file.name] == [kept.name, "poster.json"]
    with pytest.raises(KeyMissing, match="No key for the poster"):
        machine.run("chain", "use-key", "poster")


def test_a_key_of_a_role_that_no_contract_names_is_used_at_once(
    machine: Machine, tmp_path: Path
) -> None:
    key, file = Account.create(), tmp_path / "exported.json"
    file.write_text(json.dumps(Account.encrypt(key.key, "of the wallet", iterations=2)))
    said = machine.run("chain", "new-key", "relayer", str(file), typed="of the wallet\n")
    assert f"The next relayer is {key.address}." in said
    assert "/votes/new" not in said
    machine.run("chain", "use-key", "relayer")
    assert key.address in machine.run("chain", "accounts")


def test_keys_of_a_remote_signer_are_changed_there(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VKLAD_SIGNER_URL", "http://127.0.0.1:9/{role}")
    for command in ("new-key", "use-key"):
        with pytest.raises(KeyElsewhere, match="make the new key there"):
            machine.run("chain", command, "poster")
