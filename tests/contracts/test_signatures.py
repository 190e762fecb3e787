"""Messages signed in Python count on the chain: delegation, proposal, ballots, redemption."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import pytest
from eth_account.signers.local import LocalAccount
from eth_utils.crypto import keccak

from ledger.kernel.units import TOKEN_UNITS_PER_POINT, TokenUnits
from oracle.bindings import (
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
    CHAIN_ID,
    FIRST_MEMBER,
    RELAYER,
    ChainNode,
    bring_tokens,
    deploy_all,
    funded_account,
    transact,
)

FOR = 1
FRACTIONAL = 255
NO_EXPIRY = 2**48


@dataclass(frozen=True)
class Community:
    """Four members with a hundred points on chain each; a relayer pays for everything."""

    node: ChainNode
    deployment: Deployment

    @property
    def members(self) -> list[LocalAccount]:
        return [funded_account(FIRST_MEMBER + number) for number in range(4)]

    def domain(self, contract: str) -> typed_data.Domain:
        names = {
            "VklGovernor": typed_data.GOVERNOR_NAME,
            "VklToken": typed_data.VKL_NAME,
            "PointsBridge": typed_data.BRIDGE_NAME,
        }
        return typed_data.Domain(names[contract], CHAIN_ID, self.deployment.address(contract))

    def ask(self, contract: str, call: FunctionCall[Any]) -> Any:
        return read(self.node.chain(), self.deployment.address(contract), call, BlockTag.LATEST)

    def relay(self, contract: str, call: FunctionCall[Any]) -> Receipt:
        to = self.deployment.address(contract)
        receipt = transact(self.node, funded_account(RELAYER), to, call)
        assert receipt.succeeded
        return receipt

    def delegate(self, member: LocalAccount, delegatee: str) -> None:
        nonce = self.ask("VklToken", vkl_token.nonces(Address(member.address)))
        message = typed_data.delegation(
            self.domain("VklToken"),
            delegatee=Address(delegatee),
            nonce=nonce,
            expiry_s=NO_EXPIRY,
        )
        signed = sign(member, message)
        self.relay(
            "VklToken",
            vkl_token.delegate_by_sig(
                Address(delegatee), nonce, NO_EXPIRY, signed[64], signed[:32], signed[32:64]
            ),
        )

    def propose(self, member: LocalAccount, calldata: bytes, description: str) -> int:
        registry = self.deployment.address("ProgrammeRegistry")
        message = typed_data.proposal(
            self.domain("VklGovernor"),
            proposer=Address(member.address),
            actions=((registry, 0, calldata),),
            description=description,
            deadline_s=NO_EXPIRY,
        )
        call = vkl_governor.propose_by_sig(
            Address(member.address),
            (registry,),
            (0,),
            (calldata,),
            description,
            NO_EXPIRY,
            sign(member, message),
        )
        receipt = self.relay("VklGovernor", call)
        [created] = [
            vkl_governor.ProposalCreated.of(log)
            for log in receipt.logs
            if log.topics[0] == vkl_governor.ProposalCreated.TOPIC
        ]
        assert created.proposer == member.address
        return created.proposal_id

    def ballot(self, member: LocalAccount, proposal_id: int, support: int) -> typed_data.TypedData:
        voter = Address(member.address)
        nonce = self.ask("VklGovernor", vkl_governor.nonces(voter))
        return typed_data.ballot(
            self.domain("VklGovernor"),
            proposal_id=proposal_id,
            support=support,
            voter=voter,
            nonce=nonce,
        )


def sign(member: LocalAccount, message: typed_data.TypedData) -> bytes:
    signature = bytes(member.sign_message(message.signable()).signature)
    assert typed_data.signer_of(message, signature) == member.address
    return signature


def signed_ballot(member: LocalAccount, message: typed_data.TypedData) -> ballot_relay.SignedBallot:
    return ballot_relay.SignedBallot(
        proposal_id=message.values["proposalId"],
        support=message.values["support"],
        voter=Address(member.address),
        reason=message.values.get("reason", ""),
        params=message.values.get("params", b""),
        signature=sign(member, message),
    )


@pytest.fixture
def community(chain_node: ChainNode) -> Community:
    deployment = deploy_all(chain_node)
    made = Community(chain_node, deployment)
    amounts = {Address(member.address): 100 for member in made.members}
    bring_tokens(chain_node, deployment, amounts)
    return made


def test_a_vote_from_delegation_to_execution(community: Community) -> None:
    for member in community.members:
        community.delegate(member, member.address)
    community.node.pass_time(2)
    activation = programme_registry.activate(b"\x11" * 32, b"\0" * 32, 0)
    first = community.members[0]
    description = f"Программа 1 #proposer={first.address}"
    proposal_id = community.propose(first, activation.calldata, description)
    community.node.pass_time(4)
    half = TokenUnits(50 * TOKEN_UNITS_PER_POINT)
    split = typed_data.fractional_params(half, half, TokenUnits(0))
    ballots = [
        signed_ballot(member, community.ballot(member, proposal_id, FOR))
        for member in community.members[:2]
    ]
    fractional = typed_data.extended_ballot(
        community.ballot(community.members[2], proposal_id, FRACTIONAL),
        reason="и да и нет",
        params=split,
    )
    ballots.append(signed_ballot(community.members[2], fractional))
    forged = signed_ballot(
        community.members[1], community.ballot(community.members[1], proposal_id, FOR)
    )
    ballots.append(replace(forged, voter=Address(community.members[3].address)))
    receipt = community.relay("BallotRelay", ballot_relay.cast_ballots(tuple(ballots)))
    [rejected] = [
        ballot_relay.BallotRejected.of(log)
        for log in receipt.logs
        if log.topics[0] == ballot_relay.BallotRejected.TOPIC
    ]
    assert (rejected.index, rejected.voter) == (3, community.members[3].address)
    reason = vkl_governor.ERRORS[rejected.answer[:4]].of(rejected.answer)
    assert isinstance(reason, vkl_governor.GovernorInvalidSignatureError)
    tally = community.ask("VklGovernor", vkl_governor.proposal_votes(proposal_id))
    assert tally == (50 * 10**18, 250 * 10**18, 0)
    assert community.ask("VklGovernor", vkl_governor.proposal_terms(proposal_id)).voters == 3

    community.node.pass_time(25)
    registry = community.deployment.address("ProgrammeRegistry")
    actions = ((registry,), (0,), (activation.calldata,), keccak(text=description))
    community.relay("VklGovernor", vkl_governor.queue(*actions))
    community.node.pass_time(3)
    receipt = community.relay("VklGovernor", vkl_governor.execute(*actions))
    [activated] = [
        programme_registry.ProgrammeActivated.of(log)
        for log in receipt.logs
        if log.address == registry
    ]
    assert (activated.number, activated.programme) == (1, b"\x11" * 32)
    block = community.node.chain().block(receipt.block_number)
    assert block is not None
    assert activated.effective_at == block.timestamp_s


def test_tokens_return_by_signature(community: Community) -> None:
    member = community.members[0]
    holder = Address(member.address)
    amount = TokenUnits(30 * TOKEN_UNITS_PER_POINT)
    message = typed_data.redemption(
        community.domain("PointsBridge"),
        holder=holder,
        amount=amount,
        reference=b"\x07" * 32,
        nonce=community.ask("PointsBridge", points_bridge.nonces(holder)),
        deadline_s=NO_EXPIRY,
    )
    call = points_bridge.redeem_by_sig(
        holder, amount.amount, b"\x07" * 32, NO_EXPIRY, sign(member, message)
    )
    receipt = community.relay("PointsBridge", call)
    [redeemed] = [
        points_bridge.Redeemed.of(log)
        for log in receipt.logs
        if log.topics[0] == points_bridge.Redeemed.TOPIC
    ]
    assert redeemed == points_bridge.Redeemed(1, holder, amount.amount, b"\x07" * 32)
    assert community.ask("VklToken", vkl_token.balance_of(holder)) == 70 * 10**18


def test_domains_are_those_of_the_contracts(community: Community) -> None:
    for contract, binding in (
        ("VklGovernor", vkl_governor),
        ("VklToken", vkl_token),
        ("PointsBridge", points_bridge),
    ):
        found = community.ask(contract, binding.eip712_domain())
        domain = community.domain(contract)
        assert found[1:5] == (domain.name, "1", domain.chain_id, domain.contract)
