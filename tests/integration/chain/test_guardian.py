"""The guardian's commands on a real Anvil: what they do, and every way in which they refuse."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from api.chain import NotDeployed
from governance.proposals.cancelling import (
    OwnReplacement,
    ProposalNotFound,
    ProposalOver,
    announced,
)
from governance.proposals.model import UnknownProposal
from oracle.bindings import points_bridge, vkl_governor
from oracle.bridge.reading import head
from oracle.chain.port import (
    LogQuery,
)
from oracle.chain.signer import KeyMissing
from oracle.chain.web3_adapter import Web3Chain
from oracle.contracts.abi import Address
from oracle.guardian.model import (
    ActNotConfirmed,
    BatchNeverCommitted,
    BatchNotOpen,
    BridgeAlreadyPaused,
    BridgeNotPaused,
    GuardianCannotPay,
    GuardianTermOver,
    NotTheGuardian,
)
from tests.support.chain_nodes import (
    FIRST_MEMBER,
    GUARDIAN,
    bring_tokens,
    funded_account,
    funded_address,
)
from tests.support.guarding import CONFIRM, Machine
from tests.support.web3signer import web3signer

pytestmark = pytest.mark.chain

STRANGERS_WORDS = "legal winner thank year wave sausage worth useful legal winner thank yellow"
VETOED, EXPIRED, CANCELED = 3, 4, 2


def text_call(machine: Machine) -> tuple[Address, bytes]:
    return machine.deployment.address("VklToken"), b""


def test_pausing_says_first_what_it_does(machine: Machine) -> None:
    batch = machine.commit(points=7)
    looked = machine.run("chain", "pause")
    assert f"batch {batch} of 7 points" in looked
    assert "redemptions never pause" in looked
    assert "Nothing was sent" in looked
    assert not machine.is_paused()
    (digest,) = CONFIRM.findall(looked)
    done = machine.run("chain", "pause", "--confirm", digest)
    assert machine.is_paused()
    assert "In effect since block" in done
    assert "Final: block" in done
    with pytest.raises(BridgeAlreadyPaused):
        machine.run("chain", "pause")


def test_what_was_not_looked_at_is_not_sent(machine: Machine) -> None:
    first, second = machine.commit(), machine.commit()
    (digest,) = CONFIRM.findall(machine.run("chain", "veto", str(first)))
    with pytest.raises(ActNotConfirmed, match="something else"):
        machine.run("chain", "veto", str(second), "--confirm", digest)
    with pytest.raises(ActNotConfirmed):
        machine.run("chain", "pause", "--confirm", "")
    assert machine.batch_state(second) == 1


def test_only_a_vote_unpauses(machine: Machine) -> None:
    with pytest.raises(BridgeNotPaused):
        machine.run("chain", "unpause")
    machine.done("chain", "pause")
    said = machine.run("chain", "unpause")
    assert "by a vote" in said
    assert machine.bridge in said
    assert f"0x{points_bridge.unpause().calldata.hex()}" in said
    assert machine.is_paused()


def test_a_batch_is_vetoed(machine: Machine) -> None:
    batch = machine.commit(points=9)
    assert "of 9 points" in machine.run("chain", "veto", str(batch))
    machine.done("chain", "veto", str(batch))
    assert machine.batch_state(batch) == VETOED


def test_a_batch_that_is_not_open_is_named(machine: Machine) -> None:
    with pytest.raises(BatchNeverCommitted, match="no batch 77"):
        machine.run("chain", "veto", "77")
    bring_tokens(machine.node, machine.deployment, {funded_address(FIRST_MEMBER): 3})
    executed = machine.commit() - 1
    with pytest.raises(BatchNotOpen, match="executed: its tokens exist"):
        machine.run("chain", "veto", str(executed))
    machine.done("chain", "veto", str(executed + 1))
    with pytest.raises(BatchNotOpen, match="vetoed"):
        machine.run("chain", "veto", str(executed + 1))
    late = machine.commit()
    periods = machine.deployment.parameters.bridge_periods
    machine.node.pass_time(periods.delay_s + periods.lifetime_s + 1)
    assert machine.batch_state(late) == EXPIRED
    with pytest.raises(BatchNotOpen, match="expired: it can never be minted"):
        machine.run("chain", "veto", str(late))


def test_an_account_is_told_before_there_is_anything_to_guard(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, machine: Machine
) -> None:
    monkeypatch.setenv("VKLAD_STATE_FOLDER", str(tmp_path / "new"))
    assert machine.run("chain", "guardian", "--account") == f"{funded_address(GUARDIAN)}\n"
    assert (tmp_path / "new" / "keys" / "guardian.json").exists()
    with pytest.raises(NotDeployed, match="no record of contracts on this chain"):
        machine.run("chain", "guardian")
    with pytest.raises(NotDeployed, match=str(tmp_path / "new" / "deployments")):
        machine.run("chain", "pause")


def test_another_key_is_refused(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    batch = machine.commit()
    monkeypatch.setenv("VKLAD_CHAIN_MNEMONIC", STRANGERS_WORDS)
    for words in (
        ("chain", "pause"),
        ("chain", "veto", str(batch)),
        ("governance", "cancel", "1"),
    ):
        with pytest.raises(NotTheGuardian, match=funded_address(GUARDIAN)):
            machine.run(*words)
    assert funded_address(GUARDIAN) in machine.run("chain", "guardian")


def test_a_term_ends(machine: Machine) -> None:
    batch = machine.commit()
    assert machine.run("chain", "guardian").count("in term until") == 2
    machine.node.pass_time(machine.deployment.parameters.bridge_periods.guardian_term_s)
    assert machine.run("chain", "guardian").count("its term is over since") == 2
    for words in (
        ("chain", "pause"),
        ("chain", "veto", str(batch)),
        ("governance", "cancel", "1"),
    ):
        with pytest.raises(GuardianTermOver, match="renew a term by a vote"):
            machine.run(*words)


def test_a_proposal_is_cancelled(machine: Machine) -> None:
    machine.give_votes()
    wanted = machine.propose(text_call(machine), text="# A plan\n\nwith a line \x07 more")
    other = machine.propose(text_call(machine), text="# Another")
    looked = machine.run("governance", "cancel", str(wanted))
    assert 'Cancel the proposal "A plan", which is pending' in looked
    machine.done("governance", "cancel", str(wanted))
    assert machine.proposal_state(wanted) == CANCELED
    assert machine.proposal_state(other) != CANCELED
    with pytest.raises(ProposalOver, match="is canceled"):
        machine.run("governance", "cancel", str(wanted))


def test_an_old_proposal_is_found_behind_many_blocks(machine: Machine) -> None:
    machine.give_votes()
    wanted = machine.propose(text_call(machine), text="# Long ago")
    machine.node.rpc("anvil_mine", hex(1_200), hex(0))
    machine.done("governance", "cancel", str(wanted))
    assert machine.proposal_state(wanted) == CANCELED


def test_a_proposal_that_is_over_or_nobodys(machine: Machine) -> None:
    machine.give_votes()
    lost = machine.propose(text_call(machine), text="# Lost")
    machine.node.pass_time(60)
    with pytest.raises(ProposalOver, match="is defeated"):
        machine.run("governance", "cancel", str(lost))
    for words in ("12345", "no number"):
        with pytest.raises(UnknownProposal):
            machine.run("governance", "cancel", words)


def test_a_guardian_does_not_cancel_its_own_replacement(machine: Machine) -> None:
    machine.give_votes()
    successor = funded_address(FIRST_MEMBER + 3)
    there = machine.bridge, points_bridge.set_guardian(successor).calldata
    here = machine.governor, vkl_governor.set_proposal_guardian(successor).calldata
    replacement = machine.propose(there, here, text="# A new guardian")
    with pytest.raises(OwnReplacement):
        machine.run("governance", "cancel", str(replacement))
    hidden = machine.propose(there, text_call(machine), text="# A new guardian and more")
    machine.done("governance", "cancel", str(hidden))
    assert machine.proposal_state(hidden) == CANCELED


def test_a_node_that_hides_the_announcement(machine: Machine) -> None:
    machine.give_votes()
    proposal = machine.propose(text_call(machine))

    class Forgetful(Web3Chain):
        def logs(self, query: LogQuery) -> tuple[Any, ...]:
            assert query.addresses == (machine.governor,)
            return ()

    chain = Forgetful(machine.node.url)
    with pytest.raises(ProposalNotFound, match="VKLAD_CHAIN_RPC_URL"):
        announced(chain, machine.deployment, proposal, head(chain))


def test_gas_costs_money(machine: Machine) -> None:
    machine.node.rpc("anvil_setBalance", funded_address(GUARDIAN), hex(1))
    (digest,) = CONFIRM.findall(machine.run("chain", "pause"))
    with pytest.raises(GuardianCannotPay, match="has 1 wei"):
        machine.run("chain", "pause", "--confirm", digest)
    assert not machine.is_paused()


def test_the_keystore_opens_with_its_password_only(machine: Machine) -> None:
    machine.run("chain", "guardian")
    assert not (machine.folder / "keys").exists(), "looking takes no key"
    machine.run("chain", "guardian", "--account")
    kept = machine.folder / "keys" / "guardian.json"
    assert kept.stat().st_mode & 0o077 == 0
    assert funded_account(GUARDIAN).key.hex() not in kept.read_text()
    secrets = machine.folder / "secrets.json"
    secrets.write_text(json.dumps({**json.loads(secrets.read_text()), "keystore_password": "x"}))
    with pytest.raises(KeyMissing, match="guardian does not open"):
        machine.run("chain", "pause")


def test_a_remote_signer_signs(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    with web3signer([funded_account(GUARDIAN)], machine.deployment.chain_id) as signer:
        monkeypatch.setenv("VKLAD_SIGNER_URL", signer.url)
        machine.done("chain", "pause")
    assert signer.faults == []
    assert machine.is_paused()
    assert not (machine.folder / "keys").exists()
