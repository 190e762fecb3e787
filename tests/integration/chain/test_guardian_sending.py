"""What becomes of a guardian's transaction on a real Anvil: overtaken, stuck, reorganised."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from oracle.bindings import points_bridge
from oracle.chain.port import (
    BlockTag,
    ChainUnavailable,
    Finality,
    Receipt,
    Refusal,
    TransactionRefused,
)
from oracle.chain.signer import LocalSigner
from oracle.chain.web3_adapter import Web3Chain
from oracle.guardian.model import ActNotFinal, ActReverted, BridgeAlreadyPaused
from oracle.guardian.reading import pausing, vetoing
from oracle.guardian.sending import ROLE, Guarding, send
from oracle.sender.model import SenderPolicy
from tests.support.chain_nodes import GUARDIAN, WATCHER, funded_account, funded_address
from tests.support.guarding import Machine

pytestmark = pytest.mark.chain

VETOED = 3


@pytest.fixture
def guarding(machine: Machine) -> Guarding:
    return Guarding(
        machine.node.chain(),
        machine.deployment,
        LocalSigner({ROLE: funded_account(GUARDIAN)}),
        Finality(0),
        SenderPolicy(stuck_after=timedelta(seconds=1)),
        wait_s=10,
    )


def test_somebody_was_faster(machine: Machine, guarding: Guarding) -> None:
    batch = machine.commit()
    act = vetoing(guarding.chain, machine.deployment, batch)
    watcher = funded_account(WATCHER)
    signed = watcher.sign_transaction(
        {
            "type": 2,
            "chainId": 31_337,
            "nonce": guarding.chain.nonce(funded_address(WATCHER), BlockTag.LATEST),
            "to": machine.bridge,
            "value": 0,
            "data": points_bridge.veto(batch).calldata,
            "gas": 200_000,
            "maxFeePerGas": 10**12,
            "maxPriorityFeePerGas": 10**11,
        }
    )
    machine.node.rpc("evm_setAutomine", False)

    def overtake(_: str) -> None:
        guarding.chain.send_raw(bytes(signed.raw_transaction))
        machine.node.mine()

    with pytest.raises(ActReverted, match="something else came before"):
        send(guarding, act, overtake)
    assert machine.batch_state(batch) == VETOED
    with pytest.raises(ActReverted, match="Nothing was sent"):
        send(guarding, act, lambda _: None)


def test_what_is_not_mined_goes_out_dearer(machine: Machine, guarding: Guarding) -> None:
    act = pausing(guarding.chain, machine.deployment)
    machine.node.rpc("evm_setAutomine", False)
    told: list[str] = []

    def report(sentence: str) -> None:
        told.append(sentence)
        if sum(each.startswith("Sent ") for each in told) == 3:
            machine.node.mine()

    receipt = send(guarding, act, report)
    assert receipt.succeeded
    assert machine.is_paused()
    sent = [each.split()[1] for each in told if each.startswith("Sent ")]
    assert len(set(sent)) == 3
    assert f"0x{receipt.transaction_hash.hex()}" == sent[-1]
    with pytest.raises(BridgeAlreadyPaused):
        pausing(guarding.chain, machine.deployment)


def test_a_reorg_does_not_unsay_it(machine: Machine, guarding: Guarding) -> None:
    act = pausing(guarding.chain, machine.deployment)
    told: list[str] = []

    def report(sentence: str) -> None:
        told.append(sentence)
        if not sentence.startswith("In effect"):
            return
        if sum(each.startswith("In effect") for each in told) == 1:
            machine.node.rpc("anvil_rollback", 1)
            assert not machine.is_paused()
        else:
            machine.node.mine(2)

    send(replace(guarding, finality=Finality(1)), act, report)
    assert machine.is_paused()
    assert any("went away" in each for each in told)


def test_a_node_that_falls_silent_does_not_end_the_waiting(
    machine: Machine, guarding: Guarding
) -> None:
    class Moody(Web3Chain):
        silences = 2

        def receipt(self, transaction_hash: bytes) -> Receipt | None:
            if self.silences:
                self.silences -= 1
                raise ChainUnavailable("Not now.")
            return super().receipt(transaction_hash)

    told: list[str] = []
    moody = replace(guarding, chain=Moody(machine.node.url))
    send(moody, pausing(guarding.chain, machine.deployment), told.append)
    assert told.count("Not now. Trying again …") == 2
    assert machine.is_paused()


def test_what_is_refused_a_second_time_may_still_be_mined(
    machine: Machine, guarding: Guarding
) -> None:
    class Strict(Web3Chain):
        sent = 0

        def send_raw(self, raw: bytes) -> bytes:
            self.sent += 1
            if self.sent > 1:
                raise TransactionRefused(Refusal.OTHER, "enough of it")
            return super().send_raw(raw)

    act = pausing(guarding.chain, machine.deployment)
    machine.node.rpc("evm_setAutomine", False)

    def report(sentence: str) -> None:
        if "enough of it" in sentence:
            machine.node.mine()

    send(replace(guarding, chain=Strict(machine.node.url)), act, report)
    assert machine.is_paused()
    strict = Strict(machine.node.url)
    strict.sent = 1
    elsewhere = replace(act, to=funded_address(GUARDIAN))
    with pytest.raises(TransactionRefused, match="enough of it"):
        send(replace(guarding, chain=strict), elsewhere, report)


def test_waiting_has_an_end(machine: Machine, guarding: Guarding) -> None:
    batch = machine.commit()
    veto = vetoing(guarding.chain, machine.deployment, batch)
    hurried = replace(guarding, wait_s=1)
    with pytest.raises(ActNotFinal, match="In effect since block"):
        send(replace(hurried, finality=Finality(5)), veto, lambda _: None)
    assert machine.batch_state(batch) == VETOED
    machine.node.rpc("evm_setAutomine", False)
    with pytest.raises(ActNotFinal, match="Not mined"):
        send(hurried, pausing(guarding.chain, machine.deployment), lambda _: None)
