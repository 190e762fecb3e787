"""What each operation on the contracts costs, on a fresh Anvil: the same figures at every run.

The bench prints them, the tests compare them with a committed snapshot.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from eth_account.signers.local import LocalAccount
from eth_utils.crypto import keccak

from ledger.kernel.units import TOKEN_UNITS_PER_POINT, TokenUnits
from oracle.bindings import (
    anchors,
    ballot_relay,
    points_bridge,
    programme_registry,
    vkl_governor,
    vkl_token,
)
from oracle.chain import typed_data
from oracle.chain.port import BlockTag, Receipt, read
from oracle.contracts.abi import Address, FunctionCall
from oracle.deployment.model import Deployment
from tests.support.chain_nodes import (
    ANCHORER,
    CHAIN_ID,
    FIRST_MEMBER,
    POSTER,
    RELAYER,
    WATCHER,
    ChainNode,
    bring_tokens,
    deploy_all,
    funded_account,
    transact,
)

SNAPSHOT: Final = Path(__file__).parents[1] / "contracts" / "gas.json"
TOLERANCE_PERMILLE: Final = 5
"""A signature's bytes cost a little more or less, with as many of them zero."""
DELEGATION_GAS_MAX: Final = 125_000
PROPOSAL_LIFE_GAS_MAX: Final = 1_300_000
VOTERS: Final = 10

_NO_EXPIRY: Final = 2**48
_FOR: Final = 1
_POINTS: Final = 100


@dataclass
class GasMeter:
    """A deployment on a node, and what was spent on it by name of the operation."""

    node: ChainNode
    deployment: Deployment
    spent: dict[str, int] = field(default_factory=dict)

    @property
    def members(self) -> list[LocalAccount]:
        """They sign and never pay."""
        return [funded_account(FIRST_MEMBER + number) for number in range(VOTERS)]

    def do(self, name: str, by: int, contract: str, call: FunctionCall[Any]) -> Receipt:
        """Do it and note what it cost; of several of one name the first.

        In a later second than all before, whose checkpoints would else be written over, which is
        cheaper than a new one: how often that happens, the machine's speed would decide.
        """
        self.node.pass_time(1)
        receipt = transact(self.node, funded_account(by), self.deployment.address(contract), call)
        assert receipt.succeeded, name
        self.spent.setdefault(name, receipt.gas_used)
        return receipt

    def ask(self, contract: str, call: FunctionCall[Any]) -> Any:
        """Read at the newest block."""
        return read(self.node.chain(), self.deployment.address(contract), call, BlockTag.LATEST)

    def domain(self, contract: str, name: str) -> typed_data.Domain:
        """Where a signature counts."""
        return typed_data.Domain(name, CHAIN_ID, self.deployment.address(contract))


def operations(node: ChainNode) -> dict[str, int]:
    """Gas of each operation by name; ``proposal_life`` is a vote's from proposal to execution."""
    meter = GasMeter(node, deploy_all(node))
    _points_in_and_out(meter)
    bring_tokens(
        node, meter.deployment, {Address(member.address): _POINTS for member in meter.members}
    )
    for member in meter.members:
        _delegate(meter, member)
    node.pass_time(2)
    _vote(meter)
    meter.do("anchor", ANCHORER, "Anchors", anchors.anchor(7, b"\x22" * 32))
    life = ("propose_by_sig", f"ballots_by_sig_{VOTERS}", "queue", "execute")
    meter.spent["proposal_life"] = sum(meter.spent[name] for name in life)
    return meter.spent


def snapshot() -> dict[str, int]:
    """What is committed."""
    figures: dict[str, int] = json.loads(SNAPSHOT.read_text("utf-8"))
    return figures


def most(figure: int) -> int:
    """What an operation may cost that cost ``figure``."""
    return figure + figure * TOLERANCE_PERMILLE // 1000


def _points_in_and_out(meter: GasMeter) -> None:
    member = meter.members[0]
    holder = Address(member.address)
    record = bytes.fromhex(holder[2:]) + _POINTS.to_bytes(6, "big")
    for sequence in (1, 2, 3):
        commit = points_bridge.commit_batch(
            sequence, keccak(record), _POINTS, sequence, _POINTS * sequence
        )
        meter.do("commit_batch", POSTER, "PointsBridge", commit)
    meter.do("heartbeat", WATCHER, "PointsBridge", points_bridge.heartbeat(3))
    meter.do("veto", WATCHER, "PointsBridge", points_bridge.veto(3))
    meter.node.pass_time(meter.deployment.parameters.bridge_periods.delay_s)
    for sequence in (1, 2):
        execute = points_bridge.execute_batch(sequence, record)
        meter.do("execute_batch_1", RELAYER, "PointsBridge", execute)
    amount = 10 * TOKEN_UNITS_PER_POINT
    message = typed_data.redemption(
        meter.domain("PointsBridge", typed_data.BRIDGE_NAME),
        holder=holder,
        amount=TokenUnits(amount),
        reference=b"\x07" * 32,
        nonce=0,
        deadline_s=_NO_EXPIRY,
    )
    redeem = points_bridge.redeem_by_sig(
        holder, amount, b"\x07" * 32, _NO_EXPIRY, _sign(member, message)
    )
    meter.do("redeem_by_sig", RELAYER, "PointsBridge", redeem)


def _delegate(meter: GasMeter, member: LocalAccount) -> None:
    delegatee = Address(member.address)
    message = typed_data.delegation(
        meter.domain("VklToken", typed_data.VKL_NAME),
        delegatee=delegatee,
        nonce=0,
        expiry_s=_NO_EXPIRY,
    )
    signed = _sign(member, message)
    call = vkl_token.delegate_by_sig(
        delegatee, 0, _NO_EXPIRY, signed[64], signed[:32], signed[32:64]
    )
    meter.do("delegate_by_sig", RELAYER, "VklToken", call)


def _vote(meter: GasMeter) -> None:
    registry = meter.deployment.address("ProgrammeRegistry")
    calldata = programme_registry.activate(b"\x11" * 32, b"\0" * 32, 0).calldata
    proposer = meter.members[0]
    description = f"Programme 1 #proposer={proposer.address}"
    domain = meter.domain("VklGovernor", typed_data.GOVERNOR_NAME)
    message = typed_data.proposal(
        domain,
        proposer=Address(proposer.address),
        actions=((registry, 0, calldata),),
        description=description,
        deadline_s=_NO_EXPIRY,
    )
    arguments = ((registry,), (0,), (calldata,))
    propose = vkl_governor.propose_by_sig(
        Address(proposer.address), *arguments, description, _NO_EXPIRY, _sign(proposer, message)
    )
    receipt = meter.do("propose_by_sig", RELAYER, "VklGovernor", propose)
    [created] = [
        vkl_governor.ProposalCreated.of(log)
        for log in receipt.logs
        if log.topics[0] == vkl_governor.ProposalCreated.TOPIC
    ]
    meter.node.pass_time(4)
    ballots = tuple(_ballot(domain, member, created.proposal_id) for member in meter.members)
    cast = ballot_relay.cast_ballots(ballots)
    meter.do(f"ballots_by_sig_{VOTERS}", RELAYER, "BallotRelay", cast)
    meter.node.pass_time(created.vote_end - created.vote_start + 1)
    actions = (*arguments, keccak(text=description))
    meter.do("queue", RELAYER, "VklGovernor", vkl_governor.queue(*actions))
    meter.node.pass_time(meter.deployment.parameters.timelock_delay_s)
    meter.do("execute", RELAYER, "VklGovernor", vkl_governor.execute(*actions))


def _ballot(
    domain: typed_data.Domain, member: LocalAccount, proposal_id: int
) -> ballot_relay.SignedBallot:
    voter = Address(member.address)
    message = typed_data.ballot(domain, proposal_id=proposal_id, support=_FOR, voter=voter, nonce=0)
    return ballot_relay.SignedBallot(
        proposal_id=proposal_id,
        support=_FOR,
        voter=voter,
        reason="",
        params=b"",
        signature=_sign(member, message),
    )


def _sign(member: LocalAccount, message: typed_data.TypedData) -> bytes:
    return bytes(member.sign_message(message.signable()).signature)
