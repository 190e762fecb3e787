"""A guardian's machine: a state folder, a node and the deployment record, and the command line."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import pytest
from typer.testing import CliRunner

from api.cli.main import app
from api.supervisor.state import StateFolder
from oracle.bindings import points_bridge, vkl_governor, vkl_token
from oracle.chain.port import BlockTag, read
from oracle.contracts.abi import Address, FunctionCall
from oracle.deployment.model import Deployment
from oracle.deployment.service import record_path, write_record
from tests.support.chain_nodes import (
    FIRST_MEMBER,
    POSTER,
    ChainNode,
    bring_tokens,
    funded_account,
    funded_address,
    transact,
)

WORDS = "test test test test test test test test test test test junk"
CONFIRM = re.compile(r"--confirm ([0-9a-f]{16})")
RECORDS_HASH = b"\x07" * 32


@dataclass(frozen=True)
class Machine:
    """Where the guardian sits. ``run`` is one command line without ``vklad``."""

    node: ChainNode
    deployment: Deployment
    folder: Path

    @classmethod
    def make(
        cls, node: ChainNode, deployment: Deployment, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> Machine:
        StateFolder(folder).prepare()
        write_record(record_path(folder / "deployments", node.chain()), deployment)
        for name, value in {
            "STATE_FOLDER": str(folder),
            "CHAIN_RPC_URL": node.url,
            "CHAIN_MNEMONIC": WORDS,
            "CHAIN_FINALITY_DEPTH": "0",
        }.items():
            monkeypatch.setenv(f"VKLAD_{name}", value)
        return cls(node, deployment, folder)

    def run(self, *words: str, typed: str = "") -> str:
        """What it says; an expected failure is raised."""
        answer = CliRunner().invoke(app, words, input=typed, catch_exceptions=False)
        assert answer.exit_code == 0, answer.output
        return answer.output

    def done(self, *words: str) -> str:
        """Look, and confirm what was seen."""
        (digest,) = CONFIRM.findall(self.run(*words))
        return self.run(*words, "--confirm", digest, "--wait-s", "30")

    # --- the chain ---

    def by_timelock(self, to: Address, call: FunctionCall[None]) -> None:
        """What a passed vote does."""
        timelock = self.deployment.address("VklTimelock")
        self.node.rpc("anvil_setBalance", timelock, hex(10**18))
        self.node.rpc("anvil_impersonateAccount", timelock)
        asked = {"from": timelock, "to": to, "data": f"0x{call.calldata.hex()}"}
        self.node.rpc("eth_sendTransaction", asked)
        self.node.rpc("anvil_stopImpersonatingAccount", timelock)

    @property
    def bridge(self) -> Address:
        return self.deployment.address("PointsBridge")

    @property
    def governor(self) -> Address:
        return self.deployment.address("VklGovernor")

    def is_paused(self) -> bool:
        return read(self.node.chain(), self.bridge, points_bridge.paused(), BlockTag.LATEST)

    def commit(self, points: int = 5) -> int:
        """A batch by the poster, waiting for its delay."""
        chain = self.node.chain()

        def ask(call: FunctionCall[int]) -> int:
            return read(chain, self.bridge, call, BlockTag.LATEST)

        sequence = ask(points_bridge.last_sequence()) + 1
        position = ask(points_bridge.executed_ledger_position()) + 1
        escrowed = ask(points_bridge.escrowed_points()) + points
        call = points_bridge.commit_batch(sequence, RECORDS_HASH, points, position, escrowed)
        assert transact(self.node, funded_account(POSTER), self.bridge, call).succeeded
        return sequence

    def batch_state(self, sequence: int) -> int:
        call = points_bridge.batch_state(sequence)
        return read(self.node.chain(), self.bridge, call, BlockTag.LATEST)

    def give_votes(self) -> None:
        """One member with tokens and a voice."""
        voter = funded_account(FIRST_MEMBER)
        bring_tokens(self.node, self.deployment, {funded_address(FIRST_MEMBER): 100})
        token = self.deployment.address("VklToken")
        call = vkl_token.delegate(funded_address(FIRST_MEMBER))
        assert transact(self.node, voter, token, call).succeeded
        self.node.pass_time(2)

    def propose(self, *calls: tuple[Address, bytes], text: str = "# A plan") -> int:
        """A member's proposal on chain; its id."""
        parts = (
            tuple(to for to, _ in calls),
            tuple(0 for _ in calls),
            tuple(calldata for _, calldata in calls),
            text,
        )
        voter = funded_account(FIRST_MEMBER)
        receipt = transact(self.node, voter, self.governor, vkl_governor.propose(*parts))
        assert receipt.succeeded
        topic = vkl_governor.ProposalCreated.TOPIC
        (log,) = [each for each in receipt.logs if each.topics[0] == topic]
        return vkl_governor.ProposalCreated.of(log).proposal_id

    def proposal_state(self, proposal: int) -> int:
        call = vkl_governor.state(proposal)
        return read(self.node.chain(), self.governor, call, BlockTag.LATEST)
