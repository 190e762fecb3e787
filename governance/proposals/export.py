"""What a stranger needs to count a proposal again with their own node (``recount.proposals``)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from governance.contracts import GovernanceContracts
from governance.proposals import service as proposals
from governance.proposals.direct import CREATED_EVENT
from governance.proposals.model import Proposal, ProposalNotOnChain
from ledger.kernel.canonical import Json
from ledger.kernel.transaction import Work
from oracle.contracts.abi import Address, decode
from oracle.indexer import store as indexer_store
from oracle.indexer.model import ChainEvent

FORMAT: Final = "vklad.proposal.export.v1"
_GOVERNOR: Final = "VklGovernor"
_SIDES: Final = ("against", "for", "abstain")
_WHOLE_TOKEN: Final = 10**18
_SPLIT: Final = 255


def export(work: Work, contracts: GovernanceContracts, proposal_id: int) -> dict[str, Json]:
    """The proposal word for word, its ballots and their count, up to the newest block read.

    Raises:
        UnknownProposal: it is not there.
        ProposalNotOnChain: the chain has not announced it yet.
    """
    proposal = proposals.require_proposal(work, proposal_id)
    known = indexer_store.chain_in_use(work)
    assert known is not None, "the proposal is on it"
    head = indexer_store.checkpoint(work, known.chain_key)
    made = _events(work, known.chain_key, CREATED_EVENT, proposal_id)
    if head is None or not made:
        raise ProposalNotOnChain("This proposal is not on chain yet. Ask again soon.")
    casts = [
        each
        for name in ("VoteCast", "VoteCastWithParams")
        for each in _events(work, known.chain_key, name, proposal_id)
    ]
    casts.sort(key=lambda each: (each.block_number, each.log_index))
    ballots = [_ballot(each) for each in casts]
    return {
        "format": FORMAT,
        "kind": "proposal",
        "chain_id": str(contracts.chain_id),
        "governor": contracts.governor.lower(),
        "token": contracts.token.lower(),
        "block": {"number": head.block_number, "hash": f"0x{head.block_hash.hex()}"},
        "created_block": made[0].block_number,
        **_said(proposal),
        "ballots": [
            {
                "voter": voter,
                "transaction": f"0x{event.transaction_hash.hex()}",
                "log_index": event.log_index,
                **{side: str(votes) for side, votes in zip(_SIDES, split, strict=True)},
            }
            for event, (voter, split) in zip(casts, ballots, strict=True)
        ],
        "counted": _counted(ballots),
    }


def _said(proposal: Proposal) -> dict[str, Json]:
    return {
        "proposal": str(proposal.proposal_id),
        "proposer": proposal.proposer.lower(),
        "actions": [
            {
                "to": action.target.lower(),
                "value": str(action.value_wei),
                "data": f"0x{action.calldata.hex()}",
            }
            for action in proposal.actions
        ],
        "description": proposal.description,
    }


def _events(work: Work, chain_key: int, name: str, proposal_id: int) -> list[ChainEvent]:
    return indexer_store.events_about(work, chain_key, _GOVERNOR, name, {proposal_id})


def _ballot(event: ChainEvent) -> tuple[Address, tuple[int, int, int]]:
    """Whose it is, and its votes against, for and abstaining."""
    (voter,) = decode(("address",), event.topics[1])
    _, support, weight = decode(("uint256", "uint8", "uint256"), event.payload[:96])
    if support != _SPLIT:
        against, in_favour, abstain = (weight if side == support else 0 for side in range(3))
        return Address(voter.lower()), (against, in_favour, abstain)
    place = int.from_bytes(event.payload[128:160], "big") + 32
    packed = event.payload[place : place + 48]
    against, in_favour, abstain = (
        int.from_bytes(packed[start : start + 16], "big") for start in (0, 16, 32)
    )
    return Address(voter.lower()), (against, in_favour, abstain)


def _counted(ballots: Sequence[tuple[Address, tuple[int, int, int]]]) -> dict[str, Json]:
    used: dict[Address, int] = {}
    voters = 0
    for voter, split in ballots:
        _, *towards_quorum = split
        voters += used.get(voter, 0) < _WHOLE_TOKEN <= sum(towards_quorum)
        used[voter] = used.get(voter, 0) + sum(split)
    totals = {side: str(sum(split[n] for _, split in ballots)) for n, side in enumerate(_SIDES)}
    return {**totals, "voters": voters}
